"""What has to be read from files to tell of a job; read off the GUI thread. Knows no Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core.messages import Note
from fi_desktop.core.transcript import Provenance, Transcript
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.models import PackKind, installed

_LOG_FILES = ("fi-desktop.log.1", "fi-desktop.log")  # the older first
_LINES = 200


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What files say of a job.

    Attributes:
        size_bytes: of the recording; None: it is not there any more.
        provenance: who made the result; None: there is none that can be read.
        notes: of the result.
        model: whether any model that transcribes is installed.
        log: the lines of the log that name the job, the oldest first.
    """

    size_bytes: int | None
    provenance: Provenance | None
    notes: tuple[Note, ...]
    model: bool
    log: tuple[str, ...]


def read_facts(
    job_id: int, path: Path, folders: JobFolders, logs: Path, models: tuple[Path, ...]
) -> JobFacts:
    """Read what files say of a job. models: folders in which models are looked for."""
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
    return JobFacts(size_bytes, provenance, notes, model, _log_of(job_id, logs))


def _log_of(job_id: int, logs: Path) -> tuple[str, ...]:
    named = re.compile(rf"\bjob={job_id}\b")
    lines: list[str] = []
    for name in _LOG_FILES:
        try:
            text = (logs / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        lines += [line for line in text.splitlines() if named.search(line)]
    return tuple(lines[-_LINES:])
