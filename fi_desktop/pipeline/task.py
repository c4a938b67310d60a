"""What the pipeline receives and what it reports: plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from fi_desktop.audio.track_decoder import DecodedAudio
from fi_desktop.core.values import EngineChoice, JobOptions, Stage, StageEnd
from fi_desktop.vault.job_files import CLEAR, JobFiles
from fi_desktop.vault.sealed_file import FileSeal


class SourceReader(Protocol):
    """Reads a job's recording."""

    def decode(self, target: Path, progress: Callable[[float], None], seal: FileSeal) -> DecodedAudio:
        """Decode it to `target`; see `audio.decode.decode`."""

    def sha256(self) -> str:
        """Return the SHA-256 of its bytes, hex.

        Raises:
            OSError, FiError: it cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Task:
    """A job as a worker receives it.

    Attributes:
        job_id: of the job in the queue.
        path: the recording.
        options: what the person asked for.
        folder: the job's own folder, for stages and the result.
        model_roots: folders of models, best first.
        memory_level: how often the job ran out of memory: 0 as usual, 1 smaller batches, 2 and more no GPU.
        threads: CPU threads that it may use.
        vocabulary_roots: folders of vocabulary lists.
        last_attempt: no attempt follows an error, so half a result is better than none.
        likely_languages: the languages spoken here; see `TranscriptionOptions`.
        keep_turns: take the turns from the result in `folder`, if it is of the same recording.
        source: reads the recording in another process; None if this one may read it.
        files: how the files in `folder` are read and written.
    """

    job_id: int
    path: Path
    options: JobOptions
    folder: Path
    model_roots: tuple[Path, ...]
    memory_level: int = 0
    threads: int = 1
    last_attempt: bool = False
    vocabulary_roots: tuple[Path, ...] = ()
    likely_languages: tuple[str, ...] = ()
    keep_turns: bool = False
    source: SourceReader | None = None
    files: JobFiles = CLEAR


class PipelineReporter(Protocol):
    """Receives what the pipeline reports; `progress` may raise to stop it."""

    def progress(self, stage: Stage, fraction: float) -> None:
        """Report the completed fraction of a stage, 0 to 1."""

    def measured(self, duration_s: float) -> None:
        """Report the recording's length; time limits depend on it."""

    def chosen(self, chosen: EngineChoice) -> None:
        """Report which engines do the job."""

    def ended(self, stage: Stage, end: StageEnd) -> None:
        """Report that a stage ended, and how."""


class StageReporter:
    """Reports one stage's start, progress and end. Passed to engines as `Progress`."""

    def __init__(self, reporter: PipelineReporter, stage: Stage) -> None:
        self._reporter = reporter
        self._stage = stage
        self._end = StageEnd.DONE

    def __call__(self, fraction: float) -> None:
        """Report progress; a fraction outside 0 to 1 is clipped."""
        self._reporter.progress(self._stage, min(1.0, max(0.0, fraction)))

    def part(self, start: float, end: float) -> Callable[[float], None]:
        """Return a progress call for the part of the stage from `start` to `end`, fractions of the stage."""
        return lambda fraction: self(start + (end - start) * min(1.0, max(0.0, fraction)))

    def reused(self) -> None:
        """Note that an earlier attempt completed the stage."""
        self._end = StageEnd.KEPT

    def __enter__(self) -> StageReporter:
        """Report the start."""
        self(0.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Report the end."""
        self._reporter.ended(self._stage, self._end if kind is None else StageEnd.BROKEN_OFF)
