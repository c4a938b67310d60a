"""The decoder process: reads one recording, and can do nothing else.

It is forked for each recording, and is given the recording and the files for the samples as open descriptors.
Before the first byte is parsed it gives up opening anything, sockets, programs and other processes; see
`system.confinement`. What it says goes through a pipe, as JSON, to a reader that believes none of it; see
`decoder_messages`. So a file that takes this process over can only spoil its own recording.
"""

from __future__ import annotations

import errno
import os
import sys
import time
import traceback
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.audio.decode import decode_to
from fi_desktop.audio.decoder_messages import (
    DecodingDone,
    done_message,
    failed_message,
    progress_message,
    unexpected_message,
)
from fi_desktop.audio.disk_space import LARGEST_BYTES, DiskSpace
from fi_desktop.audio.given_file import GivenFile
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError
from fi_desktop.system.confinement import restrict_calls, restrict_files
from fi_desktop.system.process import limit_files, limit_memory, limit_open_files
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal

LATE_MODULES = ("av.subtitles.codeccontext", "av.subtitles.stream", "numpy.fft", "numpy.linalg", "numpy.ma")
"""Modules that PyAV and NumPy import when they first need them: in a confined process that is too late."""

_PROGRESS_EVERY_S = 0.1
_MEMORY_BYTES = 3_000_000_000  # FFmpeg's single allocations are limited to a tenth of it
_OPEN_FILES = 64
_REFUSED = (errno.EPERM, errno.EACCES)  # by the confinement, and not by a drive that fails


def import_late_modules() -> None:
    """Import the modules that a confined process cannot import any more."""
    for module in LATE_MODULES:
        import_module(module)


def run(pipe: Connection, source: int, parts: Sequence[int], table: int, seal: FileSeal = IN_CLEAR) -> None:
    """Decode the recording `source` to one of `parts`, and write its seek table to `table`.

    seal: how both are written; it opens no other file of the job.
    """
    confine_decoder()
    try:
        pipe.send_bytes(_decode(pipe, source, parts, table, seal))
    except FiError as error:
        pipe.send_bytes(failed_message(error))
    except MemoryError:
        pipe.send_bytes(failed_message(TransientError(messages.MEMORY_FULL)))
    except Exception as error:  # noqa: BLE001 - any error of a job is reported
        if isinstance(error, OSError) and error.errno not in _REFUSED:
            pipe.send_bytes(failed_message(TransientError(messages.AUDIO_READ)))
            return
        pipe.send_bytes(unexpected_message(type(error).__name__, traceback.format_exc()))


def confine_decoder() -> None:
    """Give up all that decoding does not need."""
    if sys.platform != "win32":
        limit_files(LARGEST_BYTES)
        limit_memory(_MEMORY_BYTES)
        limit_open_files(_OPEN_FILES)
    restrict_files()
    restrict_calls(opens=False)


def _decode(pipe: Connection, source: int, parts: Sequence[int], table: int, seal: FileSeal) -> bytes:
    reported_at, reported = 0.0, -1.0

    def progress(fraction: float) -> None:
        nonlocal reported_at, reported
        now = time.monotonic()
        if fraction != reported and now - reported_at >= _PROGRESS_EVERY_S:
            reported_at, reported = now, fraction
            pipe.send_bytes(progress_message(min(1.0, max(0.0, fraction))))

    files = [GivenFile.of(part) for part in parts]
    decoded = decode_to(
        GivenFile.of(source),
        files,
        progress=progress,
        disk_space=DiskSpace(Path(), free_bytes=lambda _folder: _free_bytes(parts[0])),
        seekable=True,
        seal=seal,
    )
    if decoded.seek_table is not None:
        with GivenFile.of(table).open("wb") as file:
            file.write(seal.whole(decoded.seek_table.to_bytes()))
    recording = decoded.recording
    return done_message(
        DecodingDone(
            part=files.index(recording.path),  # type: ignore[arg-type]
            channels=recording.channels,
            samples=recording.samples,
            peak=float(decoded.peak),
            warnings=decoded.warnings,
            table=decoded.seek_table is not None,
            dates=dict(decoded.dates),
        )
    )


def _free_bytes(descriptor: int) -> int:
    if sys.platform == "win32":
        raise NotImplementedError
    disk = os.fstatvfs(descriptor)
    return disk.f_bavail * disk.f_frsize
