"""Kill parts of a clinic at random while it works, and check that each job was done, and done once.

    python -m tests.crash.cluster_rounds [JOBS] [KILLS] [SEED]        (make cluster JOBS=10000 KILLS=200)

Two desktops send recordings of a fifth of a second to a server with four workers; see `cluster_worker.py` for
what these do not do. At random moments a worker, one of its processes, Redis or a desktop is killed with
SIGKILL and started again. At the end every job has to be COMPLETED by exactly one event, and nothing may be
left in the folder for transfers or in Redis. Before that, the same jobs run without kills, and as many plain
Celery tasks that do nothing, for comparison.
"""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from fi_desktop.core import events as ev
from fi_desktop.core.job import JobState
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import load
from tests.workers.cluster.clinic import Clinic, until

KINDS = ("worker", "process", "engine", "redis", "desktop")
DESKTOPS, WORKERS = 2, 4
_PROGRAM = ("-m", "tests.crash.cluster_worker")
_PATIENCE_S = 600.0
_PAUSE_S = (0.5, 3.0)
_AWAY_S = (0.0, 2.0)
_SETTINGS = {
    "backend": "cluster",
    "server_jobs": 4,
    "stuck_after_s": 5.0,
    "retry_delays_s": [0.1] * 20,
    "max_deliveries": 100,
}


@dataclass
class ClusterFigures:
    """The outcome.

    Attributes:
        kills: by kind.
        lost: jobs that are not completed at the end.
        doubled: jobs that were completed more than once.
        attempts: of all jobs.
        left: files and keys that are left.
        seconds: until the last job was completed.
        starts_s: for each job, from submitted to the start of its first attempt.
    """

    jobs: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    attempts: int = 0
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0
    starts_s: list[float] = field(default_factory=list)


class Desktop:
    """A desktop's process, which is started again when it was killed."""

    def __init__(self, home: Path, settings: dict[str, Any], recordings: Path) -> None:
        self.home, self._settings = home, settings
        home.mkdir()
        self.process = self._start(str(recordings))
        self.acknowledged = self._read_until("acknowledged")
        self.done = threading.Event()
        self._reader = self._follow()

    def _start(self, *recordings: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.crash.cluster_desktop", str(self.home)]
        command += [json.dumps(self._settings), *recordings]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _read_until(self, word: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(word):
                return line
        raise AssertionError(f"the desktop ended before it said {word}")

    def _follow(self) -> threading.Thread:
        said = self.process.stdout
        assert said is not None

        def read() -> None:
            for line in said:
                if line.startswith("done"):
                    self.done.set()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        return reader

    def kill(self) -> None:
        """Kill it, and start it again without anything new to do."""
        self.end()
        self.process = self._start()
        self._read_until("started")
        self._reader = self._follow()

    def end(self) -> None:
        """Kill it, if it runs."""
        self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def stop(self) -> None:
        """End it as a person does."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(_PATIENCE_S) == 0


def run(folder: Path, jobs: int, kills: int, seed: int) -> ClusterFigures:
    """Run jobs on a clinic while parts of it are killed."""
    figures, rng, clinic = ClusterFigures(jobs), random.Random(seed), Clinic(folder / "clinic")
    desktops: list[Desktop] = []
    try:
        clinic.start_redis()
        for _ in range(WORKERS):
            clinic.start_worker(program=_PROGRAM)
        began = time.monotonic()
        for number in range(DESKTOPS):
            recordings = folder / f"recordings-{number}"
            write_recordings(recordings, jobs // DESKTOPS, number)
            settings = json.loads(json.dumps(clinic.settings(**_SETTINGS)))
            desktops.append(Desktop(folder / f"desktop-{number}", settings, recordings))
        for number in range(kills):
            time.sleep(rng.uniform(*_PAUSE_S))
            if all(desktop.done.is_set() for desktop in desktops):
                break
            kind = KINDS[number % len(KINDS)]
            if kill(kind, clinic, desktops, rng):
                figures.kills[kind] += 1
        for desktop in desktops:
            assert desktop.done.wait(_PATIENCE_S + jobs), "the desktop did not finish its queue"
        figures.seconds = time.monotonic() - began
        try:
            until(clinic.is_clean, 90.0)
        except AssertionError:
            figures.left = clinic.files() + clinic.keys()
        for desktop in desktops:
            desktop.stop()
            examine(desktop.home, figures)
    finally:
        for desktop in desktops:
            desktop.end()
        clinic.stop()
    return figures


def kill(kind: str, clinic: Clinic, desktops: list[Desktop], rng: random.Random) -> bool:
    """Kill something and start it again; return whether there was something to kill."""
    away_s = rng.uniform(*_AWAY_S)
    worker = rng.choice(clinic.workers)
    match kind:
        case "worker":
            clinic.kill_worker(worker)
            time.sleep(away_s)
            clinic.start_worker(program=_PROGRAM)
        case "process" | "engine":
            children = psutil.Process(worker.pid).children(recursive=kind == "engine")
            found = [child for child in children if kind == "process" or is_engine(child)]
            if not found:
                return False
            with suppress(psutil.NoSuchProcess):
                rng.choice(found).kill()
        case "redis":
            clinic.kill_redis()
            time.sleep(away_s)
            clinic.start_redis()
        case _:
            running = [desktop for desktop in desktops if not desktop.done.is_set()]
            if not running:
                return False
            rng.choice(running).kill()
    return True


def is_engine(process: psutil.Process) -> bool:
    """Whether a process of a worker is the confined one."""
    try:
        return "--multiprocessing-fork" in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def examine(home: Path, figures: ClusterFigures) -> None:
    """Count what the store of a desktop says."""
    store = JobStore(load({"FI_DESKTOP_HOME": str(home)}).store)
    try:
        assert list(verify(store)) == []
        for job in store.jobs():
            completed = sum(isinstance(event, ev.Completed) for event in store.events(job.id))
            figures.lost += job.state is not JobState.COMPLETED
            figures.doubled += completed > 1
            figures.attempts += len(job.attempts)
            figures.starts_s.append(job.attempts[0].started_at - job.submitted_at)
    finally:
        store.close()


def write_recordings(folder: Path, number: int, seed: int) -> None:
    """Write recordings of a fifth of a second, all different."""
    folder.mkdir()
    rng = random.Random(seed)
    for index in range(number):
        with wave.open(str(folder / f"{index:05}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(rng.randbytes(6_400))


def plain_celery(folder: Path, tasks: int) -> tuple[float, list[float]]:
    """Run tasks that do nothing by Celery alone; return the seconds for all, and for single ones."""
    clinic = Clinic(folder)
    worker = None
    try:
        clinic.start_redis()
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "tests.crash.plain_tasks",
            "worker",
            "-c",
            str(WORKERS),
        ]
        worker = subprocess.Popen(
            [*command, "--loglevel=ERROR", "--without-gossip", "--without-mingle"],
            env=os.environ | {"PLAIN_BROKER": clinic.url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.environ["PLAIN_BROKER"] = clinic.url
        from tests.crash.plain_tasks import app, nothing

        nothing.delay(0).get(timeout=_PATIENCE_S)
        alone = []
        for number in range(20):
            began = time.perf_counter()
            nothing.delay(number).get(timeout=_PATIENCE_S)
            alone.append(time.perf_counter() - began)
        began = time.perf_counter()
        results = [nothing.delay(number) for number in range(tasks)]
        while results:
            results.pop(0).get(timeout=_PATIENCE_S)
        took_s = time.perf_counter() - began
        app.close()
        gc.collect()  # results want Redis once more when they go
        return took_s, alone
    finally:
        if worker is not None:
            worker.terminate()
            worker.wait()
        clinic.stop()


def main(jobs: int, kills: int, seed: int) -> int:
    """Print the figures of runs without and with kills, and of plain Celery; return 0 if all is well."""
    failed = False
    for name, number in (("without kills", 0), ("with kills", kills)):
        with tempfile.TemporaryDirectory(prefix="fi-cluster-") as folder:
            figures = run(Path(folder), jobs, number, seed)
        print(
            f"{name}: {figures.jobs} jobs in {figures.seconds:.1f} s, "
            f"{figures.jobs / figures.seconds:.1f} a second; "
            f"{figures.attempts} attempts, kills {dict(figures.kills)}; "
            f"{figures.lost} lost, {figures.doubled} done twice, {len(figures.left)} files or keys left"
        )
        failed = failed or bool(figures.lost or figures.doubled or figures.left)
    with tempfile.TemporaryDirectory(prefix="fi-cluster-") as folder:
        took_s, alone = plain_celery(Path(folder), jobs)
    rate, single_s = jobs / took_s, median(alone)
    print(f"plain Celery: {jobs} tasks in {took_s:.1f} s, {rate:.1f} a second; one {single_s:.3f} s")
    return int(failed)


if __name__ == "__main__":
    given = [int(text) for text in sys.argv[1:]] + [1_000, 40, 1][len(sys.argv) - 1 :]
    sys.exit(main(*given))
