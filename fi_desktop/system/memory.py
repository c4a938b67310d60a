"""Memory that a library has freed, but the C library keeps."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache


def release_freed_memory() -> None:
    """Return freed memory to the operating system, where the C library is glibc; takes milliseconds.

    glibc keeps blocks of up to 32 MB for the thread that freed them. Two libraries that take turns with large
    blocks in different threads would need the sum of both.
    """
    if (trim := _trim()) is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; on Windows, None names none
        return None
    return trim
