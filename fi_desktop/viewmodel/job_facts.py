"""What files say about a job, and a job as text for support.

`read_facts` runs off the GUI thread. `diagnostics` contains nothing about the patient: no file name, no
folder, no spoken word. A vocabulary is counted, an error is named by its code, and a traceback is reduced to
frames and exception types, because messages may quote anything.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath

from fi_desktop import __version__
from fi_desktop.core.job import Attempt, Job
from fi_desktop.core.messages import Note
from fi_desktop.core.text import without_path
from fi_desktop.core.transcript import Provenance, Transcript
from fi_desktop.core.values import JobOptions
from fi_desktop.engines import registry
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.models import PackKind, installed

_LOG_FILES = ("fi-desktop.log.1", "fi-desktop.log")  # oldest first
_LINES = 200
_FRAME = re.compile(r'  File "(?P<file>[^"]+\.pyx?)", line (?P<line>\d+), in (?P<name>[\w.<>]+)')
_EXCEPTION = re.compile(
    r"(?P<kind>[A-Za-z_][\w.]*(?:Error|Exception|Exceeded|Exit|Interrupt|Warning))(?::.*)?"
)
_CHAINED = (
    "Traceback (most recent call last):",
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What files say about a job.

    Attributes:
        size_bytes: size of the recording; None if the file is gone.
        provenance: what made the result; None if there is no readable result.
        notes: of the result.
        probable_speakers: of the result, see `Transcript`.
        model: whether a transcription model is installed.
        log: log lines that name the job, oldest first.
    """

    size_bytes: int | None
    provenance: Provenance | None
    notes: tuple[Note, ...]
    probable_speakers: int | None
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
    probable = transcript.probable_speakers if transcript is not None else None
    model = bool(registry.without_packs()) or any(pack.kind is PackKind.WHISPER for pack in installed(models))
    return JobFacts(size_bytes, provenance, notes, probable, model, _log_lines(job_id, logs))


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


def diagnostics(job: Job, provenance: Provenance | None) -> str:
    """Return the text to copy."""
    lines = [
        f"fi-desktop {__version__}",
        f"Python {platform.python_version()}, {platform.system()} {platform.release()} {platform.machine()}",
        "",
        f"job {job.id}: {job.state.value}, priority {job.priority.name}, {job.deliveries} deliveries",
        f"submitted {_moment(job.submitted_at)}",
        *_options(job.options),
        *_result(job, provenance),
    ]
    for attempt in job.attempts:
        lines += ["", *_attempt(attempt)]
    return without_path("\n".join(lines), PurePath(job.path)) + "\n"


def _options(options: JobOptions) -> Iterator[str]:
    yield (
        f"options: speakers {options.speakers}, engine {options.engine},"
        f" language {options.language or 'auto'}, transcriber {options.transcriber},"
        f" {len(options.vocabulary)} vocabulary words, {len(options.vocabulary_lists)} vocabulary lists,"
        f" numbers {options.numbers.value}, prompt {'given' if options.prompt else 'none'}"
    )


def _result(job: Job, provenance: Provenance | None) -> Iterator[str]:
    if (summary := job.summary) is not None:
        yield (
            f"result: {summary.duration_s:.1f} s, {summary.speakers} speakers, {summary.words} words,"
            f" grade {summary.grade or 'none'}, {len(summary.notes)} notes"
        )
    if provenance is not None:
        yield f"made by fi-desktop {provenance.app_version}"
        yield f"voices: {provenance.engine or 'none'} {provenance.model}".rstrip()
        yield f"words: {provenance.transcriber or 'none'} {provenance.transcriber_model}".rstrip()


def _attempt(attempt: Attempt) -> Iterator[str]:
    ended = f"{attempt.ended_at - attempt.started_at:.1f} s" if attempt.ended_at is not None else "running"
    outcome = attempt.outcome.value if attempt.outcome else "unfinished"
    charged = ", charged" if attempt.charged else ""
    worker = f"{attempt.worker} on {attempt.device}"
    yield f"attempt {attempt.number}: {_moment(attempt.started_at)}, {ended}, {worker}, {outcome}{charged}"
    for time in attempt.stages:
        yield f"  {time.stage.value}: {time.took_s:.2f} s, {time.end.value}"
    if attempt.error is not None:
        yield f"  error: {attempt.error.kind.value} {attempt.error.code}"
        yield from (f"  {line}" for line in _frames(attempt.error.details))


def _frames(traceback: str) -> Iterator[str]:
    """Yield a traceback's frames and exception types, without what it quotes."""
    for line in traceback.splitlines():
        if (frame := _FRAME.fullmatch(line)) is not None:
            yield f"{_module(frame['file'])}:{frame['line']} {frame['name']}"
        elif (exception := _EXCEPTION.fullmatch(line)) is not None:
            yield exception["kind"]
        elif line in _CHAINED:
            yield line


def _module(file: str) -> str:
    """Return a source file relative to its package: the full path may name the user."""
    parts = PurePath(file.replace("\\", "/")).parts
    for root in ("site-packages", "fi_desktop"):
        if root in parts[:-1]:
            last = len(parts) - 1 - parts[::-1].index(root)
            return "/".join(parts[last + (root == "site-packages") :])
    return parts[-1]


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
