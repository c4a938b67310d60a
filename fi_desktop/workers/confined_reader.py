"""The worker's side of reading a recording that the worker itself may not open; see `opener.py`.

What the decoder says is checked, and so is the file that it wrote. Nonsense ends the attempt as a crash does.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from fi_desktop.audio.decode import PARTS
from fi_desktop.audio.decoder_messages import (
    MOST_BYTES,
    DecoderMessage,
    DecodingDone,
    DecodingFailed,
    DecodingProgress,
    checked,
)
from fi_desktop.audio.disk_space import LARGEST_BYTES
from fi_desktop.audio.media_files import sha256_of
from fi_desktop.audio.recording import Recording
from fi_desktop.audio.seek_table import LARGEST_TABLE_BYTES, SeekTable, read_seek_table
from fi_desktop.audio.track_decoder import DecodedAudio
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal
from fi_desktop.workers.opener import REQUEST_BYTES

_POLL_S = 0.5
_SAMPLE_BYTES = 2
_NEW = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


class _DecoderTraceback(Exception):
    """A traceback of the decoder process, as the cause of the error that it reported."""


class ConfinedReader:
    """Reads the recording of one job by way of the opener."""

    def __init__(self, opener: socket.socket, claim: str) -> None:
        """Prepare; `claim`: of the job, which the queue thread granted to the opener."""
        self._opener = opener
        self._claim = claim

    def decode(
        self, target: Path, progress: Callable[[float], None], seal: FileSeal = IN_CLEAR
    ) -> DecodedAudio:
        """Decode the recording to `target`; see `audio.decode.decode`.

        Raises:
            FiError: as `decode` raises; or the decoder crashed, or said what cannot be.
        """
        names = [f"{target.name}.part{number or ''}" for number in range(PARTS)]
        parts = [target.with_name(name) for name in (*names, f"{target.name}.table")]
        try:
            with _created(parts) as handles:
                pipe = Connection(self._ask("decode", handles, seal))
                try:
                    done = self._follow(pipe, handles[:-1], progress)
                except BaseException:
                    self._end(at_once=True)
                    raise
                finally:
                    pipe.close()
                self._end(at_once=True)  # it can change nothing after the checks
                length = done.samples * done.channels * _SAMPLE_BYTES
                if os.fstat(handles[done.part]).st_size != seal.stored_bytes(length):
                    raise FiError(messages.DECODER_ODD)
                progress(1.0)
                with_table = done.table and os.fstat(handles[-1]).st_size <= LARGEST_TABLE_BYTES
                table = _table(parts[-1], done, seal) if with_table else None
            parts[done.part].replace(target)
        finally:
            for part in parts:
                part.unlink(missing_ok=True)
        recording = Recording(target, done.channels, done.samples, seal=seal)
        return DecodedAudio(recording, done.peak, done.warnings, seek_table=table, dates=done.dates)

    def sha256(self) -> str:
        """Return the SHA-256 of the recording's bytes, hex.

        Raises:
            OSError, FiError: it cannot be read.
        """
        with os.fdopen(self._ask("open"), "rb") as file:
            return sha256_of(file)

    def _follow(self, pipe: Connection, parts: list[int], progress: Callable[[float], None]) -> DecodingDone:
        """Pass progress on until the recording is decoded."""
        fraction = 0.0
        while True:
            if pipe.poll(_POLL_S):
                message = self._receive(pipe)
                match message:
                    case DecodingDone():
                        return message
                    case DecodingFailed():
                        raise message.error from (
                            _DecoderTraceback(message.details) if message.details else None
                        )
                    case DecodingProgress():
                        fraction = max(fraction, message.fraction)
            if sum(os.fstat(part).st_size for part in parts) > LARGEST_BYTES:
                raise FiError(messages.DECODER_ODD)
            progress(fraction)  # also while nothing comes: it raises if the attempt is to end

    def _receive(self, pipe: Connection) -> DecoderMessage:
        try:
            return checked(pipe.recv_bytes(MOST_BYTES), parts=PARTS)
        except ValueError:
            raise FiError(messages.DECODER_ODD) from None
        except EOFError:
            self._raise_crash()
        except OSError:  # too long a message, or half of one
            raise FiError(messages.DECODER_ODD) from None

    def _raise_crash(self) -> NoReturn:
        code = self._end(at_once=False)
        if code >= 0:
            raise FiError(
                messages.DECODER_CRASHED, ended=messages.ENDED_EXIT_CODE(number=str(code))
            ) from None
        ended = messages.ENDED_SIGNAL(number=-code)
        if -code in (signal.SIGKILL, signal.SIGTERM):  # Linux ends what uses most memory so
            raise FiError(messages.DECODER_ENDED, ended=ended) from None
        raise FiError(messages.DECODER_CRASHED, ended=ended) from None

    def _end(self, *, at_once: bool) -> int:
        """End the decoder; return its exit code. 0 if it has ended before."""
        with suppress(OSError):
            answer, _ = self._request({"do": "end", "at_once": at_once})
            return int(answer["exit"])
        return 0

    def _ask(self, what: str, handles: list[int] | None = None, seal: FileSeal = IN_CLEAR) -> int:
        """Return the descriptor that the opener sends."""
        request = {"do": what, "claim": self._claim}
        request |= {"key": (seal.key or b"").hex()} if handles else {}
        answer, received = self._request(request, handles or [])
        if "error" in answer:
            failed = checked(json.dumps(answer).encode("ascii"), parts=PARTS)
            assert isinstance(failed, DecodingFailed)
            raise failed.error
        (handle,) = received
        return handle

    def _request(self, request: dict[str, Any], handles: list[int] | None = None) -> tuple[Any, list[int]]:
        socket.send_fds(self._opener, [json.dumps(request).encode("ascii")], handles or [])
        data, received, _, _ = socket.recv_fds(self._opener, REQUEST_BYTES, 1)
        if not data:
            raise FiError(messages.DECODER_CRASHED, ended=messages.ENDED_STOPPED())
        return json.loads(data), received


@contextmanager
def _created(paths: list[Path]) -> Iterator[list[int]]:
    """Create files, or empty those that a killed attempt left."""
    handles: list[int] = []
    try:
        for path in paths:
            handles.append(os.open(path, _NEW, 0o600))
        yield handles
    finally:
        for handle in handles:
            os.close(handle)


def _table(path: Path, done: DecodingDone, seal: FileSeal) -> SeekTable | None:
    table = read_seek_table(path, seal)
    fits = table is not None and (table.channels, table.samples) == (done.channels, done.samples)
    return table if fits else None
