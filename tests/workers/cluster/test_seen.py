"""Workers of the server are shown with those of this computer: host, process, CPU, memory, last message."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import psutil
from rich.console import Console

from fi_desktop.cli.measurements import _workers_table
from fi_desktop.jobs.queue_events import WorkerState
from fi_desktop.jobs.speed import Speeds
from fi_desktop.system.devices import host_figures
from fi_desktop.viewmodel.monitor import MonitorSnapshot
from fi_desktop.viewmodel.worker_rows import WorkerRows, machines
from tests.app_driver import TIMEOUT_S, Driver, running_app
from tests.workers.cluster.clinic import Clinic, until


def table_of(driver: Driver) -> str:
    """Return what `fi-desktop metrics` prints of the workers."""
    console = Console(width=200)
    with console.capture() as capture:
        console.print(_workers_table(list(driver.app.gauges())))
    return capture.get()


def test_worker_of_the_server_is_shown_with_what_it_uses(
    home: Path, clinic: Clinic, long_recording: Path, tmp_path: Path
):
    host = socket.gethostname()
    with running_app(home, backend="both", workers=1, **clinic.settings()) as driver:
        driver.wait_for(
            lambda: WorkerState.IDLE in {worker.state for worker in driver.workers() if worker.host}
        )
        other = tmp_path / f"other{long_recording.suffix}"
        other.write_bytes(long_recording.read_bytes())
        ids = driver.submit(long_recording, other)  # one each

        def remote():
            return next((gauge for gauge in driver.app.gauges() if gauge.host == host), None)

        until(lambda: (gauge := remote()) is not None and gauge.rss_bytes > 1e6 and gauge.cpu_percent > 0.0)
        gauge = remote()
        assert gauge is not None
        (process,) = clinic.children(clinic.workers[0])
        assert gauge.pid in {child.pid for child in psutil.Process(process.pid).children(recursive=True)}
        assert gauge.device == "cpu"
        assert gauge.silent_s is not None
        assert 0.0 <= gauge.silent_s < 30.0
        rows = WorkerRows(Speeds())
        rows.apply(tuple(driver.events))
        gauges = driver.app.gauges()
        running = tuple(driver.job(job_id) for job_id in ids)
        rows.apply_snapshot(MonitorSnapshot(time.time(), gauges, {}, running, (), 0, 0, 0, {}))
        (worker,) = [row for row in rows.rows() if row.host]
        assert (worker.state, worker.pid) == (WorkerState.BUSY, gauge.pid)
        assert worker.job is not None
        here, there = machines(rows.rows(), host_figures(home))
        assert (here.name, here.workers, here.working) == ("", 1, 1)
        assert (there.name, there.workers, there.working, there.answers) == (host, 1, 1, True)
        assert there.memory_bytes is not None
        assert there.memory_bytes > 1e6
        table = table_of(driver)
        assert host in table
        assert "this one" in table
        assert f"{gauge.pid}" in table
        driver.app.service.cancel(ids).result(TIMEOUT_S)
        driver.wait_until_done(*ids)
        until(clinic.is_clean)
