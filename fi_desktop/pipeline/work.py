"""A job as a worker gets it, and what is told of it meanwhile: plain data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fi_desktop.core.job import JobOptions, Stage


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
    """What the pipeline tells while it works; both calls may raise to stop it."""

    def progress(self, stage: Stage, fraction: float) -> None:
        """So much of the stage is done, 0 to 1."""

    def measured(self, duration_s: float) -> None:
        """The recording is so long; the time limits grow with it."""
