"""How fast this machine runs each stage, learned from finished jobs; the plan of an attempt.

A speed is seconds of work per second of recording. There is one for each stage, engine and device: the median
of the latest jobs, so that one job on a busy machine does not distort it.
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

_SAMPLES = 20  # of the latest jobs
_ENOUGH = 3  # with fewer samples, a plan is a guess

# Shares of an attempt while nothing was measured. Without words: an hour of a phone call with the built-in
# engine on two cores (2.2, 7.1 and 1.6 s). With words: a rough estimate for a CPU, since models differ.
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
    """How an attempt is expected to spend its time.

    Attributes:
        work: of each stage; seconds per second of recording if `measured`, or else shares.
        measured: whether it was measured on this machine.
        chosen: the engines; None before they are chosen, when the plan includes every possible stage.
        device: what the attempt computes on, without its number.
        saved: stages that an earlier attempt completed.
    """

    work: Mapping[Stage, float]
    measured: bool = False
    chosen: EngineChoice | None = None
    device: str = "cpu"
    saved: frozenset[Stage] = frozenset()

    @property
    def rate(self) -> float:
        """The work of all stages."""
        return sum(self.work.values())

    def share(self, stage: Stage, fraction: float) -> float:
        """Return how much of the attempt is done, 0 to 1, when this fraction of a stage is."""
        done = 0.0
        for known in Stage:
            if known is stage:
                done += self.work.get(stage, 0.0) * fraction
                break
            done += self.work.get(known, 0.0)
        return min(1.0, done / self.rate) if self.rate else fraction

    def after(self, stage: Stage) -> float | None:
        """Return the work of the later stages, seconds per second of recording; None if unknown."""
        later = list(Stage)[list(Stage).index(stage) + 1 :]
        if self.chosen is None:
            return None
        if self.measured:
            return sum(self.work.get(known, 0.0) for known in later)
        # joining takes no noticeable time
        return None if any(self.work.get(known) for known in later if known is not Stage.JOIN) else 0.0


GUESS = {False: StagePlan(_WITHOUT_WORDS), True: StagePlan(_WITH_WORDS)}
"""The plans without measurements, by whether words are transcribed."""

_Key = tuple[Stage, str, str]
_LEARNED_JOBS = 200  # the latest ones; a hundred thousand would take too long


class Speeds:
    """The speeds learned from the latest jobs."""

    def __init__(self) -> None:
        self._known: dict[_Key, deque[float]] = {}

    def learn_all(self, jobs: Sequence[Job]) -> None:
        """Learn from the latest of jobs in order of submission."""
        for job in jobs[-_LEARNED_JOBS:]:
            self.learn(job)

    def learn(self, job: Job) -> None:
        """Learn from a completed job; others are ignored."""
        summary = job.summary
        if summary is None or job.state is not JobState.COMPLETED or summary.duration_s <= 0:
            return
        chosen = EngineChoice(summary.engine, summary.model)
        for attempt in run_of(job):
            self._learn(attempt, chosen, summary.duration_s)

    def plan(self, job: Job) -> StagePlan:
        """Return the plan of a running attempt before its engines are chosen."""
        device = _device_type(job.attempts[-1].device if job.attempts else "cpu")
        words = job.options.transcriber != "none"  # a bar that jumps ahead is better than one that stalls
        return _skip_saved(StagePlan(GUESS[words].work, device=device, saved=frozenset(_saved(job))))

    def refine(self, plan: StagePlan, chosen: EngineChoice) -> StagePlan:
        """Return the plan of the same attempt with its engines chosen."""
        guess = GUESS[bool(chosen.model)]
        found = {stage: self._speed((stage, _engine_of(stage, chosen), plan.device)) for stage in guess.work}
        known = {stage: speed for stage, speed in found.items() if speed is not None}
        measured = len(known) == len(found)
        return _skip_saved(
            replace(plan, work=known if measured else guess.work, measured=measured, chosen=chosen)
        )

    def _learn(self, attempt: Attempt, chosen: EngineChoice, duration_s: float) -> None:
        for time in attempt.stages:
            if time.end is StageEnd.DONE:
                key = (time.stage, _engine_of(time.stage, chosen), _device_type(attempt.device))
                self._known.setdefault(key, deque(maxlen=_SAMPLES)).append(time.took_s / duration_s)

    def _speed(self, key: _Key) -> float | None:
        known = self._known.get(key, ())
        return median(known) if len(known) >= _ENOUGH else None


def _skip_saved(plan: StagePlan) -> StagePlan:
    """Return the plan with no work for stages that are already done."""
    return replace(
        plan, work={stage: 0.0 if stage in plan.saved else work for stage, work in plan.work.items()}
    )


def _engine_of(stage: Stage, chosen: EngineChoice) -> str:
    """Return the engine of a stage; "" if there is only one."""
    match stage:
        case Stage.DIARIZE:
            return chosen.engine
        case Stage.TRANSCRIBE:
            return chosen.model
        case _:
            return ""


def _device_type(device: str) -> str:
    """Return a device without its number: the GPUs of a machine are assumed to be alike."""
    return device.partition(":")[0]


def _saved(job: Job) -> set[Stage]:
    """Return the stages that earlier attempts completed and the next one will skip."""
    saved: set[Stage] = set()
    for attempt in job.attempts:
        saved |= {time.stage for time in attempt.stages if time.end is not StageEnd.BROKEN_OFF}
        rejected = attempt.error is not None and attempt.error.kind is ErrorKind.USER
        if rejected or attempt.outcome in (AttemptOutcome.COMPLETED, AttemptOutcome.CANCELLED):
            saved.clear()  # all but the result was deleted
    return saved - {Stage.JOIN}
