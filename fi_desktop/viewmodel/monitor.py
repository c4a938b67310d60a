"""Snapshots of queue, workers and computer for the monitor, taken on a separate thread.

The jobs are read once, page by page, and followed by the queue's events from then on. Measuring 100,000 jobs
takes seconds, so each time span is measured again only after a rest of ten times the time it took. A reader
exists only while the monitor is visible.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from queue import Empty, SimpleQueue
from statistics import fmean
from typing import Any, Protocol

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.job import Attempt, Job, JobState
from fi_desktop.core.values import JobOptions, Summary
from fi_desktop.jobs.metrics import (
    HOUR_S,
    WINDOWS,
    Cause,
    History,
    Hour,
    Metrics,
    Target,
    by_hour,
    causes,
    history,
    measure,
    targets,
)
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent, WorkerGauge
from fi_desktop.jobs.queue_history import HistoryEntry, HistoryFile
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system.devices import HostFigures, gpu_memory, host_figures

STEPS = 120
"""Number of steps in a plot."""

HOURS = 48
"""How many hours are counted one by one."""

MOST_ENTRIES = 20_000
"""The newest entries of the history that are kept in memory."""

_PAGE = 500  # jobs per read, so that no read blocks the queue for long
_REST_S = 2.0
_REST_FACTOR = 10.0
_GPU_EVERY_S = 5.0  # nvidia-smi is slow to start
_SCHEDULED = 200  # more than anyone reads
_SHOWN = (JobState.RUNNING, JobState.RETRYING)
_NO_OPTIONS = JobOptions()


class MonitoredApp(Protocol):
    """What the monitor needs of `fi_desktop.app.App`."""

    service: JobService
    settings: Settings

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Measure CPU and memory of each worker process."""

    def resize_workers(self, workers: int) -> None:
        """Grow or shrink the pool while it runs."""

    def restart_worker(self, name: str) -> None:
        """Replace a worker now; its job is requeued without using up an attempt."""

    def recycle_worker(self, name: str) -> None:
        """Replace a worker after its current job."""

    def retire_worker(self, name: str) -> None:
        """Remove a worker after its current job."""

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Save settings and apply those that can change at run time; blocks."""


@dataclass(frozen=True, slots=True)
class SpanMetrics:
    """Metrics, targets and history of the jobs in one time span."""

    metrics: Metrics
    targets: tuple[Target, ...]
    history: History


@dataclass(frozen=True, slots=True)
class MonitorSnapshot:
    """Queue and workers at one moment.

    Attributes:
        at: UTC, seconds since the epoch.
        gauges: one per worker.
        gpu_bytes: GPU memory by process id, if known.
        running: the running jobs.
        retrying: jobs that wait for a retry, the next one due first.
        waiting: number of jobs that are ready for a worker.
        scheduled: number of jobs that wait for a retry.
        read: number of jobs read so far.
        spans: metrics by the span's name; empty until all jobs are read.
        hours: the last hours, newest first; empty until all jobs are read.
        causes: of all failed jobs.
        history: what happened to workers and queue, the newest last.
        host: this computer; None if it was not measured.
    """

    at: float
    gauges: tuple[WorkerGauge, ...]
    gpu_bytes: dict[int, int]
    running: tuple[Job, ...]
    retrying: tuple[Job, ...]
    waiting: int
    scheduled: int
    read: int
    spans: dict[str, SpanMetrics]
    hours: tuple[Hour, ...] = ()
    causes: tuple[Cause, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    host: HostFigures | None = None


class MonitorReader:
    """Follows the jobs until it is closed."""

    def __init__(self, app: MonitoredApp, *, now: Callable[[], float] = time.time) -> None:
        """Start reading. now: UTC, seconds since the epoch."""
        self._app = app
        self._now = now
        self._records = JobRecords()
        self._inbox: SimpleQueue[tuple[Callable[..., None], object]] = SimpleQueue()
        self._complete = False
        self._refusal: BaseException | None = None
        self._spans: dict[str, SpanMetrics] = {}
        self._hours: tuple[Hour, ...] = ()
        self._causes: tuple[Cause, ...] = ()
        self._file = HistoryFile(app.settings.history)
        self._history: tuple[HistoryEntry, ...] = ()
        self._due_at = dict.fromkeys(WINDOWS, 0.0)
        self._gpu_at = 0.0
        self._gpu_bytes: dict[int, int] = {}
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="monitor")
        self._unlisten = app.service.listen(self._on_events)
        self._request_page(0)

    def snapshot(self) -> Future[MonitorSnapshot]:
        """Take a snapshot on the reader's thread."""
        return self._executor.submit(self._snapshot)

    def close(self) -> None:
        """Stop following; a snapshot in progress still completes, pending ones are cancelled."""
        self._unlisten()
        self._executor.shutdown(wait=False, cancel_futures=True)

    # ---- on the queue's thread: must not block

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        self._inbox.put((self._records.apply, events))

    def _on_page(self, after: int, requested_by: int, future: Future[list[Job]]) -> None:
        if future.cancelled():
            return
        if (refusal := future.exception()) is not None:
            self._refusal = refusal
        elif threading.get_ident() == requested_by:
            # answered before the callback was attached: later events may be in the inbox already
            self._request_page(after)
        else:
            self._inbox.put((self._add_page, future.result()))
            try:
                self._executor.submit(self._drain_inbox)
            except RuntimeError:
                return  # closed in the meantime

    # ---- on the reader's thread

    def _request_page(self, after: int) -> None:
        future = self._app.service.jobs(after=after, limit=_PAGE)
        future.add_done_callback(partial(self._on_page, after, threading.get_ident()))

    def _add_page(self, page: list[Job]) -> None:
        self._records.put(page)
        if len(page) == _PAGE:
            self._request_page(page[-1].id)
        else:
            self._complete = True

    def _drain_inbox(self) -> None:
        while True:
            try:
                handle, item = self._inbox.get_nowait()
            except Empty:
                return
            handle(item)

    def _snapshot(self) -> MonitorSnapshot:
        self._drain_inbox()
        if self._refusal is not None:
            raise self._refusal
        gauges = self._app.gauges()
        self._read_gpu(gauges)
        if self._complete:
            self._measure(gauges)
        self._read_history()
        retrying = sorted(self._records.open(JobState.RETRYING), key=lambda job: job.due_at or 0.0)
        return MonitorSnapshot(
            at=self._now(),
            gauges=gauges,
            gpu_bytes=self._gpu_bytes,
            running=tuple(self._records.open(JobState.RUNNING)),
            retrying=tuple(retrying[:_SCHEDULED]),
            waiting=len(self._records.open(JobState.QUEUED)),
            scheduled=len(retrying),
            read=len(self._records),
            spans=dict(self._spans),
            hours=self._hours,
            causes=self._causes,
            history=self._history,
            host=host_figures(self._app.settings.home),
        )

    def _read_history(self) -> None:
        restarted, new = self._file.read_new()
        if restarted or new:
            self._history = (*(() if restarted else self._history), *new)[-MOST_ENTRIES:]

    def _read_gpu(self, gauges: tuple[WorkerGauge, ...]) -> None:
        on_gpu = any(gauge.device.startswith("cuda") for gauge in gauges)
        if on_gpu and time.monotonic() >= self._gpu_at:
            self._gpu_bytes = gpu_memory()
            self._gpu_at = time.monotonic() + _GPU_EVERY_S

    def _measure(self, gauges: tuple[WorkerGauge, ...]) -> None:
        now = self._now()
        # worker uptime is known since the program started, not for shorter spans
        uptime = fmean(gauge.uptime for gauge in gauges) if gauges else None
        for name, window_s in WINDOWS.items():
            if time.monotonic() < self._due_at[name]:
                continue
            began = time.thread_time()
            jobs = self._records.since(None if window_s is None else now - window_s)
            metrics = measure(jobs, now=now, window_s=window_s)
            self._spans[name] = SpanMetrics(
                metrics,
                targets(metrics, worker_uptime=uptime if window_s is None else None),
                history(jobs, now=now, window_s=window_s, steps=STEPS),
            )
            if window_s is None:
                self._causes = causes(jobs)
                self._hours = by_hour(self._records.since(now - HOURS * HOUR_S), now=now, hours=HOURS)
            spent_s = time.thread_time() - began
            self._due_at[name] = time.monotonic() + max(_REST_S, _REST_FACTOR * spent_s)


class JobRecords:
    """Jobs by id, without what the monitor does not need.

    100,000 jobs with names, options and results would take as much memory as a model. Running and scheduled
    jobs are kept whole because the monitor lists them.
    """

    def __init__(self) -> None:
        self._open: dict[int, Job] = {}
        self._final: dict[int, Job] = {}

    def __len__(self) -> int:
        return len(self._open) + len(self._final)

    def put(self, jobs: Iterable[Job]) -> None:
        """Add or replace jobs."""
        for job in jobs:
            into, out_of = (self._final, self._open) if job.state.final else (self._open, self._final)
            into[job.id] = _reduced(job)
            out_of.pop(job.id, None)

    def apply(self, events: Iterable[QueueEvent]) -> None:
        """Apply the queue's events."""
        for event in events:
            if isinstance(event, JobChanged):
                self.put((event.job,))
            elif isinstance(event, JobRemoved):
                self._open.pop(event.job_id, None)
                self._final.pop(event.job_id, None)

    def open(self, state: JobState) -> list[Job]:
        """Return the jobs in a state that is not final."""
        return [job for job in self._open.values() if job.state is state]

    def since(self, start: float | None) -> list[Job]:
        """Return the jobs that matter for a time span from `start`; None for all jobs."""
        final = self._final.values()
        if start is None:
            return [*final, *self._open.values()]
        recent = (job for job in final if job.finished_at is None or job.finished_at >= start)
        return [*recent, *self._open.values()]


def _reduced(job: Job) -> Job:
    """Return a job without the fields that no metric uses, unless the monitor lists it."""
    if job.state in _SHOWN:
        return job
    attempts = tuple(_without_message(attempt) for attempt in job.attempts)
    summary = Summary(0, job.summary.duration_s, "") if job.summary is not None else None
    bare = replace(job, path="", options=_NO_OPTIONS, summary=summary, earlier=None, fingerprint=None)
    return replace(bare, attempts=attempts)


def _without_message(attempt: Attempt) -> Attempt:
    error = attempt.error
    if error is None:
        return attempt
    return replace(attempt, error=ErrorInfo(error.kind, error.code, ""))
