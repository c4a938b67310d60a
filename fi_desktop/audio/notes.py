"""What a person must know about a recording that could be used, although not all of it was there."""

from __future__ import annotations

from dataclasses import dataclass

_SENTENCES = {
    "audio.cut_short": (
        "The file ends at {at}, although it should last {length}: copy it again from the recorder."
    ),
    "audio.partly_damaged": "The file is damaged at {at}: {length} could not be read and is left silent.",
    "audio.damaged_places": (
        "The file is damaged in {places} places, first at {at}: {length} in all could not be read and is "
        "left silent."
    ),
    "audio.gap": "Nothing was recorded for {length} at {at}: this is a pause, or a part that was lost.",
    "audio.gaps": (
        "Nothing was recorded in {places} places, first at {at}, {length} in all: these are pauses, or parts "
        "that were lost."
    ),
    "audio.clock_jumps": (
        "The file's clock jumps by {length} at {at}: what follows was joined to what comes before."
    ),
    "audio.more_than_counted": (
        "The file's header counts only {length} of sound, but the file holds more: it was read to its end at "
        "{at}."
    ),
    "audio.rest_unread": "A part of the file after {at} could not be read.",
    "audio.tracks": "{used} sound tracks were used.",
    "audio.some_tracks": (
        "Of {tracks} sound tracks, {used} could be used; the others are silent, the same, or in another "
        "language."
    ),
}


@dataclass(frozen=True, slots=True)
class AudioWarning:
    """Something that the person must know about a recording that could be used all the same.

    Attributes:
        code: names the sentence; never shown, never translated.
        at_s: where it is or begins, seconds.
        length_s: how much is concerned, seconds.
        places: how many places are concerned.
        used, tracks: how many sound tracks were used, of how many that can be decoded.
    """

    code: str
    at_s: float = 0.0
    length_s: float = 0.0
    places: int = 1
    used: int = 1
    tracks: int = 1

    @property
    def message(self) -> str:
        """One sentence for the person; it names no file."""
        return _SENTENCES[self.code].format(
            at=_clock(self.at_s),
            length=length_text(self.length_s),
            places=self.places,
            used=self.used,
            tracks=self.tracks,
        )


def length_text(seconds: float) -> str:
    """0.4 s, 12 s, then as a clock shows it."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    return f"{seconds:.0f} s" if seconds < 59.5 else _clock(seconds)


def _clock(time_s: float) -> str:
    """12:31, or 1:02:31 from an hour on."""
    minutes, seconds = divmod(round(time_s), 60)
    if minutes < 60:
        return f"{minutes}:{seconds:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
