"""What listeners are told, after it was committed.

Plain values, delivered in batches: one batch a turn of the engine room.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Job
from fi_desktop.core.messages import Note
from fi_desktop.core.values import EngineChoice, Stage


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was submitted or went on to another state; `event` is what happened to it."""

    job: Job
    event: JobEvent


@dataclass(frozen=True, slots=True)
class JobRemoved:
    """A job was forgotten, with all its files."""

    job_id: int


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """A running job got on. Never stored.

    Attributes:
        fraction: how much of the stage is done, 0 to 1.
        duration_s: length of the recording, seconds; None before it was decoded.
        chosen: what does the job; None before that is decided.
    """

    job_id: int
    stage: Stage
    fraction: float
    duration_s: float | None = None
    chosen: EngineChoice | None = None


class WorkerState(StrEnum):
    """What a worker is doing."""

    STARTING = "starting"
    IDLE = "idle"
    BUSY = "busy"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker as it is shown.

    Attributes:
        name: such as "worker-1"; a replacement keeps the name.
        pid: the process.
        job_id: what it works on.
        started_at: UTC, seconds since the epoch.
        done, failed: attempts that it ended well, and in an error.
    """

    name: str
    pid: int
    state: WorkerState
    job_id: int | None
    started_at: float
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class WorkerGauge:
    """What a worker uses, read when it is asked for.

    Attributes:
        device: what it computes on.
        cpu_percent: of one core, since it was read last.
        rss_bytes: resident memory.
        uptime_s: how long its process has been there.
        uptime: share of the time since its place was made in which somebody held it, 0 to 1.
        done, failed: attempts that ended well, and in an error.
    """

    name: str
    pid: int
    device: str
    cpu_percent: float
    rss_bytes: int
    uptime_s: float
    uptime: float
    done: int
    failed: int


@dataclass(frozen=True, slots=True)
class WorkersChanged:
    """The pool as it is now.

    Attributes:
        trouble: why the pool cannot do its work; None if it can.
    """

    workers: tuple[WorkerInfo, ...]
    trouble: Note | None = None


@dataclass(frozen=True, slots=True)
class QueuePaused:
    """The queue was paused, or goes on."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the person should know about the queue itself; `note` is None once it is over."""

    note: Note | None


QueueEvent = JobChanged | JobRemoved | JobProgressed | WorkersChanged | QueuePaused | Notice
Listener = Callable[[tuple[QueueEvent, ...]], None]
