"""Watches queue and workers for the monitor, on a thread of its own. Knows no Qt.

The jobs are read once, a page a turn of the engine room, and followed by their news from then on. Figures
over many of them take a while (seconds for 100,000 jobs), so those of a window are made anew only after a
rest ten times as long as they took: those of the last hour every other second, those of all time less often.
A watch lasts as long as the monitor can be seen: who does not look pays nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from statistics import fmean
from typing import Any, Protocol

from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.metrics import WINDOWS, History, Metrics, Target, history, measure, targets
from fi_desktop.jobs.queue_events import QueueEvent, WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system.devices import gpu_memory
from fi_desktop.viewmodel.monitor_records import Records

STEPS = 120
"""How many steps a plot has."""

_PAGE = 500  # jobs a look at the store, so that no look keeps the queue waiting
_REST_S = 2.0
_REST_FACTOR = 10.0
_GPU_EVERY_S = 5.0  # the driver's tool is slow to start
_SCHEDULED = 200  # as many as anybody reads


class Monitored(Protocol):
    """What the monitor needs of `fi_desktop.app.App`."""

    service: JobService

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Read what each worker process uses."""

    def resize_workers(self, workers: int) -> None:
        """Grow or shrink the pool while it works."""

    def restart_worker(self, name: str) -> None:
        """Replace a worker now; its job goes back to the queue without a charge."""

    def recycle_worker(self, name: str) -> None:
        """Replace a worker once its job is done."""

    def retire_worker(self, name: str) -> None:
        """Do with one worker less: with this one, once its job is done."""

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Write other settings, and use at once what can be; blocks."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured over the jobs of one window."""

    measured: Metrics
    aims: tuple[Target, ...]
    history: History


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found.

    Attributes:
        at: when it was taken; UTC, seconds since the epoch.
        gauges: what the workers use; gpu_bytes: GPU memory by process, where it is known.
        running, retrying: jobs in these states; the next that is due comes first.
        waiting: how many are ready and wait for a worker; scheduled: how many wait for their next attempt.
        read: how many jobs were read so far.
        figures: by the windows' names; empty before all were read.
    """

    at: float
    gauges: tuple[WorkerGauge, ...]
    gpu_bytes: dict[int, int]
    running: tuple[Job, ...]
    retrying: tuple[Job, ...]
    waiting: int
    scheduled: int
    read: int
    figures: dict[str, Figures]


class Watch:
    """Follows the jobs until it is closed."""

    def __init__(self, program: Monitored, *, now: Callable[[], float] = time.time) -> None:
        """Begin to read; `now` is UTC, seconds since the epoch."""
        self._program = program
        self._now = now
        self._records = Records()
        self._inbox: SimpleQueue[tuple[Callable[..., None], object]] = SimpleQueue()
        self._complete = False
        self._refusal: BaseException | None = None
        self._figures: dict[str, Figures] = {}
        self._due_at = dict.fromkeys(WINDOWS, 0.0)
        self._gpu_at = 0.0
        self._gpu_bytes: dict[int, int] = {}
        self._hands = ThreadPoolExecutor(max_workers=1, thread_name_prefix="monitor")
        self._unlisten = program.service.listen(self._on_news)
        self._ask(0)

    def look(self) -> Future[Look]:
        """Look at everything; the answer comes on the watch's own thread."""
        return self._hands.submit(self._look)

    def close(self) -> None:
        """Follow no more; a look that is under way is still answered, one that is not is cancelled."""
        self._unlisten()
        self._hands.shutdown(wait=False, cancel_futures=True)

    # ---- on the queue's thread, which is not kept waiting

    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        self._inbox.put((self._records.take_news, news))

    def _on_page(self, after: int, asked_by: int, future: Future[list[Job]]) -> None:
        if future.cancelled():
            return
        if (refusal := future.exception()) is not None:
            self._refusal = refusal
        elif threading.get_ident() == asked_by:
            self._ask(after)  # answered before we could listen to it: news may have overtaken it
        else:
            self._inbox.put((self._take_page, future.result()))
            try:
                self._hands.submit(self._empty_inbox)
            except RuntimeError:
                return  # it was closed meanwhile

    # ---- on the watch's own thread

    def _ask(self, after: int) -> None:
        future = self._program.service.jobs(after=after, limit=_PAGE)
        future.add_done_callback(partial(self._on_page, after, threading.get_ident()))

    def _take_page(self, page: list[Job]) -> None:
        self._records.take_jobs(page)
        if len(page) == _PAGE:
            self._ask(page[-1].id)
        else:
            self._complete = True

    def _empty_inbox(self) -> None:
        while True:
            try:
                take, what = self._inbox.get_nowait()
            except Empty:
                return
            take(what)

    def _look(self) -> Look:
        self._empty_inbox()
        if self._refusal is not None:
            raise self._refusal
        gauges = self._program.gauges()
        self._ask_driver(gauges)
        if self._complete:
            self._measure(gauges)
        retrying = sorted(self._records.open(JobState.RETRYING), key=lambda job: job.due_at or 0.0)
        return Look(
            at=self._now(),
            gauges=gauges,
            gpu_bytes=self._gpu_bytes,
            running=tuple(self._records.open(JobState.RUNNING)),
            retrying=tuple(retrying[:_SCHEDULED]),
            waiting=len(self._records.open(JobState.QUEUED)),
            scheduled=len(retrying),
            read=len(self._records),
            figures=dict(self._figures),
        )

    def _ask_driver(self, gauges: tuple[WorkerGauge, ...]) -> None:
        on_gpu = any(gauge.device.startswith("cuda") for gauge in gauges)
        if on_gpu and time.monotonic() >= self._gpu_at:
            self._gpu_bytes = gpu_memory()
            self._gpu_at = time.monotonic() + _GPU_EVERY_S

    def _measure(self, gauges: tuple[WorkerGauge, ...]) -> None:
        now = self._now()
        # how long workers were there is known since the program was started, and of no shorter time
        uptime = fmean(gauge.uptime for gauge in gauges) if gauges else None
        for name, window_s in WINDOWS.items():
            if time.monotonic() < self._due_at[name]:
                continue
            began = time.thread_time()
            jobs = self._records.since(None if window_s is None else now - window_s)
            measured = measure(jobs, now=now, window_s=window_s)
            aims = targets(measured, worker_uptime=uptime if window_s is None else None)
            past = history(jobs, now=now, window_s=window_s, steps=STEPS)
            self._figures[name] = Figures(measured, aims, past)
            spent_s = time.thread_time() - began
            self._due_at[name] = time.monotonic() + max(_REST_S, _REST_FACTOR * spent_s)
