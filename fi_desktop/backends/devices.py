"""What workers compute on: one worker a GPU, the others on the processor."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

CPU = "cpu"
_PATIENCE_S = 5.0


def devices(workers: int) -> tuple[str, ...]:
    """Return a device for each worker: "cuda:0", "cuda:1", … as far as there are GPUs, then "cpu"."""
    gpus = _gpus()
    return tuple(f"cuda:{number}" if number < gpus else CPU for number in range(workers))


def environment(device: str) -> dict[str, str]:
    """Return the environment in which a worker sees its own device and no other."""
    kind, _, number = device.partition(":")
    return {"CUDA_VISIBLE_DEVICES": number if kind == "cuda" else ""}


@cache
def _gpus() -> int:
    """Count NVIDIA's GPUs by their driver's own tool: this process never loads torch."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    try:
        listed = subprocess.run(
            [tool, "--list-gpus"], capture_output=True, text=True, timeout=_PATIENCE_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.stdout.splitlines())
