"""Finds where the sound of a WAV file ends, which its header does not always know.

The header counts too little if a recorder that updates it from time to time lost power, or if the sound is
larger than 4 GiB and the 32-bit size has wrapped. A recorder may also have reserved space on the disk: then
zeros follow the sound.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from fi_desktop.audio.part import Readable

_CHUNKS = 64
_HEADER_BYTES = 8
# Recorders that cannot return to the header leave a number of this order there, or zero.
_OPEN_ENDED_BYTES = 0x7FFF_0000
_TO_THE_END = 0xFFFF_FFFF
_WRAP_BYTES = 1 << 32
# PCM, float, A-law, mu-law, extensible: every block is one sample of each channel.
_PLAIN_FORMATS = (1, 3, 6, 7, 0xFFFE)
# Less than this behind the counted sound is a tag or a remnant, not sound that the header missed.
_MISSED_S = 0.2
# Recorders reserve space in large pieces; fewer zeros are silence.
_RESERVED_BYTES = 1 << 20
_SCAN_BYTES = 1 << 20
_ZEROS = bytes(_SCAN_BYTES)
_CHUNK_NAME = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-.")


@dataclass(frozen=True, slots=True)
class WavSound:
    """The sound in a WAV file.

    Attributes:
        start: its first byte in the file.
        counted_bytes: its size according to the header; None if the header leaves it open.
        end: the byte after its last one. After the file's end if the file is cut short.
        trailing: whether bytes follow that FFmpeg must not look at.
        bytes_per_s: its data rate; 0 if the header does not tell.
        next_at: where another WAV file begins behind it; None if there is none.
        size_at, size_bytes: where the header has the size, and how many bytes it takes there.
    """

    start: int
    counted_bytes: int | None
    end: int
    trailing: bool
    bytes_per_s: float
    size_at: int
    size_bytes: int
    next_at: int | None = None

    @property
    def miscounted(self) -> bool:
        """Whether there is more sound than the header counts."""
        return self.counted_bytes is not None and self.end > self.start + self.counted_bytes

    @property
    def counted_s(self) -> float | None:
        """Length according to the header, seconds; None if it does not tell."""
        return self.counted_bytes / self.bytes_per_s if self.counted_bytes and self.bytes_per_s else None

    @property
    def size_field(self) -> bytes:
        """The size as the header should have it; all ones, which means "to the end", if it does not fit."""
        size = min(self.end - self.start, (1 << 8 * self.size_bytes) - 1)
        return size.to_bytes(self.size_bytes, "little")


def wav_sound(file: Readable, file_bytes: int) -> WavSound | None:
    """Walk the chunks of a WAV file to its sound; None if there is none or it is another kind of file.

    Moves the file's position.

    Raises:
        OSError: it cannot be read.
    """
    file.seek(0)
    riff = file.read(12)
    if riff[:4] not in (b"RIFF", b"RF64", b"BW64") or riff[8:] != b"WAVE":
        return None
    bytes_per_s = 0.0
    long_size, long_size_at = None, 0
    for _ in range(_CHUNKS):
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return None
        kind, size = struct.unpack("<4sI", header)
        start = file.tell()
        if kind == b"data":
            if long_size is not None:
                return _sound(file, file_bytes, start, long_size, bytes_per_s, (long_size_at, 8))
            counted = None if _is_open_ended(size, start, file_bytes) else size
            return _sound(file, file_bytes, start, counted, bytes_per_s, (start - 4, 4))
        if kind == b"ds64" and size >= 16:
            long_size_at = start + 8
            long_size = struct.unpack("<8xQ", file.read(16))[0] or None
        if kind == b"fmt " and size >= 16:
            bytes_per_s = _bytes_per_s(file.read(16))
        file.seek(start + size + size % 2)
    return None


def _is_open_ended(size: int, start: int, file_bytes: int) -> bool:
    beyond = size >= _OPEN_ENDED_BYTES and start + size > file_bytes
    return size in (0, _TO_THE_END) or beyond


def _bytes_per_s(fmt: bytes) -> float:
    if len(fmt) < 16:
        return 0.0
    tag, _channels, rate_hz, byte_rate, block_bytes = struct.unpack("<HHIIH2x", fmt)
    # The byte rate is often wrong; the block and the sample rate cannot be, or nothing would play the file.
    return float(block_bytes * rate_hz if tag in _PLAIN_FORMATS and block_bytes else byte_rate)


def _sound(
    file: Readable,
    file_bytes: int,
    start: int,
    counted: int | None,
    bytes_per_s: float,
    size_field: tuple[int, int],
) -> WavSound:
    if counted is None:
        return WavSound(start, None, file_bytes, False, bytes_per_s, *size_field)
    end, trailing, next_at = start + counted, False, None
    if file_bytes - end >= max(_HEADER_BYTES, _MISSED_S * bytes_per_s):
        if _chunk_at(file, end, file_bytes) is None:
            end, trailing = _real_end(file, end, file_bytes, bytes_per_s), True
        else:
            next_at = _next_wav(file, end, file_bytes)
    return WavSound(start, counted, end, trailing, bytes_per_s, *size_field, next_at)


def _real_end(file: Readable, end: int, file_bytes: int, bytes_per_s: float) -> int:
    # A size that has wrapped is right but for a multiple of 4 GiB.
    for wrapped in range(end + _WRAP_BYTES, file_bytes + 1, _WRAP_BYTES):
        if wrapped == file_bytes or _chunk_at(file, wrapped, file_bytes) is not None:
            return wrapped
    last = _end_of_content(file, end, file_bytes)
    if last - end < _MISSED_S * bytes_per_s:
        return end
    return last if file_bytes - last >= _RESERVED_BYTES else file_bytes


def _next_wav(file: Readable, position: int, file_bytes: int) -> int | None:
    """Walk the chunks behind the sound to another WAV file."""
    for _ in range(_CHUNKS):
        chunk_at = _chunk_at(file, position, file_bytes)
        if chunk_at is None:
            return None
        file.seek(chunk_at)
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return chunk_at
        position = chunk_at + 8 + int.from_bytes(head[4:8], "little")
    return None


def _chunk_at(file: Readable, position: int, file_bytes: int) -> int | None:
    """Return where a chunk begins: at `position`, or one byte later, as some programs do not pad."""
    file.seek(position)
    head = file.read(_HEADER_BYTES + 1)
    for first in (0, 1):
        name, size = head[first : first + 4], head[first + 4 : first + 8]
        fits = len(size) == 4 and position + first + 8 + int.from_bytes(size, "little") <= file_bytes
        if fits and _CHUNK_NAME.issuperset(name):
            return position + first
    return None


def _end_of_content(file: Readable, start: int, end: int) -> int:
    """Return the byte after the last one that is not zero, between `start` and `end`."""
    while end > start:
        first = max(start, end - _SCAN_BYTES)
        file.seek(first)
        block = file.read(end - first)
        # Compared first, as stripping is slow: there may be gigabytes of zeros.
        if block != _ZEROS[: len(block)] and (content := block.rstrip(b"\0")):
            return first + len(content)
        end = first
    return start
