"""`fi-desktop run`: process recordings, or the jobs in the queue, show progress, and export results."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from rich.live import Live

from fi_desktop.audio.media_files import LeftOut, Unreadable
from fi_desktop.audit.places import exported
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.cli.arguments import (
    PRIORITIES,
    STDIN,
    add_export_language,
    add_export_template,
    add_job_options,
    add_setting,
    case_label,
    export_formats,
    job_options,
    priority,
    recording_path,
    recording_path_or_stdin,
)
from fi_desktop.cli.queue_access import (
    FollowedJobs,
    QueueFollower,
    find_job,
    job_folders,
    with_sealed,
    working_queue,
)
from fi_desktop.cli.recorded import trail_of
from fi_desktop.cli.terminal import Terminal, job_table, job_to_brief_json, say, say_json, warn
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import START_NOW, Job, JobState
from fi_desktop.core.messages import Message
from fi_desktop.core.values import JobOptions, Priority, ReviewState
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import (
    Exportable,
    file_name,
    free_file,
    rendered,
    stem_by,
    under_stem,
    write_export,
)
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.exporters.template import PLAIN
from fi_desktop.exporters.template_folder import read_template
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.run_times import RunTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.workers.cluster.link import check_link, wants_local, wants_server

_REFRESH_S = 0.25
_BAD_FOLDER = Message(
    "usage.bad_folder", "Cannot write to {folder} ({reason}). Choose another folder with --out."
)
_NO_FILES = Message("usage.no_files", "Stdin names no files.")


def add_run(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop run`."""
    parser.add_argument(
        "files",
        nargs="*",
        type=recording_path_or_stdin,
        metavar="FILE|FOLDER",
        help="recordings; none: the jobs in the queue; -: read names from stdin, one per line or each ended "
        "by NUL, so that other accounts cannot see them",
    )
    add_job_options(parser)
    parser.add_argument(
        "--to",
        type=export_formats,
        default=(),
        metavar="FORMAT,…",
        help="also export the results; `fi-desktop export --help` lists the formats",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(),
        metavar="FOLDER",
        help="folder for exports (default: the current one); existing files with other content are kept, "
        "and the new name gets a number",
    )
    add_export_language(parser)
    add_export_template(parser)
    parser.add_argument("--again", action="store_true", help="also process recordings that are known")
    parser.add_argument(
        "--case",
        default="",
        type=case_label,
        metavar="TEXT",
        help="name of the patient or visit, for all files",
    )
    parser.add_argument("--priority", type=priority, default=Priority.NORMAL, metavar=PRIORITIES)
    add_setting(parser, "--workers", "workers", metavar="N")
    parser.add_argument("--json", action="store_true", help="print each state change as a line of JSON")
    parser.set_defaults(command=_run)


def _run(settings: Settings, options: argparse.Namespace) -> int:
    """Return 0 if all jobs completed, all exports were written and all files could be read, else 1."""
    unreadable: list[Unreadable] = []

    def on_left_out(left_out: LeftOut) -> None:
        unreadable.extend(left_out.unreadable)
        for sentence in _describe(left_out):
            warn(sentence)

    opened = with_sealed(settings)
    check_server(opened)
    wanted = job_options(opened.job_options, options)
    files = _files(options.files)
    how = export_options(settings, options.lang, options.template if options.to else "")
    if options.to:
        check_folder(options.out)
    with working_queue(settings) as follower:
        followed = follow(
            follower,
            files,
            wanted,
            priority=options.priority,
            again=options.again,
            case=options.case,
            show=_show_json if options.json else None,
            on_left_out=on_left_out,
            at_once=RunTimes.of(settings).limited,
        )
    # before anything else is printed: a closed stdout must not prevent exports
    exports = list(export_all(settings, followed, options.to, options.out, how))
    if not options.json:
        Terminal().print(job_table({one.job.id: one.job for one in followed}.values()))
    for export in exports:
        if options.json:
            say_json({"id": export.job_id, "exported": [str(file) for file in export.written]})
        else:
            for existing, written in export.numbered:
                say(f"{existing} exists with other content. Written as {written}.")
        for target, reason in export.failed:
            warn(f"{target} was not written. {reason}")
    failed = any(export.failed for export in exports) or bool(unreadable)
    return 0 if all(one.job.state is JobState.COMPLETED for one in followed) and not failed else 1


def check_server(settings: Settings) -> None:
    """Refuse to wait for a server to which nothing may be sent; warn if this computer works alone.

    Raises:
        UserError: the settings leave no place to process recordings.
    """
    if not wants_server(settings):
        return
    try:
        check_link(settings)
    except UserError as error:
        if not wants_local(settings):
            raise
        warn(error.message)


def _files(given: list[Path]) -> list[Path]:
    """Return the files, with those that stdin names in place of `STDIN`."""
    if STDIN not in given:
        return given
    listed = b"" if sys.stdin is None else sys.stdin.buffer.read()
    names = listed.split(b"\0") if b"\0" in listed else listed.splitlines()
    read = [recording_path(os.fsdecode(name)) for name in names if name.strip()]
    at = given.index(STDIN)
    files = [file for file in (*given[:at], *read, *given[at + 1 :]) if file != STDIN]
    if not files:
        raise UserError(_NO_FILES)
    return files


def _describe(left_out: LeftOut) -> Iterator[str]:
    for each in left_out.unreadable:
        yield f"{each.path} cannot be read ({each.reason})."
    if left_out.others:
        number = left_out.number
        files = "1 file of another type" if number == 1 else f"{number} files of other types"
        yield f"Skipped {files} ({left_out.kinds})."


# ---- following jobs


class FollowedRecording(NamedTuple):
    """A followed job, and the path its recording was given by."""

    job: Job
    path: Path


def follow(
    follower: QueueFollower,
    files: list[Path],
    options: JobOptions,
    *,
    priority: Priority = Priority.NORMAL,
    again: bool = False,
    case: str = "",
    show: Callable[[Job], None] | None = None,
    on_left_out: Callable[[LeftOut], None] = lambda _left_out: None,
    at_once: bool = False,
) -> list[FollowedRecording]:
    """Submit files, or take the unfinished jobs of the queue, and wait until all are done.

    A recording that is known, or given by two names, is one job, and is returned under each name.

    Args:
        follower: the queue that is processed.
        files: recordings and folders; empty: all unfinished jobs.
        options: for the files.
        priority: for the files.
        again: also process files that are known.
        case: of the files, see `CaseLabel`; "": by their names.
        show: called with each change of a job; None: show a live table in the terminal.
        on_left_out: called with what was skipped in `files`.
        at_once: start the files now, whatever the times of the queue.
    """
    client = follower.client
    followed = FollowedJobs()
    if files:
        submitted = client.call(JobService.submit, files, options, priority=priority, again=again, case=case)
        on_left_out(submitted.left_out)
        ids = {*submitted.ids, *submitted.known}
        if at_once:
            client.call(JobService.schedule, ids, START_NOW)
        followed.jobs.update((job_id, find_job(client, job_id)) for job_id in ids)
        named = list(zip(submitted.known, map(Path, submitted.known_paths), strict=True))
        named += [(job_id, Path(followed.jobs[job_id].path)) for job_id in submitted.ids]
    else:
        followed.jobs.update((job.id, job) for job in client.call(JobService.jobs) if not job.state.final)
        ids = set(followed.jobs)
        named = [(job_id, Path(job.path)) for job_id, job in followed.jobs.items()]

    def jobs() -> list[Job]:
        """Return the jobs that were not removed meanwhile."""
        return [followed.jobs[job_id] for job_id in sorted(ids) if job_id in followed.jobs]

    def all_done() -> bool:
        return all(job.state.final for job in jobs())

    if show is not None:
        for job in jobs():
            show(job)
        while not all_done():
            for job in follower.update(followed, _REFRESH_S):
                if job.id in ids:
                    show(job)
    else:
        terminal = Terminal()
        with Live(console=terminal, transient=True, refresh_per_second=8) as live:
            while not all_done():
                follower.update(followed, _REFRESH_S)
                if terminal.is_terminal:
                    live.update(job_table(jobs(), followed.progress))
    return [FollowedRecording(followed.jobs[i], path) for i, path in sorted(named) if i in followed.jobs]


def _show_json(job: Job) -> None:
    say_json(job_to_brief_json(job))


# ---- exports


@dataclass(frozen=True, slots=True)
class JobExport:
    """What was exported of a job.

    Attributes:
        job_id: the job.
        written: the files.
        numbered: existing names with other content, and the names written instead.
        failed: what was not written, and why.
    """

    job_id: int
    written: list[Path] = field(default_factory=list)
    numbered: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


def check_folder(folder: Path) -> None:
    """Create the folder for exports and check that it is writable, before any job is processed.

    Raises:
        UserError: it is not.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "it is a file" if is_file else error.strerror or type(error).__name__
        raise UserError(_BAD_FOLDER, folder=str(folder), reason=reason) from error


def export_options(settings: Settings, language: str | None, template: str | None) -> ExportOptions:
    """Return how exports are written.

    Args:
        settings: the current settings.
        language: of what exports add; None: that of the settings, otherwise English.
        template: its name, "" for none; None: that of the settings.

    Raises:
        UserError: the template cannot be used.
    """
    code = language or settings.language
    code = code if code in LABELS else "en"
    name = settings.export_template if template is None else template
    documents = read_template(name, settings.template_roots) if name else PLAIN
    return ExportOptions(LABELS[code], say=said_in(code), template=documents)


def export_all(
    settings: Settings,
    followed: Iterable[FollowedRecording],
    formats: tuple[str, ...],
    folder: Path,
    options: ExportOptions,
) -> Iterator[JobExport]:
    """Export the results of completed jobs, named by the template or after the path each was given by.

    An existing file with other content is never replaced. An export that fails does not prevent the others.
    """
    folders = job_folders(settings)
    taken: set[str] = set()
    for one in followed:
        if one.job.state is JobState.COMPLETED and formats:
            with trail_of(settings) as trail:
                yield _export(one, folders, formats, folder, taken, options, trail)


def _export(
    followed: FollowedRecording,
    folders: JobFolders,
    formats: tuple[str, ...],
    folder: Path,
    taken: set[str],
    options: ExportOptions,
    trail: AuditTrail,
) -> JobExport:
    export = JobExport(followed.job.id)
    name = followed.path.name
    try:
        result = replace(folders.reviewed(followed.job.id), label=followed.job.label)
    except (OSError, ValueError, KeyError):
        reason = "Its result cannot be read. Retry the job to create it again."
        export.failed.append((f"Job {followed.job.id}", reason))
        return export
    if result.state is not ReviewState.SIGNED:  # what is signed keeps its name
        made = replace(result.transcript.provenance, source_name=name)
        result = replace(result, transcript=replace(result.transcript, provenance=made))
    if options.template.file_name:
        exportable = Exportable(name, lambda: result, followed.job.submitted_at)
        local = replace(options, zone=datetime.now().astimezone().tzinfo or options.zone)
        stem = stem_by(options.template.file_name, exportable, result, local)
        name = under_stem(exportable, stem).name
    for format in formats:
        content = rendered(result, format, options)
        target = free_file(name, format, folder, content, taken)
        trail.record_first(exported(trail, followed.job.id, format, target))
        try:
            write_export(content, target)
        except (UserError, TransientError) as error:
            export.failed.append((str(target), error.message))
            continue
        export.written.append(target)
        plain = file_name(name, format)
        if target.name != plain and (folder / plain).exists():
            export.numbered.append((plain, target.name))
    return export
