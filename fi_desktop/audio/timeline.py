"""The recording's clock: how much silence belongs before a frame.

A transcript's times count from the start of the recording as a player shows it. Frames that follow each other
are joined without a look at small differences; a track that starts late, or packets that are missing, become
silence, so that what is said later keeps its time. Small differences that add up, because the sound card's
clock was slow or fast, become silence or haste. Knows nothing of FFmpeg's objects: seconds in, seconds out.
"""

from __future__ import annotations

from fi_desktop.audio.room import LONGEST_S

# Timestamps of live captures and of containers that count in milliseconds tremble by this much.
_JITTER_S = 0.02
# Codecs start by up to this much of priming (LAME 25 ms, AAC 44 ms, Opus 80 ms): no late start.
_PRIMING_S = 0.1
# A track that starts later than this belongs to a longer recording that was cut, and starts at zero.
_LATE_START_S = 300.0
# Beyond this much silence in all, timestamps are corrupt in a file that does not declare its length, and no
# disk should pay for them.
_SILENCE_BUDGET_S = 2 * 3600.0
# A clock that falls back by more has been set anew (a chained file, a stream that restarted).
_RESTART_S = 1.0
# Sound that is later than its timestamps by more than this, for longer than this, is to catch up; unless it
# falls behind by more of each second than any sound card does, and so its timestamps are wrong.
_DRIFT_S = 0.1
_DRIFTS_FOR_S = 1.0
_DRIFT = 0.02


class Timeline:
    """Places frames on the recording's clock, in the order in which they are decoded.

    Attributes:
        origin_s: timestamp of the recording's zero, seconds.
        behind: whether there is more sound than its timestamps have room for, so that it has to catch up.
        jump: where the timestamps jump ahead further than can be believed, and by how much, seconds; None if
            they do not, or jump back later.
    """

    def __init__(
        self, *, start_s: float, duration_s: float | None, relative: bool, at_s: float = 0.0
    ) -> None:
        """Start a clock.

        Args:
            start_s: smallest timestamp of the file.
            duration_s: length that the file declares.
            relative: whether the format's timestamps may begin anywhere (MPEG-TS, Ogg) or are counted from
                the first frame that is found (FLAC, MP3), so that the first one is the recording's zero.
            at_s: how much of the recording there is already, seconds.
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
        """Return the seconds of silence that belong before a frame; 0 where it simply follows.

        timestamp_s: the frame's own; position_s: how much of the recording there is already.
        """
        if timestamp_s is None:
            return 0.0
        ahead_s = timestamp_s - self.origin_s + self._shift_s - position_s
        if -_RESTART_S <= ahead_s <= _JITTER_S:
            self._look_behind(-ahead_s, position_s)
            return 0.0
        self.behind, self._behind_since = False, None
        if ahead_s > 0 and self._believes(position_s + ahead_s, ahead_s):
            self._silence_s += ahead_s
            return ahead_s
        self._shift_s -= ahead_s
        if 0 < ahead_s <= LONGEST_S:
            self.jump = self.jump or (position_s, ahead_s)
        elif self.jump and ahead_s + self.jump[1] < _RESTART_S:
            self.jump = None
        return 0.0

    def skip(self, seconds: float) -> None:
        """Move later frames by time that was lost without a trace in their timestamps."""
        self._shift_s += seconds

    def _look_behind(self, behind_s: float, position_s: float) -> None:
        if self.behind:
            self.behind = behind_s > 0
        elif behind_s <= _DRIFT_S:
            # Packets of live recordings come late and early; only what is late all the time drifts.
            self._behind_since = None
        elif self._behind_since is None:
            self._behind_since = (position_s, behind_s)
        elif position_s - self._behind_since[0] > _DRIFTS_FOR_S:
            since_s, before_s = self._behind_since
            self.behind = behind_s - before_s <= _DRIFT * (position_s - since_s)
            self._behind_since = None

    def _believes(self, lands_at_s: float, silence_s: float) -> bool:
        if self._end_s is None:
            return self._silence_s + silence_s <= _SILENCE_BUDGET_S
        return lands_at_s <= min(self._end_s, LONGEST_S)
