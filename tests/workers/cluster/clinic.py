"""A clinic's server for tests: a real Redis, and real workers, each a process that a test may kill."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pytest

MISSING = (
    "redis-server is not installed"
    if shutil.which("redis-server") is None
    else "fi-desktop[cluster] is not installed"
    if find_spec("celery") is None
    else ""
)
"""Why there can be no server; "" if there can."""

_PATIENCE_S = 120.0


class Clinic:
    """A server, and what desktops need to know of it.

    Attributes:
        folder: for everything it writes.
        transfer: the folder for transfers.
        workers: its Celery workers.
    """

    def __init__(self, folder: Path, *, tls: bool = False) -> None:
        from fi_desktop.workers.cluster.orders import ClusterKey

        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.transfer = folder / "transfer"
        self.transfer.mkdir(exist_ok=True)
        self.key = folder / "key"
        ClusterKey.create(self.key)
        self.tls = tls
        if tls:
            make_certificate(folder)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.redis: subprocess.Popen[bytes] | None = None
        self.workers: list[subprocess.Popen[bytes]] = []
        self._started = 0

    @property
    def url(self) -> str:
        return f"redis{'s' * self.tls}://127.0.0.1:{self.port}/0"

    def settings(self, **others: object) -> dict[str, Any]:
        """Return the settings of a desktop that uses this server."""
        return agreed_to(
            {
                "send_recordings": True,
                "broker": self.url,
                "transfer": self.transfer.as_uri(),
                "cluster_key": str(self.key),
                "server_jobs": 1,
                "broker_certificates": str(self.folder / "ca.pem") if self.tls else "",
                **others,
            }
        )

    # ---- Redis

    def start_redis(self) -> None:
        """Start Redis, with what it had on disk."""
        data = self.folder / "redis"
        data.mkdir(exist_ok=True)
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": data,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "loglevel": "warning",
            "logfile": data / "log",
        }
        if self.tls:
            files = {"cert": "cert.pem", "key": "key.pem", "ca-cert": "ca.pem"}
            options |= {f"tls-{name}-file": self.folder / file for name, file in files.items()}
            options |= {"port": 0, "tls-port": self.port, "tls-auth-clients": "no"}
        command = [
            "redis-server",
            *(part for name, value in options.items() for part in (f"--{name}", str(value))),
        ]
        self.redis = subprocess.Popen(command)
        assert self.client.ping(), "Redis did not start"

    def kill_redis(self) -> None:
        """End Redis as a power cut does."""
        assert self.redis is not None
        self.redis.kill()
        self.redis.wait()

    @property
    def client(self) -> Any:
        """A connection to Redis, once it answers."""
        import redis

        certificates: dict[str, Any] = (
            {"ssl": True, "ssl_ca_certs": str(self.folder / "ca.pem")} if self.tls else {}
        )
        client = redis.Redis("127.0.0.1", self.port, socket_timeout=5, **certificates)
        until(lambda: _answers(client) or (self.redis is not None and self.redis.poll() is not None))
        return client

    # ---- workers

    def start_worker(
        self, *, processes: int = 1, program: tuple[str, ...] = ("-m", "fi_desktop"), **env: str
    ) -> None:
        """Start a Celery worker on its own data folder, and wait until it is there."""
        number, self._started = self._started, self._started + 1
        home = self.folder / f"worker-{number}"
        home.mkdir(exist_ok=True)
        command = [sys.executable, *program, "worker", "--broker", self.url, "--key", str(self.key)]
        command += ["--transfer", self.transfer.as_uri(), "--concurrency", str(processes)]
        if self.tls:
            command += ["--certificates", str(self.folder / "ca.pem")]
        log = (self.folder / f"worker-{number}.log").open("ab")
        with log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=os.environ | {"FI_DESKTOP_HOME": str(home)} | env,
                start_new_session=True,
            )
        self.workers.append(process)
        until(lambda: process.poll() is not None or self._is_there(process.pid))
        assert process.poll() is None, (self.folder / f"worker-{number}.log").read_text()

    def _is_there(self, pid: int) -> bool:
        if not _living_children(pid):
            return False  # its processes come a little later
        return any(key.endswith(f"-{pid}".encode()) for key in self.client.keys("fi:worker:*"))

    def children(self, worker: subprocess.Popen[bytes]) -> list[psutil.Process]:
        """Return the processes of a Celery worker that do the attempts, once there are any."""
        until(lambda: _living_children(worker.pid))
        return _living_children(worker.pid)

    def suspend_process(self) -> psutil.Process:
        """Suspend the only worker's only process, or the one in its place if it has just ended."""
        while True:
            (worker,) = self.workers
            (process,) = self.children(worker)
            with suppress(psutil.NoSuchProcess):
                process.suspend()
                return process

    def kill_worker(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a Celery worker with all its processes, as when its computer is gone."""
        children = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
        worker.wait()
        self.workers.remove(worker)

    def restore(self) -> None:
        """Have Redis and one worker run, whatever was done to them."""
        if self.redis is None or self.redis.poll() is not None:
            self.start_redis()
        if not self.workers:
            self.start_worker()

    def stop(self) -> None:
        """Stop everything."""
        for worker in self.workers:
            if worker.poll() is None:
                worker.send_signal(signal.SIGTERM)
        for worker in list(self.workers):
            try:
                worker.wait(10.0)
            except subprocess.TimeoutExpired:
                self.kill_worker(worker)
        if self.redis is not None and self.redis.poll() is None:
            self.redis.terminate()
            self.redis.wait()

    # ---- what is left

    def files(self) -> list[str]:
        """Return the files of tasks in the folder for transfers."""
        return sorted(path.name for path in self.transfer.iterdir() if path.name != "fi-desktop-root")

    def keys(self) -> list[str]:
        """Return the claims and reports in Redis."""
        found = self.client.keys("fi:claim:*") + self.client.keys("fi:reports:*")
        return sorted(key.decode() for key in found)

    @property
    def home(self) -> Path:
        """The data folder of the worker that was started last."""
        return self.folder / f"worker-{self._started - 1}"

    def work(self) -> list[Path]:
        """Return the folders of attempts of the worker that was started last."""
        return list((self.home / "cluster").iterdir())

    def log(self) -> str:
        """Return the log of the worker that was started last."""
        return (self.home / "logs" / "fi-desktop.log").read_text()

    def is_clean(self) -> bool:
        """Whether nothing is left of any task."""
        return not self.files() and not self.keys()


def agreed_to(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings whose server a person has agreed to, unless they say something else."""
    from fi_desktop.settings import load
    from fi_desktop.workers.cluster.link import destination

    place = destination(load({}, broker=settings["broker"], transfer=settings["transfer"]))
    return {"agreed_server": place, **settings}


def until(condition: Any, timeout_s: float = _PATIENCE_S) -> None:
    """Wait for something that no event tells."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def _living_children(pid: int) -> list[psutil.Process]:
    """Return the children of a process, without those that have ended and are replaced soon."""
    found = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):
            if child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
    return found


def _answers(client: Any) -> bool:
    import redis

    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@contextmanager
def running_clinic(
    folder: Path, *, workers: int = 1, processes: int = 1, tls: bool = False
) -> Iterator[Clinic]:
    """Run a server with some Celery workers."""
    if MISSING:
        pytest.skip(MISSING)
    clinic = Clinic(folder, tls=tls)
    try:
        clinic.start_redis()
        for _ in range(workers):
            clinic.start_worker(processes=processes)
        yield clinic
    finally:
        clinic.stop()


def make_certificate(folder: Path) -> None:
    """Make a CA, and a certificate of it for 127.0.0.1."""
    openssl = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    ca = [*openssl, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=clinic CA"]
    own = [
        *openssl,
        "-keyout",
        "key.pem",
        "-out",
        "cert.pem",
        "-subj",
        "/CN=clinic",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
    ]
    own += ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
    for command in (ca, own):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
