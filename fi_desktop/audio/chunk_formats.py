"""Finds the audio in a chunk-based file (WAV, Wave64, AIFF, CAF), even if its header miscounts it.

The header counts too little if a recorder that updates it periodically lost power, or if the audio exceeds
4 GiB and WAV's 32-bit size has wrapped. A recorder may also have reserved disk space: then zeros follow.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

_MAX_CHUNKS = 64
# Recorders that cannot rewrite a 32-bit header leave a size of this order in it, or zero.
_OPEN_ENDED_BYTES = 0x7FFF_0000
_WRAP_BYTES = 1 << 32
# PCM, float, A-law, mu-law, extensible: every block is one sample of each channel.
_PLAIN_FORMATS = (1, 3, 6, 7, 0xFFFE)
_W64_GUID = bytes.fromhex("f3acd3118cd100c04f8edb8a")
# Less than this after the counted audio is a tag or a remnant, not audio that the header missed.
_MISSED_S = 0.2
# Recorders reserve space in large pieces; fewer zeros are silence.
_RESERVED_BYTES = 1 << 20
_SCAN_BYTES = 1 << 20
_ZEROS = bytes(_SCAN_BYTES)
_CHUNK_NAME = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _-.")


class Readable(Protocol):
    """A binary file, or part of one."""

    def tell(self) -> int:
        """Return the position."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move."""

    def read(self, size: int, /) -> bytes:
        """Read up to `size` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a format lays out its chunks: name, size, content.

    Attributes:
        first_at: offset of the first chunk.
        name_bytes, size_bytes: lengths of the name and the size.
        order: byte order of the size.
        counts_header: whether the size includes name and size.
        padded_to: chunks begin at multiples of this many bytes.
        audio_name: name of the audio chunk.
        preface_bytes: bytes before the audio in it.
        format_name: name of the chunk that describes the audio.
        rate: returns bytes per second from that chunk; 0 if variable.
    """

    first_at: int
    name_bytes: int
    size_bytes: int
    order: Literal["little", "big"]
    counts_header: bool
    padded_to: int
    audio_name: bytes
    preface_bytes: int
    format_name: bytes
    rate: Callable[[bytes], float]

    @property
    def header_bytes(self) -> int:
        return self.name_bytes + self.size_bytes

    def name(self, header: bytes) -> bytes:
        return header[: self.name_bytes]

    def size(self, header: bytes) -> int:
        """Return the number of bytes after a chunk's header."""
        size = int.from_bytes(header[self.name_bytes : self.header_bytes], self.order)
        return size - self.header_bytes if self.counts_header else size

    def is_name(self, name: bytes) -> bool:
        if self.name_bytes == 16:
            return name[4:] == _W64_GUID
        return _CHUNK_NAME.issuperset(name)


def _wav_rate(fmt: bytes) -> float:
    if len(fmt) < 16:
        return 0.0
    tag, _channels, rate_hz, byte_rate, block_bytes = struct.unpack_from("<HHIIH", fmt)
    # The byte rate is often wrong; block size and sample rate cannot be, or nothing would play the file.
    return float(block_bytes * rate_hz if tag in _PLAIN_FORMATS and block_bytes else byte_rate)


def _aiff_rate(comm: bytes) -> float:
    if len(comm) < 18 or comm[18:22] not in (b"", b"NONE", b"sowt", b"twos", b"fl32", b"FL32", b"fl64"):
        return 0.0
    channels, _frames, bits, exponent, mantissa = struct.unpack_from(">HIHHQ", comm)
    # An 80-bit float, whose mantissa has its point after the first bit.
    rate_hz = float(mantissa) * 2.0 ** (min(exponent & 0x7FFF, 16_500) - 16_383 - 63)
    return channels * ((bits + 7) // 8) * rate_hz if 1 <= rate_hz < 1e7 else 0.0


def _caf_rate(desc: bytes) -> float:
    if len(desc) < 24:
        return 0.0
    rate_hz, packet_bytes, packet_frames = struct.unpack_from(">d8xII", desc)
    return rate_hz * packet_bytes / packet_frames if packet_frames and 1 <= rate_hz < 1e7 else 0.0


_WAV = _Layout(12, 4, 4, "little", False, 2, b"data", 0, b"fmt ", _wav_rate)
_W64 = _Layout(40, 16, 8, "little", True, 8, b"data" + _W64_GUID, 0, b"fmt " + _W64_GUID, _wav_rate)
_AIFF = _Layout(12, 4, 4, "big", False, 2, b"SSND", 8, b"COMM", _aiff_rate)
_CAF = _Layout(8, 4, 8, "big", False, 1, b"data", 4, b"desc", _caf_rate)


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """The audio in a chunk-based file.

    Attributes:
        start: offset of its first byte.
        counted_bytes: size according to the header; None if the header leaves it open.
        end: offset after its last byte; beyond the file's end if the file is truncated.
        trailing: whether bytes follow that FFmpeg must not see.
        bytes_per_s: data rate; 0 if variable or unknown.
        size_at: offset of the size in the header.
        size_field: the correct size, encoded; all ones, meaning "to the end", if it does not fit.
        next_at: offset of another WAV file after this one; None if there is no other.
    """

    start: int
    counted_bytes: int | None
    end: int
    trailing: bool
    bytes_per_s: float
    size_at: int
    size_field: bytes
    next_at: int | None = None

    @property
    def miscounted(self) -> bool:
        """Whether there is more audio than the header counts."""
        return self.counted_bytes is not None and self.end > self.start + self.counted_bytes

    @property
    def counted_s(self) -> float | None:
        """Length according to the header, seconds; None if unknown."""
        return self.counted_bytes / self.bytes_per_s if self.counted_bytes and self.bytes_per_s else None


def find_audio(file: Readable, file_bytes: int) -> AudioChunk | None:
    """Walk the chunks of a file to its audio; None if it has no audio or is not chunk-based.

    Moves the file's position.

    Raises:
        OSError: it cannot be read.
    """
    file.seek(0)
    layout = _layout(file.read(40))
    if layout is None:
        return None
    position, bytes_per_s = layout.first_at, 0.0
    # RF64 stores the audio's size in a separate chunk.
    long_size, long_size_at = 0, 0
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        raw = file.read(layout.header_bytes)
        if len(raw) < layout.header_bytes:
            return None
        name, size = layout.name(raw), layout.size(raw)
        start = position + layout.header_bytes
        if name == layout.audio_name:
            if long_size:
                header = _AudioHeader(layout, start, long_size, bytes_per_s, long_size_at, 8)
            else:
                size_at = position + layout.name_bytes
                header = _AudioHeader(layout, start, size, bytes_per_s, size_at, layout.size_bytes)
            return header.compare(file, file_bytes)
        if size < 0:
            return None
        if name == b"ds64" and size >= 16:
            long_size_at = start + 8
            (long_size,) = struct.unpack("<8xQ", file.read(16).ljust(16, b"\0"))
        if name == layout.format_name:
            bytes_per_s = layout.rate(file.read(min(size, 64)))
        if (position := _padded(start + size, layout)) > file_bytes:
            return None
    return None


def _layout(head: bytes) -> _Layout | None:
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return _WAV
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return _AIFF
    if head[:4] == b"caff":
        return _CAF
    return _W64 if head[:4] == b"riff" and head[24:28] == b"wave" and head[28:40] == _W64_GUID else None


def _padded(position: int, layout: _Layout) -> int:
    return position + -position % layout.padded_to


@dataclass(frozen=True, slots=True)
class _AudioHeader:
    """An audio chunk as its header describes it; `start` and `size` are those of the content."""

    layout: _Layout
    start: int
    size: int
    bytes_per_s: float
    size_at: int
    size_bytes: int

    def compare(self, file: Readable, file_bytes: int) -> AudioChunk:
        """Compare the header with the file."""
        if self._is_open_ended(file_bytes):
            return self._chunk(None, file_bytes, trailing=False)
        end = self.start + self.size
        left = file_bytes - end
        if not self.bytes_per_s or left < max(self.layout.header_bytes, _MISSED_S * self.bytes_per_s):
            return self._chunk(self.size, end, trailing=False)
        if _chunk_at(file, end, file_bytes, self.layout) is None:
            return self._chunk(self.size, self._real_end(file, end, file_bytes), trailing=True)
        next_at = _next_wav(file, end, file_bytes) if self.layout is _WAV else None
        return self._chunk(self.size, end, trailing=False, next_at=next_at)

    def _is_open_ended(self, file_bytes: int) -> bool:
        if self.size_bytes == 8:
            return self.size <= 0 or self.size >= 1 << 63
        beyond = self.size >= _OPEN_ENDED_BYTES and self.start + self.size > file_bytes
        return self.size in (0, _WRAP_BYTES - 1) or beyond

    def _real_end(self, file: Readable, end: int, file_bytes: int) -> int:
        if self.size_bytes == 4:
            # A wrapped size is correct up to a multiple of 4 GiB.
            for wrapped in range(end + _WRAP_BYTES, file_bytes + 1, _WRAP_BYTES):
                if wrapped == file_bytes or _chunk_at(file, wrapped, file_bytes, self.layout) is not None:
                    return wrapped
        last = _end_of_content(file, end, file_bytes)
        if last - end < _MISSED_S * self.bytes_per_s:
            return end
        return last if file_bytes - last >= _RESERVED_BYTES else file_bytes

    def _chunk(
        self, counted: int | None, end: int, *, trailing: bool, next_at: int | None = None
    ) -> AudioChunk:
        preface = self.layout.preface_bytes
        size = end - self.start + (self.layout.header_bytes if self.layout.counts_header else 0)
        field = min(size, (1 << 8 * self.size_bytes) - 1).to_bytes(self.size_bytes, self.layout.order)
        return AudioChunk(
            self.start + preface,
            None if counted is None else max(0, counted - preface),
            end,
            trailing,
            self.bytes_per_s,
            self.size_at,
            field,
            next_at,
        )


def _next_wav(file: Readable, position: int, file_bytes: int) -> int | None:
    """Walk the chunks after the audio to another WAV file."""
    for _ in range(_MAX_CHUNKS):
        chunk_at = _chunk_at(file, position, file_bytes, _WAV)
        if chunk_at is None:
            return None
        file.seek(chunk_at)
        head = file.read(12)
        if head[:4] == b"RIFF" and head[8:] == b"WAVE":
            return chunk_at
        position = chunk_at + 8 + _WAV.size(head)
    return None


def _chunk_at(file: Readable, position: int, file_bytes: int, layout: _Layout) -> int | None:
    """Return the offset of the chunk at `position`, or padded; None if no chunk begins there."""
    # Some programs forget to pad, or pad without need.
    for chunk_at in (position, max(position + 1, _padded(position, layout))):
        file.seek(chunk_at)
        header = file.read(layout.header_bytes)
        if len(header) < layout.header_bytes or not layout.is_name(layout.name(header)):
            continue
        if 0 <= layout.size(header) <= file_bytes - chunk_at - layout.header_bytes:
            return chunk_at
    return None


def _end_of_content(file: Readable, start: int, end: int) -> int:
    """Return the offset after the last nonzero byte between `start` and `end`."""
    while end > start:
        first = max(start, end - _SCAN_BYTES)
        file.seek(first)
        block = file.read(end - first)
        # Comparing is faster than stripping: there may be gigabytes of zeros.
        if block != _ZEROS[: len(block)] and (content := block.rstrip(b"\0")):
            return first + len(content)
        end = first
    return start
