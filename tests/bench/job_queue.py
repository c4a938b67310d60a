"""Throughput and latency of the queue and its peers: `python -m tests.bench.job_queue [--peers PYTHON]`.

No-op jobs, two workers. A burst measures jobs started per second, from the first submit to the last start;
paced jobs measure the time from a submit to the start in a worker while nothing else waits. Ours is the real
service, store (synchronous FULL), pool and worker processes; only the pipeline is a no-op, and no worker is
recycled, as with the peers. "Sealed" is the same on a sealed data folder. The peers are Celery + Redis (acks
late, append-only file synced every second) and SqliteHuey (synchronous FULL). Rounds alternate, so that noise
affects all.

The peers are not dependencies of the project. The row of a missing one says so:

    python3 -m venv peers && peers/bin/pip install "celery[redis]" huey
    apt install redis-server
    python -m tests.bench.job_queue --peers peers/bin/python

It is not called queue.py, which scripts in this folder would import instead of the standard library's.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fi_desktop import pipeline
from fi_desktop.core import events as ev
from fi_desktop.core.job import Job, apply
from fi_desktop.core.values import JobOptions, Priority, Summary
from fi_desktop.jobs.queue_events import WorkerState
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load
from fi_desktop.system.garbage import collect_seldom
from fi_desktop.workers import process
from tests.app_driver import running_app
from tests.bench.starts import Watch, median, note_start, p95
from tests.vault.keyrings import memory_keyring

JOBS = 2_000
PACED = 200
EVERY_S = 0.025
STORED = 100_000
_PAGE = 2_000  # jobs on the first page of the window
_PEERS = {"celery_job": "Celery + Redis", "huey_job": "SqliteHuey"}
_SUMMARY = Summary(2, 600.0, "builtin", "clear")
_real_main = process.main

# ---- ours


def noop_worker(pipe: Connection, device: str, grants: Connection | None = None, *_confined: object) -> None:
    """Run a worker process whose pipeline does nothing, and which notes in the data folder when it starts."""
    if grants is not None:
        threading.Thread(target=_read_all, args=(grants,), daemon=True).start()  # as its opener would

    def run(task: pipeline.Task, reporter: object) -> Summary:
        note_start(Path(task.folder).parents[1], int(Path(task.path).stem))
        return _SUMMARY

    pipeline.run = run
    _real_main(pipe, device)


def _read_all(pipe: Connection) -> None:
    with suppress(EOFError, OSError):
        while True:
            pipe.recv_bytes()


def measure_sealed(home: Path) -> dict[str, Any]:
    """Measure the queue on a sealed data folder; the keyring is in memory."""
    with memory_keyring():
        return measure_ours(home, sealed=True)


def measure_ours(home: Path, *, sealed: bool = False) -> dict[str, Any]:
    """Measure the queue on a data folder, which may hold jobs of earlier rounds."""
    watch = Watch(home)
    numbers = iter(range(watch.sent + 1, watch.sent + 2 * JOBS + PACED + 1))
    together = home / f"together-{watch.sent}"
    recordings = {
        number: write_recording(folder, number)
        for folder, count in ((home / "single", JOBS), (together, JOBS), (home / "paced", PACED))
        for number in islice(numbers, count)
    }
    process.main = noop_worker  # type: ignore[assignment]
    began = time.perf_counter()
    with running_app(home, workers=2, recycle_jobs=0, seal=sealed) as driver, collect_seldom():
        service = driver.app.service
        listed = service.jobs(limit=_PAGE).result()
        start_s = time.perf_counter() - began
        driver.wait_for(lambda: [w.state for w in driver.workers()] == [WorkerState.IDLE] * 2)

        def send_each(numbers: list[int]) -> None:
            for number in numbers:
                service.submit([recordings[number]])

        def send_folder(_numbers: list[int]) -> None:
            service.submit([together])

        return {
            "burst": watch.burst(send_each, JOBS),
            "folder": watch.burst(send_folder, JOBS),
            "paced_ms": watch.paced(send_each, PACED, EVERY_S),
            "start_s": start_s,
            "listed": len(listed),
        }


def write_recording(folder: Path, number: int) -> Path:
    """Write a unique file to submit; it holds no sound."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{number:08d}.wav"
    path.write_text(path.stem)
    return path


def fill(home: Path) -> None:
    """Create a store of finished jobs with their folders, as months of work leave it."""
    settings = load({"FI_DESKTOP_HOME": str(home)})
    store = JobStore(settings.store)
    now = time.time()
    for _ in range(0, STORED, _PAGE):
        with store.transaction():
            for _ in range(_PAGE):
                job_id = store.next_id()
                job: Job | None = None
                claim = f"1.{job_id}.1"
                for event in (
                    ev.Submitted(job_id, now, f"/recordings/{job_id}.wav", JobOptions(), Priority.NORMAL),
                    ev.Claimed(job_id, now, claim, "worker-1"),
                    ev.Completed(job_id, now, claim, _SUMMARY),
                ):
                    before, job = job, apply(job, event)
                    store.write(before, job, event)
    for job_id in store.ids():
        (settings.jobs / str(job_id)).mkdir(parents=True)
    store.close()


# ---- the peers


def missing(name: str, python: str) -> str | None:
    """Return why a peer cannot be measured, or None."""
    packages = {"celery_job": "kombu.transport.redis, celery", "huey_job": "huey"}[name]
    if subprocess.run(
        [python, "-c", f"import {packages}"], stderr=subprocess.DEVNULL, check=False
    ).returncode:
        return "skipped: not installed"
    if name == "celery_job" and shutil.which("redis-server") is None:
        return "skipped: no redis-server"
    return None


def measure_peer(name: str, python: str, folder: Path) -> dict[str, Any]:
    """Measure a peer in a Python that has it installed."""
    here = Path(__file__).parent
    environment = {
        "PYTHONPATH": os.pathsep.join((str(here), str(here / "peers"))),
        "PEER_FOLDER": str(folder),
    }
    command = [python, str(here / "peers" / "measure.py"), name, str(JOBS), str(PACED), str(EVERY_S)]
    with redis(folder) if name == "celery_job" else nullcontext("") as url:
        done = subprocess.run(
            command,
            env={**os.environ, **environment, "PEER_REDIS_URL": url},
            stdout=subprocess.PIPE,
            check=True,
        )
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Run Redis on a free port, its append-only file synced every second."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "port": port,
        "bind": "127.0.0.1",
        "dir": folder,
        "appendonly": "yes",
        "appendfsync": "everysec",
    }
    command = [
        "redis-server",
        *(part for name, value in options.items() for part in (f"--{name}", str(value))),
    ]
    with subprocess.Popen([*command, "--save", ""], stdout=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            yield f"redis://127.0.0.1:{port}"
        finally:
            server.terminate()


def wait_for_port(port: int) -> None:
    """Wait until the port accepts connections."""
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("redis-server did not start")


# ---- the table


def show(results: dict[str, list[dict[str, Any]]], skipped: dict[str, str]) -> None:
    """Print the medians of all rounds as a Markdown table."""
    celery = [result["burst"] for result in results.get("celery_job", [])]

    def row(name: str, bursts: list[float], paced: list[list[float]]) -> None:
        times = f"{median(bursts) / median(celery):.1f}" if celery else "?"
        latency = "| | "
        if paced:
            latency = (
                f"| {median([median(p) for p in paced]):.1f} ms | {median([p95(p) for p in paced]):.1f} ms "
            )
        spread = f"{min(bursts):,.0f} to {max(bursts):,.0f}"
        print(f"| {name} | {median(bursts):,.0f} | {spread} | {times} {latency}|")

    print("| Queue | Burst, jobs/s | Spread | Times Celery | Submit to start, median | p95 |")
    print("|---|---|---|---|---|---|")
    for name, title in (
        ("ours", "fi-desktop"),
        ("sealed", "fi-desktop, sealed"),
        ("stored", f"fi-desktop, {STORED:,} jobs in its store"),
    ):
        found = results.get(name, [])
        if found:
            paced = [result["paced_ms"] for result in found]
            row(f"{title}, {JOBS:,} submits", [result["burst"] for result in found], paced)
            row(f"{title}, one folder", [result["folder"] for result in found], [])
    for name, title in _PEERS.items():
        if name in skipped:
            print(f"| {title} | {skipped[name]} | | | | |")
        else:
            found = results[name]
            row(title, [result["burst"] for result in found], [result["paced_ms"] for result in found])
    for name in ("ours", "stored"):
        starts = [result["start_s"] for result in results.get(name, [])]
        if starts:
            listed = results[name][0]["listed"]
            print(f"\nStart-up, {name}: {median(starts):.2f} s until the first {listed:,} jobs are listed")


def main() -> None:
    """Measure all, round by round, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="a Python with the peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-stored", action="store_true", help=f"leave out the {STORED:,} jobs")
    options = parser.parse_args()
    skipped = {name: why for name in _PEERS if (why := missing(name, options.peers)) is not None}
    results: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full"
        if not options.without_stored:
            print(f"storing {STORED:,} jobs", file=sys.stderr)
            fill(full)
        for number in range(options.rounds):
            round_folder = Path(folder) / str(number)
            round_folder.mkdir()
            results["ours"].append(measure_ours(new(round_folder / "ours")))
            results["sealed"].append(measure_sealed(new(round_folder / "sealed")))
            for name in _PEERS:
                if name not in skipped:
                    results[name].append(measure_peer(name, options.peers, new(round_folder / name)))
            if not options.without_stored:
                # not on a copy: copying and deleting 100,000 folders takes longer than all else
                results["stored"].append(measure_ours(full))
            shutil.rmtree(round_folder)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    show(results, skipped)


def new(folder: Path) -> Path:
    """Create a folder and return it."""
    folder.mkdir()
    return folder


if __name__ == "__main__":
    main()
