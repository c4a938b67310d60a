"""`WorkerPool`: worker processes, one pipe each, supervised by the queue thread.

A worker has one job at a time (prefetch 1). If it exits, its job is requeued and a new worker is started. A
worker whose job passes its hard limit, or that sends nothing for too long, is killed with its children. If no
process can be started, one thread of the app runs the jobs.

Some slots, or all, may have relays instead (`cluster/relay.py`), whose jobs run on the server. Such a job
goes on if its relay or the whole program ends, and another relay follows it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from multiprocessing.connection import wait

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core import messages
from fi_desktop.core.errors import DeadlineExceeded, FiError, TransientError, error_info
from fi_desktop.core.events import CancelAsked
from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.queue_events import (
    JobChanged,
    JobProgressed,
    QueueEvent,
    WorkerGauge,
    WorkersChanged,
    WorkerStarted,
)
from fi_desktop.jobs.run_times import RECHECK_S, TimesCheck
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.confinement import confinement
from fi_desktop.system.devices import default_workers
from fi_desktop.workers.cluster.link import wants_local
from fi_desktop.workers.cluster.relay_slot import RelaySlot
from fi_desktop.workers.cluster.server_slots import OrphanedJobs, ServerSlots
from fi_desktop.workers.protocol import (
    AttemptDone,
    AttemptEnd,
    AttemptFailed,
    AttemptLost,
    AttemptStopped,
    Away,
    CancelWork,
    ChangeLimit,
    EnginesChosen,
    FromWorker,
    Heartbeat,
    LoadMeasured,
    Measured,
    Progressed,
    Ready,
    StageEnded,
    StopWork,
    Usage,
    Waits,
)
from fi_desktop.workers.queue_thread import Limits, QueueThread
from fi_desktop.workers.slot import RunningJob, WorkerSlot, resize

_CANCEL_GRACE_S = 10.0
_WRITE_RETRY_S = 1.0
_EXPIRE_EVERY_S = 3600.0
_BUSY_TIMEOUT_S = 5.0  # longest wait while a worker is busy
_RSS_CHECK_EVERY_S = 1.0
_SUSPEND_S = 30.0  # the computer was suspended if a wait takes this much longer than its timeout
_MAX_FAILED_STARTS = 3  # in every slot: no process can be started on this computer
_THREAD_NAME = "in-app"


class WorkerPool(QueueThread):
    """Runs jobs in worker processes."""

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        models: tuple[str, ...],
        *,
        now: Callable[[], float],
        threads: bool = False,
        times: TimesCheck | None = None,
    ) -> None:
        """Prepare; no process is started before `start`.

        Args:
            service: the queue.
            settings: workers, time limits, recycling.
            models: folders with model packs.
            now: UTC, seconds since the epoch; limits and waits use the monotonic clock.
            threads: use a thread of the app from the start, as if no process could be started.
            times: checks when jobs may start.
        """
        super().__init__(service, settings, models, times=times)
        self._now = now
        # spawn: CUDA and Qt do not survive fork
        self._context = multiprocessing.get_context("spawn")
        self._wanted = settings.workers or default_workers()
        self._slots: list[WorkerSlot] = []
        self._server = ServerSlots(settings)
        self._orphans = OrphanedJobs(settings.stuck_after_s)
        self._requests: deque[Callable[[], None]] = deque()  # from any thread, run on the queue thread
        self._threads = threads
        self._wanted_limits = self._limits
        self._retry_at: float | None = None  # of a transaction that could not be written
        self._expire_at = 0.0
        self._waited_at = time.monotonic()  # end of the last wait
        self._last_shown: WorkersChanged | None = None

    # ---- from any thread

    def resize(self, workers: int) -> None:
        """Grow or shrink to this number of workers; surplus workers finish their job first."""
        self._wanted = max(1, workers)
        self._wake()

    def recycle(self, name: str) -> None:
        """Replace a worker once its job is done."""
        self._request(name, WorkerSlot.recycle)

    def restart(self, name: str) -> None:
        """Replace a worker now; its job is requeued at no charge."""
        self._request(name, partial(WorkerSlot.restart, grace_s=self._settings.stop_grace_s))

    def retire(self, name: str) -> None:
        """Remove a worker once its job is done, and run one worker less. The last one stays."""

        def retire(slot: WorkerSlot) -> None:
            if slot.remote:
                self._server.retire(slot)
            elif self._wanted > 1 and not slot.retiring:
                self._wanted -= 1
                slot.retire()

        self._request(name, retire)

    def change_limits(self, limits: Limits) -> None:
        """Apply new time limits, to running jobs too."""
        self._wanted_limits = limits
        self._wake()

    def change_settings(self, settings: Settings) -> None:
        """Apply new settings: limits, recycling, priority, and the number of workers if it changed."""
        workers_changed = settings.workers != self._settings.workers
        self._settings = settings
        self._requests += [self._set_priorities, partial(self._change_server, settings)]
        self.change_limits(Limits.of(settings))
        if workers_changed:
            self.resize(settings.workers or default_workers())

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Return what each worker uses."""
        return tuple(slot.gauge(now=self._now()) for slot in tuple(self._slots))

    def _request(self, name: str, action: Callable[[WorkerSlot], None]) -> None:
        """Run `action` on the queue thread with the slot of that name, if there is one."""

        def run() -> None:
            for slot in self._slots:
                if slot.name == name:
                    action(slot)

        self._requests.append(run)
        self._wake()

    # ---- the loop

    def _work(self) -> None:
        if missing := confinement().missing:
            log.event("WORKERS_NOT_CONFINED", missing="+".join(missing))
        with suppress(OSError):  # confined workers can read it only if it is there when they start
            self._settings.models.mkdir(mode=0o700, exist_ok=True)
        unlisten = self._service.listen(self._on_events)
        for job in self._service.transitions.store.jobs(state=JobState.RUNNING):
            self._orphans.add(job)
        try:
            while not self._stopping.is_set():
                self._apply_limits()
                self._resize_slots()
                self._start_workers()
                self._wait()
                self._kill_overdue()
                self._follow_orphans()
                self._retry_at = None
                self._transact(self._claim, self._deliver)
            self._stop_workers()
        finally:
            unlisten()
            for slot in self._slots:
                slot.kill()

    def _claim(self) -> list[Job]:
        now = time.monotonic()
        if now >= self._expire_at and self._service.retention.expire():
            self._expire_at = now + _EXPIRE_EVERY_S
        idle = [slot for slot in self._slots if slot.idle]
        held = bool(idle) and self._check_times()
        here = sum(not slot.remote for slot in idle)
        may_return = not held and not self._service.transitions.store.paused
        # others keep the server busy: what waits there was first
        coming = self._server.take_back(self._slots, here) if may_return and not self._server.has_room else 0
        claimed: list[Job] = []
        for slot in idle[coming:]:  # those of this computer are the first ones
            if slot.remote and not self._server.has_room:
                break
            job = self._service.transitions.claim(slot.name, slot.device, held=held)
            if job is None:
                if may_return:
                    self._server.take_back(self._slots, max(0, here - len(claimed)))
                break
            claimed.append(job)
        return claimed

    def _deliver(self, jobs: list[Job]) -> None:
        slots = {slot.name: slot for slot in self._slots}
        for job in jobs:
            slot = slots[job.attempts[-1].worker]
            if slot.remote and self._service.trail is not None:
                self._service.trail.record(Act(ActKind.SENT, job.id), urgent=False)
            self._give(slot, job)
        self._show_workers()

    def _give(self, slot: WorkerSlot, job: Job) -> None:
        slot.running = RunningJob(job)
        slot.heard_at = slot.running.delivered_at
        self._set_hard_limit(slot)
        slot.deliver(self._delivery(job))

    def _wait(self) -> None:
        """Wait for something to do; then read all messages, so that one transaction records them."""
        received = self._receive(self._timeout_s())
        while received:
            received = self._receive(0.0)

    def _receive(self, timeout_s: float | None) -> bool:
        """Wait for messages, exits or a wake-up, and handle them; return whether a worker sent a message."""
        ready = self._wait_for([w for slot in self._slots for w in slot.waitables], timeout_s)
        before, self._waited_at = self._waited_at, time.monotonic()
        if timeout_s is not None and (late_s := self._waited_at - before - timeout_s) > _SUSPEND_S:
            self._discount_suspend(late_s)
        received = False
        if self._wakeup_reader in ready:
            self._clear_wakeup()
        for slot in self._slots:
            if slot.pipe in ready and (message := slot.receive()) is not None:
                self._on_message(slot, message)
                received = True
            elif not ready.isdisjoint(slot.waitables) and slot.exited:
                self._on_exit(slot)
        return received

    def _timeout_s(self) -> float | None:
        """Return the seconds until something is due without a message; None if nothing is."""
        now = time.monotonic()
        moments = [slot.kill_at for slot in self._slots if slot.occupied and slot.kill_at is not None]
        moments += [slot.spawn_at for slot in self._slots if not slot.occupied]
        if any(slot.running is not None for slot in self._slots):
            moments.append(now + _BUSY_TIMEOUT_S)
        if self._retry_at is not None:
            moments.append(self._retry_at)
        elif any(slot.idle for slot in self._slots):
            due_at = self._service.transitions.store.queue.next_due_at()
            if due_at is not None:
                # `select` does not count time in suspend, which the clock of the due times does
                moments.append(now + min(due_at - self._now(), RECHECK_S))
            if (hold_s := self._hold_s()) is not None:
                moments.append(now + hold_s)
        if (orphans_until := self._orphans.until) is not None:
            moments.append(orphans_until)
        if self._service.retention.expires:
            moments.append(self._expire_at)
        return max(0.0, min(moments) - now) if moments else None

    def _discount_suspend(self, suspended_s: float) -> None:
        """Move all deadlines by the time that the computer was suspended."""
        log.event("APP_SUSPENDED", seconds=suspended_s)
        for slot in self._slots:
            shift_s = suspended_s
            if slot.running is not None:
                # less for a job delivered after the suspend, in the same iteration
                shift_s = min(suspended_s, self._waited_at - slot.running.delivered_at)
                slot.running.delivered_at += shift_s
            slot.heard_at = min(slot.heard_at + suspended_s, self._waited_at)
            if slot.kill_at is not None:
                slot.kill_at += shift_s

    def _parallel_jobs(self) -> int:
        return max(1, sum(not slot.remote for slot in self._slots))

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        self._retry_at = time.monotonic() + _WRITE_RETRY_S

    def _show_workers(self) -> None:
        trouble = messages.QUEUE_INLINE() if self._threads else self._server.trouble(self._slots)
        shown = WorkersChanged(tuple(slot.info() for slot in self._slots if slot.occupied), trouble)
        if shown != self._last_shown:
            self._last_shown = shown
            self._service.publish(shown)

    # ---- messages from workers

    def _on_message(self, slot: WorkerSlot, message: FromWorker) -> None:
        if isinstance(message, Ready):
            slot.ready, slot.failed_starts = True, 0
        if isinstance(slot, RelaySlot) and slot.on_message(message, now=self._now()):
            if slot.load is not None and isinstance(message, LoadMeasured) and not slot.retiring:
                self._server.note_load(slot.load, self._slots)
            return
        if isinstance(message, Ready | Away | Usage | LoadMeasured | Waits):
            return
        if isinstance(message, Heartbeat) or (isinstance(message, AttemptLost) and not slot.remote):
            return  # `slot.receive` has noted the time; and only a relay has a server to lose
        running = slot.running
        if running is None or running.job.claim != message.claim:
            return
        match message:
            case Progressed(stage=stage, fraction=fraction):
                running.record_stage(message)
                self._service.publish(
                    JobProgressed(running.job.id, stage, fraction, running.duration_s, running.chosen)
                )
            case StageEnded():
                running.record_stage(message)
            case EnginesChosen(chosen=chosen):
                running.chosen = chosen
            case Measured(duration_s=duration_s):
                running.duration_s = duration_s
                self._set_hard_limit(slot)
            case AttemptDone() | AttemptFailed() | AttemptStopped() | AttemptLost():
                self._on_end(slot, running, message)

    def _on_end(self, slot: WorkerSlot, running: RunningJob, end: AttemptEnd) -> None:
        self._pending.append(partial(self._record_end, running.job.id, end, running.stage_times()))
        slot.worker_attempts += 1
        slot.done += isinstance(end, AttemptDone)
        slot.failed += isinstance(end, AttemptFailed)
        slot.clear_job()
        exits = isinstance(end, AttemptStopped) and not end.cancelled
        if exits or self._needs_recycling(slot):
            slot.stopping = True
        if slot.stopping:
            slot.send(StopWork())

    def _needs_recycling(self, slot: WorkerSlot) -> bool:
        """Whether a worker has run enough jobs or uses too much memory: native libraries leak."""
        settings = self._settings
        if settings.recycle_jobs and slot.worker_attempts >= settings.recycle_jobs:
            return True
        if not settings.recycle_mb or slot.heard_at - slot.rss_checked_at < _RSS_CHECK_EVERY_S:
            return False
        slot.rss_checked_at = slot.heard_at
        return slot.rss_bytes() > settings.recycle_mb * 1_000_000

    def _on_exit(self, slot: WorkerSlot) -> None:
        if slot.requeueing:
            self._requeue(slot)
            return
        for message in slot.unread():
            self._on_message(slot, message)
        running, kill_error, overdue = slot.running, slot.kill_error, slot.overdue
        self._service.publish(slot.end())
        exit_error = slot.vacate()
        if running is not None and slot.remote and kill_error is None:
            self._orphans.add(running.job)
        elif running is not None:
            slot.failed += 1
            if not overdue:
                kill_error = error_info(exit_error)
            elif kill_error is None:
                kill_error = error_info(DeadlineExceeded(self._limits.hard_for(running.duration_s)))
            error, stages = kill_error, running.stage_times()
            failed = partial(self._service.transitions.failed, crashed=True, stages=stages)
            self._pending.append(partial(failed, running.job.id, running.job.claim or "", error))

    def _requeue(self, slot: WorkerSlot) -> None:
        """Requeue the job of a worker that has exited because it was asked to."""
        for message in slot.unread():
            self._on_message(slot, message)
        running = slot.running
        if running is not None and slot.remote:
            self._orphans.add(running.job)
        elif running is not None:
            end = AttemptStopped(running.job.claim or "", cancelled=False)
            self._pending.append(partial(self._record_end, running.job.id, end, running.stage_times()))
        self._service.publish(slot.end())
        slot.vacate()

    # ---- limits and cancellation

    def _set_hard_limit(self, slot: WorkerSlot) -> None:
        if slot.running is None or slot.requeueing or slot.remote:
            return  # the server keeps the limits of its workers
        if slot.kill_error is not None:
            return  # it is killed earlier, for another reason
        slot.kill_at = slot.running.delivered_at + self._limits.hard_for(slot.running.duration_s)

    def _apply_limits(self) -> None:
        if self._limits is self._wanted_limits:
            return
        self._limits = self._wanted_limits
        for slot in self._slots:
            slot.send(ChangeLimit(self._limits.soft_s, self._limits.factor))
            self._set_hard_limit(slot)

    def _kill_overdue(self) -> None:
        stuck_before = time.monotonic() - self._settings.stuck_after_s
        for slot in self._slots:
            if slot.process is None:
                continue
            if slot.running is not None and slot.heard_at < stuck_before and not slot.overdue:
                slot.kill_at = time.monotonic()
                slot.kill_error = error_info(FiError(messages.WORKER_STUCK))
            if slot.overdue:
                slot.kill()
                slot.process.join()
                self._on_exit(slot)

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            match event:
                case JobChanged(job=job, event=CancelAsked()) if job.state is JobState.RUNNING:
                    self._cancel(job)
                case _:
                    pass

    def _cancel(self, job: Job) -> None:
        for slot in self._slots:
            if slot.running is not None and slot.running.job.claim == job.claim:
                slot.send(CancelWork(job.claim or ""))
                # native code may take long before it calls back
                slot.kill_at = time.monotonic() + _CANCEL_GRACE_S
                slot.kill_error = error_info(FiError(messages.JOB_CANCELLED))

    def _follow_orphans(self) -> None:
        """Have relays follow jobs that the server does, or queue those again that none can follow."""
        transitions = self._service.transitions
        for slot in self._slots:
            if slot.remote and slot.idle and (orphan := self._orphans.next()) is not None:
                job = transitions.store.get(orphan.id)
                if job is not None and job.claim == orphan.claim:
                    self._give(slot, job)
                    if job.cancelling:
                        self._cancel(job)
        for orphan in self._orphans.overdue():
            self._pending.append(partial(transitions.released, orphan.id, orphan.claim or "", lost=True))

    # ---- starting and stopping workers

    def _resize_slots(self) -> None:
        """Carry out requests, and have the wanted number of slots; one if a thread runs the jobs."""
        while self._requests:
            self._requests.popleft()()
        local = [slot for slot in self._slots if not slot.remote]
        if not self._threads:
            local = resize(local, self._wanted if wants_local(self._settings) else 0)
        elif not local:
            local = [WorkerSlot(_THREAD_NAME)]
        self._slots = local + self._server.resized([slot for slot in self._slots if slot.remote])

    def _change_server(self, settings: Settings) -> None:
        """Use another server, or none, once the present relays' jobs are done."""
        if self._server.differs(settings):
            self._server = ServerSlots(settings)
            for slot in self._slots:
                if slot.remote:
                    slot.retire()

    def _set_priorities(self) -> None:
        for slot in self._slots:
            if not slot.remote:
                slot.set_priority(low=self._settings.low_priority)

    def _start_workers(self) -> None:
        """Start a worker in each vacant slot."""
        local = [slot.failed_starts for slot in self._slots if not slot.remote]
        if not self._threads and min(local, default=0) >= _MAX_FAILED_STARTS:
            log.event("WORKERS_IMPOSSIBLE")
            self._threads = True
            self._slots = [WorkerSlot(_THREAD_NAME), *(slot for slot in self._slots if slot.remote)]
        for slot in self._slots:
            if not slot.occupied and time.monotonic() >= slot.spawn_at:
                self._start_worker(slot)

    def _start_worker(self, slot: WorkerSlot) -> None:
        if self._threads and not slot.remote:
            slot.start_thread(self._context, started_at=self._now())
        else:
            slot.start_process(
                self._context,
                jobs=str(self._settings.jobs),
                data=(*self._models, *self._vocabulary),
                started_at=self._now(),
                low_priority=self._settings.low_priority,
            )
        if slot.occupied:
            self._service.publish(WorkerStarted(slot.name, slot.info().pid))

    def _stop_workers(self) -> None:
        """Ask all workers to stop, kill those that do not within the grace period, requeue their jobs."""
        for slot in self._slots:
            slot.stopping = True
            slot.send(StopWork())
        deadline = time.monotonic() + self._settings.stop_grace_s
        while any(slot.occupied for slot in self._slots) and (left_s := deadline - time.monotonic()) > 0:
            # Sentinels only: a pipe stays readable until its messages are read, after the exit.
            wait([slot.waitables[-1] for slot in self._slots if slot.occupied], left_s)
            for slot in self._slots:
                if slot.exited:
                    self._requeue(slot)
        for slot in self._slots:
            if slot.occupied:
                slot.kill()
                self._requeue(slot)
        self._transact(list)
