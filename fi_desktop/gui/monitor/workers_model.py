"""The workers as the monitor shows them: what news tell of them at once, and what each look measures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QObject, Qt

from fi_desktop.core.job import Job, JobState
from fi_desktop.gui import widgets
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.monitor.cells import Heading, Index, RowsModel
from fi_desktop.gui.monitor.words import NOTHING, MonitorWords
from fi_desktop.jobs.queue_events import (
    JobChanged,
    JobProgressed,
    QueueEvent,
    WorkerGauge,
    WorkerInfo,
    WorkersChanged,
    WorkerState,
)
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.monitor_watch import Look
from fi_desktop.viewmodel.progress import keep_progress, progressed
from fi_desktop.viewmodel.rows import Row, row_of

REMEMBERED = 60
"""How many looks a worker's curve shows."""


class WorkerColumn(IntEnum):
    """The table's columns, from the left."""

    WORKER = 0
    STATE = 1
    JOB = 2
    CPU = 3
    MEMORY = 4
    GPU = 5
    DONE = 6
    FAILED = 7
    UPTIME = 8


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker.

    Attributes:
        state: None where nobody holds its place now.
        job: what it works on; None where it has nothing to do.
        cpus: its share of one core at the last looks, percent; the last one is now.
        rss_bytes, gpu_bytes: None where they are not known.
        uptime_s: how long its process has been there; None where there is none.
    """

    name: str
    device: str
    state: WorkerState | None
    job: Row | None
    cpus: tuple[float, ...]
    rss_bytes: int | None
    gpu_bytes: int | None
    done: int
    failed: int
    uptime_s: float | None


class WorkersModel(RowsModel):
    """The workers, in the order of their places."""

    def __init__(
        self, words: MonitorWords, parent: QObject | None = None, *, speeds: Speeds | None = None
    ) -> None:
        """Make an empty model; `speeds`: how fast the machine is, where that is known."""
        super().__init__(
            (
                Heading(self.tr("Worker")),
                Heading(self.tr("State")),
                Heading(self.tr("Recording")),
                Heading(self.tr("CPU"), self.tr("Of one core, and how that was in the last minute")),
                Heading(self.tr("Memory"), self.tr("Resident memory"), figures=True),
                Heading(self.tr("GPU memory"), self.tr("As the GPU's driver tells it"), figures=True),
                Heading(self.tr("Done"), self.tr("Attempts that ended well"), figures=True),
                Heading(self.tr("Failed"), self.tr("Attempts that ended in an error"), figures=True),
                Heading(self.tr("Up for"), self.tr("How long its process has been there"), figures=True),
            ),
            parent,
        )
        self.words = words
        self._speeds = speeds or Speeds()
        self.job_words = UiLabels(self)
        self._gauges: tuple[WorkerGauge, ...] = ()
        self._gpu_bytes: dict[int, int] = {}
        self._infos: dict[str, WorkerInfo] | None = None  # None: nothing was told yet
        self._running: dict[str, Row] = {}  # by the worker's name
        self._cpus: dict[str, deque[float]] = {}

    @property
    def on_gpu(self) -> bool:
        """Whether any worker computes on a GPU."""
        return any(gauge.device.startswith("cuda") for gauge in self._gauges)

    def worker(self, index: Index) -> WorkerRow:
        """Return the worker behind an index."""
        row: WorkerRow = self.rows[index.row()]
        return row

    def take_news(self, news: Iterable[QueueEvent]) -> None:
        """Take what happened since the last look."""
        for item in news:
            match item:
                case WorkersChanged(workers=workers):
                    self._infos = {info.name: info for info in workers}
                case JobChanged(job=job):
                    self._running = {name: row for name, row in self._running.items() if row.id != job.id}
                    if job.state is JobState.RUNNING:
                        self._running[job.attempts[-1].worker] = row_of(job, speeds=self._speeds)
                case JobProgressed():
                    self._progress(item)
        self._show()

    def take_look(self, look: Look) -> None:
        """Take what was measured."""
        self._gauges, self._gpu_bytes = look.gauges, look.gpu_bytes
        self._running = {job.attempts[-1].worker: self._row_of(job) for job in look.running}
        names = {gauge.name for gauge in look.gauges}
        self._cpus = {name: cpus for name, cpus in self._cpus.items() if name in names}
        for gauge in look.gauges:
            self._cpus.setdefault(gauge.name, deque(maxlen=REMEMBERED)).append(gauge.cpu_percent)
        self._show()

    def forget_curves(self) -> None:
        """Begin the curves anew: nobody looked for a while."""
        self._cpus.clear()

    def _row_of(self, job: Job) -> Row:
        known = self._running.get(job.attempts[-1].worker)
        row = row_of(job, speeds=self._speeds)
        return keep_progress(known, row) if known is not None and known.id == job.id else row

    def _progress(self, news: JobProgressed) -> None:
        for name, row in self._running.items():
            if row.id == news.job_id:
                self._running[name] = progressed(row, news, self._speeds, time.time())

    def _show(self) -> None:
        self.show_rows([self._worker_row(gauge) for gauge in self._gauges])

    def _worker_row(self, gauge: WorkerGauge) -> WorkerRow:
        state, held = self._state(gauge), gauge.uptime_s > 0
        working = state in (WorkerState.BUSY, WorkerState.STOPPING)
        return WorkerRow(
            name=gauge.name,
            device=gauge.device,
            state=state,
            job=self._running.get(gauge.name) if working else None,
            cpus=tuple(self._cpus.get(gauge.name, ())),
            rss_bytes=gauge.rss_bytes or None,
            gpu_bytes=self._gpu_bytes.get(gauge.pid),
            done=gauge.done,
            failed=gauge.failed,
            uptime_s=gauge.uptime_s if held else None,
        )

    def _state(self, gauge: WorkerGauge) -> WorkerState | None:
        if self._infos is not None:
            info = self._infos.get(gauge.name)
            return info.state if info is not None else None
        # the monitor was opened after the workers were last told of: a claim tells who works
        if gauge.uptime_s <= 0:
            return None
        return WorkerState.BUSY if gauge.name in self._running else WorkerState.IDLE

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell says."""
        if not index.isValid():
            return None
        row = self.worker(index)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, index.column())
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return self.detail(row, index.column()) or None
            case Qt.ItemDataRole.ToolTipRole if index.column() == WorkerColumn.JOB and row.job is not None:
                return widgets.plain_tooltip(
                    "\n".join(filter(None, (row.job.path, self.detail(row, WorkerColumn.JOB))))
                )
            case _:
                return None

    def detail(self, row: WorkerRow, column: int) -> str:
        """Return the second line of a cell; "" where it has none."""
        match column:
            case WorkerColumn.WORKER:
                return self.job_words.device(row.device)
            case WorkerColumn.JOB if row.job is not None and row.job.stage is not None:
                return f"{self.job_words.stage(row.job.stage)} · {self.words.share(row.job.share, 0)}"
            case _:
                return ""

    def _text(self, row: WorkerRow, column: int) -> str:
        match column:
            case WorkerColumn.WORKER:
                return self.job_words.worker(row.name)
            case WorkerColumn.STATE:
                return self.words.state(row.state)
            case WorkerColumn.JOB:
                return row.job.name if row.job is not None else NOTHING
            case WorkerColumn.CPU:
                return f"{self.words.number(row.cpus[-1], 0)} %" if row.cpus and row.rss_bytes else NOTHING
            case WorkerColumn.MEMORY:
                return self.words.amount(row.rss_bytes)
            case WorkerColumn.GPU:
                return self.words.amount(row.gpu_bytes)
            case WorkerColumn.DONE:
                return str(row.done)
            case WorkerColumn.FAILED:
                return str(row.failed)
            case _:
                return self.words.span(row.uptime_s)
