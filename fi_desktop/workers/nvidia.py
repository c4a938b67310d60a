"""NVIDIA's driver tool, `nvidia-smi`: run by its full path, never from the current folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_PATIENCE_S = 5.0


def nvidia_smi(*arguments: str) -> str:
    """Return what the tool prints; "" if there is none, or it fails. May take a second."""
    tool = _tool()
    if tool is None:
        return ""
    try:
        done = subprocess.run(
            [str(tool), *arguments], capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _tool() -> Path | None:
    for folder in _folders():
        tool = folder / ("nvidia-smi.exe" if sys.platform == "win32" else "nvidia-smi")
        # a relative entry of PATH means the folder of whatever recording was opened
        if folder.is_absolute() and os.access(tool, os.X_OK):
            return tool
    return None


def _folders() -> list[Path]:
    """Return where the driver installs the tool; elsewhere than on Windows, the folders of PATH."""
    if sys.platform != "win32":
        return [Path(folder) for folder in os.get_exec_path()]
    roots = (("SystemRoot", "System32"), ("ProgramW6432", r"NVIDIA Corporation\NVSMI"))
    return [Path(os.environ[variable]) / below for variable, below in roots if variable in os.environ]
