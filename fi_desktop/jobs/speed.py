"""How fast this machine does each stage, from what the stages of earlier jobs took; and what that says of a
job that runs: a pure function of the jobs' records.

Speed is seconds of work a second of the recording. It is kept by stage, by what did it and by device; of the
latest jobs the median counts, so that one that ran beside something else does not spoil it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState
from fi_desktop.core.retry import run_of
from fi_desktop.core.values import EngineChoice, Stage, StageEnd

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
class StagePlan:
    """What an attempt is expected to spend its time on.

    Attributes:
        work: of each stage; seconds a second of the recording where `measured`, or else shares.
        measured: whether it is known from this machine.
        chosen: what does the job; None: that is not decided yet, and the plan is the most that may come.
        device: what the attempt computes on, without its number.
        saved: stages that an earlier attempt did.
    """

    work: Mapping[Stage, float]
    measured: bool = False
    chosen: EngineChoice | None = None
    device: str = "cpu"
    saved: frozenset[Stage] = frozenset()

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

    def after(self, stage: Stage) -> float | None:
        """Return what the later stages take, seconds a second of the recording; None: it is not known."""
        later = list(Stage)[list(Stage).index(stage) + 1 :]
        if self.chosen is None:
            return None
        if self.measured:
            return sum(self.work.get(known, 0.0) for known in later)
        # joining takes no time that a person would notice
        return None if any(self.work.get(known) for known in later if known is not Stage.JOIN) else 0.0


GUESS = {False: StagePlan(_WITHOUT_WORDS), True: StagePlan(_WITH_WORDS)}
"""The plans of a machine on which nothing was measured: without and with words."""

_Key = tuple[Stage, str, str]
_LOOKED_AT = 200  # of many jobs the latest: where there are a hundred thousand, each costs


class Speeds:
    """What was learnt of jobs; the latest count."""

    def __init__(self) -> None:
        self._known: dict[_Key, deque[float]] = {}

    def learn_all(self, jobs: Sequence[Job]) -> None:
        """Take in the latest of jobs in order of submission."""
        for job in jobs[-_LOOKED_AT:]:
            self.learn(job)

    def learn(self, job: Job) -> None:
        """Take in a job that was completed; any other says nothing yet."""
        summary = job.summary
        if summary is None or job.state is not JobState.COMPLETED or summary.duration_s <= 0:
            return
        chosen = EngineChoice(summary.engine, summary.model)
        for attempt in run_of(job):
            self._learn(attempt, chosen, summary.duration_s)

    def plan(self, job: Job) -> StagePlan:
        """Return the plan of the attempt that runs, before it is decided what does it."""
        device = _kind(job.attempts[-1].device if job.attempts else "cpu")
        words = job.options.transcriber != "none"  # rather a bar that jumps ahead than one that stands still
        return _without(StagePlan(GUESS[words].work, device=device, saved=frozenset(_saved(job))))

    def decided(self, plan: StagePlan, chosen: EngineChoice) -> StagePlan:
        """Return the plan of the same attempt, now that it is decided what does it."""
        guess = GUESS[bool(chosen.model)]
        found = {stage: self._speed((stage, _by(stage, chosen), plan.device)) for stage in guess.work}
        known = {stage: speed for stage, speed in found.items() if speed is not None}
        measured = len(known) == len(found)
        return _without(
            replace(plan, work=known if measured else guess.work, measured=measured, chosen=chosen)
        )

    def _learn(self, attempt: Attempt, chosen: EngineChoice, duration_s: float) -> None:
        for time in attempt.stages:
            if time.end is StageEnd.DONE:
                key = (time.stage, _by(time.stage, chosen), _kind(attempt.device))
                self._known.setdefault(key, deque(maxlen=_KEPT)).append(time.took_s / duration_s)

    def _speed(self, key: _Key) -> float | None:
        known = self._known.get(key, ())
        return median(known) if len(known) >= _ENOUGH else None


def _without(plan: StagePlan) -> StagePlan:
    """Return the plan in which stages that are done already take no time."""
    return replace(plan, work={stage: 0.0 if stage in plan.saved else of for stage, of in plan.work.items()})


def _by(stage: Stage, chosen: EngineChoice) -> str:
    """Return by what a stage is done; "" where there is no choice."""
    match stage:
        case Stage.DIARIZE:
            return chosen.engine
        case Stage.TRANSCRIBE:
            return chosen.model
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
        if given_up or attempt.outcome in (AttemptOutcome.COMPLETED, AttemptOutcome.CANCELLED):
            saved.clear()  # all but the result was deleted
    return saved - {Stage.JOIN}
