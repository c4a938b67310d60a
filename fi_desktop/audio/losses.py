"""Collects what is missing inside a recording: pieces that could not be read, and gaps in its timeline.

A gap in the timestamps means damage if bytes of the file were passed over there, and otherwise a pause or a
transmission that failed. The decoder reports packets and frames in the order of the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from av.packet import Packet

from fi_desktop.audio.container import Media
from fi_desktop.audio.notes import AudioWarning

# libavformat's AVFMT_GENERIC_INDEX: raw streams of frames (MP3, FLAC, ADTS), as well as Ogg.
_FRAMES_ALONE = 0x0100
# What lies between two packets if nothing was passed over: headers of pages, blocks and clusters.
_FRAMING_BYTES = 512
# Less than this is lost at the edges of any encoded file.
_DAMAGE_S = 0.2
# Live recordings leave out shorter moments of silence, or lose them on the network.
_PAUSE_S = 2.0
# Pieces that are nearer to each other are one place for a person.
_NEAR_S = 1.0


class Reading:
    """How far a file was read, and where bytes were passed over.

    Attributes:
        packet_at: where the last packet begins; -1 if unknown.
        passed_over: whether bytes before the place that is being read belong to no packet.
        others_end_s: timestamp at which the last packet of a track that is not decoded ends, seconds.
    """

    def __init__(self, media: Media) -> None:
        """Begin a file."""
        file_format = media.container.format
        # In other containers packets are not stored one after the other, or with much between them.
        self._in_a_row = bool(int(file_format.flags) & _FRAMES_ALONE) or file_format.name.startswith(
            ("ogg", "matroska")
        )
        self._read_to = self.packet_at = -1
        self.passed_over = False
        self.others_end_s = 0.0

    def packet(self, packet: Packet) -> None:
        """Note where a packet of any track is in the file."""
        if not self._in_a_row or (position := packet.pos) is None:
            return
        if position == self.packet_at:
            self._read_to += packet.size  # several packets in one Ogg page
            return
        self.passed_over = 0 <= self._read_to < position - _FRAMING_BYTES
        self.packet_at = position
        self._read_to = max(self._read_to, position + packet.size)

    def other(self, packet: Packet) -> None:
        """Note when a packet of pictures or subtitles ends."""
        if packet.pts is not None and packet.time_base is not None:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self.others_end_s = max(self.others_end_s, end_s)


@dataclass(slots=True)
class _Pieces:
    """Missing pieces of one kind.

    Attributes:
        total_s: their length, seconds.
        first_s: where the first one begins, seconds.
        end_s: where the last one ends, seconds.
        places: in how many places they are.
    """

    total_s: float = 0.0
    first_s: float = 0.0
    end_s: float = 0.0
    places: int = 0

    def add(self, at_s: float, length_s: float) -> None:
        if not self.places:
            self.first_s = at_s
        if not self.places or at_s - self.end_s > _NEAR_S:
            self.places += 1
        self.total_s += length_s
        self.end_s = at_s + length_s

    def warning(self, once: str, often: str) -> AudioWarning:
        code = once if self.places == 1 else often
        return AudioWarning(code, self.first_s, self.total_s, self.places)


class Losses:
    """What is missing between the first and the last sound of a track."""

    def __init__(self, reading: Reading) -> None:
        """Begin a track."""
        self._reading = reading
        self._unheard_s = 0.0
        self._damage = _Pieces()
        self._pauses = _Pieces()

    def go_on(self, reading: Reading) -> None:
        """Continue with another recording."""
        self._reading = reading

    def unheard(self, length_s: float) -> None:
        """A packet could not be decoded; it counts if sound follows, as the last one is often torn."""
        self._unheard_s += length_s

    def sound(self, position_s: float, gap_s: float) -> None:
        """A frame was decoded that belongs `gap_s` after `position_s`, where the sound so far ends."""
        if self._unheard_s:
            # The gap before the first sound is mostly a late start.
            self._damage.add(position_s, max(gap_s if position_s > 0 else 0.0, self._unheard_s))
            self._unheard_s = 0.0
        elif gap_s and position_s > 0:
            if self._reading.passed_over:
                self._damage.add(position_s, gap_s)
            elif gap_s >= _PAUSE_S:
                self._pauses.add(position_s, gap_s)

    def warnings(self) -> list[AudioWarning]:
        """Return what the person must know."""
        told = []
        if self._damage.total_s >= _DAMAGE_S:
            told.append(self._damage.warning("audio.partly_damaged", "audio.damaged_places"))
        if self._pauses.places:
            told.append(self._pauses.warning("audio.gap", "audio.gaps"))
        return told
