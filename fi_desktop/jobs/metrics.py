"""Queue metrics: depth, waits, run times, throughput, retries, causes of failures, and five targets.

Pure functions of the jobs' records. All times are UTC, seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor
from statistics import median

from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState

WINDOWS: dict[str, float | None] = {"1h": 3600.0, "24h": 86_400.0, "all": None}
"""Length of each window in seconds; None for all time."""

HOUR_S = 3600.0

_TIMEOUT = "job.timeout"
_OUTCOMES = (AttemptOutcome.COMPLETED, AttemptOutcome.FAILED, AttemptOutcome.CRASHED)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Quantiles of durations, seconds; None without durations."""

    p50: float | None
    p95: float | None
    p99: float | None


@dataclass(frozen=True, slots=True)
class Metrics:
    """What happened within a window.

    Attributes:
        window_s: length of the window, seconds.
        submitted: jobs submitted within the window.
        completed, failed, cancelled: jobs that ended like this within the window.
        attempts: attempts that ended within the window.
        retries: those of them that were not a job's first.
        timeouts: attempts that exceeded a time limit.
        audio_s: length of the recordings that were completed, seconds.
        longest_s: the longest attempt, seconds.
        depth: jobs that wait now, for a retry too.
        depth_p99: depth that was not exceeded during 99 % of the window.
        wait: from a job's submission to its first attempt.
        run: duration of an attempt.
        per_s: attempts that ended, per second.
        completion_rate: completed jobs over completed and failed ones.
        retry_rate: retries over attempts.
    """

    window_s: float
    submitted: int
    completed: int
    failed: int
    cancelled: int
    attempts: int
    retries: int
    timeouts: int
    audio_s: float
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
    """A window in steps of equal length; each tuple has one value per step.

    Attributes:
        start: start of the window.
        step_s: length of a step, seconds.
        depth: the most jobs that waited at once.
        per_s: attempts that ended, per second.
        run_s: median duration of these attempts, seconds; None if none ended.
    """

    start: float
    step_s: float
    depth: tuple[int, ...]
    per_s: tuple[float, ...]
    run_s: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Hour:
    """What happened within one hour.

    Attributes:
        start: of the hour.
        submitted, completed, failed: jobs that were submitted, and that ended like this.
        audio_s: length of the recordings that were completed, seconds.
        wait_s: median time from a job's submission to its first attempt; None without one.
        run_s: median duration of an attempt; None without one.
    """

    start: float
    submitted: int
    completed: int
    failed: int
    audio_s: float
    wait_s: float | None
    run_s: float | None


@dataclass(frozen=True, slots=True)
class Cause:
    """Jobs that failed with the same error.

    Attributes:
        code: the code of the error's message.
        ids: the jobs, in order.
        first, last: when the first and the last of them failed.
    """

    code: str
    ids: tuple[int, ...]
    first: float
    last: float


@dataclass(frozen=True, slots=True)
class Target:
    """A target for the queue, and whether it is met.

    Attributes:
        name: the quantity.
        wanted: its bound as text.
        measured: its value; None if nothing was measured yet.
        met: None if nothing was measured yet.
    """

    name: str
    wanted: str
    measured: float | None
    met: bool | None


def measure(jobs: Sequence[Job], *, now: float, window_s: float | None) -> Metrics:
    """Return the metrics of the last `window_s` seconds, or since the first job if None."""
    first = min((job.submitted_at for job in jobs), default=now)
    start = first if window_s is None else now - window_s
    ended = [a for job in jobs for a in job.attempts if a.ended_at is not None and start <= a.ended_at <= now]
    attempts = [a for a in ended if a.outcome in _OUTCOMES]
    retries = sum(a.number > 1 for a in attempts)
    durations = [a.ended_at - a.started_at for a in attempts if a.ended_at is not None]
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
        attempts=len(attempts),
        retries=retries,
        timeouts=sum(_timed_out(a) for a in attempts),
        audio_s=_audio_s(finished),
        longest_s=max(durations, default=None),
        depth=sum(job.state in (JobState.QUEUED, JobState.RETRYING) for job in jobs),
        depth_p99=_depth_p99(jobs, start, now),
        wait=_quantiles(waits),
        run=_quantiles(durations),
        per_s=len(attempts) / length_s,
        completion_rate=completed / (completed + failed) if completed + failed else None,
        retry_rate=retries / len(attempts) if attempts else None,
    )


def history(jobs: Sequence[Job], *, now: float, window_s: float | None, steps: int) -> History:
    """Return the history of the last `window_s` seconds, or since the first job if None, in `steps` steps."""
    start = min((job.submitted_at for job in jobs), default=now) if window_s is None else now - window_s
    step_s = max(now - start, 1.0) / steps
    runs: list[list[float]] = [[] for _ in range(steps)]
    for job in jobs:
        for attempt in job.attempts:
            if (
                attempt.outcome in _OUTCOMES
                and attempt.ended_at is not None
                and start <= attempt.ended_at <= now
            ):
                step = min(steps - 1, int((attempt.ended_at - start) / step_s))
                runs[step].append(attempt.ended_at - attempt.started_at)
    return History(
        start=start,
        step_s=step_s,
        depth=_depths(jobs, start, now, steps),
        per_s=tuple(len(durations) / step_s for durations in runs),
        run_s=tuple(median(durations) if durations else None for durations in runs),
    )


def by_hour(jobs: Iterable[Job], *, now: float, hours: int) -> tuple[Hour, ...]:
    """Return the last whole hours and the current one, which began when the clock struck; newest first."""
    start = (floor(now / HOUR_S) - hours + 1) * HOUR_S
    submitted, waits = [0] * hours, [list[float]() for _ in range(hours)]
    runs, ended = [list[float]() for _ in range(hours)], [list[Job]() for _ in range(hours)]

    def hour_of(at: float | None) -> int | None:
        hour = -1 if at is None else floor((at - start) / HOUR_S)
        return hour if 0 <= hour < hours else None

    for job in jobs:
        if (hour := hour_of(job.submitted_at)) is not None:
            submitted[hour] += 1
        if job.attempts and (hour := hour_of(job.attempts[0].started_at)) is not None:
            waits[hour].append(job.attempts[0].started_at - job.submitted_at)
        for attempt in job.attempts:
            if attempt.outcome in _OUTCOMES and (hour := hour_of(attempt.ended_at)) is not None:
                runs[hour].append((attempt.ended_at or 0.0) - attempt.started_at)
        if (hour := hour_of(job.finished_at)) is not None:
            ended[hour].append(job)
    return tuple(
        Hour(
            start=start + hour * HOUR_S,
            submitted=submitted[hour],
            completed=sum(job.state is JobState.COMPLETED for job in ended[hour]),
            failed=sum(job.state is JobState.FAILED for job in ended[hour]),
            audio_s=_audio_s(ended[hour]),
            wait_s=median(waits[hour]) if waits[hour] else None,
            run_s=median(runs[hour]) if runs[hour] else None,
        )
        for hour in reversed(range(hours))
    )


def causes(jobs: Iterable[Job]) -> tuple[Cause, ...]:
    """Return the causes of the jobs that have failed, the most frequent first."""
    found: dict[str, list[tuple[int, float]]] = {}
    for job in jobs:
        if job.state is JobState.FAILED and job.attempts and job.attempts[-1].error is not None:
            code, at = job.attempts[-1].error.code, job.finished_at or job.submitted_at
            found.setdefault(code, []).append((job.id, at))
    groups = []
    for code, failed in found.items():
        ids, moments = zip(*sorted(failed), strict=True)
        groups.append(Cause(code, ids, min(moments), max(moments)))
    return tuple(sorted(groups, key=lambda cause: (-len(cause.ids), -cause.last)))


def targets(metrics: Metrics, *, worker_uptime: float | None) -> tuple[Target, ...]:
    """Compare metrics with the five targets.

    `worker_uptime`: share of the time in which workers were running, 0 to 1; None if none was started.
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


def _audio_s(finished: Iterable[Job]) -> float:
    completed = (job for job in finished if job.state is JobState.COMPLETED)
    return sum(job.summary.duration_s for job in completed if job.summary is not None)


def _quantiles(durations: Iterable[float]) -> Quantiles:
    ordered = sorted(durations)
    if not ordered:
        return Quantiles(None, None, None)
    return Quantiles(
        *(ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.95, 0.99))
    )


def _depth_p99(jobs: Sequence[Job], start: float, end: float) -> int:
    """Return the depth that was not exceeded during 99 % of the time from `start` to `end`."""
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
        step = min(steps - 1, int((at - start) / step_s))
        highest[here + 1 : step + 1] = [depth] * (step - here)
        here, depth = step, depth + change
        highest[here] = max(highest[here], depth)
    highest[here + 1 :] = [depth] * (steps - here - 1)
    return tuple(highest)


def _depth_changes(jobs: Sequence[Job], start: float, end: float) -> Iterator[tuple[float, int]]:
    """Yield when and by how much the depth changed, in order, and both ends of the window.

    Sorts two lists of floats that are nearly sorted, not one list of pairs: no other thread runs during a
    sort, and the pairs of 100,000 jobs take half a second.
    """
    starts: list[float] = []
    ends: list[float] = []
    for job in jobs:
        for since, until in _waits(job, end):
            if until > start and since < end:
                starts.append(max(since, start))
                ends.append(min(until, end))
    starts.sort()
    ends.sort()
    yield start, 0
    ended = 0
    for at in starts:
        while ended < len(ends) and ends[ended] <= at:
            yield ends[ended], -1
            ended += 1
        yield at, 1
    for at in ends[ended:]:
        yield at, -1
    yield end, 0


def _waits(job: Job, now: float) -> Iterator[tuple[float, float]]:
    """Yield the periods in which a job waited."""
    since = job.submitted_at
    for attempt in job.attempts:
        yield since, attempt.started_at
        if attempt.ended_at is None:
            return
        since = attempt.ended_at
    if not job.state.final:
        yield since, now
