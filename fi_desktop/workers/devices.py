"""What workers compute on: one worker a GPU, the others on the processor."""

from __future__ import annotations

from functools import cache

from fi_desktop.workers.nvidia import nvidia_smi

CPU = "cpu"


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
    return sum(line.startswith("GPU ") for line in nvidia_smi("--list-gpus").splitlines())
