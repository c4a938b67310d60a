"""Finds the silence that an editor put between two pieces of an MP4 or QuickTime file, without any sound.

FFmpeg knows such an empty edit only at the beginning of a track; further on it plays the beginning of the
track there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from fi_desktop.audio.container import Media, read_error
from fi_desktop.audio.part import Readable

_BOXES = 1_000
_EDITS = 10_000


@dataclass(frozen=True, slots=True)
class EmptyEdits:
    """Where a track holds no sound: starts and ends on the file's clock, seconds, in order."""

    edits: tuple[tuple[float, float], ...]

    def cover(self, time_s: float) -> bool:
        """Whether there is no sound at this time."""
        return any(start_s <= time_s < end_s for start_s, end_s in self.edits)


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int
    end: int


def empty_edits(media: Media) -> EmptyEdits:
    """Return the empty edits of the sound track, without one at its beginning.

    Raises:
        TransientError: audio.read, where the drive fails.
    """
    if not media.container.format.name.startswith("mov"):
        return EmptyEdits(())
    position = media.file.tell()
    try:
        return EmptyEdits(tuple(_empty_edits(media)))
    except OSError:
        raise read_error() from None
    finally:
        media.file.seek(position)  # FFmpeg reads on from where it was


def _empty_edits(media: Media) -> Iterator[tuple[float, float]]:
    file = media.file
    for movie in _boxes(file, _Box(b"", 0, media.size_bytes), b"moov"):
        per_s = next((_number(file, box, 12, 20) for box in _boxes(file, movie, b"mvhd")), 0)
        for track in _boxes(file, movie, b"trak"):
            ids = [_number(file, box, 12, 20) for box in _boxes(file, track, b"tkhd")]
            if ids != [media.stream.id] or not per_s:
                continue
            for edits in _boxes(file, track, b"edts"):
                for box in _boxes(file, edits, b"elst"):
                    yield from _listed(file, box, per_s)


def _listed(file: Readable, box: _Box, per_s: int) -> Iterator[tuple[float, float]]:
    file.seek(box.start)
    head = file.read(8)
    if len(head) < 8:
        return
    # Version 1 has 64 bits: how long, and where in the track; -1 for nowhere.
    entry = struct.Struct(">Qq4x" if head[0] == 1 else ">Ii4x")
    count = min(int.from_bytes(head[4:], "big"), _EDITS)
    raw = file.read(min(count * entry.size, box.end - box.start - 8))
    at = 0
    for length, where in entry.iter_unpack(raw[: len(raw) // entry.size * entry.size]):
        if where == -1 and at and length:
            yield at / per_s, (at + length) / per_s
        at += length


def _boxes(file: Readable, parent: _Box, name: bytes) -> Iterator[_Box]:
    """Yield the boxes of this name in a box."""
    position = parent.start
    for _ in range(_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8 or position >= parent.end:
            return
        size, start = int.from_bytes(header[:4], "big"), position + 8
        if size == 1:
            size, start = int.from_bytes(header[8:], "big"), position + 16
        end = position + size if size else parent.end
        if end < start or end > parent.end:
            return
        if header[4:8] == name:
            yield _Box(name, start, end)
        position = end


def _number(file: Readable, box: _Box, at: int, at_in_version_1: int) -> int:
    """Read a 32-bit number of a box, whose place depends on the box's version."""
    file.seek(box.start)
    content = file.read(24)
    at = at_in_version_1 if content[:1] == b"\1" else at
    return int.from_bytes(content[at : at + 4], "big")
