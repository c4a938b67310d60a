"""Reads a file's packets, and finds further recordings stored in the same file.

Two concatenated Ogg files are valid, and FFmpeg reads both if they share a codec. WAV files are sometimes
concatenated too; FFmpeg reads only the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.packet import Packet

from fi_desktop.audio.container import Media, read_error

# Consecutive failures at which a drive or file is considered to be at its end.
_READ_FAILURES = 16
# An Ogg page, version 0, that begins a stream.
_OGG_FIRST_PAGE = b"OggS\0\x02"
# Ends with the number of segments; their sizes follow.
_OGG_HEADER_BYTES = 27
_SCAN_BYTES = 1 << 20
# libavformat's AVFMT_GENERIC_INDEX: raw frame streams (MP3, FLAC, ADTS), as well as Ogg.
_RAW_FRAMES = 0x0100
# Most that lies between two packets of an intact file: page, block and cluster headers.
_FRAMING_BYTES = 512


class FilePosition:
    """How far a file has been read, and whether bytes were skipped.

    Attributes:
        packet_at: offset of the last packet; -1 if unknown.
        skipped: whether bytes before the last packet belong to no packet.
        others_end_s: timestamp at which the last packet of a track that is not decoded ends, seconds.
    """

    def __init__(self, media: Media) -> None:
        """Start at the beginning of a file."""
        file_format = media.container.format
        # Other containers interleave packets, or store much between them.
        self._sequential = bool(int(file_format.flags) & _RAW_FRAMES) or file_format.name.startswith(
            ("ogg", "matroska")
        )
        self._read_to = self.packet_at = -1
        self.skipped = False
        self.others_end_s = 0.0

    def note_packet(self, packet: Packet) -> None:
        """Record a packet's position in the file, whatever its track."""
        if not self._sequential or (offset := packet.pos) is None:
            return
        if offset == self.packet_at:
            self._read_to += packet.size  # several packets in one Ogg page
            return
        self.skipped = 0 <= self._read_to < offset - _FRAMING_BYTES
        self.packet_at = offset
        self._read_to = max(self._read_to, offset + packet.size)

    def note_other(self, packet: Packet) -> None:
        """Record when a packet of a track that is not decoded ends."""
        if packet.pts is not None and packet.time_base is not None:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self.others_end_s = max(self.others_end_s, end_s)


def packets(media: Media, position: FilePosition) -> Iterator[Packet]:
    """Yield packets as far as the file can be read, and report them to `position`.

    Damaged parts are skipped if the format allows it.

    Raises:
        TransientError: audio.read, if the drive fails.
    """
    failures = 0
    while failures < _READ_FAILURES:
        try:
            for packet in media.container.demux():
                failures = 0
                position.note_packet(packet)
                yield packet
        except av.FFmpegError:
            # FFmpeg would skip an Ogg file of another codec and go on with the next one of this codec.
            if _stream_begins_after(media, position.packet_at):
                break
            failures += 1
        except IndexError:
            # PyAV at the end of a transport stream that gained tracks; everything was yielded.
            break
        else:
            break
    if media.input.failed:
        raise read_error()


def next_recording(media: Media, read_to: int) -> int | None:
    """Return the offset of another recording in the file; None if there is no other.

    read_to: offset of the last packet that was read; -1 if there was none.

    Raises:
        TransientError: audio.read, if the drive fails.
    """
    if media.audio_chunk is not None:
        return media.audio_chunk.next_at
    if media.container.format.name != "ogg":
        return None
    try:
        return _find_first_page(media, max(read_to, 0) + 1)
    except OSError:
        raise read_error() from None


def _stream_begins_after(media: Media, page_at: int) -> bool:
    """Whether the page after the one at `page_at` begins another Ogg stream."""
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
        return media.file.read(len(_OGG_FIRST_PAGE)) == _OGG_FIRST_PAGE
    except OSError:
        raise read_error() from None
    finally:
        media.file.seek(position)  # FFmpeg continues from here


def _find_first_page(media: Media, position: int) -> int | None:
    media.file.seek(position)
    seen = b""
    while block := media.file.read(_SCAN_BYTES):
        found = (seen + block).find(_OGG_FIRST_PAGE)
        if found >= 0:
            return position - len(seen) + found
        position += len(block)
        seen = block[1 - len(_OGG_FIRST_PAGE) :]
    return None
