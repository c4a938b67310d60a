"""This process: private files, no core dumps, a maximum file size, and its end after a window."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_OWNER_ONLY = 0o077


def keep_private() -> None:
    """Create files readable by this account only, and no core file after a crash; inherited by children."""
    os.umask(_OWNER_ONLY)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_dumps() -> None:
    """Keep crash reporters from storing this process's memory: on Linux they ignore RLIMIT_CORE.

    For workers only: desktop portals inspect the process of the window.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)


def limit_files(largest_bytes: int) -> None:
    """Limit the size of files this process writes; beyond it, writes fail with EFBIG. Not on Windows."""
    if sys.platform != "win32":
        import resource

        # Python ignores SIGXFSZ, so the write fails and the process lives.
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        limit = largest_bytes if hard == resource.RLIM_INFINITY else min(largest_bytes, hard)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def limit_memory(more_bytes: int) -> None:
    """Limit the memory that this process may have beyond what it has now; Linux only."""
    if sys.platform == "linux":
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + more_bytes
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def limit_open_files(number: int) -> None:
    """Limit how many files this process may have open; not on Windows."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (number, number))


def end_with_parent(parent: int) -> None:
    """Ensure on Linux that this process is killed when its parent, a process id, ends."""
    if sys.platform == "linux":
        # also ends a process in native code that runs no Python
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the call
            os._exit(1)


def end_after_window(status: int) -> None:
    """End a process that has shown a window, without the interpreter's teardown.

    There PySide6 6.11 now and then crashes, in Qt objects that outlive the application: after everything was
    saved, but a crash is what the person and the system see. Does nothing if no window was shown.
    """
    if "PySide6.QtWidgets" not in sys.modules:
        return
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as in a program without a terminal on Windows
            stream.flush()
    os._exit(status)
