"""What happens to a job: facts in the past tense, recorded once, never changed.

`at` is UTC, seconds since the epoch. Class names are stored with the events. An `AttemptEvent` carries the
claim under which the job was delivered, so that late events of an abandoned attempt are recognized.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from fi_desktop.core.case_labels import NO_LABEL, CaseLabel
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.values import JobOptions, Priority, ReviewState, StageTime, Summary


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Base of all events."""

    job_id: int
    at: float


@dataclass(frozen=True, slots=True)
class Submitted(JobEvent):
    """A person submitted a recording.

    Attributes:
        batch: the id of the first job that was submitted together with this one; None for a single one.
        fingerprint: equal for the same recording with the same options; None if it could not be read.
        exports: key of the `ExportRule` for its results; "": as the settings say.
        label: what the person or the file's name says.
    """

    path: str
    options: JobOptions
    priority: Priority
    batch: int | None = None
    fingerprint: str | None = None
    exports: str = ""
    label: CaseLabel = NO_LABEL


@dataclass(frozen=True, slots=True)
class Claimed(JobEvent):
    """A worker was chosen for the job, and its attempt starts."""

    claim: str
    worker: str
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Due(JobEvent):
    """The wait before a retry is over, or the time has come at which the job is to start."""


@dataclass(frozen=True, slots=True)
class CancelAsked(JobEvent):
    """A person cancelled the job."""


@dataclass(frozen=True, slots=True)
class RetryAsked(JobEvent):
    """A person asked for a retry, or for a waiting retry to start now.

    Attributes:
        keep_result: keep the job's result until there is a new one. False in events from before results were
            kept.
        keep_turns: who spoke when is taken from that result; only words are added.
    """

    keep_result: bool = False
    keep_turns: bool = False


@dataclass(frozen=True, slots=True)
class Prioritized(JobEvent):
    """A person changed the job's priority."""

    priority: Priority


@dataclass(frozen=True, slots=True)
class OptionsChanged(JobEvent):
    """A person changed the options of a waiting job.

    Attributes:
        fingerprint: equal for the same recording with these options; None if it could not be read.
    """

    options: JobOptions
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class StartChanged(JobEvent):
    """A person chose when a waiting job starts; see `Job.start_at`."""

    start_at: float | None


@dataclass(frozen=True, slots=True)
class Relocated(JobEvent):
    """A person found the recording at another place.

    Attributes:
        path: where it is now; absolute.
    """

    path: str


@dataclass(frozen=True, slots=True)
class CopyAdded(JobEvent):
    """A person added a file with the same bytes, which is not processed again.

    Attributes:
        path: the file; absolute.
        exports: see `Submitted`.
    """

    path: str
    exports: str = ""


@dataclass(frozen=True, slots=True)
class ExportsChosen(JobEvent):
    """A person chose how results are written to files automatically, for one file of the recording.

    Attributes:
        path: the file; the job's own or a copy.
        exports: see `Submitted`.
    """

    path: str
    exports: str


@dataclass(frozen=True, slots=True)
class LabelChanged(JobEvent):
    """A person changed the case or the date.

    Attributes:
        label: as it is now.
    """

    label: CaseLabel


@dataclass(frozen=True, slots=True)
class LegalHoldPlaced(JobEvent):
    """A person put the job on legal hold: nothing removes it until the hold is released.

    Attributes:
        by: the person.
    """

    by: str


@dataclass(frozen=True, slots=True)
class LegalHoldReleased(JobEvent):
    """A person released the legal hold.

    Attributes:
        by: the person.
    """

    by: str


@dataclass(frozen=True, slots=True)
class Seen(JobEvent):
    """A person viewed or exported the result."""


@dataclass(frozen=True, slots=True)
class Reviewed(JobEvent):
    """A person checked, signed or changed the result.

    Attributes:
        state: how far it is checked now.
        by: the person.
        people: names and roles of the speakers, by which the result is found.
        speakers, wrong_share: of the corrected result, see `Summary`; None in older records.
    """

    state: ReviewState
    by: str
    people: tuple[str, ...] = ()
    speakers: int | None = None
    wrong_share: float | None = None


@dataclass(frozen=True, slots=True)
class VersionChosen(JobEvent):
    """A person made another of the job's results the current one, or settled for the one that it has.

    Attributes:
        summary: of that result.
        review, people: see `Reviewed`.
        options, fingerprint: those of the run that made it.
    """

    summary: Summary
    review: ReviewState
    people: tuple[str, ...]
    options: JobOptions
    fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class AttemptEvent(JobEvent):
    """Base of the events that end a running attempt.

    Attributes:
        stages: how long each stage took, as far as reported.
    """

    claim: str
    stages: tuple[StageTime, ...] = field(default=(), kw_only=True)


@dataclass(frozen=True, slots=True)
class Completed(AttemptEvent):
    """The result is on disk."""

    summary: Summary


@dataclass(frozen=True, slots=True)
class Failed(AttemptEvent):
    """The attempt ended in an error.

    Attributes:
        retry_at: when the job is due again, immediately if not after `at`; None: no retry.
        crashed: the worker died, or was killed at the hard time limit.
        charged: whether the attempt counts against the retry policy.
        lost: what the server and this computer share could not be reached.
    """

    error: ErrorInfo
    retry_at: float | None
    crashed: bool = False
    charged: bool = True
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Released(AttemptEvent):
    """The app stopped, or contact with the server was lost; the job is queued again without a charge.

    Attributes:
        lost: contact with the server was lost.
        begun: a worker had received the job.
    """

    lost: bool = False
    begun: bool = True


@dataclass(frozen=True, slots=True)
class Cancelled(AttemptEvent):
    """The worker stopped because a person cancelled the job."""
