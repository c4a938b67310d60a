"""What a process of the program asks of the system first: files for its own account alone, no core dumps."""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_DUMPABLE = 4
_OWNER_ONLY = 0o077


def keep_private() -> None:
    """Create files that no other account can read, and leave no memory image if the process crashes.

    Child processes inherit both.
    """
    os.umask(_OWNER_ONLY)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def forbid_dumps() -> None:
    """Keep crash reporters from storing this process's memory: on Linux they ignore the limit of core files.

    For workers only: the desktop's portals look into the process of the window.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0)
