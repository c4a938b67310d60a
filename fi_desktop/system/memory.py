"""Memory that libraries have freed, but the C library keeps."""

from __future__ import annotations

import ctypes
import math
import mmap
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_M_ARENA_MAX = -8  # in malloc.h


def release_freed_memory() -> None:
    """Return freed memory to the operating system, where the C library is glibc; takes milliseconds.

    glibc keeps blocks of up to 32 MB for the thread that freed them. Two libraries that take turns with large
    blocks in different threads would need the sum of both. And aligned blocks, which ONNX Runtime takes, are
    not always taken from freed ones (glibc bug 30723): a loop without this needed 20 MB more with each pass.
    """
    if (trim := _function("malloc_trim")) is not None:
        trim(0)


def share_one_heap() -> None:
    """Let all threads of this process take their memory from one place, where the C library is glibc.

    By default each thread has its own, and what one has freed is of no use to another: transcription of half
    an hour in two threads took 1,036 MB instead of 902.
    """
    if (set_option := _function("mallopt")) is not None:
        set_option(_M_ARENA_MAX, 1)


def own_pages(shape: Sequence[int], kind: DTypeLike) -> NDArray[Any]:
    """Return an array of zeros whose memory goes back to the operating system with it.

    In the C library's memory, an array that stays would keep all that was freed around it.
    """
    size = math.prod(shape) * np.dtype(kind).itemsize
    return np.frombuffer(mmap.mmap(-1, max(1, size)), dtype=kind, count=math.prod(shape)).reshape(shape)


@cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another C library; on Windows, None names none
        return None
    return function
