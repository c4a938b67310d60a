"""Memory that libraries have freed, but the C library keeps."""

from __future__ import annotations

import ctypes
import math
import mmap
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_M_ARENA_MAX = -8  # in malloc.h
_ALIGNMENT = 64  # of an array: a line of the processor's cache


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
    return share_own_pages({"": (shape, kind)})[""]


def share_own_pages(wanted: Mapping[str, tuple[Sequence[int], DTypeLike]]) -> dict[str, NDArray[Any]]:
    """Return arrays of zeros in one block of memory, which goes back with the last of them.

    Arrays of some megabytes that are used for a moment are best in one block: Linux gives it pages of 2 MB,
    each with one page fault instead of 512.

    wanted: shape and type by name.
    """
    starts, end = [], 0
    for shape, kind in wanted.values():
        starts.append(end)
        size = math.prod(shape) * np.dtype(kind).itemsize
        end += -(-size // _ALIGNMENT) * _ALIGNMENT
    block = _map_pages(max(1, end))
    return {
        name: np.frombuffer(block, kind, math.prod(shape), start).reshape(shape)
        for (name, (shape, kind)), start in zip(wanted.items(), starts, strict=True)
    }


def _map_pages(size: int) -> mmap.mmap:
    if not hasattr(mmap, "MAP_PRIVATE"):  # Windows
        return mmap.mmap(-1, size)
    # without these flags it would be memory that processes share, at twice the time
    block = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with suppress(OSError):  # a kernel without them
            block.madvise(mmap.MADV_HUGEPAGE)
    return block


@cache
def _function(name: str) -> Callable[..., int] | None:
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another C library; on Windows, None names none
        return None
    return function
