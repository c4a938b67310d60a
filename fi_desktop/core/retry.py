"""Which failed attempt is tried again, and when."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind, UserError, error_info
from fi_desktop.core.job import Job, Stage, StageTime

_WAIT_FOR_ROOM_S = 60.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Exponential backoff with a bound, as the Celery backend had it.

    Attributes:
        delays_s: wait before the first, second, … retry, seconds.
        jitter: each wait is varied by up to this fraction either way, so that jobs that failed together do
            not come back together.
        max_reading_crashes: a recording is given up once reading it has crashed this many workers: here it is
            the recording, and the next worker crashes as well.
        max_deliveries: a job is given up after so many deliveries, whatever became of them: a file that kills
            its worker before it can be charged must not kill workers for ever.
    """

    delays_s: tuple[float, ...] = (60.0, 120.0, 240.0)
    jitter: float = 0.1
    max_reading_crashes: int = 2
    max_deliveries: int = 8

    @property
    def longest_delay_s(self) -> float:
        """No retry is ever due later than this, seconds from its failure."""
        return max(self.delays_s, default=0.0) * (1 + self.jitter)

    def verdict(self, job: Job, error: ErrorInfo, stages: tuple[StageTime, ...]) -> ErrorInfo:
        """Return the error that a running job gets for `error` of its attempt, which took these `stages`."""
        attempts = (*job.attempts[:-1], replace(job.attempts[-1], charged=True, error=error, stages=stages))
        crashes = sum(attempt.charged and attempt.crashed_in(Stage.DECODE) for attempt in attempts)
        if not attempts[-1].crashed_in(Stage.DECODE) or crashes < self.max_reading_crashes:
            return error
        return error_info(UserError(messages.AUDIO_CRASHES), error.message)

    def delay_s(self, job: Job, error: ErrorInfo, *, crashed: bool, rng: random.Random) -> float | None:
        """Return the wait before the next attempt of a running job whose attempt just failed, seconds.

        A full disk is waited for however often; no other error is.
        None: no retry. 0: at once, for the first crash of a job: what kills a worker is seldom the recording,
            and a person is waiting.
        """
        if error.code == messages.DISK_FULL.code:
            return self._varied(self.delays_s[0] if self.delays_s else _WAIT_FOR_ROOM_S, rng)
        if error.kind is ErrorKind.USER or job.deliveries >= self.max_deliveries:
            return None
        if job.charged >= len(self.delays_s):
            return None
        if crashed and job.charged == 0:
            return 0.0
        return self._varied(self.delays_s[job.charged], rng)

    def is_last_try(self, job: Job) -> bool:
        """Whether an error of the attempt that runs would be the job's last, a full disk apart."""
        return job.deliveries >= self.max_deliveries or job.charged >= len(self.delays_s)

    def _varied(self, delay_s: float, rng: random.Random) -> float:
        return delay_s * rng.uniform(1 - self.jitter, 1 + self.jitter)
