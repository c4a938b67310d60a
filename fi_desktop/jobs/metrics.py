"""How the queue does: depth, waits, run times, throughput, retries, and the targets that the old backend had.

Pure functions of the jobs' records; nothing is sampled or kept for them. All times are UTC, seconds since the
epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState

WINDOWS: dict[str, float | None] = {"1h": 3600.0, "24h": 86_400.0, "all": None}
"""The spans that are shown, seconds; None: since the first job."""

_TIMEOUT = "job.timeout"
_TRIES = (AttemptOutcome.COMPLETED, AttemptOutcome.FAILED, AttemptOutcome.CRASHED)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Of a set of durations, seconds; None where there is none."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """What happened within a window.

    Attributes:
        window_s: the window's length, seconds.
        submitted: jobs handed in within the window.
        completed, failed, cancelled: jobs that ended so within the window.
        attempts: attempts that ended within the window; `retries`: those that were not a job's first.
        timeouts: attempts that ran into a time limit; longest_s: the longest attempt, seconds.
        depth: jobs that wait now, for their retry too; depth_p99: 99 % of the window had no more.
        wait: from a job's submission to its first attempt; run: of an attempt.
        per_s: attempts that ended, a second.
        completion_rate: completed jobs over completed and failed ones; retry_rate: retries over attempts.
    """

    window_s: float
    submitted: int
    completed: int
    failed: int
    cancelled: int
    attempts: int
    retries: int
    timeouts: int
    longest_s: float | None
    depth: int
    depth_p99: int
    wait: Quantiles
    run: Quantiles
    per_s: float
    completion_rate: float | None
    retry_rate: float | None


@dataclass(frozen=True, slots=True)
class History:
    """How a window went, in steps of one length; each tuple has a value a step.

    Attributes:
        start: when it begins; step_s: a step's length, seconds.
        depth: the most jobs that waited at once.
        per_s: attempts that ended, a second.
        run_s: the median of how long these took, seconds; None where none ended.
    """

    start: float
    step_s: float
    depth: tuple[int, ...]
    per_s: tuple[float, ...]
    run_s: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Target:
    """One of the old backend's success figures.

    Attributes:
        name: what it is about.
        wanted: as people write it.
        measured: None where nothing can be said yet.
        met: None likewise.
    """

    name: str
    wanted: str
    measured: float | None
    met: bool | None


def measure(jobs: Sequence[Job], *, now: float, window_s: float | None) -> Metrics:
    """Return how the queue did within the last `window_s` seconds, or since the first job."""
    first = min((job.submitted_at for job in jobs), default=now)
    start = first if window_s is None else now - window_s
    ended = [a for job in jobs for a in job.attempts if a.ended_at is not None and start <= a.ended_at <= now]
    tries = [a for a in ended if a.outcome in _TRIES]
    retries = sum(a.number > 1 for a in tries)
    durations = [a.ended_at - a.started_at for a in tries if a.ended_at is not None]
    waits = [
        job.attempts[0].started_at - job.submitted_at
        for job in jobs
        if job.attempts and start <= job.attempts[0].started_at <= now
    ]
    finished = [job for job in jobs if job.finished_at is not None and start <= job.finished_at <= now]
    completed, failed, cancelled = (
        sum(job.state is state for job in finished)
        for state in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED)
    )
    length_s = max(now - start, 1e-9)
    return Metrics(
        window_s=now - start,
        submitted=sum(start <= job.submitted_at <= now for job in jobs),
        completed=completed,
        failed=failed,
        cancelled=cancelled,
        attempts=len(tries),
        retries=retries,
        timeouts=sum(_timed_out(a) for a in tries),
        longest_s=max(durations, default=None),
        depth=sum(job.state in (JobState.QUEUED, JobState.RETRYING) for job in jobs),
        depth_p99=_depth_p99(jobs, start, now),
        wait=_quantiles(waits),
        run=_quantiles(durations),
        per_s=len(tries) / length_s,
        completion_rate=completed / (completed + failed) if completed + failed else None,
        retry_rate=retries / len(tries) if tries else None,
    )


def history(jobs: Sequence[Job], *, now: float, window_s: float | None, steps: int) -> History:
    """Return how the last `window_s` seconds went, or all since the first job, in so many steps."""
    start = min((job.submitted_at for job in jobs), default=now) if window_s is None else now - window_s
    step_s = max(now - start, 1.0) / steps
    runs: list[list[float]] = [[] for _ in range(steps)]
    for job in jobs:
        for attempt in job.attempts:
            if (
                attempt.outcome in _TRIES
                and attempt.ended_at is not None
                and start <= attempt.ended_at <= now
            ):
                place = min(steps - 1, int((attempt.ended_at - start) / step_s))
                runs[place].append(attempt.ended_at - attempt.started_at)
    return History(
        start=start,
        step_s=step_s,
        depth=_depths(jobs, start, now, steps),
        per_s=tuple(len(durations) / step_s for durations in runs),
        run_s=tuple(median(durations) if durations else None for durations in runs),
    )


def targets(metrics: Metrics, *, worker_uptime: float | None) -> tuple[Target, ...]:
    """Hold what was measured against the old backend's five targets.

    `worker_uptime`: share of the time in which workers were there, 0 to 1; None where none was started.
    """
    rate, retried, longest = metrics.completion_rate, metrics.retry_rate, metrics.longest_s
    return (
        Target("completed", "≥ 95 %", rate, None if rate is None else rate >= 0.95),
        Target("retried", "≤ 10 %", retried, None if retried is None else retried <= 0.10),
        Target("depth p99", "< 10", float(metrics.depth_p99), metrics.depth_p99 < 10),
        Target(
            "worker uptime", "≥ 99 %", worker_uptime, None if worker_uptime is None else worker_uptime >= 0.99
        ),
        Target("longest attempt", "< 10 min", longest, None if longest is None else longest < 600.0),
    )


def _timed_out(attempt: Attempt) -> bool:
    return attempt.error is not None and attempt.error.code == _TIMEOUT


def _quantiles(durations: Iterable[float]) -> Quantiles:
    ordered = sorted(durations)
    if not ordered:
        return Quantiles(None, None, None)
    return Quantiles(
        *(ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99))
    )


def _depth_p99(jobs: Sequence[Job], start: float, end: float) -> int:
    """Return the depth that 99 % of the time from `start` to `end` did not exceed."""
    steps = _depth_changes(jobs, start, end)
    spent: dict[int, float] = {}
    depth = 0
    for (at, change), (following, _) in pairwise(steps):
        depth += change
        spent[depth] = spent.get(depth, 0.0) + following - at
    total, so_far = sum(spent.values()), 0.0
    for depth, span in sorted(spent.items()):
        so_far += span
        if so_far >= 0.99 * total:
            return depth
    return 0


def _depths(jobs: Sequence[Job], start: float, end: float, steps: int) -> tuple[int, ...]:
    """Return the greatest depth within each step."""
    step_s = max(end - start, 1.0) / steps
    highest, depth, here = [0] * steps, 0, 0
    for at, change in _depth_changes(jobs, start, end):
        place = min(steps - 1, int((at - start) / step_s))
        highest[here + 1 : place + 1] = [depth] * (place - here)
        here, depth = place, depth + change
        highest[here] = max(highest[here], depth)
    highest[here + 1 :] = [depth] * (steps - here - 1)
    return tuple(highest)


def _depth_changes(jobs: Sequence[Job], start: float, end: float) -> Iterator[tuple[float, int]]:
    """Yield when and by how much the depth changed, in order; the window's ends are among the moments.

    Sorted are two lists of floats that nearly are already, not one of pairs: a sort lets no other thread run,
    and of the pairs of 100,000 jobs it takes half a second.
    """
    begun: list[float] = []
    over: list[float] = []
    for job in jobs:
        for since, until in _waits(job, end):
            if until > start and since < end:
                begun.append(max(since, start))
                over.append(min(until, end))
    begun.sort()
    over.sort()
    yield start, 0
    ends = 0
    for at in begun:
        while ends < len(over) and over[ends] <= at:
            yield over[ends], -1
            ends += 1
        yield at, 1
    for at in over[ends:]:
        yield at, -1
    yield end, 0


def _waits(job: Job, now: float) -> Iterator[tuple[float, float]]:
    """Yield from when to when the job waited."""
    since = job.submitted_at
    for attempt in job.attempts:
        yield since, attempt.started_at
        if attempt.ended_at is None:
            return
        since = attempt.ended_at
    if not job.state.final:
        yield since, now
