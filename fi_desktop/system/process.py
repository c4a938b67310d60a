"""This process: private files, no core dumps, a maximum file size, and its end after a window."""

from __future__ import annotations

import ctypes
import logging
import os
import sys

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
