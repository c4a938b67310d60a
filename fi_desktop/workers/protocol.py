"""What the engine room and a worker say to each other over their pipe.

Plain values; results travel by file.
"""

from __future__ import annotations

from dataclasses import dataclass

from fi_desktop.core.chosen import Chosen
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.job import JobOptions, Stage, StageTime, Summary


@dataclass(frozen=True, slots=True)
class Deliver:
    """To a worker: do this job.

    Attributes:
        claim: the token under which all news of it are sent.
        path, folder, models: of the recording, the job's own files, and the models; str, since a worker may
            unpickle before it may import much.
        frugality: how often this job ran out of memory before: 0, then smaller batches, then no GPU.
        threads: how many threads of the processor the job may use.
        last_try: no further attempt follows an error.
        soft_limit_s: … or `limit_factor` times the recording's length, where that is longer.
    """

    claim: str
    job_id: int
    path: str
    options: JobOptions
    folder: str
    models: tuple[str, ...]
    soft_limit_s: float
    limit_factor: float
    frugality: int = 0
    threads: int = 1
    last_try: bool = False


@dataclass(frozen=True, slots=True)
class CancelWork:
    """To a worker: the person does not want this claim's job any more."""

    claim: str


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """To a worker: other soft limits from now on, seconds; see `Deliver`."""

    soft_limit_s: float
    limit_factor: float


@dataclass(frozen=True, slots=True)
class StopWork:
    """To a worker: end; what you work on is given back."""


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: it can take a job."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """From a worker: it is alive, whatever it does."""


@dataclass(frozen=True, slots=True)
class Measured:
    """From a worker: how long the recording is, seconds."""

    claim: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class EnginesChosen:
    """From a worker: what does the job."""

    claim: str
    chosen: Chosen


@dataclass(frozen=True, slots=True)
class Progressed:
    """From a worker: so much of a stage is done, 0 to 1."""

    claim: str
    stage: Stage
    fraction: float


@dataclass(frozen=True, slots=True)
class StageEnded:
    """From a worker: a stage is over, well or not."""

    claim: str
    time: StageTime


@dataclass(frozen=True, slots=True)
class Done:
    """From a worker: the result is on disk."""

    claim: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class WentWrong:
    """From a worker: the attempt ended in an error."""

    claim: str
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class GaveUp:
    """From a worker: it stopped as asked; `cancelled` by a person, or else because the app stops."""

    claim: str
    cancelled: bool


ToWorker = Deliver | CancelWork | ChangeLimit | StopWork
WorkNews = Measured | EnginesChosen | Progressed | StageEnded
FromWorker = Ready | Heartbeat | WorkNews | Done | WentWrong | GaveUp
Ended = Done | WentWrong | GaveUp
