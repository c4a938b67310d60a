"""A job as a worker gets it, and what is told of it meanwhile: plain data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

from fi_desktop.core.values import EngineChoice, JobOptions, Stage, StageEnd


@dataclass(frozen=True, slots=True)
class Work:
    """A job as a worker gets it.

    Attributes:
        folder: the job's own folder, for stages and result.
        models: folders in which models are looked for, best first.
        frugality: how often the job ran out of memory before: 0, then smaller batches, then no GPU.
        threads: how many threads of the processor it may use.
        last_try: no further attempt follows an error: better a part of the result than none.
    """

    job_id: int
    path: Path
    options: JobOptions
    folder: Path
    models: tuple[Path, ...]
    frugality: int = 0
    threads: int = 1
    last_try: bool = False


class Report(Protocol):
    """What the pipeline tells while it works; `progress` may raise to stop it."""

    def progress(self, stage: Stage, fraction: float) -> None:
        """So much of the stage is done, 0 to 1."""

    def measured(self, duration_s: float) -> None:
        """The recording is so long; the time limits grow with it."""

    def chosen(self, chosen: EngineChoice) -> None:
        """These do the job."""

    def ended(self, stage: Stage, end: StageEnd) -> None:
        """The stage is over."""


class Telling:
    """Tells of one stage, from its beginning to its end; engines call it as their `Progress`."""

    def __init__(self, report: Report, stage: Stage) -> None:
        self._report = report
        self._stage = stage
        self._end = StageEnd.DONE

    def __call__(self, fraction: float) -> None:
        """So much of the stage is done; what is out of 0 to 1 is taken for the nearer of them."""
        self._report.progress(self._stage, min(1.0, max(0.0, fraction)))

    def part(self, start: float, end: float) -> Callable[[float], None]:
        """Return what tells of a part of the stage, which goes from `start` to `end` of it."""
        return lambda fraction: self(start + (end - start) * min(1.0, max(0.0, fraction)))

    def kept(self) -> None:
        """An earlier attempt had done it."""
        self._end = StageEnd.KEPT

    def __enter__(self) -> Telling:
        """Begin."""
        self(0.0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Tell how it ended."""
        self._report.ended(self._stage, self._end if kind is None else StageEnd.BROKEN_OFF)
