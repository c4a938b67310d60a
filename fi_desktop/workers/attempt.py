"""One attempt at a job, in whatever process: run the pipeline, and say how it ended."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from fi_desktop.core.chosen import Chosen
from fi_desktop.core.errors import Cancelled, DeadlineExceeded, Interrupted, error_info
from fi_desktop.core.hiding import without_path
from fi_desktop.core.job import Stage, StageEnd, StageTime
from fi_desktop.system.clock import awake_s
from fi_desktop.workers.protocol import (
    Deliver,
    Done,
    Ended,
    EnginesChosen,
    GaveUp,
    Measured,
    Progressed,
    StageEnded,
    WentWrong,
    WorkNews,
)

_NEWS_INTERVAL_S = 0.1


class Reporter:
    """Passes a pipeline's progress on, ten times a second at most, and stops it when it is to stop."""

    def __init__(
        self, delivery: Deliver, send: Callable[[WorkNews], None], check: Callable[[], None]
    ) -> None:
        """Prepare.

        Args:
            delivery: what is worked on.
            send: takes the news.
            check: called at every progress call; raises Cancelled or Interrupted where the attempt is to end.
        """
        self._delivery = delivery
        self._send = send
        self._check = check
        self._began = awake_s()
        self._limit_s = delivery.soft_limit_s
        self._duration_s = 0.0
        self._stage: Stage | None = None
        self._stage_began = 0.0
        self._sent = 0.0

    def progress(self, stage: Stage, fraction: float) -> None:
        """Pass progress on.

        Raises:
            Cancelled, Interrupted: the attempt is to end.
            DeadlineExceeded: the soft limit has passed.
        """
        self._check()
        now = awake_s()
        if now - self._began > self._limit_s:
            raise DeadlineExceeded(self._limit_s)
        if stage is not self._stage:
            self._stage, self._stage_began, self._sent = stage, now, 0.0
        if now - self._sent >= _NEWS_INTERVAL_S:
            self._sent = now
            self._send(Progressed(self._delivery.claim, stage, fraction))

    def ended(self, stage: Stage, end: StageEnd) -> None:
        """Tell what a stage took; nothing where it never began."""
        if stage is self._stage:
            took_s = round(awake_s() - self._stage_began, 3)
            self._send(StageEnded(self._delivery.claim, StageTime(stage, took_s, end)))

    def measured(self, duration_s: float) -> None:
        """The recording is so long; the limit grows with it."""
        self._duration_s = duration_s
        self.change_limit(self._delivery.soft_limit_s, self._delivery.limit_factor)
        self._send(Measured(self._delivery.claim, duration_s))

    def chosen(self, chosen: Chosen) -> None:
        """These do the job."""
        self._send(EnginesChosen(self._delivery.claim, chosen))

    def change_limit(self, soft_limit_s: float, limit_factor: float) -> None:
        """Use another soft limit from now on, seconds."""
        self._limit_s = max(soft_limit_s, limit_factor * self._duration_s)


def attempt(delivery: Deliver, reporter: Reporter) -> Ended:
    """Do a delivered job and return how it ended; this is the worker's edge, where every error ends."""
    # here and not above: the pipeline brings numpy, and a worker sets its threads before that
    from fi_desktop import pipeline

    work = pipeline.Work(
        delivery.job_id,
        Path(delivery.path),
        delivery.options,
        Path(delivery.folder),
        tuple(Path(folder) for folder in delivery.models),
        delivery.frugality,
        delivery.threads,
        delivery.last_try,
    )
    try:
        return Done(delivery.claim, pipeline.run(work, reporter))
    except Cancelled:
        return GaveUp(delivery.claim, cancelled=True)
    except Interrupted:
        return GaveUp(delivery.claim, cancelled=False)
    except Exception as error:  # noqa: BLE001 - the one broad catch: no error may take the worker with it
        return WentWrong(delivery.claim, error_info(error, _traceback(delivery)))


def _traceback(delivery: Deliver) -> str:
    """The traceback without the recording's name, which is a patient's datum."""
    return without_path(traceback.format_exc(), Path(delivery.path))
