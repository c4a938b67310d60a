"""The recording's clock: how much silence belongs before a frame, and what is missing.

A transcript's times count from the start of the recording, as a player shows them. Consecutive frames are
joined without regard to small differences. Late starts and missing packets become silence, so that later
speech keeps its time. Drift, from a sound card's slow or fast clock, is made up with silence or faster
playback.
"""

from __future__ import annotations

from dataclasses import dataclass

from fi_desktop.audio.demux import FilePosition
from fi_desktop.audio.disk_space import LONGEST_S
from fi_desktop.core.messages import MESSAGES, Note

# Timestamps of live captures, and of containers that count in milliseconds, jitter by this much.
_JITTER_S = 0.02
# Codecs start with up to this much priming (LAME 25 ms, AAC 44 ms, Opus 80 ms), which is not a late start.
_PRIMING_S = 0.1
# A track that starts later than this was cut from a longer recording, and starts at zero.
_LATE_START_S = 300.0
# Most silence to insert in a file without a declared length: beyond it, timestamps are corrupt.
_SILENCE_BUDGET_S = 2 * 3600.0
# A clock that jumps back by more than this was reset (a chained file, a restarted stream).
_RESTART_S = 1.0
# Audio that lags its timestamps by more than this, for longer than this, has to catch up. If it lags faster
# than any sound card drifts, its timestamps are wrong and it is left alone.
_DRIFT_S = 0.1
_DRIFTS_FOR_S = 1.0
_DRIFT = 0.02
# Any encoded file loses this much at its edges.
_DAMAGE_S = 0.2
# Live recordings omit shorter silences, or lose them on the network.
_PAUSE_S = 2.0
# Missing pieces closer together than this are reported as one place.
_NEAR_S = 1.0


class Timeline:
    """Places frames on the recording's clock, in decoding order.

    Attributes:
        origin_s: timestamp of the recording's zero, seconds.
        behind: whether there is more audio than its timestamps leave room for, so it has to catch up.
        jump: where the timestamps jump ahead implausibly far, and by how much, seconds; None if they do not,
            or jump back later.
    """

    def __init__(
        self, *, start_s: float, duration_s: float | None, relative: bool, at_s: float = 0.0
    ) -> None:
        """Start a clock.

        Args:
            start_s: smallest timestamp in the file.
            duration_s: declared length; None if unknown.
            relative: whether timestamps may start anywhere (MPEG-TS, Ogg) or count from the first frame found
                (FLAC, MP3), so that the first one is the recording's zero.
            at_s: length of the recording so far, seconds.
        """
        late = _PRIMING_S < start_s <= _LATE_START_S and not relative
        self.origin_s = (0.0 if late else start_s) - at_s
        self._end_s = None if duration_s is None else start_s - self.origin_s + duration_s + 1.0
        self._shift_s = 0.0
        self._silence_s = 0.0
        self._behind_since: tuple[float, float] | None = None
        self.behind = False
        self.jump: tuple[float, float] | None = None

    def gap_before(self, timestamp_s: float | None, position_s: float) -> float:
        """Return the seconds of silence that belong before a frame; 0 if it simply follows.

        timestamp_s: the frame's; position_s: length of the recording so far.
        """
        if timestamp_s is None:
            return 0.0
        ahead_s = timestamp_s - self.origin_s + self._shift_s - position_s
        if -_RESTART_S <= ahead_s <= _JITTER_S:
            self._update_drift(-ahead_s, position_s)
            return 0.0
        self.behind, self._behind_since = False, None
        if ahead_s > 0 and self._is_plausible(position_s + ahead_s, ahead_s):
            self._silence_s += ahead_s
            return ahead_s
        self._shift_s -= ahead_s
        if 0 < ahead_s <= LONGEST_S:
            self.jump = self.jump or (position_s, ahead_s)
        elif self.jump and ahead_s + self.jump[1] < _RESTART_S:
            self.jump = None
        return 0.0

    def skip(self, seconds: float) -> None:
        """Shift later frames by time that was lost without a trace in their timestamps."""
        self._shift_s += seconds

    def _update_drift(self, behind_s: float, position_s: float) -> None:
        if self.behind:
            self.behind = behind_s > 0
        elif behind_s <= _DRIFT_S:
            # Packets of live recordings arrive early and late; only constant lag is drift.
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = (position_s, behind_s)
        elif position_s - self._behind_since[0] > _DRIFTS_FOR_S:
            since_s, before_s = self._behind_since
            self.behind = behind_s - before_s <= _DRIFT * (position_s - since_s)
            self._behind_since = None

    def _is_plausible(self, position_s: float, silence_s: float) -> bool:
        """Whether silence that ends at `position_s` may be inserted."""
        if self._end_s is None:
            return self._silence_s + silence_s <= _SILENCE_BUDGET_S
        return position_s <= min(self._end_s, LONGEST_S)


@dataclass(slots=True)
class _Pieces:
    """Missing pieces of one kind.

    Attributes:
        total_s: total length, seconds.
        first_s: start of the first piece, seconds.
        end_s: end of the last piece, seconds.
        places: number of distinct places.
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

    def warning(self, once: str, several: str) -> AudioWarning:
        code = once if self.places == 1 else several
        return AudioWarning(code, self.first_s, self.total_s, self.places)


class MissingAudio:
    """Collects what is missing between a track's first and last sample.

    A gap in the timestamps is damage if bytes of the file were skipped there, and otherwise a pause or a
    failed transmission.
    """

    def __init__(self, position: FilePosition) -> None:
        """Start a track; `position` is read as the file is."""
        self._position = position
        self._undecodable_s = 0.0
        self._damage = _Pieces()
        self._pauses = _Pieces()

    def switch_file(self, position: FilePosition) -> None:
        """Continue with another recording stored in the same file."""
        self._position = position

    def undecodable(self, length_s: float) -> None:
        """Note an undecodable packet; it counts only if audio follows, as the last packet is often torn."""
        self._undecodable_s += length_s

    def decoded(self, position_s: float, gap_s: float) -> None:
        """Note a frame that belongs `gap_s` after `position_s`, where the audio so far ends."""
        if self._undecodable_s:
            # A gap before the first audio is usually a late start.
            self._damage.add(position_s, max(gap_s if position_s > 0 else 0.0, self._undecodable_s))
            self._undecodable_s = 0.0
        elif gap_s and position_s > 0:
            if self._position.skipped:
                self._damage.add(position_s, gap_s)
            elif gap_s >= _PAUSE_S:
                self._pauses.add(position_s, gap_s)

    def warnings(self) -> list[AudioWarning]:
        """Return what the person has to know."""
        warnings = []
        if self._damage.total_s >= _DAMAGE_S:
            warnings.append(self._damage.warning("audio.partly_damaged", "audio.damaged_places"))
        if self._pauses.places:
            warnings.append(self._pauses.warning("audio.gap", "audio.gaps"))
        return warnings


@dataclass(frozen=True, slots=True)
class AudioWarning:
    """A defect of a recording that could be used nevertheless.

    Attributes:
        code: code of a message.
        at_s: where it is or starts, seconds.
        length_s: affected length, seconds.
        places: number of affected places.
        used, tracks: number of audio tracks used, of those that can be decoded.
    """

    code: str
    at_s: float = 0.0
    length_s: float = 0.0
    places: int = 1
    used: int = 1
    tracks: int = 1

    @property
    def note(self) -> Note:
        """The warning for the person; it names no file."""
        message = MESSAGES[self.code]
        values = {
            "at": self.at_s,
            "length": self.length_s,
            "places": self.places,
            "used": self.used,
            "tracks": self.tracks,
        }
        return message(**{name: value for name, value in values.items() if name in message.placeholders})
