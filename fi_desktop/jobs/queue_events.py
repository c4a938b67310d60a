"""Events that the queue publishes to its listeners, as plain values.

Listeners get one tuple of events per transaction, after its commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from fi_desktop.core import events as ev
from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.messages import Note
from fi_desktop.core.review import StepKind
from fi_desktop.core.values import EngineChoice, ServerLoad, Stage
from fi_desktop.system import log


@dataclass(frozen=True, slots=True)
class JobChanged:
    """A job was submitted or changed; `event` is what happened to it."""

    job: Job
    event: JobEvent


@dataclass(frozen=True, slots=True)
class ResultCorrected:
    """A person did something to a job's result; see `core/review.py`."""

    job_id: int
    steps: tuple[StepKind, ...] = field(default=(), compare=False)


class Removal(StrEnum):
    """Why a job was removed. Stored in the audit trail."""

    PERSON = "person"
    AGE = "age"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True)
class JobRemoved:
    """A job was removed, with all its files."""

    job_id: int
    why: Removal = field(default=Removal.PERSON, compare=False)


@dataclass(frozen=True, slots=True)
class RetentionRan:
    """Things were deleted by age. Each result is a `JobRemoved` too.

    Attributes:
        results: jobs with their results.
        audio: decoded sound of jobs that wait.
        damaged: damaged queues.
        trail: files of the audit trail.
    """

    results: int
    audio: int
    damaged: int
    trail: int


@dataclass(frozen=True, slots=True)
class ClockDoubted:
    """The clock jumped, so that nothing is deleted by age; `note` says so."""

    note: Note


@dataclass(frozen=True, slots=True)
class ClockConfirmed:
    """A person confirmed that the clock is right, although it jumped."""


@dataclass(frozen=True, slots=True)
class JobProgressed:
    """A running job made progress. Never stored.

    Attributes:
        fraction: how much of the stage is done, 0 to 1.
        duration_s: length of the recording, seconds; None before it is decoded.
        chosen: the engines that process it; None before they are chosen.
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
    AWAY = "away"  # the server cannot be reached
    BUSY = "busy"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker and its job.

    Attributes:
        name: such as "worker-1"; a replacement keeps the name.
        pid: its process.
        job_id: the job it runs.
        started_at: UTC, seconds since the epoch.
        done, failed: attempts that completed, and that ended in an error.
        low_priority: other programs go before it.
        host: the computer that it is on; "": this one.
    """

    name: str
    pid: int
    state: WorkerState
    job_id: int | None
    started_at: float
    done: int
    failed: int
    low_priority: bool = False
    host: str = ""


class WorkerEnd(StrEnum):
    """How a worker's process ended."""

    STOPPED = "stopped"
    """It was asked to: fewer workers, a fresh process, the end of the program."""
    KILLED = "killed"
    """It passed a time limit, did not answer, or sent what no worker sends."""
    DIED = "died"


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """A worker's process was started; pid is 0 for a thread of the program."""

    name: str
    pid: int


@dataclass(frozen=True, slots=True)
class WorkerEnded:
    """A worker's process ended; another one takes its place unless there are to be fewer workers.

    Attributes:
        exit_code: below zero: minus the signal; None for a thread of the program.
        job_id: the job that it ran.
    """

    name: str
    pid: int
    how: WorkerEnd
    exit_code: int | None = None
    job_id: int | None = None


@dataclass(frozen=True, slots=True)
class WorkerGauge:
    """What a worker's process uses at the moment.

    Attributes:
        device: what it computes on.
        cpu_percent: of one core, since the last reading.
        rss_bytes: resident memory.
        uptime_s: age of its process.
        uptime: share of its slot's life in which the slot had a process, 0 to 1.
        done, failed: attempts that completed, and that ended in an error.
        silent_s: seconds since its last message; None while it has no job.
        host: name of its computer; "": this one.
        server: of a worker on the server: what that has to do; None if it cannot be reached.
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
    silent_s: float | None = None
    host: str = ""
    server: ServerLoad | None = None


def server_load(gauges: Iterable[WorkerGauge]) -> ServerLoad | None:
    """Return what the clinic's server has to do; None if none is used, or it cannot be reached."""
    return next((gauge.server for gauge in gauges if gauge.server is not None), None)


@dataclass(frozen=True, slots=True)
class WorkersChanged:
    """All workers, after one of them changed.

    Attributes:
        trouble: why the pool cannot work; None if it can.
    """

    workers: tuple[WorkerInfo, ...]
    trouble: Note | None = None


@dataclass(frozen=True, slots=True)
class AlertsChanged:
    """What administrators are alerted to changed; the alerts that are raised now, see `alerts.py`."""

    raised: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class QueuePaused:
    """The queue was paused or resumed."""

    paused: bool


@dataclass(frozen=True, slots=True)
class QueueHeld:
    """What keeps waiting jobs from starting changed; running jobs are finished, and others start later.

    Attributes:
        until: when they may start, UTC, seconds since the epoch; None if the time does not matter.
        for_mains: they wait until the computer runs on mains power.
    """

    until: float | None = None
    for_mains: bool = False

    @property
    def holds(self) -> bool:
        """Whether anything does."""
        return self.until is not None or self.for_mains


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the person should know about the queue; `note` is None once it is over."""

    note: Note | None


@dataclass(frozen=True, slots=True)
class ExportRulesChanged:
    """A person changed how profiles or watched folders have results written; see `export_rules.py`."""


@dataclass(frozen=True, slots=True)
class ExportsHeld:
    """What keeps finished results from being written to their folders changed.

    `note` says what does; None once nothing does.
    """

    note: Note | None


QueueEvent = (
    JobChanged
    | JobRemoved
    | ResultCorrected
    | JobProgressed
    | WorkersChanged
    | WorkerStarted
    | WorkerEnded
    | AlertsChanged
    | QueuePaused
    | QueueHeld
    | Notice
    | ExportsHeld
    | ExportRulesChanged
    | RetentionRan
    | ClockDoubted
    | ClockConfirmed
)
Listener = Callable[[tuple[QueueEvent, ...]], None]

_LOG_EVENTS = {
    ev.Submitted: "WORKFLOW_JOB_QUEUED",
    ev.Claimed: "WORKFLOW_JOB_STARTED",
    ev.Due: "WORKFLOW_JOB_DUE",
    ev.CancelAsked: "WORKFLOW_JOB_CANCEL_REQUESTED",
    ev.RetryAsked: "WORKFLOW_JOB_RETRY_REQUESTED",
    ev.Prioritized: "WORKFLOW_JOB_PRIORITIZED",
    ev.OptionsChanged: "WORKFLOW_JOB_OPTIONS_CHANGED",
    ev.StartChanged: "WORKFLOW_JOB_START_CHANGED",
    ev.Relocated: "WORKFLOW_JOB_RELOCATED",
    ev.CopyAdded: "WORKFLOW_JOB_COPY_ADDED",
    ev.ExportsChosen: "WORKFLOW_JOB_EXPORTS_CHOSEN",
    ev.LabelChanged: "WORKFLOW_JOB_LABEL_CHANGED",
    ev.LegalHoldPlaced: "WORKFLOW_JOB_HOLD_PLACED",
    ev.LegalHoldReleased: "WORKFLOW_JOB_HOLD_RELEASED",
    ev.Seen: "WORKFLOW_JOB_SEEN",
    ev.Reviewed: "WORKFLOW_JOB_REVIEWED",
    ev.VersionChosen: "WORKFLOW_JOB_VERSION_CHOSEN",
    ev.Completed: "WORKFLOW_JOB_COMPLETED",
    ev.Released: "WORKFLOW_JOB_RELEASED",
    ev.Cancelled: "WORKFLOW_JOB_CANCELLED",
}


def log_event(event: QueueEvent) -> None:
    """Write an event to the log; progress, workers and notices are not logged."""
    match event:
        case QueuePaused(paused=paused):
            log.event("WORKFLOW_QUEUE_PAUSED" if paused else "WORKFLOW_QUEUE_RESUMED")
        case JobRemoved(job_id=job_id):
            log.event("WORKFLOW_JOB_REMOVED", job=job_id)
        case RetentionRan():
            log.event("RETENTION_RAN", results=event.results, audio=event.audio, damaged=event.damaged)
        case JobChanged(job=job, event=ev.Failed(error=error)):
            name = "WORKFLOW_JOB_FAILED" if job.state is JobState.FAILED else "WORKFLOW_JOB_RETRYING"
            log.event(name, job=job.id, attempt=len(job.attempts), code=error.code, kind=error.kind.value)
        case JobChanged(job=job) if job.state is JobState.CANCELLED:
            log.event("WORKFLOW_JOB_CANCELLED", job=job.id)
        case JobChanged(job=job, event=job_event):
            log.event(_LOG_EVENTS[type(job_event)], job=job.id, attempt=len(job.attempts))
