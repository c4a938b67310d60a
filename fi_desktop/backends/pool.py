"""The pool: worker processes, one pipe each, supervised by the engine room.

A worker holds one job at a time (prefetch 1). Its death, seen by its process's sentinel, gives the job back
and brings a replacement; a job that outlasts its hard limit dies with its whole process tree.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

import psutil

from fi_desktop import log
from fi_desktop.backends import worker
from fi_desktop.backends.base import EngineRoom
from fi_desktop.backends.messages import (
    CancelWork,
    Deliver,
    Done,
    Ended,
    FromWorker,
    GaveUp,
    Measured,
    Progressed,
    Ready,
    StopWork,
    ToWorker,
    WentWrong,
)
from fi_desktop.core.errors import ErrorInfo, ErrorKind, TransientError
from fi_desktop.core.events import CancelAsked
from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.news import JobChanged, JobProgressed, News, WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings

_MEMORY_A_WORKER_BYTES = 1_500_000_000
_CANCEL_GRACE_S = 10.0
_RETRY_TURN_S = 1.0
_MAX_RESPAWN_DELAY_S = 30.0
_TROUBLE = "Workers cannot be started on this computer; see the log."


def default_workers() -> int:
    """Return how many workers this computer carries: two, where cores and free memory allow."""
    cores = os.cpu_count() or 1
    fitting = psutil.virtual_memory().available // _MEMORY_A_WORKER_BYTES
    return int(max(1, min(2, cores, fitting)))


@dataclass(slots=True)
class _Worker:
    """A place in the pool, and the process that holds it now.

    Attributes:
        ready: the process has said so.
        job: what it works on, under `job.claim`.
        kill_at: when it is killed at the latest, by the monotonic clock; and why.
        spawn_at: when a replacement may be started, by the monotonic clock.
        stillborn: how many processes in a row died before they were ready.
    """

    name: str
    process: SpawnProcess | None = None
    pipe: Connection | None = None
    ready: bool = False
    job: Job | None = None
    began: float = 0.0
    kill_at: float | None = None
    kill_error: ErrorInfo | None = None
    spawn_at: float = 0.0
    stillborn: int = 0
    started_at: float = 0.0
    done: int = 0
    failed: int = 0
    stopping: bool = False

    @property
    def idle(self) -> bool:
        return self.ready and self.job is None and not self.stopping

    def info(self) -> WorkerInfo:
        if self.stopping:
            state = WorkerState.STOPPING
        elif self.job is not None:
            state = WorkerState.BUSY
        else:
            state = WorkerState.IDLE if self.ready else WorkerState.STARTING
        pid = self.process.pid if self.process is not None else None
        job_id = self.job.id if self.job is not None else None
        return WorkerInfo(self.name, pid or 0, state, job_id, self.started_at, self.done, self.failed)


class WorkerPool(EngineRoom):
    """Runs jobs in worker processes."""

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        models: tuple[str, ...],
        *,
        now: Callable[[], float],
    ) -> None:
        """Prepare; `now` is UTC, seconds since the epoch. Limits and waits go by the monotonic clock."""
        super().__init__(service, settings, models)
        self._now = now
        # spawn: neither CUDA nor Qt survives a fork
        self._context = multiprocessing.get_context("spawn")
        count = settings.workers or default_workers()
        self._workers = [_Worker(f"worker-{number}") for number in range(1, count + 1)]
        self._turn_at: float | None = None
        self._shown: WorkersChanged | None = None

    # ---- the loop

    def _work(self) -> None:
        unlisten = self._service.listen(self._on_news)
        try:
            while not self._stopping.is_set():
                self._replace_dead()
                self._wait()
                self._kill_overdue()
                self._take_turn()
            self._stop_workers()
        finally:
            unlisten()
            for place in self._workers:
                self._kill(place)

    def _take_turn(self) -> None:
        self._turn_at = None
        self._show_workers()
        for job in self._turn(self._claim):
            self._deliver(job)

    def _claim(self) -> list[Job]:
        claimed = []
        for place in self._workers:
            if place.idle:
                job = self._service.claim(place.name)
                if job is None:
                    break
                claimed.append(job)
        return claimed

    def _deliver(self, job: Job) -> None:
        place = next(place for place in self._workers if place.name == job.attempts[-1].worker)
        place.job = job
        place.began = time.monotonic()
        place.kill_at = place.began + self._settings.hard_limit_s
        place.kill_error = _timeout(self._settings.hard_limit_s)
        self._send(
            place,
            Deliver(
                claim=job.claim or "",
                job_id=job.id,
                path=job.path,
                options=job.options,
                folder=str(self._service.folders.folder(job.id)),
                models=self._models,
                soft_limit_s=self._settings.soft_limit_s,
                limit_factor=self._settings.limit_factor,
            ),
        )
        self._ring()  # so that listeners see the worker busy

    def _wait(self) -> None:
        sources: list[Any] = [self._bell_reader]
        for place in self._workers:
            if place.process is not None and place.pipe is not None:
                sources += [place.pipe, place.process.sentinel]
        heard = wait(sources, self._patience_s())
        if self._bell_reader in heard:
            self._hear()
        for place in self._workers:
            if place.pipe in heard:
                self._read(place)
            if place.process is not None and place.process.sentinel in heard:
                self._on_death(place)

    def _patience_s(self) -> float | None:
        """How long nothing needs to be done if nobody says anything, seconds."""
        now = time.monotonic()
        moments = [place.kill_at for place in self._workers if place.kill_at is not None]
        moments += [place.spawn_at for place in self._workers if place.process is None]
        if self._turn_at is not None:
            moments.append(self._turn_at)
        elif (due_at := self._service.next_due_at()) is not None and any(p.idle for p in self._workers):
            moments.append(now + due_at - self._now())
        return max(0.0, min(moments) - now) if moments else None

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        self._turn_at = time.monotonic() + _RETRY_TURN_S

    # ---- what workers tell

    def _read(self, place: _Worker) -> None:
        try:
            while place.pipe is not None and place.pipe.poll():
                self._on_message(place, place.pipe.recv())
        except (EOFError, OSError):
            return  # it died; its sentinel says so

    def _on_message(self, place: _Worker, message: FromWorker) -> None:
        if isinstance(message, Ready):
            place.ready, place.stillborn = True, 0
            return
        job = place.job
        if job is None or job.claim != message.claim:
            return
        match message:
            case Progressed():
                self._service.tell(JobProgressed(job.id, message.stage, message.fraction))
            case Measured():
                limit_s = max(self._settings.hard_limit_s, self._limit_factor_hard * message.duration_s)
                if place.kill_error is not None and place.kill_error.code == "job.timeout":
                    place.kill_at, place.kill_error = place.began + limit_s, _timeout(limit_s)
            case Done() | WentWrong() | GaveUp():
                self._on_end(place, job, message)

    @property
    def _limit_factor_hard(self) -> float:
        """The hard limit keeps its distance to the soft one when both grow with the recording."""
        soft_s = self._settings.soft_limit_s
        return self._settings.limit_factor * (self._settings.hard_limit_s / soft_s if soft_s else 1.0)

    def _on_end(self, place: _Worker, job: Job, message: Ended) -> None:
        service, claim = self._service, message.claim
        match message:
            case Done(summary=summary):
                place.done += 1
                self._told.append(partial(service.completed, job.id, claim, summary))
            case WentWrong(error=error):
                place.failed += 1
                self._told.append(partial(service.failed, job.id, claim, error))
            case GaveUp(cancelled=True):
                self._told.append(partial(service.cancelled, job.id, claim))
            case GaveUp():
                self._told.append(partial(service.released, job.id, claim))
        place.job = place.kill_at = place.kill_error = None

    def _on_news(self, news: tuple[News, ...]) -> None:
        for item in news:
            match item:
                case JobChanged(job=job, event=CancelAsked()) if job.state is JobState.RUNNING:
                    self._cancel(job)
                case _:
                    pass

    def _cancel(self, job: Job) -> None:
        for place in self._workers:
            if place.job is not None and place.job.claim == job.claim:
                self._send(place, CancelWork(job.claim or ""))
                # native code may not come back soon to be asked
                place.kill_at = time.monotonic() + _CANCEL_GRACE_S
                place.kill_error = ErrorInfo(ErrorKind.BUG, "job.cancelled", "Cancelled.")

    # ---- processes

    def _replace_dead(self) -> None:
        for place in self._workers:
            if place.process is None and time.monotonic() >= place.spawn_at:
                self._spawn(place)

    def _spawn(self, place: _Worker) -> None:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=worker.main, args=(theirs,), name=place.name, daemon=True)
        try:
            process.start()
        except OSError as error:
            ours.close()
            place.stillborn += 1
            place.spawn_at = time.monotonic() + _respawn_delay_s(place.stillborn)
            log.event("WORKER_NOT_STARTED", worker=place.name, error=type(error).__name__)
            return
        finally:
            theirs.close()  # or its end would never be seen to close
        place.process, place.pipe = process, ours
        place.ready, place.job, place.started_at = False, None, self._now()
        log.event("WORKER_STARTED", worker=place.name, pid=process.pid)

    def _on_death(self, place: _Worker) -> None:
        self._read(place)  # what it said last
        process = place.process
        if process is None:
            return
        process.join()
        name = "WORKER_STOPPED" if place.stopping else "WORKER_DIED"
        log.event(name, worker=place.name, pid=process.pid, exit=process.exitcode)
        if place.job is not None:
            error = place.kill_error if self._was_killed(place) else None
            if error is None:
                message = f"The worker that had this job ended unexpectedly ({_exit_text(process.exitcode)})."
                error = ErrorInfo(ErrorKind.BUG, "worker.crashed", message)
            place.failed += 1
            claim = place.job.claim or ""
            self._told.append(partial(self._service.failed, place.job.id, claim, error, crashed=True))
        if not place.ready:
            place.stillborn += 1
        place.spawn_at = time.monotonic() + _respawn_delay_s(place.stillborn)
        if place.pipe is not None:
            place.pipe.close()
        place.process = place.pipe = place.job = place.kill_at = place.kill_error = None
        place.ready = False

    @staticmethod
    def _was_killed(place: _Worker) -> bool:
        return place.kill_at is not None and time.monotonic() >= place.kill_at

    def _kill_overdue(self) -> None:
        for place in self._workers:
            if self._was_killed(place) and place.process is not None:
                log.event("WORKER_KILLED", worker=place.name, pid=place.process.pid)
                _kill_tree(place.process)
                self._on_death(place)

    def _stop_workers(self) -> None:
        """Ask all to stop, wait a little, kill the rest; what was running is given back."""
        for place in self._workers:
            place.stopping = True
            self._send(place, StopWork())
        deadline = time.monotonic() + self._settings.stop_grace_s
        while any(place.process is not None for place in self._workers):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            sources: list[Any] = []
            for place in self._workers:
                if place.process is not None and place.pipe is not None:
                    sources += [place.pipe, place.process.sentinel]
            for source in wait(sources, left):
                for place in self._workers:
                    if source is place.pipe:
                        self._read(place)
                    elif place.process is not None and source == place.process.sentinel:
                        self._give_back(place)
                        self._on_death(place)
        for place in self._workers:
            if place.process is not None:
                _kill_tree(place.process)
                self._give_back(place)
                self._on_death(place)
        self._turn(list)

    def _give_back(self, place: _Worker) -> None:
        self._read(place)
        if place.job is not None:
            self._told.append(partial(self._service.released, place.job.id, place.job.claim or ""))
            place.job = None

    def _kill(self, place: _Worker) -> None:
        if place.process is not None:
            _kill_tree(place.process)
            place.process.join()

    def _send(self, place: _Worker, message: ToWorker) -> None:
        if place.pipe is None:
            return
        try:
            place.pipe.send(message)
        except OSError:
            return  # it died; its sentinel says so

    def _show_workers(self) -> None:
        trouble = _TROUBLE if all(place.stillborn >= 3 for place in self._workers) else ""
        news = WorkersChanged(tuple(place.info() for place in self._workers), trouble)
        if news != self._shown:
            self._shown = news
            self._service.tell(news)


def _timeout(limit_s: float) -> ErrorInfo:
    return ErrorInfo(ErrorKind.TRANSIENT, "job.timeout", f"Timeout ({limit_s / 60:.0f} min)")


def _respawn_delay_s(stillborn: int) -> float:
    """At once for a worker that had worked; ever later for one that dies before it can."""
    return 0.0 if stillborn == 0 else min(_MAX_RESPAWN_DELAY_S, 0.5 * 2.0**stillborn)


def _exit_text(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        return f"signal {-exitcode}"
    return f"exit code {exitcode}"


def _kill_tree(process: SpawnProcess) -> None:
    """Kill a process and all that it started."""
    try:
        children = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    process.kill()
    for child in children:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
