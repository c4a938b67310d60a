"""`fi-desktop run`: work recordings, or what the queue holds, and show it live."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.live import Live

from fi_desktop.audio.files import NOTHING_LEFT_OUT, LeftOut
from fi_desktop.cli.follow import Board, Follower, working_queue
from fi_desktop.cli.options import options_of
from fi_desktop.cli.show import brief, job_table
from fi_desktop.core.job import Job, JobOptions, JobState, Priority
from fi_desktop.core.names import one_line
from fi_desktop.exporters import EXPORTERS, export
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.settings import Settings

_REFRESH_S = 0.25


class Asked(NamedTuple):
    """A job that is followed, and the recording as it was named by whoever asked for it."""

    job_id: int
    path: Path


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Work jobs off; return 0 if all completed, 1 if some did not, or something named could not be read."""
    left_out = NOTHING_LEFT_OUT

    def hear_of(left: LeftOut) -> None:
        nonlocal left_out
        left_out = left
        _say_left_out(left)

    wanted = options_of(settings.job_options, options)
    if options.to:
        options.out.mkdir(parents=True, exist_ok=True)
    with working_queue(settings) as follower:
        show = _json_line if options.json else None
        followed = follow(
            follower,
            options.files,
            wanted,
            priority=options.priority,
            again=options.again,
            show=show,
            on_left_out=hear_of,
        )
        jobs = {asked.job_id: follower.client.job(asked.job_id) for asked in followed}
    completed = [asked for asked in followed if jobs[asked.job_id].state is JobState.COMPLETED]
    for asked, files in _export(settings, completed, options.to, options.out):
        if options.json:
            print(json.dumps({"id": asked.job_id, "exported": [str(file) for file in files]}))  # noqa: T201
    return 0 if len(completed) == len(followed) and not left_out.unreadable else 1


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
        named = [Asked(*known) for known in zip(taken.known, map(Path, taken.known_paths), strict=True)]
        named += [Asked(job_id, Path(board.jobs[job_id].path)) for job_id in taken.ids]
    else:
        board.jobs.update((job.id, job) for job in client.jobs() if not job.state.final)
        ids = set(board.jobs)
        named = [Asked(job_id, Path(job.path)) for job_id, job in board.jobs.items()]
    if show is not None:
        for job in _of(board, ids):
            show(job)
        while not _done(board, ids):
            for job in follower.changes(board, _REFRESH_S):
                if job.id in ids:
                    show(job)
        return sorted(named)
    console = Console()
    with Live(console=console, transient=True, refresh_per_second=8) as live:
        while not _done(board, ids):
            follower.changes(board, _REFRESH_S)
            if console.is_terminal:
                live.update(job_table(_of(board, ids), board))
    console.print(job_table(_of(board, ids)))
    return sorted(named)


def _of(board: Board, ids: Iterable[int]) -> list[Job]:
    return [board.jobs[job_id] for job_id in sorted(ids) if job_id in board.jobs]


def _done(board: Board, ids: set[int]) -> bool:
    return all(job_id in board.jobs and board.jobs[job_id].state.final for job_id in ids)


def _say_left_out(left_out: LeftOut) -> None:
    for one in left_out.unreadable:
        print(f"fi-desktop: {one_line(one.path)} cannot be read ({one.reason}).", file=sys.stderr)  # noqa: T201
    if left_out.others:
        kinds = f"{left_out.number} files of other kinds were left out ({one_line(left_out.kinds)})."
        print(f"fi-desktop: {kinds}", file=sys.stderr)  # noqa: T201


def _json_line(job: Job) -> None:
    print(json.dumps(brief(job)), flush=True)  # noqa: T201


def _export(
    settings: Settings, completed: list[Asked], formats: tuple[str, ...], out: Path
) -> Iterable[tuple[Asked, list[Path]]]:
    """Write each result under the name that its recording was asked for by."""
    folders = JobFolders(settings.jobs)
    taken: set[Path] = set()
    for asked in completed if formats else ():
        transcript = folders.transcript(asked.job_id)
        stem = asked.path.stem
        named = replace(transcript, provenance=replace(transcript.provenance, source_name=asked.path.name))
        written = []
        for name in formats:
            target = plain = out / f"{stem}.{EXPORTERS[name].extension}"
            number = 1
            while target in taken:  # two recordings of the same name in different folders
                target = plain.with_stem(f"{stem}-{asked.job_id}" + (f"-{number}" if number > 1 else ""))
                number += 1
            taken.add(target)
            export(named, name, target)
            written.append(target)
        yield asked, written
