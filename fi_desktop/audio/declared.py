"""Tells when the sound of a file should end, if the header can be trusted: this reveals a file that was cut.

FFmpeg's own duration is not enough: it counts what is left of a WAV file, and guesses from the bit rate for
MP3. A header is not trusted about a length if the file has all the bytes that it counts.
"""

from __future__ import annotations

import struct

from fi_desktop.audio.container import Media
from fi_desktop.audio.part import Readable

# Formats whose header gives the length of each track.
_TRUSTED = ("mov", "flac", "avi", "aiff", "caf")
# Less is no matter, or what an encoder rounds.
_CUT_SHORT_S = 1.0
# Where an encoder's tag is in the first MPEG frame: after 4 bytes of header and up to 32 of side information.
_MP3_TAG_BYTES = 192


def declared_end(media: Media) -> float | None:
    """Return the timestamp at which the sound should end, seconds; None if the header does not tell.

    Matroska gives one length for all tracks: what ends there may be the pictures.
    """
    name = media.container.format.name.split(",")[0]
    stream = media.stream
    if name == "wav" or (media.sound is not None and media.sound.bytes_per_s):
        return _chunk_end(media)
    if name == "matroska":
        # From zero to the end of the last frame, even if the first one is later than zero.
        return media.duration_s
    if stream.duration is None or stream.time_base is None:
        return None
    if name in _TRUSTED or (name == "mp3" and _is_mp3_cut(media)):
        return float(((stream.start_time or 0) + stream.duration) * stream.time_base)
    return None


def _chunk_end(media: Media) -> float | None:
    sound = media.sound
    if sound is None or sound.start + (sound.counted_bytes or 0) <= media.size_bytes:
        return None
    return sound.counted_s


def missed_end(media: Media, *, sound_end_s: float, reached_s: float) -> float | None:
    """Return the timestamp at which the sound should have ended, seconds; None if it is whole.

    It is whole if it ends there, or if another track ends where the file is said to end: a header may count
    more of one track than there ever was, or only the longest track.

    sound_end_s: timestamp at which the sound ends. reached_s: the same of the track that ends last.
    """
    declared_s = declared_end(media)
    if declared_s is None:
        return None
    tolerance_s = max(_CUT_SHORT_S, 0.005 * declared_s)
    file_end_s = max(declared_s, media.duration_s or 0.0)
    whole = sound_end_s >= declared_s - tolerance_s or reached_s >= file_end_s - tolerance_s
    return None if whole else declared_s


def _is_mp3_cut(media: Media) -> bool:
    """Whether the encoder left its tag (Xing, Info or VBRI), and the file lacks what the tag counts."""
    position = media.file.tell()
    try:
        start, frames, counted_bytes = _mp3_tag(media.file)
    finally:
        media.file.seek(position)  # FFmpeg reads on from where it was
    return frames > 0 and (counted_bytes == 0 or start + counted_bytes > media.size_bytes)


def _mp3_tag(file: Readable) -> tuple[int, int, int]:
    """Return where the first frame begins, and the frames and bytes that its tag counts; 0 if unknown."""
    file.seek(0)
    head = file.read(10)
    start = 0
    if head[:3] == b"ID3" and len(head) == 10:
        # ID3v2's size: four bytes of seven bits each, without the header's ten.
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
