"""Run the program in its own process, as a person does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

TIMEOUT_S = 300


def environment(home: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "FI_DESKTOP_HOME": str(home), **more}


def fi_desktop(*arguments: object, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command and wait for its end."""
    return subprocess.run(
        [sys.executable, "-m", "fi_desktop", *map(str, arguments)],
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def start(*arguments: object, home: Path, program: str = "fi_desktop", **more: str) -> subprocess.Popen[str]:
    """Start a command without waiting for its end; `program` is the module that is run."""
    return subprocess.Popen(
        [sys.executable, "-m", program, *map(str, arguments)],
        env=environment(home, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_accept_ctrl_c if os.name == "posix" else None,
    )


def _accept_ctrl_c() -> None:
    """Reset SIGINT, which a shell sets to be ignored in background processes."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def lines(output: str) -> list[dict[str, Any]]:
    """Parse JSON lines."""
    return [json.loads(line) for line in output.splitlines()]
