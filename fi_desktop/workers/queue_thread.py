"""`Backend`, the contract between the app and what runs jobs, and `QueueThread`, which owns the store.

Each iteration of the thread is one transaction: apply queued commands, record worker events, claim jobs for
idle workers. Side effects follow the commit: a job is delivered after its claim is on disk, and an attempt
has ended once its end is on disk.

The queue threads without worker processes are here, too; the one that has them is in `pool.py`.
"""

from __future__ import annotations

import logging
import os
import selectors
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import CancelledByUser, Interrupted, TransientError
from fi_desktop.core.events import CancelAsked
from fi_desktop.core.job import CRASHES, LOSSES, Job
from fi_desktop.core.values import EngineChoice, StageTime
from fi_desktop.jobs.queue_events import (
    JobChanged,
    JobProgressed,
    Notice,
    QueueEvent,
    WorkerGauge,
    WorkersChanged,
)
from fi_desktop.jobs.run_times import TimesCheck
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.workers.attempt import Reporter, attempt
from fi_desktop.workers.protocol import (
    AttemptDone,
    AttemptEnd,
    AttemptFailed,
    AttemptLost,
    AttemptProgress,
    AttemptStopped,
    Deliver,
    EnginesChosen,
    Measured,
    Progressed,
    StageEnded,
    hard_limit_s,
)

_RETRY_S = 1.0
_INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Limits:
    """Time limits of an attempt; both grow with the recording.

    Attributes:
        soft_s: seconds until the worker ends the attempt, at its next progress call.
        hard_s: seconds until the worker's process tree is killed.
        factor: multiple of the recording's length that replaces a limit if it is longer.
    """

    soft_s: float
    hard_s: float
    factor: float

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return the limits in the settings."""
        return cls(settings.soft_limit_s, settings.hard_limit_s, settings.limit_factor)

    def hard_for(self, duration_s: float | None) -> float:
        """Return the hard limit in seconds for a recording of this length; None if it is not known yet."""
        return hard_limit_s(self.soft_s, self.hard_s, self.factor, duration_s or 0.0)


class Backend:
    """Runs jobs. All that the app asks of it is here; what a backend has no use for does nothing.

    Every method may be called from any thread.
    """

    def start(self) -> None:
        """Open the store and start working; return once commands are accepted.

        Raises:
            UserError, TransientError: the store cannot be opened.
        """
        raise NotImplementedError

    def stop(self) -> None:
        """Claim no more jobs, requeue running ones at no charge, close the store; return when done."""
        raise NotImplementedError

    def resize(self, workers: int) -> None:
        """Grow or shrink to this number of workers; surplus workers finish their job first."""

    def recycle(self, name: str) -> None:
        """Replace a worker once its job is done."""

    def restart(self, name: str) -> None:
        """Replace a worker now; its job is requeued at no charge."""

    def retire(self, name: str) -> None:
        """Remove a worker once its job is done, and run one worker less."""

    def change_limits(self, limits: Limits) -> None:
        """Apply new time limits, to running jobs too."""

    def change_settings(self, settings: Settings) -> None:
        """Apply new settings: limits, recycling, priority, and the number of workers if it changed."""

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Return what each worker process uses; empty if there are none."""
        return ()


class QueueThread(Backend, ABC):
    """The thread that owns the store; a subclass says how jobs are run."""

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        models: tuple[str, ...],
        *,
        times: TimesCheck | None = None,
    ) -> None:
        self._times = times or TimesCheck()
        self._service = service
        self._settings = settings
        self._models = models
        self._vocabulary = tuple(str(root) for root in settings.vocabulary_roots)
        self._limits = Limits.of(settings)
        self._cores = os.cpu_count() or 1
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)
        self._opened = threading.Event()
        self._open_error: Exception | None = None
        self._stopping = threading.Event()
        # ends of attempts that are not on disk yet; kept if a transaction fails
        self._pending: list[Callable[[], None]] = []
        self._unwritable = False
        self._wakeup_reader, self._wakeup_writer = Pipe(duplex=False)
        self._wakeup_lock = threading.Lock()
        self._wakeup_sent = False
        self._selector = selectors.DefaultSelector()
        self._selected: list[Any] = []

    def start(self) -> None:
        """Open the store and start working; see `Backend`."""
        self._thread.start()
        self._opened.wait()
        if self._open_error is not None:
            raise self._open_error

    def stop(self) -> None:
        """Stop safely; see `Backend`."""
        self._stopping.set()
        self._wake()
        if self._thread.ident is not None:
            self._thread.join()

    def _wake(self) -> None:
        """Wake the queue thread, from any thread. Sends one byte however often it is called meanwhile."""
        with self._wakeup_lock:
            if not self._wakeup_sent:
                self._wakeup_sent = True
                self._wakeup_writer.send_bytes(b"!")

    def _clear_wakeup(self) -> None:
        with self._wakeup_lock:
            if self._wakeup_sent:
                self._wakeup_sent = False
                self._wakeup_reader.recv_bytes()

    def _wait_for(self, waitables: list[Any], timeout_s: float | None = None) -> set[Any]:
        """Wait for a wake-up or one of the waitables; return what is ready, none after `timeout_s` seconds.

        Does what `connection.wait` does, with one selector for as long as the waitables are the same.
        """
        waitables = [self._wakeup_reader, *waitables]
        if sys.platform == "win32":  # no selector takes its pipes
            return set(wait(waitables, timeout_s))
        if waitables != self._selected:
            self._selector.close()
            self._selector = selectors.DefaultSelector()
            for waitable in waitables:
                self._selector.register(waitable, selectors.EVENT_READ)
            self._selected = waitables
        return {key.fileobj for key, _ in self._selector.select(timeout_s)}

    def _run(self) -> None:
        try:
            self._service.open(self._wake, self.gauges, self._goes_on)
        except Exception as error:  # noqa: BLE001 - `start` raises it on the caller's thread
            self._open_error = error
            self._service.close()
            return
        finally:
            self._opened.set()
        try:
            self._work()
        except Exception as fault:
            log.event("QUEUE_THREAD_FAILED", level=logging.ERROR, error=type(fault).__name__)
            self._service.publish(WorkersChanged((), messages.QUEUE_STOPPED()))
            raise
        finally:
            self._selector.close()
            self._service.close()

    def _transact(
        self, claim: Callable[[], list[Job]], deliver: Callable[[list[Job]], None] = lambda _claimed: None
    ) -> list[Job]:
        """Run one transaction and return the jobs claimed in it; none if nothing could be written.

        `deliver` gets the claimed jobs once they are on disk, before any listener is notified.
        """
        claimed: list[Job] = []
        try:
            with self._service.transaction(then=lambda: deliver(claimed)):
                for record in self._pending:
                    record()
                if not self._stopping.is_set():
                    claimed = claim()
        except TransientError as error:
            log.event("STORE_UNWRITABLE", code=error.code)
            if not self._unwritable:
                self._service.publish_now(Notice(error.note))
            self._unwritable = True
            self._on_unwritable(error)
            return []
        if self._unwritable:
            self._unwritable = False
            self._service.publish_now(Notice(None))
        self._pending.clear()
        if self._service.waiting:
            self._wake()
        return claimed

    def _delivery(self, job: Job) -> Deliver:
        """Return the message that gives a claimed job to a worker."""
        return Deliver(
            claim=job.claim or "",
            job_id=job.id,
            path=job.path,
            options=job.options,
            folder=self._service.folders.folder_text(job.id),
            models=self._models,
            soft_limit_s=self._limits.soft_s,
            limit_factor=self._limits.factor,
            memory_level=job.out_of_memory,
            threads=self._threads_per_job(),
            last_attempt=self._service.transitions.is_last_attempt(job),
            vocabulary=self._vocabulary,
            likely_languages=self._settings.likely_languages,
            keep_turns=job.keep_turns,
            files=self._service.folders.files(job.id),
            hard_limit_s=self._limits.hard_s,
        )

    def _record_end(self, job_id: int, end: AttemptEnd, stages: tuple[StageTime, ...]) -> None:
        """Record how an attempt ended; inside a transaction."""
        transitions = self._service.transitions
        match end:
            case AttemptDone(claim=claim, summary=summary):
                transitions.completed(job_id, claim, summary, stages=stages)
            case AttemptFailed(claim=claim, error=error):
                crashed = error.code in CRASHES | LOSSES
                transitions.failed(job_id, claim, error, crashed=crashed, stages=stages)
            case AttemptStopped(claim=claim, cancelled=True):
                transitions.cancelled(job_id, claim, stages=stages)
            case AttemptStopped(claim=claim):
                transitions.released(job_id, claim, stages=stages)
            case AttemptLost(claim=claim, begun=begun):
                transitions.released(job_id, claim, lost=True, begun=begun, stages=stages)

    def _goes_on(self, job: Job) -> bool:
        """Whether a job that an earlier owner left running still runs: the server does it."""
        return self._settings.backend != "local" and job.on_server

    def _check_times(self) -> bool:
        """Return whether the times keep jobs from starting; listeners hear of a change."""
        if self._times.changed(self._settings):
            self._service.publish_now(self._times.held)
        return self._times.held.holds

    def _hold_s(self) -> float | None:
        """Return after how many seconds the times are checked again; None if no job waits for them."""
        held = self._times.held.holds and not self._service.transitions.store.paused
        waits = held and self._service.transitions.store.queue.first_ready() is not None
        return self._times.wait_s if waits else None

    def _threads_per_job(self) -> int:
        cores = self._cores
        if self._settings.low_priority and self._times.on_battery:
            cores //= 2
        return max(1, cores // self._parallel_jobs())

    def _parallel_jobs(self) -> int:
        """How many jobs run at the same time."""
        return 1

    @abstractmethod
    def _work(self) -> None:
        """Work until `_stopping` is set, and leave nothing running."""

    @abstractmethod
    def _on_unwritable(self, error: TransientError) -> None:
        """A transaction could not be written: schedule the next one, or raise `error`."""


class IdleBackend(QueueThread):
    """Applies commands and runs no jobs: the queue is open to be looked at or changed, as by `jobs`."""

    _all_expired = False

    def _work(self) -> None:
        while not self._stopping.is_set():
            if self._all_expired:
                self._wait_for([])
            self._clear_wakeup()
            self._transact(self._expire)

    def _expire(self) -> list[Job]:
        """Delete expired jobs once, a few at a time: if the window is seldom open, nothing else does."""
        self._all_expired = self._all_expired or self._service.retention.expire()
        return []

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        time.sleep(_RETRY_S)


class InlineBackend(QueueThread):
    """Runs jobs on the queue thread itself, one at a time: for tests and for debugging.

    Commands are applied at the job's progress calls.
    """

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
        job = self._service.transitions.claim(_INLINE, held=self._check_times())
        return [job] if job is not None else []

    def change_settings(self, settings: Settings) -> None:
        """Apply the times and the priority; see `Backend`."""
        self._settings = settings
        self._wake()

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
        if self._service.transitions.store.queue.next_due_at() is not None:
            return _RETRY_S
        return self._hold_s()

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        time.sleep(_RETRY_S)
