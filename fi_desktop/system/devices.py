"""Compute devices and this computer: which device each worker uses, how many fit, and what is in use.

GPUs are queried with `nvidia-smi`: the window's process never loads torch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

CPU = "cpu"

_SMI_TIMEOUT_S = 5.0
_WORKER_MEMORY_BYTES = 1_500_000_000
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HostFigures:
    """What this computer uses at the moment.

    Attributes:
        cpu_percent: of all its cores, since the last reading.
        memory_used, memory_total: bytes.
        disk_free, disk_total: of the disk with the data folder, bytes; None if it cannot be asked.
    """

    cpu_percent: float
    memory_used: int
    memory_total: int
    disk_free: int | None
    disk_total: int | None


def host_figures(folder: Path) -> HostFigures:
    """Measure this computer; folder: of the disk that is measured."""
    memory, disk = psutil.virtual_memory(), disk_space(folder)
    free, total = disk if disk is not None else (None, None)
    return HostFigures(psutil.cpu_percent(), memory.total - memory.available, memory.total, free, total)


def disk_space(folder: Path) -> tuple[int, int] | None:
    """Return free and all bytes of the disk with a folder; None if it cannot be asked."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return None
    return usage.free, usage.total


def default_workers() -> int:
    """Return how many workers to run on this computer: two if cores and free memory allow, else one."""
    cores = os.cpu_count() or 1
    fitting = psutil.virtual_memory().available // _WORKER_MEMORY_BYTES
    return int(max(1, min(2, cores, fitting)))


def devices(workers: int) -> tuple[str, ...]:
    """Return a device for each worker: "cuda:0", "cuda:1", … while there are GPUs, then "cpu"."""
    gpus = _gpu_count()
    return tuple(f"cuda:{number}" if number < gpus else CPU for number in range(workers))


def environment(device: str) -> dict[str, str]:
    """Return the environment variables that show a worker its own device only."""
    kind, _, number = device.partition(":")
    return {"CUDA_VISIBLE_DEVICES": number if kind == "cuda" else ""}


def gpu_memory() -> dict[int, int]:
    """Return GPU memory in bytes by process id; empty if unknown. May block for a second.

    In a container, and with the desktop driver on Windows, the driver reports no processes or no amounts.
    """
    return parse_gpu_memory(
        nvidia_smi("--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits")
    )


def parse_gpu_memory(output: str) -> dict[int, int]:
    """Parse lines such as "4711, 1532" (MiB); a process on two GPUs has two lines."""
    used: dict[int, int] = {}
    for line in output.splitlines():
        pid, _, mebibytes = line.partition(",")
        if pid.strip().isdecimal() and mebibytes.strip().isdecimal():
            used[int(pid)] = used.get(int(pid), 0) + int(mebibytes) * _MIB
    return used


def nvidia_smi(*arguments: str) -> str:
    """Return the output of the NVIDIA driver's tool; "" if it is missing or fails. May block for a second."""
    tool = _find_nvidia_smi()
    if tool is None:
        return ""
    try:
        done = subprocess.run(
            [str(tool), *arguments], capture_output=True, text=True, timeout=_SMI_TIMEOUT_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


@cache
def _gpu_count() -> int:
    return sum(line.startswith("GPU ") for line in nvidia_smi("--list-gpus").splitlines())


def _find_nvidia_smi() -> Path | None:
    for folder in _tool_folders():
        tool = folder / ("nvidia-smi.exe" if sys.platform == "win32" else "nvidia-smi")
        # A relative PATH entry may be the folder of a recording: never run a program from there.
        if folder.is_absolute() and os.access(tool, os.X_OK):
            return tool
    return None


def _tool_folders() -> list[Path]:
    """Return the driver's install folders on Windows, and the folders of PATH elsewhere."""
    if sys.platform != "win32":
        return [Path(folder) for folder in os.get_exec_path()]
    roots = (("SystemRoot", "System32"), ("ProgramW6432", r"NVIDIA Corporation\NVSMI"))
    return [Path(os.environ[variable]) / below for variable, below in roots if variable in os.environ]
