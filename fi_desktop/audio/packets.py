"""Reads the packets of a file, and finds recordings that follow in the same file.

Two Ogg files in one are valid, and FFmpeg reads them if they have the same codec. WAV files are joined by
people, and FFmpeg reads the first one.
"""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.packet import Packet

from fi_desktop.audio.container import Media, read_error
from fi_desktop.audio.losses import Reading

# In a row; a drive or a file that fails again and again at the same place is at its end.
_READ_FAILURES = 16
# A page of Ogg, version 0, that begins a stream.
_OGG_BEGINNING = b"OggS\0\x02"
# With the number of segments at its end; their sizes follow.
_OGG_HEADER_BYTES = 27
_SCAN_BYTES = 1 << 20


def packets(media: Media, reading: Reading) -> Iterator[Packet]:
    """Yield packets to the end of what can be read, and report them to `reading`.

    A broken place is passed over if the format allows it.
    """
    failures = 0
    while failures < _READ_FAILURES:
        try:
            for packet in media.container.demux():
                failures = 0
                reading.packet(packet)
                yield packet
        except av.FFmpegError:
            # Here FFmpeg would pass over an Ogg file of another codec, and go on with the next of this one.
            if _is_at_beginning(media, reading.packet_at):
                break
            failures += 1
        except IndexError:
            # PyAV at the end of a transport stream whose tracks grew in number meanwhile; all was yielded.
            break
        else:
            break
    if media.data.failed:
        raise read_error()


def following(media: Media, read_to: int) -> int | None:
    """Return where another recording begins in the file; None if there is none.

    read_to: where the last packet that was read begins; -1 if there was none.
    """
    if media.sound is not None:
        return media.sound.next_at
    if media.container.format.name != "ogg":
        return None
    try:
        return _ogg_beginning(media, max(read_to, 0) + 1)
    except OSError:
        raise read_error() from None


def _is_at_beginning(media: Media, page_at: int) -> bool:
    """Whether the page behind the one at `page_at` begins another Ogg file."""
    if media.container.format.name != "ogg" or page_at < 0:
        return False
    position = media.file.tell()
    try:
        media.file.seek(page_at)
        head = media.file.read(_OGG_HEADER_BYTES)
        if len(head) < _OGG_HEADER_BYTES:
            return False
        segments = media.file.read(head[-1])
        media.file.seek(page_at + len(head) + len(segments) + sum(segments))
        return media.file.read(len(_OGG_BEGINNING)) == _OGG_BEGINNING
    except OSError:
        raise read_error() from None
    finally:
        media.file.seek(position)  # FFmpeg reads on from where it was


def _ogg_beginning(media: Media, position: int) -> int | None:
    media.file.seek(position)
    seen = b""
    while block := media.file.read(_SCAN_BYTES):
        found = (seen + block).find(_OGG_BEGINNING)
        if found >= 0:
            return position - len(seen) + found
        position += len(block)
        seen = block[1 - len(_OGG_BEGINNING) :]
    return None
