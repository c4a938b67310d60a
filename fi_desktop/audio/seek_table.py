"""Where in a file the moments of a recording are, so that playing can start at any of them at once.

The decoder notes, every two seconds and wherever it moves the clock, which packet it decoded and how many
samples it had written. A packet is known again by its position in the file, its length and a checksum: other
timestamps after seeking, or another file at the same path, cannot put a word at a wrong moment.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
from av.packet import Packet
from numpy.typing import NDArray

from fi_desktop.audio.container import Media
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.vault.job_files import CLEAR, JobFiles
from fi_desktop.vault.sealed_file import IN_CLEAR, FileSeal

SHORTEST_S = 60.0
"""Shorter recordings are decoded from the start as fast as they are searched."""

_EVERY = 2 * SAMPLE_RATE_HZ
_MAX_ROWS = 200_000  # a recording whose clock jumps all the time
_MAGIC = b"fi-seek1"
# stream, method, channels, rows; length of the file, samples of the recording
_HEADER = struct.Struct("<8sIIII QQ")
# libavformat's AVFMT_GENERIC_INDEX and AVFMT_NO_BYTE_SEEK
_GENERIC_INDEX, _NO_BYTE_SEEK = 0x0100, 0x8000

_ROW = np.dtype(
    [
        ("sample", "<i8"),  # of the recording at which the frame begins
        ("fed", "<i8"),  # samples per channel since the resampler was started, at the frame's rate
        ("rate", "<i4"),
        ("packet", "<i8"),  # counted in the track, from 0
        ("frame", "<i4"),  # of those that came out of the packet, from 0
        ("position", "<i8"),  # offset in the file; -1 if unknown
        ("time", "<i8"),  # in the track's unit
        ("size", "<i4"),
        ("checksum", "<u4"),
        ("target", "?"),  # whether one can seek to the packet: it is the first at its offset
    ]
)


class SeekMethod(IntEnum):
    """How a packet is sought: by its timestamp, or by its offset in the file."""

    TIME = 0
    BYTE = 1


@dataclass(frozen=True, slots=True, eq=False)
class SeekTable:
    """The moments of a recording in its file.

    Attributes:
        stream: index of the audio track.
        method: how to seek.
        channels: of the decoded recording.
        file_bytes: length of the file.
        samples: length of the recording, per channel.
        rows: `_ROW`, in the order of the packets; the first is the first frame.
    """

    stream: int
    method: SeekMethod
    channels: int
    file_bytes: int
    samples: int
    rows: NDArray[Any]

    def target_before(self, sample: int) -> int:
        """Return the last row at or before a sample that one can seek to, or 0, the start."""
        last = self.row_before(sample)
        found = np.flatnonzero(self.rows["target"][: last + 1])
        return int(found[-1]) if len(found) else 0

    def row_before(self, sample: int) -> int:
        """Return the last row at or before a sample, or 0."""
        return max(0, int(np.searchsorted(self.rows["sample"], sample, side="right")) - 1)

    def write(self, path: Path, files: JobFiles = CLEAR) -> None:
        """Write it to a file of a job.

        Raises:
            OSError, TransientError: it cannot be written.
        """
        files.write(path, self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return what `read_seek_table` reads from a file."""
        numbers = (self.stream, int(self.method), self.channels, len(self.rows))
        return _HEADER.pack(_MAGIC, *numbers, self.file_bytes, self.samples) + self.rows.tobytes()


def read_seek_table(path: Path, seal: FileSeal = IN_CLEAR) -> SeekTable | None:
    """Read a table; None if it is missing, damaged or of another version. seal: how it is read."""
    try:
        data = seal.read(path)
    except (OSError, ValueError):
        return None
    if len(data) < _HEADER.size:
        return None
    magic, stream, method, channels, count, file_bytes, samples = _HEADER.unpack_from(data)
    complete = len(data) == _HEADER.size + count * _ROW.itemsize
    if magic != _MAGIC or not complete or not count or not channels or method not in tuple(SeekMethod):
        return None
    rows = np.frombuffer(data, dtype=_ROW, offset=_HEADER.size)
    if (np.diff(rows["sample"]) < 0).any() or (rows["rate"] <= 0).any() or (rows["fed"] < 0).any():
        return None
    return SeekTable(stream, SeekMethod(method), channels, file_bytes, samples, rows)


LARGEST_TABLE_BYTES = _HEADER.size + _MAX_ROWS * _ROW.itemsize


def file_bytes(media: Media) -> int:
    """Return the length of an open file."""
    position = media.file.tell()
    try:
        return media.file.seek(0, 2)
    finally:
        media.file.seek(position)  # FFmpeg continues from here


def checksum(packet: Packet) -> int:
    """Return what tells a packet from others of the same length."""
    return zlib.crc32(bytes(packet))


@dataclass(slots=True)
class SeekNotes:
    """Notes of the decoder of one track, for its table.

    Attributes:
        usable: whether the notes describe the whole recording.
    """

    usable: bool = True
    _rows: list[tuple[int | bool, ...]] = field(default_factory=list)
    _packet: Packet | None = None
    _number: int = -1
    _frame: int = -1
    _position: int | None = None
    _first: bool = False
    _anchor: int = 0
    _due: int = 0

    def note_packet(self, packet: Packet) -> None:
        """Take note of the packet that is decoded next."""
        self._packet, self._frame = packet, -1
        self._number += 1
        position = packet.pos
        self._first = position is not None and position != self._position
        self._position = position

    def note_dropped(self) -> None:
        """Count a frame that is not used."""
        self._frame += 1

    def note_frame(self, written: int, fed: int, rate_hz: int) -> None:
        """Take note of a frame.

        written: samples of the recording so far; fed: samples that its resampler got before; 0: it starts.
        """
        self._frame += 1
        if fed == 0:
            self._anchor = written
        elif written < self._due or not self._first or self._frame:
            return
        packet = self._packet
        if packet is None or len(self._rows) >= _MAX_ROWS:
            self.usable = False
            return
        sample = self._anchor + fed * SAMPLE_RATE_HZ // rate_hz
        target = self._first and packet.pts is not None and self._frame == 0
        at = (packet.pos if packet.pos is not None else -1, packet.pts if packet.pts is not None else 0)
        here = (sample, fed, rate_hz, self._number, self._frame)
        self._rows.append((*here, *at, packet.size, checksum(packet), target))
        self._due = sample + _EVERY

    def table(self, media: Media, recording: Recording) -> SeekTable | None:
        """Return the table, not yet verified; None if there cannot be one, or none is needed."""
        if not self.usable or not self._rows or recording.duration < SHORTEST_S:
            return None
        return SeekTable(
            media.stream.index,
            _method_for(media),
            recording.channels,
            file_bytes(media),
            recording.samples,
            np.array(self._rows, dtype=_ROW),
        )


def _method_for(media: Media) -> SeekMethod:
    """Return how to seek in a file.

    In a format of raw frames (MP3, ADTS, AMR), FFmpeg finds a timestamp by reading everything before it.
    """
    flags = int(media.container.format.flags)
    return SeekMethod.BYTE if flags & _GENERIC_INDEX and not flags & _NO_BYTE_SEEK else SeekMethod.TIME
