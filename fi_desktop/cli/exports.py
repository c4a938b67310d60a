"""Exports of `fi-desktop run`: what cannot be written is told, and keeps no other from being written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Message
from fi_desktop.exporters import rendered, write_export
from fi_desktop.exporters.places import file_name, free_place
from fi_desktop.exporters.style import LABELS, Style
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.settings import Settings

_BAD_FOLDER = Message(
    "usage.bad_folder", "Nothing can be written to {folder} ({reason}): choose another folder with --out."
)


class Asked(NamedTuple):
    """A job that is followed, and the recording as it was named by whoever asked for it."""

    job: Job
    path: Path


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written of a job.

    Attributes:
        job_id: the job.
        written: the files.
        numbered: names that were there with other content, and what was written instead.
        failed: what was not written, and why.
    """

    job_id: int
    written: list[Path] = field(default_factory=list)
    numbered: list[tuple[str, str]] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)


def check_folder(folder: Path) -> None:
    """Make a folder for exports, and make sure that it takes files, before any work is done for them.

    Raises:
        UserError: usage.bad_folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "it is a file" if is_file else error.strerror or type(error).__name__
        raise UserError(_BAD_FOLDER, folder=str(folder), reason=reason) from error


def style_of(settings: Settings) -> Style:
    """Return how exports are written: in the language of the settings; English where that is the system's."""
    return Style(LABELS.get(settings.language, LABELS["en"]))


def export_all(
    settings: Settings, asked: Iterable[Asked], formats: tuple[str, ...], folder: Path
) -> Iterator[Exported]:
    """Write the results of jobs that completed, each under the name that its recording was asked for by.

    No file with other content is replaced.
    """
    folders = JobFolders(settings.jobs)
    style = style_of(settings)
    taken: set[str] = set()
    for one in asked:
        if one.job.state is JobState.COMPLETED and formats:
            yield _export(one, folders, formats, folder, taken, style)


def _export(
    asked: Asked, folders: JobFolders, formats: tuple[str, ...], folder: Path, taken: set[str], style: Style
) -> Exported:
    told = Exported(asked.job.id)
    name = asked.path.name
    try:
        transcript = folders.transcript(asked.job.id)
    except (OSError, ValueError, KeyError):
        reason = "Its result cannot be read: retry the job to make it again."
        told.failed.append((f"Job {asked.job.id}", reason))
        return told
    named = replace(transcript, provenance=replace(transcript.provenance, source_name=name))
    for format in formats:
        content = rendered(named, format, style=style)
        target = free_place(name, format, folder, content, taken)
        try:
            write_export(content, target)
        except (UserError, TransientError) as error:
            told.failed.append((str(target), error.message))
            continue
        told.written.append(target)
        plain = file_name(name, format)
        if target.name != plain and (folder / plain).exists():
            told.numbered.append((plain, target.name))
    return told
