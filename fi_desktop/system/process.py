"""Protection of this process: private files, no core dumps, a maximum file size."""

from __future__ import annotations

import ctypes
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
