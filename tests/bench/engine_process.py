"""An engine in a separate process, for `diarizers.py` (scripts in `peers`) and `words.py`."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

_ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "LOKY_MAX_CPU_COUNT"),
    "1",
)
Turns = list[tuple[float, float, str]]


@dataclass(frozen=True)
class Engine:
    """A diarizer and how its process is started.

    Attributes:
        title: of its row.
        command: its process's; empty if it is missing.
        project: the checkout that it imports, if any.
        options: sent with each recording.
        takes_number: a number of speakers can be given.
        missing: why it cannot run.
    """

    title: str
    command: tuple[str, ...] = ()
    project: Path | None = None
    options: dict[str, Any] = field(default_factory=dict)
    takes_number: bool = True
    missing: str = ""


class EngineProcess:
    """The running process of an engine.

    Attributes:
        name: the engine's, with its version.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        environment = {**os.environ, **_ONE_THREAD}
        environment.pop("PYTHONPATH", None)
        if engine.project:
            environment["PYTHONPATH"] = str(engine.project)
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 open as long as it runs
        self._process = subprocess.Popen(
            engine.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
            text=True,
        )
        self.name: str = self._answer()

    def turns(self, path: Path, speakers: int | None, **options: Any) -> Turns:
        """Diarize a WAV file. speakers: None if not given."""
        turns: Turns = self.ask({"path": str(path), "speakers": speakers, **self._engine.options, **options})
        return turns

    def ask(self, request: dict[str, Any]) -> Any:
        """Send a request and return the answer, both as JSON."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def cpu_s(self) -> float:
        """Return the CPU time so far, with the children's."""
        me = psutil.Process(self._process.pid)
        return sum(sum(process.cpu_times()[:4]) for process in (me, *me.children(recursive=True)))

    def peak_bytes(self) -> int:
        """Return the largest resident memory so far (Linux).

        getrusage does not serve: a process inherits this one's peak.
        """
        status = Path(f"/proc/{self._process.pid}/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            sys.exit(f"{self._engine.title} failed:\n{self._errors.read()[-2000:]}")
        return json.loads(line)


class KeptAnswers:
    """A peer's turns from earlier runs; its process is started at the first question without an answer."""

    def __init__(self, engine: Engine, folder: Path | None, stack: ExitStack) -> None:
        self._engine, self._folder, self._stack = engine, folder, stack
        self._process: EngineProcess | None = None

    def turns(self, path: Path, speakers: int | None, **options: Any) -> Turns:
        """Return the kept turns, or ask and keep them."""
        options = {**self._engine.options, **options}
        if self._folder is None:
            return self._ask(path, speakers, options)
        asked = json.dumps([self._engine.title, speakers, options]).encode()
        name = hashlib.sha256(asked + path.read_bytes()).hexdigest()[:32]
        kept = self._folder / f"{name}.json"
        if not kept.exists():
            kept.write_text(json.dumps(self._ask(path, speakers, options)), encoding="utf-8")
        turns: Turns = json.loads(kept.read_bytes())
        return turns

    def _ask(self, path: Path, speakers: int | None, options: dict[str, Any]) -> Turns:
        if self._process is None:
            self._process = EngineProcess(self._engine)
            self._stack.callback(self._process.close)
        return self._process.turns(path, speakers, **options)
