"""What files say about a job: recording, result and log. Read off the GUI thread."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core.messages import Note
from fi_desktop.core.transcript import Provenance, Transcript
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.models import PackKind, installed

_LOG_FILES = ("fi-desktop.log.1", "fi-desktop.log")  # oldest first
_LINES = 200


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What files say about a job.

    Attributes:
        size_bytes: size of the recording; None if the file is gone.
        provenance: what made the result; None if there is no readable result.
        notes: of the result.
        model: whether a transcription model is installed.
        log: log lines that name the job, oldest first.
    """

    size_bytes: int | None
    provenance: Provenance | None
    notes: tuple[Note, ...]
    model: bool
    log: tuple[str, ...]


def read_facts(
    job_id: int, path: Path, folders: JobFolders, logs: Path, models: tuple[Path, ...]
) -> JobFacts:
    """Read the facts of a job. models: folders that hold model packs."""
    try:
        size_bytes = path.stat().st_size
    except OSError:
        size_bytes = None
    try:
        transcript: Transcript | None = folders.transcript(job_id)
    except (OSError, ValueError, KeyError):
        transcript = None
    provenance = transcript.provenance if transcript is not None else None
    notes = transcript.notes if transcript is not None else ()
    model = any(pack.kind is PackKind.WHISPER for pack in installed(models))
    return JobFacts(size_bytes, provenance, notes, model, _log_lines(job_id, logs))


def _log_lines(job_id: int, logs: Path) -> tuple[str, ...]:
    mention = re.compile(rf"\bjob={job_id}\b")
    lines: list[str] = []
    for name in _LOG_FILES:
        try:
            text = (logs / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines += [line for line in text.splitlines() if mention.search(line)]
    return tuple(lines[-_LINES:])
