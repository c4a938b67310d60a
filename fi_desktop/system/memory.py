"""Memory that a library has freed, but the C library keeps."""

from __future__ import annotations

import ctypes
import math
import mmap
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


def release_freed_memory() -> None:
    """Return freed memory to the operating system, where the C library is glibc; takes milliseconds.

    glibc keeps blocks of up to 32 MB for the thread that freed them. Two libraries that take turns with large
    blocks in different threads would need the sum of both.
    """
    if (trim := _trim()) is not None:
        trim(0)


def own_pages(shape: Sequence[int], kind: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros whose memory goes back to the operating system with it.

    In the C library's memory, an array that stays would keep all that was freed around it.
    """
    size = math.prod(shape) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, max(1, size)), dtype=kind, count=math.prod(shape)).reshape(shape)


@cache
def _trim() -> Callable[[int], int] | None:
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; on Windows, None names none
        return None
    return trim
