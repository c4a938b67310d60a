"""A bound on the memory that FFmpeg allocates in one piece, whatever a file's header asks for."""

from __future__ import annotations

import ctypes
from pathlib import Path

import av

# The index of 24 hours of video takes half of it.
_LARGEST_BYTES = 256 * 1024 * 1024
_PACKAGE = Path(av.__file__).resolve().parent
# Where PyAV's wheels keep FFmpeg's libraries: on Linux and Windows, and on macOS.
_FOLDERS = (_PACKAGE.with_name("av.libs"), _PACKAGE / ".dylibs")


def bound_allocations(largest_bytes: int = _LARGEST_BYTES) -> bool:
    """Let FFmpeg's allocations of more than `largest_bytes` fail in this process.

    FFmpeg's own bound is 2 GiB, and PyAV has no way to change it.

    Returns: whether it could be done: only for a PyAV that brings FFmpeg along.
    """
    bounded = False
    for path in (path for folder in _FOLDERS for path in folder.glob("*avutil*")):
        try:
            # PyAV has loaded it: the same path gives the same library.
            max_alloc = ctypes.CDLL(str(path)).av_max_alloc
        except (OSError, AttributeError):
            continue
        max_alloc.argtypes, max_alloc.restype = [ctypes.c_size_t], None
        max_alloc(largest_bytes)
        bounded = True
    return bounded
