"""Which failed attempts are retried and when, and which attempts belong to one run of a job."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind, UserError, error_info
from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState
from fi_desktop.core.values import Stage, StageTime

_OBSTACLE_DELAY_S = 60.0

OBSTACLES = frozenset(message.code for message in (messages.DISK_FULL, messages.CLUSTER_TRANSFER))
"""Codes of the errors that have nothing to do with the recording: always retried, and never charged."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounded exponential backoff.

    Attributes:
        delays_s: wait before the first, second, … retry, seconds.
        jitter: each wait varies by up to this fraction, so that jobs that failed together do not retry
            together.
        max_reading_crashes: a job fails after reading its recording crashed this many workers: the recording
            is the cause, and the next worker would crash too.
        max_deliveries: a job fails after this many deliveries, whatever their outcome: a file that kills its
            worker before the attempt is charged must not kill workers endlessly. Those that ended because
            contact with the server was lost are counted separately, up to the same number.
    """

    delays_s: tuple[float, ...] = (60.0, 120.0, 240.0)
    jitter: float = 0.1
    max_reading_crashes: int = 2
    max_deliveries: int = 8

    @property
    def longest_delay_s(self) -> float:
        """The longest possible wait before a retry, seconds."""
        return max(self.delays_s, default=0.0) * (1 + self.jitter)

    def verdict(self, job: Job, error: ErrorInfo, stages: tuple[StageTime, ...]) -> ErrorInfo:
        """Return the error of a running job whose attempt ended with `error` after these `stages`."""
        attempts = (*job.attempts[:-1], replace(job.attempts[-1], charged=True, error=error, stages=stages))
        crashes = sum(attempt.charged and attempt.crashed_in(Stage.DECODE) for attempt in attempts)
        if not attempts[-1].crashed_in(Stage.DECODE) or crashes < self.max_reading_crashes:
            return error
        return error_info(UserError(messages.AUDIO_CRASHES), error.message)

    def delay_s(self, job: Job, error: ErrorInfo, *, crashed: bool, rng: random.Random) -> float | None:
        """Return the wait before the next attempt of a running job whose attempt just failed, seconds.

        Returns None to give up. The first crash retries immediately: crashes are rarely caused by the
        recording. The `OBSTACLES` are always retried.
        """
        if error.code in OBSTACLES:
            return self._varied(self.delays_s[0] if self.delays_s else _OBSTACLE_DELAY_S, rng)
        if error.kind is ErrorKind.USER or self.is_over_cap(job):
            return None
        if job.charged >= len(self.delays_s):
            return None
        if crashed and job.charged == 0:
            return 0.0
        return self._varied(self.delays_s[job.charged], rng)

    def is_last_attempt(self, job: Job) -> bool:
        """Return whether an error of the running attempt would be final, except for `OBSTACLES`."""
        return self.is_over_cap(job) or job.charged >= len(self.delays_s)

    def is_over_cap(self, job: Job) -> bool:
        """Return whether a running job must not be delivered again."""
        return job.deliveries - job.lost >= self.max_deliveries

    def is_lost_too_often(self, job: Job) -> bool:
        """Return whether a running job, with which contact is lost, must not be delivered again."""
        return job.lost + 1 >= self.max_deliveries

    def _varied(self, delay_s: float, rng: random.Random) -> float:
        return delay_s * rng.uniform(1 - self.jitter, 1 + self.jitter)


def run_of(job: Job) -> tuple[Attempt, ...]:
    """Return the attempts since a person last asked for the job, in order.

    For a completed job: those that led to its result, without later cancelled ones.
    """
    attempts = job.attempts
    while (
        job.state is JobState.COMPLETED and attempts and attempts[-1].outcome is not AttemptOutcome.COMPLETED
    ):
        attempts = attempts[:-1]
    first = len(attempts) - 1
    while first > 0 and (
        _is_retried(attempts[first - 1]) or attempts[first - 1].outcome is AttemptOutcome.RELEASED
    ):
        first -= 1
    return attempts[max(0, first) :]


def took_s(run: tuple[Attempt, ...]) -> float:
    """Return how long the ended attempts of a run took, with the waits before retries, seconds.

    The time after a released attempt does not count: the program was not running.
    """
    total = 0.0
    for attempt, following in zip(run, (*run[1:], None), strict=True):
        if attempt.ended_at is None:
            break
        waited = following is not None and _is_retried(attempt)
        total += (following.started_at if waited and following else attempt.ended_at) - attempt.started_at
    return max(0.0, total)


def before_s(job: Job) -> float:
    """Return how long the earlier attempts of a waiting or running job's run took, seconds."""
    last = job.attempts[-1] if job.attempts else None
    if last is None or job.state.final:
        return 0.0
    continues = job.state is JobState.RUNNING or _is_retried(last) or last.outcome is AttemptOutcome.RELEASED
    return took_s(run_of(job)) if continues else 0.0


def _is_retried(attempt: Attempt) -> bool:
    """Return whether the policy retries after such an attempt; a retry by a person clears the charge."""
    obstacle = attempt.error is not None and attempt.error.code in OBSTACLES
    return attempt.charged or (attempt.outcome is AttemptOutcome.FAILED and obstacle)
