"""Flower, started as docs/cluster.md says, for tests and for its picture."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from tests.workers.cluster.clinic import until
from tests.workers.cluster.secured import SecuredClinic

NO_FLOWER = "" if find_spec("flower") else "fi-desktop[flower] is not installed"
"""Why there can be no Flower; "" if there can."""


class Flower:
    """Celery's monitor, on a free port of this computer.

    Attributes:
        address: of its pages.
        login: user and password, with a colon between them.
    """

    def __init__(self, clinic: SecuredClinic) -> None:
        environment = clinic.environment("flower/flower.env")
        self.login = environment["FLOWER_BASIC_AUTH"]
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._log = clinic.folder / "flower.log"
        command = [sys.executable, "-m", "celery", "flower", "--address=127.0.0.1", f"--port={port}"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=clinic.etc / "flower", env=os.environ | environment
            )
        until(lambda: self._process.poll() is not None or self._knows_workers())
        assert self._process.poll() is None, self._log.read_text()

    def get(self, path: str) -> Any:
        """Return what its HTTP API says."""
        request = urllib.request.Request(self.address + path)
        request.add_header("Authorization", "Basic " + base64.b64encode(self.login.encode()).decode())
        with urllib.request.urlopen(request, timeout=20.0) as answer:
            return json.loads(answer.read())

    def tasks(self) -> dict[str, Any]:
        """Return the tasks that it shows, by id."""
        found = self.get("/api/tasks")
        assert isinstance(found, dict)
        return found

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait()

    def _knows_workers(self) -> bool:
        try:
            return bool(self.get("/api/workers?refresh=1"))
        except OSError:
            return False


@contextmanager
def running_flower(clinic: SecuredClinic) -> Iterator[Flower]:
    """Run Flower."""
    flower = Flower(clinic)
    try:
        yield flower
    finally:
        flower.stop()
