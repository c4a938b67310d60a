"""`fi-desktop run`: work recordings, or what the queue holds, and show it live."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.live import Live

from fi_desktop.audio.media_files import LeftOut, Unreadable
from fi_desktop.cli import STDIN, place
from fi_desktop.cli.exports import Asked, check_folder, export_all
from fi_desktop.cli.follow import Board, Follower, working_queue
from fi_desktop.cli.options import options_of
from fi_desktop.cli.show import brief, job_table
from fi_desktop.cli.terminal import Terminal, say, say_json, warn
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Message
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.settings import Settings

_REFRESH_S = 0.25


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Work jobs off; return 0 if all completed, all exports were written and all could be read, else 1."""
    unreadable: list[Unreadable] = []

    def tell(left_out: LeftOut) -> None:
        unreadable.extend(left_out.unreadable)
        for sentence in _left_out(left_out):
            warn(sentence)

    wanted = options_of(settings.job_options, options)
    files = _files(options.files)
    if options.to:
        check_folder(options.out)
    with working_queue(settings) as follower:
        show = _json_line if options.json else None
        asked = follow(
            follower,
            files,
            wanted,
            priority=options.priority,
            again=options.again,
            show=show,
            on_left_out=tell,
        )
    # before anything more is printed: no reader of stdout can be in their way
    exports = list(export_all(settings, asked, options.to, options.out))
    if not options.json:
        Terminal().print(job_table({one.job.id: one.job for one in asked}.values()))
    for export in exports:
        if options.json:
            say_json({"id": export.job_id, "exported": [str(file) for file in export.written]})
        for there, written in () if options.json else export.numbered:
            say(f"{there} was there already, with other content: written as {written}.")
        for target, reason in export.failed:
            warn(f"{target} was not written. {reason}")
    failed = any(export.failed for export in exports) or bool(unreadable)
    return 0 if all(one.job.state is JobState.COMPLETED for one in asked) and not failed else 1


def _files(given: list[Path]) -> list[Path]:
    """Return the files, with those that stdin names in the place of "-"."""
    if STDIN not in given:
        return given
    listed = b"" if sys.stdin is None else sys.stdin.buffer.read()
    names = listed.split(b"\0") if b"\0" in listed else listed.splitlines()
    read = [place(os.fsdecode(name)) for name in names if name.strip()]
    at = given.index(STDIN)
    files = [file for file in (*given[:at], *read, *given[at + 1 :]) if file != STDIN]
    if not files:
        raise UserError(Message("usage.no_files", "Stdin names no files."))
    return files


def follow(
    follower: Follower,
    files: list[Path],
    options: JobOptions,
    *,
    priority: Priority = Priority.NORMAL,
    again: bool = False,
    show: Callable[[Job], None] | None = None,
    on_left_out: Callable[[LeftOut], None] = lambda _left_out: None,
) -> list[Asked]:
    """Submit files, or take what the queue holds, wait until all is done, and return what was followed.

    A recording that is known, or has two names among `files`, is one job, and is returned under each name.

    Args:
        follower: the queue that is worked off.
        files: recordings and folders; none: all jobs that are not done.
        options: for the files.
        priority: for the files.
        again: work files that are known another time, too.
        show: called with each change of these jobs; None: a live table in the terminal.
        on_left_out: called with what was not taken of `files`.
    """
    client = follower.client
    board = Board()
    if files:
        taken = client.submit(files, options, priority=priority, again=again)
        on_left_out(taken.left_out)
        ids = {*taken.ids, *taken.known}
        board.jobs.update((job_id, client.job(job_id)) for job_id in ids)
        named = list(zip(taken.known, map(Path, taken.known_paths), strict=True))
        named += [(job_id, Path(board.jobs[job_id].path)) for job_id in taken.ids]
    else:
        board.jobs.update((job.id, job) for job in client.jobs() if not job.state.final)
        ids = set(board.jobs)
        named = [(job_id, Path(job.path)) for job_id, job in board.jobs.items()]
    if show is not None:
        for job in _of(board, ids):
            show(job)
        while not _done(board, ids):
            for job in follower.changes(board, _REFRESH_S):
                if job.id in ids:
                    show(job)
        return _asked(board, named)
    terminal = Terminal()
    with Live(console=terminal, transient=True, refresh_per_second=8) as live:
        while not _done(board, ids):
            follower.changes(board, _REFRESH_S)
            if terminal.is_terminal:
                live.update(job_table(_of(board, ids), board))
    return _asked(board, named)


def _left_out(left_out: LeftOut) -> Iterator[str]:
    for refused in left_out.unreadable:
        yield f"{refused.path} cannot be read ({refused.reason})."
    if left_out.others:
        number = left_out.number
        were = "1 file of another kind was" if number == 1 else f"{number} files of other kinds were"
        yield f"{were} left out ({left_out.kinds})."


def _asked(board: Board, named: Iterable[tuple[int, Path]]) -> list[Asked]:
    return [Asked(board.jobs[job_id], path) for job_id, path in sorted(named) if job_id in board.jobs]


def _of(board: Board, ids: Iterable[int]) -> list[Job]:
    return [board.jobs[job_id] for job_id in sorted(ids) if job_id in board.jobs]


def _done(board: Board, ids: set[int]) -> bool:
    return all(job.state.final for job in _of(board, ids))  # one that was removed is not waited for


def _json_line(job: Job) -> None:
    say_json(brief(job))
