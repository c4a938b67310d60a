"""The monitor's rows: workers, of which events and snapshots know a part each, and their computers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fi_desktop.core.job import Job, JobState
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
from fi_desktop.system.devices import HostFigures
from fi_desktop.viewmodel.monitor import MonitorSnapshot
from fi_desktop.viewmodel.progress import keep_progress, progressed
from fi_desktop.viewmodel.rows import Row, row_of

CPU_SAMPLES = 60
"""Length of a worker's CPU history."""

SILENT_S = 30.0
"""A worker that works and sends nothing for this long has a problem, or its network has."""


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """One worker.

    Attributes:
        state: None if its process is not running.
        job: the recording that it processes, if any.
        cpus: percent of one core in the latest snapshots, the newest last.
        rss_bytes: resident memory, if known.
        gpu_bytes: GPU memory, if known.
        done: attempts that succeeded.
        failed: attempts that ended in an error.
        uptime_s: age of its process; None if it is not running.
        pid: its process; 0 if it is not running, or a thread of the program.
        silent_s: seconds since its last message; None while it has no job.
        host: its computer; "": this one.
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
    pid: int = 0
    silent_s: float | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class MachineRow:
    """One computer with its workers.

    Attributes:
        name: "": this computer.
        workers, working: how many, and how many of them have a job.
        cpu_percent: of all cores; of another computer: of the workers, percent of one core.
        memory_bytes: in use; of another computer: by the workers. None: unknown.
        memory_total: None: unknown.
        gpu_bytes: GPU memory of the workers, if known.
        disk_free: None: unknown.
        silent_s: seconds since the last message of a worker that works; None while none does.
        reachable: whether the server can be reached, as far as is known.
    """

    name: str
    workers: int
    working: int
    cpu_percent: float
    memory_bytes: int | None
    memory_total: int | None
    gpu_bytes: int | None
    disk_free: int | None
    done: int
    failed: int
    silent_s: float | None
    reachable: bool = True

    @property
    def answers(self) -> bool:
        """Whether it can be reached, and its workers were heard of lately, as far as they work."""
        return self.reachable and (self.silent_s is None or self.silent_s < SILENT_S)


def machines(workers: Sequence[WorkerRow], host: HostFigures | None) -> list[MachineRow]:
    """Return the computers: this one, and those that workers name, by name."""
    names = ["", *sorted({worker.host for worker in workers if worker.host})]
    return [_machine(name, workers, host if not name else None) for name in names]


def _machine(name: str, workers: Sequence[WorkerRow], host: HostFigures | None) -> MachineRow:
    own = [worker for worker in workers if worker.host == name]
    silences = [worker.silent_s for worker in own if worker.silent_s is not None]
    on_gpu = [worker.gpu_bytes for worker in own if worker.gpu_bytes is not None]
    return MachineRow(
        name=name,
        workers=sum(worker.state is not None for worker in own),
        working=sum(worker.state is WorkerState.BUSY for worker in own),
        cpu_percent=host.cpu_percent if host else sum(row.cpus[-1] for row in own if row.cpus),
        memory_bytes=host.memory_used if host else sum(worker.rss_bytes or 0 for worker in own),
        memory_total=host.memory_total if host else None,
        gpu_bytes=sum(on_gpu) if on_gpu else None,
        disk_free=host.disk_free if host else None,
        done=sum(worker.done for worker in own),
        failed=sum(worker.failed for worker in own),
        silent_s=min(silences, default=None),
        reachable=not own or any(worker.state is not WorkerState.AWAY for worker in own),
    )


class WorkerRows:
    """Combines events, which are immediate, with snapshots, which carry the measurements."""

    def __init__(self, speeds: Speeds) -> None:
        self._speeds = speeds
        self._gauges: tuple[WorkerGauge, ...] = ()
        self._gpu_bytes: dict[int, int] = {}
        self._infos: dict[str, WorkerInfo] | None = None  # None before the first WorkersChanged
        self._running: dict[str, Row] = {}  # by worker name
        self._cpus: dict[str, deque[float]] = {}

    @property
    def on_gpu(self) -> bool:
        """Whether any worker computes on a GPU."""
        return any(gauge.device.startswith("cuda") for gauge in self._gauges)

    def rows(self) -> list[WorkerRow]:
        """Return one row per worker, in slot order."""
        return [self._row(gauge) for gauge in self._gauges]

    def apply(self, events: Iterable[QueueEvent]) -> None:
        """Apply the queue's events."""
        for event in events:
            match event:
                case WorkersChanged(workers=workers):
                    self._infos = {info.name: info for info in workers}
                case JobChanged(job=job):
                    self._running = {name: row for name, row in self._running.items() if row.id != job.id}
                    if job.state is JobState.RUNNING:
                        self._running[job.attempts[-1].worker] = row_of(job, speeds=self._speeds)
                case JobProgressed():
                    self._apply_progress(event)

    def apply_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Adopt a snapshot's workers, measurements and running jobs."""
        self._gauges, self._gpu_bytes = snapshot.gauges, snapshot.gpu_bytes
        self._running = {job.attempts[-1].worker: self._job_row(job) for job in snapshot.running}
        names = {gauge.name for gauge in snapshot.gauges}
        self._cpus = {name: cpus for name, cpus in self._cpus.items() if name in names}
        for gauge in snapshot.gauges:
            self._cpus.setdefault(gauge.name, deque(maxlen=CPU_SAMPLES)).append(gauge.cpu_percent)

    def clear_history(self) -> None:
        """Restart the CPU histories after a break."""
        self._cpus.clear()

    def _job_row(self, job: Job) -> Row:
        known = self._running.get(job.attempts[-1].worker)
        row = row_of(job, speeds=self._speeds)
        return keep_progress(known, row) if known is not None and known.id == job.id else row

    def _apply_progress(self, event: JobProgressed) -> None:
        for name, row in self._running.items():
            if row.id == event.job_id:
                self._running[name] = progressed(row, event, self._speeds, time.time())

    def _row(self, gauge: WorkerGauge) -> WorkerRow:
        state = self._state(gauge)
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
            uptime_s=gauge.uptime_s if gauge.uptime_s > 0 else None,
            pid=gauge.pid,
            silent_s=gauge.silent_s,
            host=gauge.host,
        )

    def _state(self, gauge: WorkerGauge) -> WorkerState | None:
        if self._infos is not None:
            info = self._infos.get(gauge.name)
            return info.state if info is not None else None
        # the monitor was opened after the last WorkersChanged: infer the state from the running jobs
        if gauge.uptime_s <= 0:
            return None
        return WorkerState.BUSY if gauge.name in self._running else WorkerState.IDLE
