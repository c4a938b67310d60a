"""Messages between the queue thread and a worker, over the worker's pipe.

Plain values, as JSON (see `wire.py`); results travel as files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import cast, get_args

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.messages import Note
from fi_desktop.core.values import EngineChoice, JobOptions, ServerLoad, Stage, StageTime, Summary
from fi_desktop.vault.job_files import CLEAR, JobFiles
from fi_desktop.workers.wire import decoded, encoded


@dataclass(frozen=True, slots=True)
class Deliver:
    """To a worker: run this job.

    Attributes:
        claim: token that all messages about the job carry.
        path, folder, models: the recording, the job's own folder and the model folders.
        soft_limit_s: seconds until the worker ends the attempt, or `limit_factor` times the recording's
            length if that is longer.
        memory_level: how often the job ran out of memory before: 0, then smaller batches, then no GPU.
        threads: CPU threads the job may use.
        last_attempt: an error is final.
        vocabulary: the folders of vocabulary lists.
        likely_languages: the languages spoken here, ISO 639-1.
        keep_turns: the turns of the present result stay.
        files: how the files in `folder` are read and written.
    hard_limit_s: seconds until a worker on the server is killed; it grows with the recording as the other
        limit does.
    """

    claim: str
    job_id: int
    path: str
    options: JobOptions
    folder: str
    models: tuple[str, ...]
    soft_limit_s: float
    limit_factor: float
    memory_level: int = 0
    threads: int = 1
    last_attempt: bool = False
    vocabulary: tuple[str, ...] = ()
    likely_languages: tuple[str, ...] = ()
    keep_turns: bool = False
    files: JobFiles = CLEAR
    hard_limit_s: float = 0.0


@dataclass(frozen=True, slots=True)
class CancelWork:
    """To a worker: the person cancelled this claim's job."""

    claim: str


@dataclass(frozen=True, slots=True)
class ChangeLimit:
    """To a worker: new soft limits, seconds; see `Deliver`."""

    soft_limit_s: float
    limit_factor: float


@dataclass(frozen=True, slots=True)
class StopWork:
    """To a worker: exit; the job is requeued."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """To a relay: give this claim's job back, unless a worker of the server has begun it."""

    claim: str


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: it can take a job."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """From a worker: it is alive, even if its engine has not returned for a while."""


@dataclass(frozen=True, slots=True)
class Away:
    """From a relay: the server cannot be used for now; `reason` says why."""

    reason: Note


@dataclass(frozen=True, slots=True)
class LoadMeasured:
    """From a relay: what the server has to do."""

    load: ServerLoad


@dataclass(frozen=True, slots=True)
class Waits:
    """From a relay: the job was sent, and no worker of the server has begun it yet."""

    claim: str


@dataclass(frozen=True, slots=True)
class Usage:
    """From a relay: what the server's worker, which has its job, uses. See `WorkerGauge`."""

    host: str
    pid: int
    device: str
    cpu_percent: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """From a worker: the recording's length in seconds."""

    claim: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class EnginesChosen:
    """From a worker: the engines that process the job."""

    claim: str
    chosen: EngineChoice


@dataclass(frozen=True, slots=True)
class Progressed:
    """From a worker: the fraction of a stage that is done, 0 to 1."""

    claim: str
    stage: Stage
    fraction: float


@dataclass(frozen=True, slots=True)
class StageEnded:
    """From a worker: a stage has ended, successfully or not."""

    claim: str
    time: StageTime


@dataclass(frozen=True, slots=True)
class AttemptDone:
    """From a worker: the result is on disk."""

    claim: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """From a worker: the attempt ended with an error."""

    claim: str
    error: ErrorInfo


@dataclass(frozen=True, slots=True)
class AttemptStopped:
    """From a worker: it stopped as asked: `cancelled` by a person, or because the worker is to exit."""

    claim: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class AttemptLost:
    """From a relay: the server no longer has the job.

    Attributes:
        begun: a worker of the server had begun it when contact was lost; else nobody had, and it was taken
            back.
    """

    claim: str
    begun: bool


ToWorker = Deliver | CancelWork | ChangeLimit | StopWork | TakeBack
AttemptProgress = Measured | EnginesChosen | Progressed | StageEnded
AttemptEnd = AttemptDone | AttemptFailed | AttemptStopped | AttemptLost
FromWorker = Ready | Away | Usage | LoadMeasured | Waits | Heartbeat | AttemptProgress | AttemptEnd

GRANT_BYTES = 64 * 1024
"""Most bytes of a grant."""
LONGEST_REPORT = 1024 * 1024
"""Bytes of the longest message from a worker."""

_TO_WORKER = {kind.__name__: kind for kind in get_args(ToWorker)}
_FROM_WORKER = {kind.__name__: kind for kind in get_args(FromWorker)}


def hard_limit_s(soft_s: float, hard_s: float, factor: float, duration_s: float) -> float:
    """Return the hard limit for a recording of this length; all in seconds.

    The ratio of hard to soft limit is kept as both grow.
    """
    ratio = hard_s / soft_s if soft_s else 1.0
    return max(hard_s, ratio * factor * duration_s)


def grant(claim: str, path: str) -> bytes:
    """Return the message to a worker's opener that lets the job of this claim have its recording read."""
    return json.dumps({"claim": claim, "path": path}).encode("ascii")


def granted(data: bytes) -> tuple[str, Path]:
    """Read what `grant` wrote: claim and recording."""
    said = json.loads(data)
    return said["claim"], Path(said["path"])


def send(pipe: Connection, message: ToWorker | FromWorker) -> None:
    """Send a message.

    Raises:
        OSError: the other process is gone.
    """
    pipe.send_bytes(encoded(message))


def receive(pipe: Connection) -> ToWorker:
    """Wait for a message to a worker.

    Raises:
        EOFError, OSError: the app is gone.
        ValueError: it sent something else.
    """
    return cast(ToWorker, decoded(pipe.recv_bytes(), _TO_WORKER))


def receive_report(pipe: Connection) -> FromWorker:
    """Wait for a message from a worker, of known type; `reports.checked` judges its values.

    Raises:
        EOFError: the worker is gone.
        ValueError: it sent something else, or more than `LONGEST_REPORT`.
        OSError: the worker is gone.
    """
    try:
        data = pipe.recv_bytes(LONGEST_REPORT)
    except OSError as error:
        if error.errno is None:  # not the system's, but of the length
            raise ValueError("too long a message") from None
        raise
    return cast(FromWorker, decoded(data, _FROM_WORKER))
