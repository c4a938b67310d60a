"""The retry policy: three retries, exponential, varied, and only where a retry makes sense."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Attempt, AttemptOutcome, Job
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, Stage, StageEnd, StageTime

RNG = random.Random(1)
BROKEN = ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer.")
BAD_FILE = ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty.")
BUG = ErrorInfo(ErrorKind.BUG, "engine.unexpected", "Something went wrong.")
CRASH = ErrorInfo(ErrorKind.BUG, "worker.crashed", "The worker ended unexpectedly (signal 11).")
FULL = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")
AWAY = ErrorInfo(ErrorKind.TRANSIENT, "cluster.transfer", "The folder cannot be reached.")


def job(charged: int, deliveries: int | None = None) -> Job:
    attempts = tuple(
        Attempt(n + 1, 0.0, "w", 1.0, AttemptOutcome.FAILED, charged=True) for n in range(charged)
    )
    base = Job(1, "/a.wav", JobOptions(), Priority.NORMAL, 0.0, attempts=attempts)
    return replace(base, deliveries=charged + 1 if deliveries is None else deliveries)


@given(st.integers(0, 2), st.integers())
def test_waits_are_60_120_and_240_seconds_with_jitter(failed_before: int, seed: int):
    delay_s = RetryPolicy().delay_s(job(failed_before), BROKEN, crashed=False, rng=random.Random(seed))
    wanted = (60.0, 120.0, 240.0)[failed_before]
    assert delay_s is not None
    assert wanted * 0.9 <= delay_s <= wanted * 1.1


def test_jitter_spreads_retries_of_jobs_that_failed_together():
    waits = {RetryPolicy().delay_s(job(0), BUG, crashed=False, rng=RNG) for _ in range(20)}
    assert len(waits) == 20


def test_three_retries_at_most():
    assert RetryPolicy().delay_s(job(3), BROKEN, crashed=False, rng=RNG) is None


def test_user_error_is_not_retried():
    assert RetryPolicy().delay_s(job(0), BAD_FILE, crashed=False, rng=RNG) is None


def test_first_crash_retries_immediately_and_later_ones_wait():
    assert RetryPolicy().delay_s(job(0), BUG, crashed=True, rng=RNG) == 0.0
    later = RetryPolicy().delay_s(job(1), BUG, crashed=True, rng=RNG)
    assert later == pytest.approx(120.0, rel=0.1)


def test_job_fails_after_too_many_deliveries():
    assert RetryPolicy().delay_s(job(0, deliveries=8), BUG, crashed=True, rng=RNG) is None


@pytest.mark.parametrize("obstacle", [FULL, AWAY])
def test_full_disk_and_unreachable_transfers_are_always_retried(obstacle: ErrorInfo):
    delay_s = RetryPolicy().delay_s(job(3, deliveries=50), obstacle, crashed=False, rng=RNG)
    assert delay_s == pytest.approx(60.0, rel=0.1)


def test_deliveries_that_the_server_lost_are_not_those_of_a_recording_that_ends_workers():
    lost = replace(job(0, deliveries=8), lost=3)
    assert RetryPolicy().delay_s(lost, BUG, crashed=True, rng=RNG) == 0.0
    assert not RetryPolicy().is_last_attempt(lost)
    assert RetryPolicy().is_last_attempt(replace(lost, deliveries=11))


@pytest.mark.parametrize(
    ("charged", "deliveries", "last"), [(0, 1, False), (2, 3, False), (3, 4, True), (0, 8, True)]
)
def test_last_attempt_is_known_in_advance(charged: int, deliveries: int, last: bool):
    assert RetryPolicy().is_last_attempt(job(charged, deliveries)) is last


def crashed(*stages: Stage, error: ErrorInfo = CRASH) -> Job:
    """A job whose attempts ended in these stages, the last of which runs still."""
    attempts = tuple(
        Attempt(n + 1, 0.0, "w", 1.0, AttemptOutcome.CRASHED, error, charged=True, stages=broken_off(stage))
        for n, stage in enumerate(stages)
    )
    running = Attempt(len(stages) + 1, 2.0, "w")
    return replace(job(0), attempts=(*attempts, running))


def broken_off(stage: Stage) -> tuple[StageTime, ...]:
    return (StageTime(stage, 1.0, StageEnd.BROKEN_OFF),)


@pytest.mark.parametrize(
    ("before", "now", "error", "code"),
    [
        ((), Stage.DECODE, CRASH, "worker.crashed"),
        ((Stage.DECODE,), Stage.DECODE, CRASH, "audio.crashes"),
        ((Stage.DECODE,), Stage.SPEECH, CRASH, "worker.crashed"),
        ((Stage.SPEECH,), Stage.DECODE, CRASH, "worker.crashed"),
        ((Stage.DECODE,), Stage.DECODE, BROKEN, "audio.read"),
    ],
)
def test_job_fails_once_reading_its_recording_crashed_two_workers(before, now, error, code):
    policy = RetryPolicy()
    verdict = policy.verdict(crashed(*before), error, broken_off(now))
    assert verdict.code == code
    waits = policy.delay_s(crashed(*before), verdict, crashed=True, rng=RNG)
    assert (waits is None) == (code == "audio.crashes")


def test_crashes_before_a_retry_by_a_person_do_not_count():
    asked_again = crashed(Stage.DECODE)
    forgiven = replace(asked_again.attempts[0], charged=False)
    asked_again = replace(asked_again, attempts=(forgiven, asked_again.attempts[1]))
    assert RetryPolicy().verdict(asked_again, CRASH, broken_off(Stage.DECODE)) == CRASH
