"""How long a file says it is, where its word can be trusted: so is a file that was cut short found out.

FFmpeg's own duration will not do: it counts what is left of a WAV file, and guesses from the bit rate for
MP3.
"""

from __future__ import annotations

import struct
from typing import BinaryIO

from fi_desktop.audio.container import Media

# Formats whose header gives the length of each track.
_TRUSTED = ("mov", "flac", "avi", "aiff", "caf")
_WAV_CHUNKS = 64
# Recorders that cannot return to the header leave a number of this order there, or zero.
_WAV_OPEN_ENDED_BYTES = 0x7FFF_0000
# Where an encoder's tag lies in the first MPEG frame: after 4 bytes of header and up to 32 of side
# information.
_MP3_TAG_BYTES = 192


def declared_duration(media: Media) -> float | None:
    """Return the length of the sound track that the header gives, seconds; None where it gives none."""
    position = media.file.tell()
    try:
        return _declared(media)
    finally:
        media.file.seek(position)  # FFmpeg reads on from where it was


def _declared(media: Media) -> float | None:
    name = media.container.format.name.split(",")[0]
    stream = media.stream
    if name == "wav":
        return _wav_duration(media.file)
    if name == "matroska":
        # The segment's length is that of its longest track, which may be the pictures.
        return None if media.container.streams.video else media.duration_s
    if stream.duration is None or stream.time_base is None:
        return None
    if name in _TRUSTED or (name == "mp3" and _has_mp3_length(media.file)):
        return float(stream.duration * stream.time_base)
    return None


def _wav_duration(file: BinaryIO) -> float | None:
    """Walk the chunks of a RIFF file to its samples."""
    file.seek(12)
    byte_rate = 0
    for _ in range(_WAV_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        kind, size = struct.unpack("<4sI", header)
        if kind == b"data":
            return size / byte_rate if byte_rate and 0 < size < _WAV_OPEN_ENDED_BYTES else None
        start = file.tell()
        if kind == b"fmt " and size >= 16:
            byte_rate = struct.unpack("<8xI4x", file.read(16))[0]
        file.seek(start + size + size % 2)
    return None


def _has_mp3_length(file: BinaryIO) -> bool:
    """Whether the encoder left its tag (Xing, Info or VBRI), which counts the frames."""
    file.seek(0)
    head = file.read(10)
    tag_bytes = 0
    if head[:3] == b"ID3" and len(head) == 10:
        # ID3v2's size: four bytes of seven bits each, without the header's ten.
        tag_bytes = 10 + sum(
            (byte & 0x7F) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True)
        )
    file.seek(tag_bytes)
    frame = file.read(_MP3_TAG_BYTES)
    return any(tag in frame for tag in (b"Xing", b"Info", b"VBRI"))
