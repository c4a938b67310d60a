"""A worker slot of the pool and the worker in it: a process, or a thread if no process can be started.

A slot outlives its workers: it keeps the name, the counts and the back-off before the next start. It knows
nothing about the queue.
"""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

import psutil

from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, FiError, error_info
from fi_desktop.core.job import Job
from fi_desktop.core.values import EngineChoice, Stage, StageEnd, StageTime
from fi_desktop.jobs.queue_events import WorkerEnd, WorkerEnded, WorkerGauge, WorkerInfo, WorkerState
from fi_desktop.system import log, priority
from fi_desktop.system.devices import devices
from fi_desktop.workers import process as worker
from fi_desktop.workers.protocol import (
    Deliver,
    FromWorker,
    Progressed,
    StageEnded,
    StopWork,
    ToWorker,
    grant,
    receive_report,
    send,
)
from fi_desktop.workers.reports import checked

_MAX_RESPAWN_DELAY_S = 30.0
# Signals that a process does not send to itself; Linux sends SIGKILL when memory runs out.
_EXTERNAL_SIGNALS = (signal.SIGTERM, getattr(signal, "SIGKILL", None))


@dataclass(slots=True)
class RunningJob:
    """A job that a worker is running, and what the worker has reported. Moments are monotonic, seconds.

    Attributes:
        job: the job, claimed under `job.claim`.
        delivered_at: when the worker was given the job.
        duration_s: length of the recording; None until it is reported.
        chosen: the engines that process the job; None until they are reported.
        stages: times of the finished stages.
        stage, stage_started: the stage in progress, and since when.
    """

    job: Job
    delivered_at: float = field(default_factory=time.monotonic)
    duration_s: float | None = None
    chosen: EngineChoice | None = None
    stages: list[StageTime] = field(default_factory=list)
    stage: Stage | None = None
    stage_started: float = 0.0

    def record_stage(self, message: Progressed | StageEnded) -> None:
        """Keep track of the stages."""
        if isinstance(message, StageEnded):
            self.stages.append(message.time)
            self.stage = None
        elif message.stage is not self.stage:
            self.stage, self.stage_started = message.stage, time.monotonic()

    def stage_times(self) -> tuple[StageTime, ...]:
        """Return the time of each stage; one that the worker did not end counts as broken off."""
        if self.stage is None:
            return tuple(self.stages)
        took_s = round(time.monotonic() - self.stage_started, 3)
        return (*self.stages, StageTime(self.stage, took_s, StageEnd.BROKEN_OFF))


@dataclass(slots=True)
class WorkerSlot:
    """A slot of the pool. Moments are monotonic, seconds, unless noted.

    Attributes:
        name: such as "worker-1".
        device: what its workers compute on: "cpu", or a GPU such as "cuda:0".
        grants: tells the worker's opener which recording it may open; None if the worker opens it itself.
        odd: the worker sent what no worker sends; nothing of it is read any more.
        ready: the worker can take a job.
        running: the job that the worker runs; None if it is idle.
        heard_at: when the worker last sent a message.
        rss_checked_at: when the worker's memory was last checked.
        kill_at: when the worker is killed.
        kill_error: the job's error in that case; None: it passed its hard limit.
        spawn_at: earliest start of the next worker.
        failed_starts: consecutive workers that exited before becoming ready.
        low_priority: other programs go before the worker.
        stopping: the worker was asked to stop, or will be after its job.
        retiring: the slot is removed once its worker has exited.
        requeueing: the worker was asked to stop at once; its job is requeued however the attempt ends.
        started_at: when the worker was started, UTC, seconds since the epoch.
        done, failed: attempts that succeeded and failed since the app was started.
        worker_attempts: attempts of the current worker.
        created_at, vacant_since, vacant_s: age of the slot, and how long it had no worker.
    """

    name: str
    device: str = "cpu"
    process: SpawnProcess | None = None
    thread: threading.Thread | None = None
    pipe: Connection | None = None
    grants: Connection | None = None
    odd: bool = False
    ready: bool = False
    running: RunningJob | None = None
    heard_at: float = 0.0
    rss_checked_at: float = -math.inf
    kill_at: float | None = None
    kill_error: ErrorInfo | None = None
    spawn_at: float = 0.0
    failed_starts: int = 0
    low_priority: bool = False
    stopping: bool = False
    retiring: bool = False
    requeueing: bool = False
    started_at: float = 0.0
    done: int = 0
    failed: int = 0
    worker_attempts: int = 0
    created_at: float = field(default_factory=time.monotonic)
    vacant_since: float = field(default_factory=time.monotonic)
    vacant_s: float = 0.0
    _ps: psutil.Process | None = None

    @property
    def remote(self) -> bool:
        """Whether its jobs run on the server; see `RelaySlot`."""
        return False

    @property
    def occupied(self) -> bool:
        """Whether the slot has a worker."""
        return self.pipe is not None

    @property
    def idle(self) -> bool:
        """Whether the worker can be given a job."""
        return self.ready and self.running is None and not self.stopping

    @property
    def overdue(self) -> bool:
        """Whether the worker must be killed now."""
        return self.occupied and self.kill_at is not None and time.monotonic() >= self.kill_at

    @property
    def exited(self) -> bool:
        """Whether the worker has ended."""
        if self.process is not None:
            return not self.process.is_alive()
        return self.thread is not None and not self.thread.is_alive()

    @property
    def waitables(self) -> list[Any]:
        """What `connection.wait` takes to wait for a message or the worker's exit."""
        sentinel = self.process.sentinel if self.process is not None else None
        return [waitable for waitable in (self.pipe, sentinel) if waitable is not None]

    # ---- starting and stopping a worker

    def start_process(
        self,
        context: SpawnContext,
        *,
        jobs: str,
        data: tuple[str, ...],
        started_at: float,
        low_priority: bool = False,
    ) -> None:
        """Start a worker process; if the system refuses, back off.

        jobs, data: what a confined worker may open; see `process.main`.
        """
        ours, theirs = context.Pipe()
        opens, grants = context.Pipe(duplex=False) if sys.platform == "linux" else (None, None)
        target, args = self.program(theirs, opens, jobs=jobs, data=data)
        process = context.Process(target=target, args=args, name=self.name, daemon=True)
        try:
            process.start()
        except OSError as error:
            ours.close()
            if grants is not None:
                grants.close()
            self._back_off()
            log.event("WORKER_NOT_STARTED", worker=self.name, error=type(error).__name__)
            return
        finally:
            theirs.close()  # while this process has it open, the pipe never reads as closed
            if opens is not None:
                opens.close()
        self.process, self.grants = process, grants
        self._occupy(ours, started_at)
        log.event("WORKER_STARTED", worker=self.name, pid=process.pid, device=self.device)
        if low_priority:
            self.set_priority(low=True)

    def program(
        self, pipe: Connection, opens: Connection | None, *, jobs: str, data: tuple[str, ...]
    ) -> tuple[Callable[..., None], tuple[Any, ...]]:
        """Return the function that a worker process runs, and its arguments."""
        return worker.main, (pipe, self.device, opens, jobs, data)

    def start_thread(self, context: SpawnContext, *, started_at: float) -> None:
        """Start a thread of the app as the worker; it cannot be killed, and keeps the app's rights."""
        ours, theirs = context.Pipe()
        self.thread = threading.Thread(target=worker.serve, args=(theirs,), name=self.name, daemon=True)
        self.thread.start()
        self._occupy(ours, started_at)
        log.event("WORKER_STARTED", worker=self.name, thread=self.name)

    def set_priority(self, *, low: bool) -> None:
        """Lower the worker's priority, or restore it.

        If the system does not allow that, a new worker replaces it once its job is done.
        """
        pid = self.process.pid if self.process is not None else None
        if pid is None or low is self.low_priority:
            return
        if low:
            self.low_priority = priority.lower(pid)
        elif priority.restore(pid):
            self.low_priority = False
        else:
            self.recycle()

    def recycle(self) -> None:
        """Stop the worker once its job is done, so that a new one replaces it."""
        if self.occupied and not self.stopping:
            self.stopping = True
            if self.running is None:
                self.send(StopWork())

    def retire(self) -> None:
        """Remove the slot once its worker's job is done."""
        self.retiring = True
        self.recycle()

    def restart(self, *, grace_s: float) -> None:
        """Stop the worker now and requeue its job; kill it if it has not exited after `grace_s` seconds."""
        if self.occupied and not self.requeueing:
            self.stopping = self.requeueing = True
            self.kill_at, self.kill_error = time.monotonic() + grace_s, None
            self.send(StopWork())

    def kill(self) -> None:
        """Kill the worker process and its children. A thread keeps running."""
        if self.process is None:
            return
        log.event("WORKER_KILLED", worker=self.name, pid=self.process.pid)
        try:
            children = psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return
        self.process.kill()
        for child in children:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue

    def end(self) -> WorkerEnded:
        """Return how the worker, which has exited, ended."""
        asked = WorkerEnd.STOPPED if self.stopping else WorkerEnd.DIED
        how = WorkerEnd.KILLED if self.overdue else asked
        job_id = self.running.job.id if self.running is not None else None
        if self.process is None:
            return WorkerEnded(self.name, 0, how, job_id=job_id)
        self.process.join()
        return WorkerEnded(self.name, self.process.pid or 0, how, self.process.exitcode, job_id)

    def vacate(self) -> FiError:
        """Empty the slot after its worker has exited; return the error for a job it had."""
        error = FiError(messages.WORKER_CRASHED, ended=messages.ENDED_STOPPED())
        if self.process is not None:
            self.process.join()
            code = self.process.exitcode
            error = _exit_error(code)
            name = "WORKER_STOPPED" if self.stopping else "WORKER_DIED"
            log.event(name, worker=self.name, pid=self.process.pid, exit=code)
        for pipe in (self.pipe, self.grants):
            if pipe is not None:
                pipe.close()
        if self.ready or self.stopping:
            self.failed_starts = 0
            self.spawn_at = 0.0
        else:
            self._back_off()
        self.clear_job()
        self.process = self.thread = self.pipe = self.grants = self._ps = None
        self.vacant_since = time.monotonic()
        self.ready = self.stopping = self.requeueing = self.odd = False
        return error

    # ---- messages

    def deliver(self, delivery: Deliver) -> None:
        """Give the worker a job, and its opener the right to open the recording."""
        if self.grants is not None:
            try:
                self.grants.send_bytes(grant(delivery.claim, delivery.path))
            except OSError:
                return  # as in `send`
        self.send(delivery)

    def send(self, message: ToWorker) -> None:
        """Send the worker a message; does nothing if it has exited, which its sentinel shows."""
        if self.pipe is None:
            return
        try:
            send(self.pipe, message)
        except OSError:
            return

    def receive(self) -> FromWorker | None:
        """Read the message that the pipe has ready; None if the pipe was closed, see `exited`.

        A worker that sends something else is to be killed.
        """
        if self.pipe is None or self.odd:
            return None
        try:
            message = checked(receive_report(self.pipe))
        except ValueError:
            log.event("WORKER_ODD", worker=self.name)
            self.odd = True
            self.kill_at, self.kill_error = time.monotonic(), error_info(FiError(messages.WORKER_ODD))
            return None
        except (EOFError, OSError):
            return None
        self.heard_at = time.monotonic()
        return message

    def unread(self) -> Iterator[FromWorker]:
        """Yield the messages that an exiting worker has left in the pipe."""
        try:
            while (
                self.pipe is not None
                and not self.odd
                and self.pipe.poll()
                and (message := self.receive()) is not None
            ):
                yield message
        except OSError:
            return

    def clear_job(self) -> None:
        """Forget the job and its time limit; the worker stays."""
        self.running = self.kill_at = self.kill_error = None

    # ---- what is shown

    def info(self) -> WorkerInfo:
        """Return the worker's state."""
        if self.stopping:
            state = WorkerState.STOPPING
        elif self.running is not None:
            state = WorkerState.BUSY
        else:
            state = WorkerState.IDLE if self.ready else WorkerState.STARTING
        pid = self.process.pid if self.process is not None else None
        job_id = self.running.job.id if self.running is not None else None
        counts = self.done, self.failed
        return WorkerInfo(self.name, pid or 0, state, job_id, self.started_at, *counts, self.low_priority)

    def gauge(self, *, now: float) -> WorkerGauge:
        """Return what the worker uses; `now` is UTC, seconds since the epoch. Any thread may call this."""
        process, cpu_percent, rss_bytes = self._ps, 0.0, 0
        if process is not None:
            try:
                cpu_percent, rss_bytes = process.cpu_percent(), int(process.memory_info().rss)
            except psutil.Error:
                process = None  # it has just exited
        vacant_s = self.vacant_s + (time.monotonic() - self.vacant_since if not self.occupied else 0.0)
        age_s = max(time.monotonic() - self.created_at, 1e-9)
        return WorkerGauge(
            name=self.name,
            pid=process.pid if process is not None else 0,
            device=self.device,
            cpu_percent=cpu_percent,
            rss_bytes=rss_bytes,
            uptime_s=max(0.0, now - self.started_at) if self.occupied else 0.0,
            uptime=1.0 - vacant_s / age_s,
            done=self.done,
            failed=self.failed,
            silent_s=time.monotonic() - self.heard_at if self.running is not None else None,
        )

    def rss_bytes(self) -> int:
        """Return the worker's resident memory; 0 if it is a thread or has exited."""
        try:
            return int(self._ps.memory_info().rss) if self._ps is not None else 0
        except psutil.Error:
            return 0

    # ---- inside

    def _occupy(self, pipe: Connection, started_at: float) -> None:
        self.pipe, self.started_at, self.heard_at = pipe, started_at, time.monotonic()
        self.ready = self.stopping = self.requeueing = self.low_priority = False
        self.running, self.worker_attempts, self.rss_checked_at = None, 0, -math.inf
        self.vacant_s += time.monotonic() - self.vacant_since
        self._ps = psutil.Process(self.process.pid) if self.process is not None else None

    def _back_off(self) -> None:
        """Delay the next start, twice as long after each failed one."""
        self.failed_starts += 1
        self.spawn_at = time.monotonic() + min(_MAX_RESPAWN_DELAY_S, 0.5 * 2.0**self.failed_starts)


def resize(
    slots: list[WorkerSlot],
    wanted: int,
    prefix: str = "worker-",
    create: Callable[[str, str], WorkerSlot] | None = None,
) -> list[WorkerSlot]:
    """Return the slots after growing or shrinking to `wanted`, sorted by number.

    Surplus slots at the end are retired: their workers finish their job first, and a name is free again once
    its worker has exited. prefix: of the names; create: makes a slot with a name and a device.
    """
    create = create or WorkerSlot
    staying = [slot for slot in slots if not slot.retiring]
    for slot in staying[wanted:]:
        slot.retire()
    missing = max(0, wanted - len(staying))
    left = [slot for slot in slots if slot.occupied or not slot.retiring]
    if missing:
        taken = {slot.name for slot in left}
        free = [n for n in range(1, len(taken) + missing + 1) if f"{prefix}{n}" not in taken][:missing]
        by_number = devices(free[-1])
        left += [create(f"{prefix}{number}", by_number[number - 1]) for number in free]
    return sorted(left, key=lambda slot: (len(slot.name), slot.name))


def _exit_error(code: int | None) -> FiError:
    """Return the error for a job whose worker exited with this code; negative: minus the signal."""
    if code is None or code >= 0:
        return FiError(messages.WORKER_CRASHED, ended=messages.ENDED_EXIT_CODE(number=str(code)))
    ended = messages.ENDED_SIGNAL(number=-code)
    if -code in _EXTERNAL_SIGNALS:
        return FiError(messages.WORKER_ENDED, ended=ended)
    return FiError(messages.WORKER_CRASHED, ended=ended)
