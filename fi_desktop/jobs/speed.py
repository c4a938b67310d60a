"""How fast this machine does each stage, from what the stages of earlier jobs took; and what that says of a
job that runs: a pure function of the jobs' records.

Speed is seconds of work a second of the recording. It is kept by stage, by what did it and by device; of the
latest jobs the median counts, so that one that ran beside something else does not spoil it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import Attempt, Job, JobOptions, JobState, Outcome, Stage, StageEnd, Summary

_KEPT = 20  # of the latest jobs
_ENOUGH = 3  # below that a plan is a guess

# Shares of an attempt, for as long as nothing was measured. Without words: from an hour of a phone call with
# the built-in engine on two cores (2.2, 7.1 and 1.6 s). With words: a coarse estimate for a processor, where
# writing the words down takes about two thirds of the time and no two models take as long.
_WITHOUT_WORDS = {Stage.DECODE: 0.19, Stage.SPEECH: 0.64, Stage.DIARIZE: 0.15, Stage.JOIN: 0.02}
_WITH_WORDS = {
    Stage.DECODE: 0.02,
    Stage.SPEECH: 0.05,
    Stage.DIARIZE: 0.25,
    Stage.TRANSCRIBE: 0.66,
    Stage.JOIN: 0.02,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What an attempt is expected to spend its time on.

    Attributes:
        work: of each stage; seconds a second of the recording where `measured`, or else shares.
        measured: whether it is known from this machine.
    """

    work: Mapping[Stage, float]
    measured: bool = False

    @property
    def rate(self) -> float:
        """All stages together."""
        return sum(self.work.values())

    def share(self, stage: Stage, fraction: float) -> float:
        """Return how much of the attempt is done when so much of a stage is, 0 to 1."""
        done = 0.0
        for known in Stage:
            if known is stage:
                done += self.work.get(stage, 0.0) * fraction
                break
            done += self.work.get(known, 0.0)
        return min(1.0, done / self.rate) if self.rate else fraction


GUESS = {False: Plan(_WITHOUT_WORDS), True: Plan(_WITH_WORDS)}
"""The plans of a machine on which nothing was measured: without and with words."""

_Key = tuple[Stage, str, str]
_LOOKED_AT = 200  # of many jobs the latest: where there are a hundred thousand, each costs


class Speeds:
    """What was learnt of jobs; the latest count."""

    def __init__(self) -> None:
        self._known: dict[_Key, deque[float]] = {}
        self._writes: dict[str, bool] = {}  # whether what was asked to transcribe did so, last time

    def learn_all(self, jobs: Sequence[Job]) -> None:
        """Take in the latest of jobs in order of submission."""
        for job in jobs[-_LOOKED_AT:]:
            self.learn(job)

    def learn(self, job: Job) -> None:
        """Take in a job that was completed; any other says nothing yet."""
        summary = job.summary
        if summary is None or job.state is not JobState.COMPLETED:
            return
        self._writes[job.options.transcriber] = bool(summary.transcriber)
        if summary.duration_s <= 0:
            return
        for attempt in job.attempts:
            self._learn(attempt, job.options, summary)

    def transcribes(self, options: JobOptions) -> bool | None:
        """Return whether words will be written down; None: that is not known yet."""
        if options.transcriber == "auto":
            return self._writes.get("auto")
        return options.transcriber != "none"

    def plan(self, job: Job) -> Plan:
        """Return the plan of the attempt that runs, or that is next: what was saved before takes no time."""
        words = self.transcribes(job.options)
        guess = GUESS[words is not False]
        device = _kind(job.attempts[-1].device if job.attempts else "cpu")
        found = {stage: self._speed(stage, _asked(stage, job.options), device) for stage in guess.work}
        known = {stage: speed for stage, speed in found.items() if speed is not None}
        measured = len(known) == len(found) and words is not None
        work = known if measured else dict(guess.work)
        return Plan({stage: 0.0 if stage in _saved(job) else of for stage, of in work.items()}, measured)

    def _learn(self, attempt: Attempt, options: JobOptions, summary: Summary) -> None:
        for time in attempt.stages:
            if time.end is not StageEnd.DONE:
                continue
            asked = _asked(time.stage, options)
            did = summary.engine if time.stage is Stage.DIARIZE else asked
            for what in {asked, did}:
                key = (time.stage, what, _kind(attempt.device))
                self._known.setdefault(key, deque(maxlen=_KEPT)).append(time.took_s / summary.duration_s)

    def _speed(self, stage: Stage, what: str, device: str) -> float | None:
        known = self._known.get((stage, what, device), ())
        return median(known) if len(known) >= _ENOUGH else None


def _asked(stage: Stage, options: JobOptions) -> str:
    """Return by what a stage is to be done; "" where there is no choice."""
    match stage:
        case Stage.DIARIZE:
            return options.engine
        case Stage.TRANSCRIBE:
            return options.transcriber
        case _:
            return ""


def _kind(device: str) -> str:
    """Return a device without its number: two GPUs of one machine are taken for alike."""
    return device.partition(":")[0]


def _saved(job: Job) -> set[Stage]:
    """Return the stages that earlier attempts saved and the next one finds done."""
    saved: set[Stage] = set()
    for attempt in job.attempts:
        saved |= {time.stage for time in attempt.stages if time.end is not StageEnd.BROKEN_OFF}
        given_up = attempt.error is not None and attempt.error.kind is ErrorKind.USER
        if given_up or attempt.outcome in (Outcome.COMPLETED, Outcome.CANCELLED):
            saved.clear()  # all but the result was deleted
    return saved - {Stage.JOIN}
