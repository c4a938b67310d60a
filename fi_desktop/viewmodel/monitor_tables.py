"""The monitor's pages as tables for a spreadsheet, and the list of a group of failures.

Moments are ISO 8601 in UTC, lengths are seconds, sizes bytes. No table has the name of a recording or of a
patient: recordings are numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import PurePath

from fi_desktop.core.job import Job
from fi_desktop.core.text import one_line
from fi_desktop.exporters.csv_ import as_csv_table
from fi_desktop.jobs.metrics import Cause, Hour
from fi_desktop.jobs.queue_history import HistoryEntry
from fi_desktop.viewmodel.worker_rows import MachineRow, WorkerRow

_NO = ""


def workers_csv(workers: Iterable[WorkerRow]) -> bytes:
    """Return the workers, one row each."""
    heading = (
        "worker", "computer", "pid", "device", "state", "job", "cpu_percent", "memory_bytes", "gpu_bytes",
        "done", "failed", "uptime_s", "silent_s",
    )  # fmt: skip
    return as_csv_table(
        heading,
        (
            (
                worker.name,
                worker.host,
                _count(worker.pid or None),
                worker.device,
                worker.state.value if worker.state is not None else "not running",
                _count(worker.job.id if worker.job is not None else None),
                _number(worker.cpus[-1] if worker.cpus else None),
                _count(worker.rss_bytes),
                _count(worker.gpu_bytes),
                _count(worker.done),
                _count(worker.failed),
                _number(worker.uptime_s),
                _number(worker.silent_s),
            )
            for worker in workers
        ),
    )


def causes_csv(causes: Iterable[Cause]) -> bytes:
    """Return the failed recordings with the code of their cause, one row each."""
    rows = (
        (str(id), cause.code, moment(cause.first), moment(cause.last)) for cause in causes for id in cause.ids
    )
    return as_csv_table(("job", "code", "first_of_group", "last_of_group"), rows)


def history_csv(entries: Iterable[HistoryEntry]) -> bytes:
    """Return the history, one row an entry."""
    heading = ("at", "kind", "worker", "pid", "exit", "job", "code", "number")
    return as_csv_table(
        heading,
        (
            (
                moment(entry.at),
                entry.kind.value,
                entry.worker,
                _count(entry.pid or None),
                _count(entry.exit),
                _count(entry.job or None),
                entry.code,
                _count(entry.number or None),
            )
            for entry in entries
        ),
    )


def hours_csv(hours: Iterable[Hour]) -> bytes:
    """Return the figures of each hour."""
    heading = (
        "hour", "submitted", "completed", "failed", "audio_hours", "median_wait_s", "median_run_s",
    )  # fmt: skip
    return as_csv_table(
        heading,
        (
            (
                moment(hour.start),
                str(hour.submitted),
                str(hour.completed),
                str(hour.failed),
                f"{hour.audio_s / 3600:.4f}",
                _number(hour.wait_s),
                _number(hour.run_s),
            )
            for hour in hours
        ),
    )


def machines_csv(machines: Iterable[MachineRow]) -> bytes:
    """Return the computers; the name of this one is empty."""
    heading = (
        "computer", "workers", "working", "cpu_percent", "memory_bytes", "memory_total_bytes", "gpu_bytes",
        "disk_free_bytes", "done", "failed", "silent_s",
    )  # fmt: skip
    return as_csv_table(
        heading,
        (
            (
                machine.name,
                _count(machine.workers),
                _count(machine.working),
                _number(machine.cpu_percent),
                _count(machine.memory_bytes),
                _count(machine.memory_total),
                _count(machine.gpu_bytes),
                _count(machine.disk_free),
                _count(machine.done),
                _count(machine.failed),
                _number(machine.silent_s),
            )
            for machine in machines
        ),
    )


def failure_list(cause: Cause, text: str, jobs: Sequence[Job] = ()) -> str:
    """Return a group of failures as lines of tabs: number, code and cause, and the file names of `jobs`."""
    names = {job.id: one_line(PurePath(job.path).name) for job in jobs}
    lines = ((str(id), cause.code, text, *([names[id]] if id in names else [])) for id in cause.ids)
    return "\n".join("\t".join(line) for line in lines)


def moment(at: float) -> str:
    """Return a moment for a spreadsheet. at: UTC, seconds since the epoch."""
    return datetime.fromtimestamp(round(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _count(value: int | None) -> str:
    return _NO if value is None else str(value)


def _number(value: float | None) -> str:
    return _NO if value is None else f"{value:.1f}"
