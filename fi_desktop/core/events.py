"""What happens to a job. Facts in the past tense, told once, never changed.

`at` is UTC in seconds since the epoch everywhere. What an attempt tells (`AttemptNews`) carries the claim
under which the job was handed out, so that late news of an attempt that was given up can be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fi_desktop.core.errors import ErrorInfo
    from fi_desktop.core.job import JobOptions, Priority, StageTime, Summary


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Base of all events of one job."""

    job_id: int
    at: float


@dataclass(frozen=True, slots=True)
class Submitted(JobEvent):
    """A person handed in a recording.

    Attributes:
        batch: the id of the first job of those that were handed in together; None for a single one.
        fingerprint: tells the same recording with the same options again; None where it could not be read.
    """

    path: str
    options: JobOptions
    priority: Priority
    batch: int | None = None
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed(JobEvent):
    """A worker was chosen for the job; its attempt begins."""

    claim: str
    worker: str
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Due(JobEvent):
    """The wait before a retry is over."""


@dataclass(frozen=True, slots=True)
class CancelAsked(JobEvent):
    """A person does not want the job any more."""


@dataclass(frozen=True, slots=True)
class RetryAsked(JobEvent):
    """A person wants the job done again, or now.

    Attributes:
        keep_result: a result that the job has stays until there is another. False in events that were stored
            before results were kept.
    """

    keep_result: bool = False


@dataclass(frozen=True, slots=True)
class Prioritized(JobEvent):
    """A person moved the job forward or back in the queue."""

    priority: Priority


@dataclass(frozen=True, slots=True)
class OptionsChanged(JobEvent):
    """A person wants a job that waits done in another way.

    Attributes:
        fingerprint: tells the same recording with these options again; None where it could not be read.
    """

    options: JobOptions
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Seen(JobEvent):
    """A person looked at the result, or wrote it out."""


@dataclass(frozen=True, slots=True)
class AttemptNews(JobEvent):
    """Base of what ends a running attempt.

    Attributes:
        stages: what each of its stages took, as far as it told.
    """

    claim: str
    stages: tuple[StageTime, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Completed(AttemptNews):
    """The result is on disk."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Failed(AttemptNews):
    """The attempt ended in an error.

    Attributes:
        retry_at: when the job is due again, at once where it is not after `at`; None: no retry.
        crashed: the worker died, or was killed at the hard limit.
        charged: whether the attempt counts against the retries.
    """

    error: ErrorInfo
    retry_at: float | None
    crashed: bool = False
    charged: bool = True


@dataclass(frozen=True, slots=True)
class Released(AttemptNews):
    """The app stopped or slept; the attempt is given back without a charge."""


@dataclass(frozen=True, slots=True)
class Cancelled(AttemptNews):
    """The worker stopped because a person had cancelled the job."""
