"""One attempt on the server: fetch the files, have a confined worker process do it, return the result.

A process of the Celery worker has one confined worker process, and keeps it with its engines loaded. What it
reports goes to the desktop. Whether the desktop still wants the attempt is asked every two seconds; if Redis
cannot be reached, the work goes on and what is to be reported waits.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import socket
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import DeadlineExceeded, ErrorInfo, FiError, UserError, error_info
from fi_desktop.core.text import without_path
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.files import RESULT
from fi_desktop.vault.job_files import JobFiles
from fi_desktop.workers.cluster import bundles
from fi_desktop.workers.cluster.broker import Broker, Unreachable
from fi_desktop.workers.cluster.orders import Beat, Begun, ClusterKey, Order, Returned
from fi_desktop.workers.cluster.transfer import TransferRoot, audio_name, order_name, result_name
from fi_desktop.workers.protocol import (
    AttemptDone,
    AttemptFailed,
    AttemptStopped,
    CancelWork,
    Deliver,
    EnginesChosen,
    Progressed,
    Ready,
    StageEnded,
)
from fi_desktop.workers.slot import WorkerSlot

WORK = "cluster"
"""The folder of the jobs that are worked on, in the server's data folder."""

FAILED, DROPPED = "failed", "dropped"
"""How the word for an attempt begins that failed, or that nobody wants."""

_BEAT_S = 2.0
_POLL_S = 0.5
_PROGRESS_S = 0.5
_CANCEL_GRACE_S = 10.0
_START_S = 120.0
_MOST_DELIVERIES = 4
_HOLD_S = 10.0  # longer than a dead process is held to be alive
_RETRY_S = 1.0
_KEEP_TRYING_S = 3600.0
_NAME = "server"


class WarmWorker:
    """A confined worker process that is kept between attempts."""

    def __init__(self, settings: Settings, device: str) -> None:
        """Prepare; the process is started when it is first needed."""
        self._settings = settings
        self._context = multiprocessing.get_context("spawn")
        self.slot = WorkerSlot(_NAME, device)

    def prepare(self) -> None:
        """Have a process that can take a job.

        Raises:
            FiError: none can be started.
        """
        slot, settings = self.slot, self._settings
        if slot.occupied and slot.exited:
            slot.vacate()
        if not slot.occupied:
            settings.models.mkdir(mode=0o700, parents=True, exist_ok=True)
            work = settings.home / WORK
            data = (*map(str, settings.model_roots), str(work))
            slot.start_process(self._context, jobs=str(work), data=data, started_at=time.time())
        deadline = time.monotonic() + _START_S
        while not slot.ready:
            if not slot.occupied or slot.exited or time.monotonic() > deadline:
                raise self.end()
            wait(slot.waitables, _POLL_S)
            if slot.pipe is not None and slot.pipe.poll():
                slot.ready = isinstance(slot.receive(), Ready)

    def recycle(self) -> None:
        """Replace the process before the next job if it has done enough, or uses too much memory."""
        settings, slot = self._settings, self.slot
        enough = settings.recycle_jobs and slot.worker_attempts >= settings.recycle_jobs
        if enough or (settings.recycle_mb and slot.rss_bytes() > settings.recycle_mb * 1_000_000):
            self.end()

    def end(self) -> FiError:
        """Kill the process, if there is one; return the error for the job that it had."""
        self.slot.kill()
        return self.slot.vacate()


class Reports:
    """Reports about one delivery of a task, in order; they wait while Redis cannot be reached."""

    def __init__(self, broker: Broker, key: ClusterKey, task: str, delivery: int) -> None:
        self._broker, self._key, self._task = broker, key, task
        self._delivery, self._number = delivery, 0
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def send(self, message: Any) -> None:
        """Report something, now or later. Any thread may call this."""
        with self._lock:
            self._number += 1
            closed = self._key.close(message, self._task, delivery=self._delivery, number=self._number)
            self._waiting.append(closed)
        with suppress(Unreachable):
            self.flush()

    def flush(self) -> None:
        """Send what waits.

        Raises:
            Unreachable: Redis cannot be reached.
        """
        with self._lock:
            if self._waiting:
                self._broker.report(self._task, self._waiting)
                self._waiting.clear()

    def finish(self) -> None:
        """Send what waits, however long it takes; give up after an hour: the desktop has done so, too."""
        deadline = time.monotonic() + _KEEP_TRYING_S
        while time.monotonic() < deadline:
            try:
                self.flush()
            except Unreachable:
                time.sleep(_RETRY_S)
            else:
                return


class ServerAttempt:
    """One delivery of a task."""

    def __init__(
        self,
        task: str,
        order: Order,
        *,
        broker: Broker,
        key: ClusterKey,
        transfer: Callable[[], TransferRoot],
        worker: WarmWorker,
        settings: Settings,
    ) -> None:
        self._task, self._order = task, order
        self._broker, self._key, self._transfer = broker, key, transfer
        self._worker, self._settings = worker, settings
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._folder = settings.home / WORK / task
        self._files = JobFiles(order.job_id, order.key)
        self._unwanted = threading.Event()
        self._ended = threading.Event()

    def run(self) -> str:
        """Do it; return how it ended, in words for Celery's monitors.

        Raises:
            Unreachable: Redis could not be reached before it began; the task is to be delivered again.
        """
        if not self._broker.wanted(self._task):
            return f"{DROPPED} unwanted"
        if not self._held():
            return f"{DROPPED} running elsewhere"
        delivery = self._broker.count_delivery(self._task)
        reports = Reports(self._broker, self._key, self._task, delivery)
        log.event("CLUSTER_ATTEMPT_BEGUN", task=self._task, delivery=delivery)
        end: AttemptDone | AttemptFailed | AttemptStopped
        if delivery > _MOST_DELIVERIES:
            end = self._failed(FiError(messages.JOB_DELIVERIES, times=delivery))
        else:
            try:
                with self._beating(reports), self._work_folder():
                    end = self._attempt(reports)
                    if isinstance(end, AttemptDone):
                        self._return_result(delivery)
            except Exception as error:  # noqa: BLE001 - the desktop hears of it
                end = self._failed(error)
        ended = Returned() if isinstance(end, AttemptDone) else end
        reports.send(ended)
        reports.finish()
        with suppress(Unreachable):
            self._broker.let_go(self._task)
        match ended:
            case AttemptFailed(error=failure):
                word = f"{FAILED} {failure.code}"
            case AttemptStopped():
                word = f"{DROPPED} cancelled"
            case _:
                word = "returned"
        log.event("CLUSTER_ATTEMPT_ENDED", task=self._task, delivery=delivery, end=word)
        return word

    def _held(self) -> bool:
        """Wait until no process that died holds the task; False if one that lives does."""
        deadline = time.monotonic() + _HOLD_S
        while not self._broker.hold(self._task, self._holder):
            if time.monotonic() > deadline or not self._broker.wanted(self._task):
                return False
            time.sleep(_POLL_S)
        return True

    @contextmanager
    def _work_folder(self) -> Iterator[None]:
        shutil.rmtree(self._folder, ignore_errors=True)  # of a delivery that was killed
        self._folder.mkdir(mode=0o700, parents=True)
        try:
            yield
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _attempt(self, reports: Reports) -> AttemptDone | AttemptFailed | AttemptStopped:
        self._fetch()
        end = self._deliver(reports)
        if isinstance(end, AttemptStopped) and not end.cancelled:
            # models were added since its process was confined, and a new one can read them
            self._worker.end()
            end = self._deliver(reports)
        return end

    def _deliver(self, reports: Reports) -> AttemptDone | AttemptFailed | AttemptStopped:
        worker, slot, order = self._worker, self._worker.slot, self._order
        worker.prepare()
        pid = slot.process.pid if slot.process is not None else None
        reports.send(Begun(socket.gethostname(), pid or 0, slot.device))
        slot.deliver(
            Deliver(
                claim=order.claim,
                job_id=order.job_id,
                path=str(self._folder / "recording"),  # is not there: the first stage is done
                options=order.options,
                folder=str(self._folder),
                models=tuple(map(str, self._settings.model_roots)),
                soft_limit_s=order.soft_limit_s,
                limit_factor=order.limit_factor,
                memory_level=order.memory_level,
                threads=max(1, (os.cpu_count() or 1) // self._settings.workers),
                last_attempt=order.last_attempt,
                vocabulary=(str(self._folder / bundles.VOCABULARY),),
                likely_languages=order.likely_languages,
                keep_turns=order.keep_turns,
                files=self._files,
            )
        )
        slot.heard_at = time.monotonic()
        try:
            return self._supervise(reports)
        finally:
            slot.worker_attempts += 1
            worker.recycle()

    def _supervise(self, reports: Reports) -> AttemptDone | AttemptFailed | AttemptStopped:
        slot, order = self._worker.slot, self._order
        kill_at = time.monotonic() + order.hard_limit_s
        reason: ErrorInfo | None = error_info(DeadlineExceeded(order.hard_limit_s))
        stage, progress_at = None, 0.0
        while True:
            ready = wait(slot.waitables, _POLL_S)
            message = slot.receive() if slot.pipe in ready else None
            now = time.monotonic()
            match message:
                case AttemptDone() | AttemptFailed() | AttemptStopped():
                    return message
                case Progressed():
                    if message.stage is not stage or now - progress_at >= _PROGRESS_S:
                        stage, progress_at = message.stage, now
                        reports.send(message)
                case StageEnded() | EnginesChosen():
                    reports.send(message)
                case None if slot.odd or slot.exited:
                    return AttemptFailed(order.claim, self._crashed())
                case _:
                    pass
            if self._unwanted.is_set() and reason is not None:
                slot.send(CancelWork(order.claim))
                kill_at, reason = min(kill_at, now + _CANCEL_GRACE_S), None
            elif slot.heard_at < now - self._settings.stuck_after_s:
                kill_at, reason = now, error_info(FiError(messages.WORKER_STUCK))
            if now >= kill_at:
                self._worker.end()
                if reason is None:
                    return AttemptStopped(order.claim, cancelled=True)
                return AttemptFailed(order.claim, reason)

    def _crashed(self) -> ErrorInfo:
        slot = self._worker.slot
        error = slot.kill_error
        crash = self._worker.end()
        return error or error_info(crash)

    @contextmanager
    def _beating(self, reports: Reports) -> Iterator[None]:
        """Say every two seconds that the worker is alive, and notice when the attempt is not wanted."""

        def beat() -> None:
            while not self._ended.wait(_BEAT_S):
                gauge = self._worker.slot.gauge(now=time.time())
                reports.send(Beat(gauge.cpu_percent, gauge.rss_bytes))
                with suppress(Unreachable):
                    self._broker.hold(self._task, self._holder)
                    if not self._broker.wanted(self._task):
                        self._unwanted.set()

        thread = threading.Thread(target=beat, name="beat", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _fetch(self) -> None:
        """Get the files of the task into the job's folder."""
        order, files, folder = self._order, self._files, self._folder
        fetched = folder / "fetched.part"
        try:
            self._transfer().get(order_name(self._task), fetched)
            bundle = bundles.read_bundle(fetched, bundles.seal_of(order.key, "order"))
            bundles.write_small_files(bundle, folder, files)
            self._transfer().get(audio_name(self._task), fetched)
        except FileNotFoundError as error:
            raise FiError(messages.CLUSTER_NO_FILES) from error
        described = json.loads(bundle[bundles.DECODED])
        target, seal = folder / bundles.AUDIO, files.seal(bundles.AUDIO)
        audio_seal, channels = bundles.seal_of(order.key, "audio"), int(described["channels"])
        if bundles.read_audio(fetched, audio_seal, target, seal, channels) != described["samples"]:
            raise FiError(messages.CLUSTER_ODD)
        fetched.unlink()

    def _return_result(self, delivery: int) -> None:
        """Put the result where the desktop gets it."""
        result = {RESULT: self._files.read(self._folder / RESULT)}
        target = self._folder / "result.part"
        bundles.write_bundle(result, target, bundles.seal_of(self._order.key, f"result {delivery}"))
        self._transfer().put(target, result_name(self._task, delivery))

    def _failed(self, error: Exception) -> AttemptFailed:
        if isinstance(error, UserError):  # of this server, and another attempt may find another
            error = FiError(messages.CLUSTER_SERVER, reason=error.note)
        log.event("CLUSTER_ATTEMPT_BROKEN", task=self._task, error=type(error).__name__)
        details = without_path(traceback.format_exc(), self._folder)
        return AttemptFailed(self._order.claim, error_info(error, details))


def remove_leftovers(settings: Settings) -> None:
    """Delete the folders of attempts that a killed server left; no other one may use this data folder."""
    shutil.rmtree(settings.home / WORK, ignore_errors=True)
    (settings.home / WORK).mkdir(mode=0o700, parents=True)
