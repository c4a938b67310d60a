"""One place in the pool, and who holds it now: a worker process, or, where none can be started, a thread of
the app.

A place outlives its workers: it keeps the name, the counts and the reasons to wait before the next start. It
knows nothing of the queue.
"""

from __future__ import annotations

import math
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

import psutil

from fi_desktop.core.chosen import Chosen
from fi_desktop.core.errors import WORKER_CRASHED, ErrorInfo, FiError
from fi_desktop.core.job import Job, Stage, StageEnd, StageTime
from fi_desktop.jobs.news import WorkerGauge, WorkerInfo, WorkerState
from fi_desktop.system import log
from fi_desktop.workers import worker
from fi_desktop.workers.protocol import FromWorker, Progressed, StageEnded, StopWork, ToWorker

_MAX_RESPAWN_DELAY_S = 30.0
# What a process does not send itself; Linux kills so where memory runs out.
_FROM_OUTSIDE = (signal.SIGTERM, getattr(signal, "SIGKILL", None))
_CRASHED = "The worker that had this job ended unexpectedly ({ended})."
_KILLED = "The system ended the worker that had this job ({ended}); memory may have run out."


@dataclass(slots=True)
class Place:
    """A place in the pool. All moments are of the monotonic clock, seconds.

    Attributes:
        name: such as "worker-1".
        device: what its worker computes on: "cpu", or a GPU such as "cuda:0".
        ready: its worker has said that it can take a job.
        job: what it works on, under `job.claim`.
        began: when the job was delivered.
        heard: when its worker was last heard.
        weighed: when its worker's memory was looked at last.
        duration_s: length of its recording, once the worker has told.
        chosen: what does the job, once the worker has told.
        kill_at, kill_error: when its worker is killed at the latest, and what is then said of the job.
        spawn_at: when the next worker may be started.
        stillborn: how many workers in a row ended before they were ready.
        leaving: its worker was told to stop, or is to be told once its job is done.
        retiring: the place goes with its worker, and is not filled again.
        giving_back: its worker was told to stop now; its job goes back to the queue, however it ends.
        started_at: when its worker was started, UTC, seconds since the epoch.
        done, failed: attempts that ended well, and in an error, since the app was started.
        stages: what the stages of its attempt took so far; stage: the one it is in, since `stage_began`.
        done_by_worker: attempts of the worker that holds the place now.
        made: when the place was made; vacant_s: how long nobody held it, up to `vacant_since`, seconds.
    """

    name: str
    device: str = "cpu"
    process: SpawnProcess | None = None
    thread: threading.Thread | None = None
    pipe: Connection | None = None
    ready: bool = False
    job: Job | None = None
    began: float = 0.0
    heard: float = 0.0
    weighed: float = -math.inf
    duration_s: float | None = None
    chosen: Chosen | None = None
    kill_at: float | None = None
    kill_error: ErrorInfo | None = None
    spawn_at: float = 0.0
    stillborn: int = 0
    leaving: bool = False
    retiring: bool = False
    giving_back: bool = False
    started_at: float = 0.0
    done: int = 0
    failed: int = 0
    done_by_worker: int = 0
    stages: list[StageTime] = field(default_factory=list)
    stage: Stage | None = None
    stage_began: float = 0.0
    made: float = field(default_factory=time.monotonic)
    vacant_since: float = field(default_factory=time.monotonic)
    vacant_s: float = 0.0
    _ps: psutil.Process | None = None

    @property
    def held(self) -> bool:
        """Whether somebody holds the place."""
        return self.pipe is not None

    @property
    def idle(self) -> bool:
        """Whether it can be given a job."""
        return self.ready and self.job is None and not self.leaving

    @property
    def overdue(self) -> bool:
        """Whether its worker has had all the time it gets."""
        return self.held and self.kill_at is not None and time.monotonic() >= self.kill_at

    @property
    def sources(self) -> list[Any]:
        """What to wait for to hear of its worker."""
        return [
            source
            for source in (self.pipe, self.process.sentinel if self.process is not None else None)
            if source is not None
        ]

    def start_process(self, context: SpawnContext, *, started_at: float) -> None:
        """Start a worker process; where the system refuses, the place stays free for a while."""
        ours, theirs = context.Pipe()
        process = context.Process(target=worker.main, args=(theirs, self.device), name=self.name, daemon=True)
        try:
            process.start()
        except OSError as error:
            ours.close()
            self._wait_for_better_times()
            log.event("WORKER_NOT_STARTED", worker=self.name, error=type(error).__name__)
            return
        finally:
            theirs.close()  # or its end would never be seen to close
        self.process = process
        self._take(ours, started_at)
        log.event("WORKER_STARTED", worker=self.name, pid=process.pid, device=self.device)

    def start_thread(self, context: SpawnContext, *, started_at: float) -> None:
        """Start a thread of the app that does a worker's work; it cannot be killed."""
        ours, theirs = context.Pipe()
        self.thread = threading.Thread(target=worker.serve, args=(theirs,), name=self.name, daemon=True)
        self.thread.start()
        self._take(ours, started_at)
        log.event("WORKER_STARTED", worker=self.name, thread=self.name)

    def send(self, message: ToWorker) -> None:
        """Tell the worker something; one that is gone is found out by its sentinel."""
        if self.pipe is None:
            return
        try:
            self.pipe.send(message)
        except OSError:
            return

    def message(self) -> FromWorker | None:
        """Read what the worker says, where its pipe has something to say; None: it said nothing more."""
        if self.pipe is None:
            return None
        try:
            message: FromWorker = self.pipe.recv()
        except (EOFError, OSError):
            return None  # it is gone; see `gone`
        self.heard = time.monotonic()
        return message

    def messages(self) -> Iterator[FromWorker]:
        """Yield what the worker has said and nobody has read yet."""
        try:
            while self.pipe is not None and self.pipe.poll() and (message := self.message()) is not None:
                yield message
        except OSError:
            return  # it is gone; see `gone`

    def recycle(self) -> None:
        """Have the worker replaced once its job is done."""
        if self.held and not self.leaving:
            self.leaving = True
            if self.job is None:
                self.send(StopWork())

    def retire(self) -> None:
        """Do without the place once its worker's job is done."""
        self.retiring = True
        self.recycle()

    def restart(self, *, grace_s: float) -> None:
        """Have the worker replaced now; it is killed where it has not stopped after `grace_s` seconds."""
        if self.held and not self.giving_back:
            self.leaving = self.giving_back = True
            self.kill_at, self.kill_error = time.monotonic() + grace_s, None
            self.send(StopWork())

    @property
    def gone(self) -> bool:
        """Whether the worker has ended."""
        if self.process is not None:
            return not self.process.is_alive()
        return self.thread is not None and not self.thread.is_alive()

    def kill(self) -> None:
        """End a worker process and all that it started. A thread is left to itself."""
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

    def clear(self) -> FiError:
        """Free the place after its worker has ended; return what is said of a job that it had."""
        ended = FiError(WORKER_CRASHED, _CRASHED, ended="it stopped")
        if self.process is not None:
            self.process.join()
            code = self.process.exitcode
            ended = _death(code)
            name = "WORKER_STOPPED" if self.leaving else "WORKER_DIED"
            log.event(name, worker=self.name, pid=self.process.pid, exit=code)
        if self.pipe is not None:
            self.pipe.close()
        if self.ready or self.leaving:
            self.stillborn = 0
            self.spawn_at = 0.0
        else:
            self._wait_for_better_times()
        self.rest()
        self.process = self.thread = self.pipe = self._ps = None
        self.vacant_since = time.monotonic()
        self.ready = self.leaving = self.giving_back = False
        return ended

    def rest(self) -> None:
        """The job is over; the worker is kept."""
        self.job = self.duration_s = self.chosen = self.kill_at = self.kill_error = self.stage = None
        self.stages = []

    def hear_of_stage(self, news: Progressed | StageEnded) -> None:
        """Keep how the attempt gets on."""
        if isinstance(news, StageEnded):
            self.stages.append(news.time)
            self.stage = None
        elif news.stage is not self.stage:
            self.stage, self.stage_began = news.stage, self.heard

    def told(self) -> tuple[StageTime, ...]:
        """Return what the attempt's stages took; one that its worker did not live to end was broken off."""
        if self.stage is None:
            return tuple(self.stages)
        took_s = round(time.monotonic() - self.stage_began, 3)
        return (*self.stages, StageTime(self.stage, took_s, StageEnd.BROKEN_OFF))

    def gauge(self, *, now: float) -> WorkerGauge:
        """Read what the worker uses; `now` is UTC, seconds since the epoch. May be called from any thread."""
        process, cpu_percent, rss_bytes = self._ps, 0.0, 0
        if process is not None:
            try:
                cpu_percent, rss_bytes = process.cpu_percent(), int(process.memory_info().rss)
            except psutil.Error:
                process = None  # it has just ended
        vacant_s = self.vacant_s + (time.monotonic() - self.vacant_since if not self.held else 0.0)
        age_s = max(time.monotonic() - self.made, 1e-9)
        return WorkerGauge(
            name=self.name,
            pid=process.pid if process is not None else 0,
            device=self.device,
            cpu_percent=cpu_percent,
            rss_bytes=rss_bytes,
            uptime_s=max(0.0, now - self.started_at) if self.held else 0.0,
            uptime=1.0 - vacant_s / age_s,
            done=self.done,
            failed=self.failed,
        )

    def rss_bytes(self) -> int:
        """Return the worker's resident memory; 0 where it has none of its own."""
        try:
            return int(self._ps.memory_info().rss) if self._ps is not None else 0
        except psutil.Error:
            return 0  # it has just ended

    def info(self) -> WorkerInfo:
        """Return the worker as it is shown."""
        if self.leaving:
            state = WorkerState.STOPPING
        elif self.job is not None:
            state = WorkerState.BUSY
        else:
            state = WorkerState.IDLE if self.ready else WorkerState.STARTING
        pid = self.process.pid if self.process is not None else None
        job_id = self.job.id if self.job is not None else None
        return WorkerInfo(self.name, pid or 0, state, job_id, self.started_at, self.done, self.failed)

    def _take(self, pipe: Connection, started_at: float) -> None:
        self.pipe, self.started_at, self.heard = pipe, started_at, time.monotonic()
        self.ready = self.leaving = self.giving_back = False
        self.job, self.done_by_worker, self.weighed = None, 0, -math.inf
        self.vacant_s += time.monotonic() - self.vacant_since
        self._ps = psutil.Process(self.process.pid) if self.process is not None else None

    def _wait_for_better_times(self) -> None:
        """Start the next worker ever later, where they end before they are ready."""
        self.stillborn += 1
        self.spawn_at = time.monotonic() + min(_MAX_RESPAWN_DELAY_S, 0.5 * 2.0**self.stillborn)


def _death(code: int | None) -> FiError:
    """Return what is said of a job whose worker ended with this exit code; negative: by that signal."""
    if code is None or code >= 0:
        return FiError(WORKER_CRASHED, _CRASHED, ended=f"exit code {code}")
    ended = f"signal {-code}"
    if -code in _FROM_OUTSIDE:
        return FiError("worker.ended", _KILLED, ended=ended)
    return FiError(WORKER_CRASHED, _CRASHED, ended=ended)
