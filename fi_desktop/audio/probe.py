"""What a recording's header says: length, codec, where the audio should end, empty edits.

Decodes nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from av.stream import Stream

from fi_desktop.audio.chunk_formats import Readable
from fi_desktop.audio.container import Media, open_media, read_error

# Cover art is a "video" track of one still picture.
_STILLS = {"mjpeg", "png", "bmp", "gif", "webp"}
# Formats whose header gives the length of each track.
_TRUSTED = ("mov", "flac", "avi", "aiff", "caf")
# A smaller difference is harmless, or an encoder's rounding.
_CUT_SHORT_S = 1.0
# Holds an encoder's tag in the first MPEG frame: after 4 bytes of header and up to 32 of side information.
_MP3_TAG_BYTES = 192
_MAX_BOXES = 1_000
_MAX_EDITS = 10_000

DATE_TAGS = ("creation_time", "date", "com.apple.quicktime.creationdate")
"""Tags that say when a recording was made, by FFmpeg's names in lower case."""
LONGEST_DATE = 40
"""Characters of the longest of their values that is read."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a recording's header says.

    Attributes:
        duration_s: seconds, for some formats estimated by FFmpeg; None if unknown.
        channels: of the track that would be decoded.
        sample_rate_hz: of that track.
        codec: FFmpeg's name, such as "aac".
        has_video: whether there are moving pictures; cover art does not count.
    """

    duration_s: float | None
    channels: int
    sample_rate_hz: int
    codec: str
    has_video: bool


def probe(source: Path) -> Probe:
    """Read a recording's header.

    Raises:
        UserError: audio.missing, audio.forbidden, audio.not_a_file, audio.empty, audio.unreadable,
            audio.damaged or audio.no_audio.
        TransientError: audio.read if the drive fails.
    """
    with open_media(source) as media:
        return Probe(
            duration_s=media.duration_s,
            channels=media.stream.layout.nb_channels,
            sample_rate_hz=media.stream.sample_rate,
            codec=media.stream.codec_context.codec.canonical_name,
            has_video=any(_is_moving(stream) for stream in media.container.streams.video),
        )


def date_tags(media: Media) -> dict[str, str]:
    """Return the tags that say when it was recorded, by FFmpeg's names in lower case, as they are written.

    Recorders write them for the file or for the track; those of the file go first.
    """
    found: dict[str, str] = {}
    for tags in (media.stream.metadata, media.container.metadata):
        for name, value in tags.items():
            if name.lower() in DATE_TAGS and len(value) <= LONGEST_DATE and value.isascii():
                found[name.lower()] = value
    return found


def _is_moving(stream: Stream) -> bool:
    context = stream.codec_context
    return context is None or context.codec.canonical_name not in _STILLS


def declared_end(media: Media) -> float | None:
    """Return the timestamp at which the audio should end, seconds; None if the header is not conclusive.

    FFmpeg's duration does not reveal a truncated file: it counts what is left of a WAV file, and estimates
    MP3 from the bit rate. A length in the header is ignored if the file has all the bytes that the header
    counts.
    """
    name = media.container.format.name.split(",")[0]
    stream = media.stream
    if name == "wav" or (media.audio_chunk is not None and media.audio_chunk.bytes_per_s):
        return _chunk_end(media)
    if name == "matroska":
        # One length for all tracks, from zero to the end of the last frame; the video may be what ends there.
        return media.duration_s
    if stream.duration is None or stream.time_base is None:
        return None
    if name in _TRUSTED or (name == "mp3" and _is_mp3_cut(media)):
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return None


def _chunk_end(media: Media) -> float | None:
    chunk = media.audio_chunk
    if chunk is None or chunk.start + (chunk.counted_bytes or 0) <= media.size_bytes:
        return None
    return chunk.counted_s


def missed_end(media: Media, *, audio_end_s: float, reached_s: float) -> float | None:
    """Return the timestamp at which the audio should have ended, seconds; None if it is complete.

    It is complete if it ends there, or if another track reaches the declared end of the file: a header may
    count more of one track than was recorded, or only the longest track.

    audio_end_s: timestamp at which the audio ends. reached_s: the same of the track that ends last.
    """
    declared_s = declared_end(media)
    if declared_s is None:
        return None
    tolerance_s = max(_CUT_SHORT_S, 0.005 * declared_s)
    file_end_s = max(declared_s, media.duration_s or 0.0)
    complete = audio_end_s >= declared_s - tolerance_s or reached_s >= file_end_s - tolerance_s
    return None if complete else declared_s


def _is_mp3_cut(media: Media) -> bool:
    """Whether the encoder's tag (Xing, Info or VBRI) counts more than the file holds."""
    position = media.file.tell()
    try:
        start, frames, counted_bytes = _mp3_tag(media.file)
    finally:
        media.file.seek(position)  # FFmpeg continues from here
    return frames > 0 and (counted_bytes == 0 or start + counted_bytes > media.size_bytes)


def _mp3_tag(file: Readable) -> tuple[int, int, int]:
    """Return the offset of the first frame, and the frames and bytes that its tag counts; 0 if unknown."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        # ID3v2's size: four bytes of seven bits each, without the header's ten bytes.
        start = 10 + sum((byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))
    file.seek(start)
    frame = file.read(_MP3_TAG_BYTES)
    for name in (b"Xing", b"Info", b"VBRI"):
        found = frame.find(name)
        if found < 0 or len(frame) < found + 18:
            continue
        if name == b"VBRI":
            counted_bytes, frames = struct.unpack_from(">II", frame, found + 10)
            return start, frames, counted_bytes
        flags, first, second = struct.unpack_from(">III", frame, found + 4)
        frames = first if flags & 1 else 0
        counted_bytes = (second if flags & 1 else first) if flags & 2 else 0
        return start, frames, counted_bytes
    return start, 0, 0


@dataclass(frozen=True, slots=True)
class EmptyEdits:
    """Stretches of a track without audio: (start, end) on the file's clock, seconds, in order."""

    edits: tuple[tuple[float, float], ...]

    def cover(self, time_s: float) -> bool:
        """Whether there is no audio at this time."""
        return any(start_s <= time_s < end_s for start_s, end_s in self.edits)


@dataclass(frozen=True, slots=True)
class _Box:
    name: bytes
    start: int
    end: int


def empty_edits(media: Media) -> EmptyEdits:
    """Return the empty edits of the audio track of an MP4 or QuickTime file, except one at its start.

    An editor leaves them between two clips. FFmpeg honors one at the start of a track only; further on, it
    plays the beginning of the track there.

    Raises:
        TransientError: audio.read if the drive fails.
    """
    if not media.container.format.name.startswith("mov"):
        return EmptyEdits(())
    position = media.file.tell()
    try:
        return EmptyEdits(tuple(_empty_edits(media)))
    except OSError:
        raise read_error() from None
    finally:
        media.file.seek(position)  # FFmpeg continues from here


def _empty_edits(media: Media) -> Iterator[tuple[float, float]]:
    file = media.file
    for movie in _boxes(file, _Box(b"", 0, media.size_bytes), b"moov"):
        time_scale = next((_number(file, box, 12, 20) for box in _boxes(file, movie, b"mvhd")), 0)
        for track in _boxes(file, movie, b"trak"):
            ids = [_number(file, box, 12, 20) for box in _boxes(file, track, b"tkhd")]
            if ids != [media.stream.id] or not time_scale:
                continue
            for edits in _boxes(file, track, b"edts"):
                for box in _boxes(file, edits, b"elst"):
                    yield from _parse_edit_list(file, box, time_scale)


def _parse_edit_list(file: Readable, box: _Box, time_scale: int) -> Iterator[tuple[float, float]]:
    file.seek(box.start)
    head = file.read(8)
    if len(head) < 8:
        return
    # Duration and media time, -1 for an empty edit; version 1 has 64 bits.
    entry = struct.Struct(">Qq4x" if head[0] == 1 else ">Ii4x")
    count = min(int.from_bytes(head[4:], "big"), _MAX_EDITS)
    raw = file.read(min(count * entry.size, box.end - box.start - 8))
    at = 0
    for duration, media_time in entry.iter_unpack(raw[: len(raw) // entry.size * entry.size]):
        if media_time == -1 and at and duration:
            yield at / time_scale, (at + duration) / time_scale
        at += duration


def _boxes(file: Readable, parent: _Box, name: bytes) -> Iterator[_Box]:
    """Yield the boxes of this name in a box."""
    position = parent.start
    for _ in range(_MAX_BOXES):
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
    """Read a 32-bit number of a box, whose offset depends on the box's version."""
    file.seek(box.start)
    content = file.read(24)
    at = at_in_version_1 if content[:1] == b"\1" else at
    return int.from_bytes(content[at : at + 4], "big")
