"""Run the program as a person does: as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

PATIENCE_S = 300


def environment(home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "FI_DESKTOP_HOME": str(home), **more}


def fi_desktop(*arguments: object, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "fi_desktop", *map(str, arguments)],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def start(*arguments: object, home: Path, **more: str) -> subprocess.Popen[str]:
    """Start a command, to be read, and killed."""
    return subprocess.Popen(
        [sys.executable, "-m", "fi_desktop", *map(str, arguments)],
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_as_in_a_terminal if os.name == "posix" else None,
    )


def _as_in_a_terminal() -> None:
    """Let Ctrl-C be heard: a shell starts what is to run in the background deaf to it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def lines(output: str) -> list[dict[str, Any]]:
    """Read JSON lines; every line must be one."""
    return [json.loads(line) for line in output.splitlines()]
