"""The priority of a worker process: whether other programs go first.

Lowering is always allowed. Raising needs rights on Linux and macOS that most accounts do not have.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import psutil

_NICE = 10
_PROC = Path("/proc")


def lower(pid: int) -> bool:
    """Let other programs go before this process; return whether that was possible."""
    try:
        _set(pid, low=True)
    except (OSError, psutil.Error):
        return False  # it has just exited, or belongs to another account
    return True


def restore(pid: int) -> bool:
    """Give this process the priority of the app again; return whether that was allowed."""
    try:
        _set(pid, low=False)
    except (OSError, psutil.Error):
        return False
    return True


if sys.platform == "win32":
    _PROCESS_SET_INFORMATION = 0x0200
    _PROCESS_POWER_THROTTLING = 4
    _EXECUTION_SPEED = 1

    class _PowerThrottling(ctypes.Structure):
        """PROCESS_POWER_THROTTLING_STATE."""

        _fields_ = (
            ("version", ctypes.c_ulong),
            ("control_mask", ctypes.c_ulong),
            ("state_mask", ctypes.c_ulong),
        )

    def _set(pid: int, *, low: bool) -> None:
        level = psutil.BELOW_NORMAL_PRIORITY_CLASS if low else psutil.NORMAL_PRIORITY_CLASS
        psutil.Process(pid).nice(level)
        _set_eco_qos(pid, on=low)

    def _set_eco_qos(pid: int, *, on: bool) -> None:
        """Prefer efficient cores and clock rates; Windows before 10 version 1709 ignores it.

        https://learn.microsoft.com/windows/win32/api/processthreadsapi/nf-processthreadsapi-setprocessinformation
        """
        kernel = ctypes.WinDLL("kernel32")
        kernel.OpenProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.OpenProcess(_PROCESS_SET_INFORMATION, False, pid))
        if not handle:
            return
        state = _PowerThrottling(1, _EXECUTION_SPEED, _EXECUTION_SPEED if on else 0)
        try:
            kernel.SetProcessInformation(
                handle, _PROCESS_POWER_THROTTLING, ctypes.byref(state), ctypes.sizeof(state)
            )
        finally:
            kernel.CloseHandle(handle)

else:

    def _set(pid: int, *, low: bool) -> None:
        # not `taskpolicy -b` on macOS: on efficiency cores alone a job could pass its time limit
        own = os.getpriority(os.PRIO_PROCESS, 0)
        wanted = max(own, _NICE) if low else own
        done: set[int] = set()
        while new := _threads(pid) - done:  # a thread inherits the priority of the one that starts it
            for thread in new:
                try:
                    os.setpriority(os.PRIO_PROCESS, thread, wanted)
                except ProcessLookupError:
                    if thread == pid:
                        raise
            done |= new

    def _threads(pid: int) -> set[int]:
        """Return what has a separate priority: on Linux each thread, elsewhere the process."""
        if sys.platform != "linux":
            return {pid}
        return {int(entry.name) for entry in (_PROC / str(pid) / "task").iterdir()}
