"""Queue metrics and targets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import events as ev
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Job, apply
from fi_desktop.core.values import JobOptions, Priority, Summary
from fi_desktop.jobs.metrics import Cause, by_hour, causes, measure, targets

BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")
TIMEOUT = ErrorInfo(ErrorKind.TRANSIENT, "job.timeout", "Timeout (10 min)")
SUMMARY = Summary(2, 30.0, "builtin")


def job(job_id: int, submitted_at: float, *later: ev.JobEvent) -> Job:
    made = apply(None, ev.Submitted(job_id, submitted_at, "/a.wav", JobOptions(), Priority.NORMAL))
    for event in later:
        made = apply(made, event)
    return made


def done(job_id: int, submitted_at: float, started_at: float, ended_at: float) -> Job:
    return job(
        job_id,
        submitted_at,
        ev.Claimed(job_id, started_at, "c", "w"),
        ev.Completed(job_id, ended_at, "c", SUMMARY),
    )


def retried(job_id: int, submitted_at: float) -> Job:
    """Return a job that failed after 10 s and completed in 20 s a minute later."""
    at = submitted_at
    return job(
        job_id,
        at,
        ev.Claimed(job_id, at, "c", "w"),
        ev.Failed(job_id, at + 10, "c", TIMEOUT, at + 70),
        ev.Due(job_id, at + 70),
        ev.Claimed(job_id, at + 70, "d", "w"),
        ev.Completed(job_id, at + 90, "d", SUMMARY),
    )


def test_an_empty_queue_has_nothing_to_measure():
    metrics = measure([], now=1_000.0, window_s=None)
    assert (metrics.attempts, metrics.depth, metrics.depth_p99) == (0, 0, 0)
    assert metrics.completion_rate is None
    assert metrics.wait.p50 is None
    assert [aim.met for aim in targets(metrics, worker_uptime=None)] == [None, None, True, None, None]


def test_waits_runs_and_rates_of_finished_jobs():
    jobs = [done(n, 0.0, 5.0 * n, 5.0 * n + 10.0) for n in range(1, 5)]
    jobs.append(job(5, 0.0, ev.Claimed(5, 50.0, "c", "w"), ev.Failed(5, 60.0, "c", BROKEN, None)))
    metrics = measure(jobs, now=100.0, window_s=None)
    assert (metrics.completed, metrics.failed, metrics.attempts, metrics.retries) == (4, 1, 5, 0)
    assert metrics.completion_rate == pytest.approx(0.8)
    assert (metrics.wait.p50, metrics.wait.p99) == (15.0, 50.0)
    assert metrics.run.p50 == 10.0
    assert metrics.per_s == pytest.approx(0.05)


def test_a_retry_and_a_timeout_are_counted():
    metrics = measure([retried(1, 0.0)], now=100.0, window_s=None)
    assert (metrics.attempts, metrics.retries, metrics.timeouts) == (2, 1, 1)
    assert metrics.retry_rate == pytest.approx(0.5)
    assert metrics.longest_s == 20.0


def test_events_before_the_window_do_not_count():
    jobs = [done(1, 0.0, 1.0, 2.0), done(2, 5_000.0, 5_001.0, 5_003.0)]
    metrics = measure(jobs, now=6_000.0, window_s=3_600.0)
    assert (metrics.submitted, metrics.completed, metrics.run.p50) == (1, 1, 2.0)
    assert measure(jobs, now=6_000.0, window_s=None).completed == 2


def test_depth_is_weighted_by_time():
    # twenty jobs wait for half a second of a hundred, one for all of it
    jobs = [done(n, 50.0, 50.5, 51.0) for n in range(1, 21)]
    jobs += [job(21, 0.0), done(22, 0.0, 0.0, 1.0)]
    metrics = measure(jobs, now=100.0, window_s=None)
    assert (metrics.depth, metrics.depth_p99) == (1, 1)
    slower = [done(n, 50.0, 52.0, 53.0) for n in range(1, 21)]
    assert measure([*slower, job(21, 0.0)], now=100.0, window_s=None).depth_p99 == 21


def test_each_target_is_compared_with_its_bound():
    jobs = [done(n, n * 10.0, n * 10.0 + 1, n * 10.0 + 2) for n in range(20)]
    aims = targets(measure(jobs, now=300.0, window_s=None), worker_uptime=0.98)
    assert [(aim.name, aim.met) for aim in aims] == [
        ("completed", True),
        ("retried", True),
        ("depth p99", True),
        ("worker uptime", False),
        ("longest attempt", True),
    ]


@given(st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 100), st.floats(0, 100)), max_size=30))
def test_the_depth_never_exceeds_the_number_of_jobs(times: list[tuple[float, float, float]]):
    jobs = [done(n, at, at + wait, at + wait + run) for n, (at, wait, run) in enumerate(times, 1)]
    metrics = measure(jobs, now=2e4, window_s=None)
    assert 0 <= metrics.depth_p99 <= len(jobs)
    assert metrics.depth == 0


def test_figures_by_hour_count_each_hour_by_the_clock():
    hour = 3600.0
    jobs = [done(1, 10 * hour - 60, 10 * hour - 30, 10 * hour + 30), retried(2, 10 * hour + 100)]
    jobs.append(job(3, 0.0, ev.Claimed(3, 50.0, "c", "w"), ev.Failed(3, 60.0, "c", BROKEN, None)))
    now, last, before = by_hour(jobs, now=11 * hour + 5, hours=3)
    assert (now.start, last.start, before.start) == (11 * hour, 10 * hour, 9 * hour)
    assert (before.submitted, before.completed, before.wait_s, before.run_s) == (1, 0, 30.0, None)
    assert (last.submitted, last.completed, last.failed, last.audio_s) == (1, 2, 0, 60.0)
    assert (last.wait_s, last.run_s) == (0.0, 20.0)  # of attempts of 60, 10 and 20 s
    assert (now.submitted, now.completed, now.run_s) == (0, 0, None)


def test_causes_are_ordered_by_number_and_count_failed_jobs_only():
    def failed(job_id: int, at: float, error: ErrorInfo) -> Job:
        return job(job_id, at, ev.Claimed(job_id, at, "c", "w"), ev.Failed(job_id, at + 5, "c", error, None))

    jobs = [failed(4, 40.0, BROKEN), failed(1, 10.0, TIMEOUT), failed(2, 20.0, BROKEN), retried(3, 30.0)]
    assert causes(jobs) == (
        Cause("disk.full", (2, 4), 25.0, 45.0),
        Cause("job.timeout", (1,), 15.0, 15.0),
    )
    assert causes([]) == ()
