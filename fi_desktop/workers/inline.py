"""`InlineBackend`: jobs run on the queue thread itself, for tests and for debugging."""

from __future__ import annotations

import time
from functools import partial

from fi_desktop.core.errors import CancelledByUser, Interrupted, TransientError
from fi_desktop.core.events import CancelAsked
from fi_desktop.core.job import Job
from fi_desktop.core.values import EngineChoice, StageTime
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, QueueEvent
from fi_desktop.workers.attempt import Reporter, attempt
from fi_desktop.workers.protocol import AttemptProgress, EnginesChosen, Measured, Progressed, StageEnded
from fi_desktop.workers.queue_thread import QueueThread

_NAME = "inline"
_RETRY_S = 1.0


class InlineBackend(QueueThread):
    """Runs one job at a time; commands are applied at its progress calls."""

    _cancelled_claim: str | None = None

    def _work(self) -> None:
        unlisten = self._service.listen(self._on_events)
        try:
            while not self._stopping.is_set():
                claimed = self._transact(self._claim)
                for job in claimed:
                    self._run_job(job)
                if not claimed and not self._pending:
                    self._wait_for([], self._timeout_s())
                    self._clear_wakeup()
            self._transact(list)
        finally:
            unlisten()

    def _claim(self) -> list[Job]:
        job = self._service.transitions.claim(_NAME)
        return [job] if job is not None else []

    def _run_job(self, job: Job) -> None:
        duration_s: float | None = None
        chosen: EngineChoice | None = None
        stages: list[StageTime] = []

        def send(message: AttemptProgress) -> None:
            nonlocal chosen, duration_s
            match message:
                case Progressed():
                    self._service.publish(
                        JobProgressed(job.id, message.stage, message.fraction, duration_s, chosen)
                    )
                    self._transact(list)
                case EnginesChosen():
                    chosen = message.chosen
                case Measured():
                    duration_s = message.duration_s
                case StageEnded():
                    stages.append(message.time)

        def check() -> None:
            if self._service.waiting:
                self._transact(list)
            if self._stopping.is_set():
                raise Interrupted
            if self._cancelled_claim == job.claim:
                raise CancelledByUser

        delivery = self._delivery(job)
        end = attempt(delivery, Reporter(delivery, send, check))
        self._pending.append(partial(self._record_end, job.id, end, tuple(stages)))

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            if isinstance(event, JobChanged) and isinstance(event.event, CancelAsked):
                self._cancelled_claim = event.job.claim

    def _timeout_s(self) -> float | None:
        return None if self._service.transitions.store.queue.next_due_at() is None else _RETRY_S

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        time.sleep(_RETRY_S)
