"""How much GPU memory each process has, where NVIDIA's own driver tool tells it. Knows no Qt.

The window's process never loads torch, and what another process has is known to the driver alone. In a
container, and with Windows' desktop driver, the tool names no process or no amount: then nothing is shown.
"""

from __future__ import annotations

from fi_desktop.workers.nvidia import nvidia_smi

_ASK = ("--query-compute-apps=pid,used_gpu_memory", "--format=csv,noheader,nounits")
_MIB = 1024 * 1024


def gpu_memory() -> dict[int, int]:
    """Return bytes of GPU memory by process; empty where they are not to be known. May take a second."""
    return read_table(nvidia_smi(*_ASK))


def read_table(told: str) -> dict[int, int]:
    """Read lines such as "4711, 1532"; a process on two GPUs has two."""
    used: dict[int, int] = {}
    for line in told.splitlines():
        pid, _, mebibytes = line.partition(",")
        if pid.strip().isdecimal() and mebibytes.strip().isdecimal():
            used[int(pid)] = used.get(int(pid), 0) + int(mebibytes) * _MIB
    return used
