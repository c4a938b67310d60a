"""Jobs in the engine room's own thread: for tests, for debugging, and where no process can be started."""

from __future__ import annotations

import time
from multiprocessing.connection import wait

from fi_desktop.core.chosen import Chosen
from fi_desktop.core.errors import Cancelled, Interrupted, TransientError
from fi_desktop.core.events import CancelAsked
from fi_desktop.core.job import Job, StageTime
from fi_desktop.jobs.news import JobChanged, JobProgressed, News
from fi_desktop.workers.attempt import Reporter, attempt
from fi_desktop.workers.protocol import (
    Done,
    EnginesChosen,
    GaveUp,
    Measured,
    Progressed,
    StageEnded,
    WentWrong,
    WorkNews,
)
from fi_desktop.workers.queue_thread import EngineRoom

_NAME = "inline"
_POLL_S = 1.0


class InlineBackend(EngineRoom):
    """Runs one job at a time; commands are carried out at its progress calls."""

    _cancel_asked: str | None = None

    def _work(self) -> None:
        unlisten = self._service.listen(self._on_news)
        try:
            while not self._stopping.is_set():
                claimed = self._turn(self._claim)
                for job in claimed:
                    self._do(job)
                if not claimed and not self._told:
                    wait([self._bell_reader], self._patience_s())
                    self._hear()
            self._turn(list)
        finally:
            unlisten()

    def _claim(self) -> list[Job]:
        job = self._service.ledger.claim(_NAME)
        return [job] if job is not None else []

    def _do(self, job: Job) -> None:
        claim = job.claim or ""
        delivery = self._delivery(job)
        duration_s: float | None = None
        chosen: Chosen | None = None
        stages: list[StageTime] = []

        def send(news: WorkNews) -> None:
            nonlocal chosen, duration_s
            match news:
                case Progressed():
                    self._service.tell(JobProgressed(job.id, news.stage, news.fraction, duration_s, chosen))
                    self._turn(list)
                case EnginesChosen():
                    chosen = news.chosen
                case Measured():
                    duration_s = news.duration_s
                case StageEnded():
                    stages.append(news.time)

        def check() -> None:
            if self._service.waiting:
                self._turn(list)
            if self._stopping.is_set():
                raise Interrupted
            if self._cancel_asked == claim:
                raise Cancelled

        ended = attempt(delivery, Reporter(delivery, send, check))
        ledger, took = self._service.ledger, tuple(stages)
        match ended:
            case Done(summary=summary):
                self._told.append(lambda: ledger.completed(job.id, claim, summary, stages=took))
            case WentWrong(error=error):
                self._told.append(lambda: ledger.failed(job.id, claim, error, stages=took))
            case GaveUp(cancelled=True):
                self._told.append(lambda: ledger.cancelled(job.id, claim, stages=took))
            case GaveUp():
                self._told.append(lambda: ledger.released(job.id, claim, stages=took))

    def _on_news(self, news: tuple[News, ...]) -> None:
        for item in news:
            if isinstance(item, JobChanged) and isinstance(item.event, CancelAsked):
                self._cancel_asked = item.job.claim

    def _patience_s(self) -> float | None:
        return None if self._service.ledger.store.next_due_at() is None else _POLL_S

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        time.sleep(_POLL_S)
