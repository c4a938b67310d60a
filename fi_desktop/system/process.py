"""What a process of the program asks of the system first: private files, no core dumps, a largest file."""

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


def limit_files(largest_bytes: int) -> None:
    """Let this process write no larger file; beyond it, writing fails with EFBIG. Does nothing on Windows."""
    if sys.platform != "win32":
        import resource

        # Python itself ignores SIGXFSZ, which would else end the process.
        _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
        bound = largest_bytes if most == resource.RLIM_INFINITY else min(largest_bytes, most)
        resource.setrlimit(resource.RLIMIT_FSIZE, (bound, bound))
