"""Start and end of a turn: how far they may be moved, and the edit that does it. Times are seconds."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from fi_desktop.core.revision import Edit, MoveBorder, Stretch
from fi_desktop.core.transcript import Segment, Transcript, Turn
from fi_desktop.core.turn_edits import SHORTEST_S, room_of

_MEETING_S = 0.25  # turns that are this near to each other share a border
_PAUSE_S = 2.0  # behind a longer silence, words are not taken from the turn on its other side
_NEVER = (math.inf, -math.inf)


@dataclass(frozen=True, slots=True)
class Border:
    """The start or the end of a turn.

    Attributes:
        turn: its number; end: whether it is the turn's end.
        at: where it is.
        low, high: between what it may be moved.
        segment: the segment before it, if words may pass over it to the next segment or from there.
        alone: between what it moves without the turn on its other side, and without words.
        snaps: where words begin and end, in order.
    """

    turn: int
    end: bool
    at: float
    low: float
    high: float
    segment: int | None
    alone: tuple[float, float]
    snaps: tuple[float, ...]

    def near(self, at: float, within_s: float) -> float:
        """Return a time within the limits; that of a word's border if one is near enough."""
        place = bisect_left(self.snaps, at)
        nearest = min(self.snaps[max(0, place - 1) : place + 1], key=lambda snap: abs(snap - at), default=at)
        if abs(nearest - at) <= within_s and self.low <= nearest <= self.high:
            at = nearest
        return min(max(at, self.low), self.high)


def border_of(transcript: Transcript, number: int, *, end: bool) -> Border | None:
    """Return the end of a turn, or else its start; None if it cannot be moved."""
    turn, segments = transcript.turns[number], transcript.segments
    own = [at for at, part in enumerate(segments) if part.speaker == turn.speaker and _meets(turn, part)]
    low, high = _alone(transcript, number, [segments[at] for at in own], end=end)
    at, alone, pair, spoken = turn.end if end else turn.start, (low, high), None, [segments[n] for n in own]
    if own:
        first = own[-1] if end else own[0] - 1
        near = _across(transcript, number, first, end=end)
        if near is not None:
            pair, spoken = first, list(segments[first : first + 2])
            alone = _NEVER if abs(near - at) <= _MEETING_S else _between(spoken, alone, near, end=end)
            low, high = _limits(spoken, turn, end=end)
    if not low <= at <= high:  # the machine's turns may be tighter than their words
        low, high = min(low, at), max(high, at)
    if high - low < SHORTEST_S:
        return None
    words = [word for segment in spoken for word in segment.words]
    snaps = sorted({moment for word in words for moment in (word.start, word.end)})
    return Border(number, end, at, low, high, pair, alone, tuple(snaps))


def moved(transcript: Transcript, border: Border, at: float) -> Edit:
    """Return the edit that moves a border to a time."""
    if border.segment is not None and not border.alone[0] <= at <= border.alone[1]:
        return MoveBorder(border.segment, at)
    turn = transcript.turns[border.turn]
    return Stretch(border.turn, turn.start, at) if border.end else Stretch(border.turn, at, turn.end)


def turn_with(turns: Sequence[Turn], speaker: str, at: float, *, end: bool) -> int | None:
    """Return the number of a speaker's turn that begins or ends at a time."""
    found = (
        number
        for number, turn in enumerate(turns)
        if turn.speaker == speaker and (turn.end if end else turn.start) == at
    )
    return next(found, None)


def _meets(turn: Turn, segment: Segment) -> bool:
    return turn.start < segment.end and turn.end > segment.start


def _alone(transcript: Transcript, number: int, own: Sequence[Segment], *, end: bool) -> tuple[float, float]:
    """Return between what a turn's end or start may lie without any change but its own."""
    turn = transcript.turns[number]
    others = [one for one in transcript.turns if one.speaker == turn.speaker and one is not turn]
    words = [_middle(word.start, word.end) for segment in own for word in segment.words]
    inside = [middle for middle in words if turn.start <= middle <= turn.end]
    if end:
        later = [one.start for one in others if one.start >= turn.end]
        low = max([turn.start + SHORTEST_S, *inside])
        return low, min([max(transcript.duration, turn.end), *later])
    earlier = [one.end for one in others if one.end <= turn.start]
    low, high = max([0.0, *earlier]), min([turn.end - SHORTEST_S, *inside])
    if not any(segment.words for segment in own):  # segments that stand for turns stay in their order
        starts = [segment.start for segment in transcript.segments]
        low = max([low, *(start for start in starts if start < turn.start)])
        high = min([high, *(start for start in starts if start > turn.start)])
    return low, high


def _across(transcript: Transcript, number: int, first: int, *, end: bool) -> float | None:
    """Return where the turn on the other side of a border begins or ends.

    None if it is too far, if the two overlap, or if one of them goes on behind the other's words.
    """
    if not 0 <= first < len(transcript.segments) - 1:
        return None
    one, other = transcript.segments[first], transcript.segments[first + 1]
    if one.speaker is None or other.speaker is None or one.speaker == other.speaker:
        return None
    if bool(one.words) != bool(other.words):
        return None
    ending = [turn for turn in transcript.turns if turn.speaker == one.speaker and _meets(turn, one)]
    beginning = [turn for turn in transcript.turns if turn.speaker == other.speaker and _meets(turn, other)]
    if not ending or not beginning:
        return None
    before, after, turn = ending[-1], beginning[0], transcript.turns[number]
    if turn is not (before if end else after) or not -_MEETING_S <= after.start - before.end <= _PAUSE_S:
        return None
    if before.end > room_of(transcript.segments, first)[1]:
        return None
    if after.start < room_of(transcript.segments, first + 1)[0]:
        return None
    return after.start if end else before.end


def _between(
    pair: Sequence[Segment], alone: tuple[float, float], near: float, *, end: bool
) -> tuple[float, float]:
    """Return how far a border moves alone before it takes words from the other side of a pause."""
    one, other = pair
    if end:
        stop = _middle(other.words[0].start, other.words[0].end) if other.words else near
        return alone[0], min(alone[1], stop)
    stop = _middle(one.words[-1].start, one.words[-1].end) if one.words else near
    return max(alone[0], stop), alone[1]


def _limits(pair: Sequence[Segment], turn: Turn, *, end: bool) -> tuple[float, float]:
    """Return between what a border may lie so that a word, or some time, stays on both sides."""
    one, other = pair
    middles = [_middle(word.start, word.end) for segment in pair for word in segment.words]
    if middles:
        low, high = middles[0] + SHORTEST_S, max(middles)
    else:
        low, high = one.start + SHORTEST_S, max(one.end, other.end) - SHORTEST_S
    return (max(low, turn.start + SHORTEST_S), high) if end else (low, min(high, turn.end - SHORTEST_S))


def _middle(start: float, end: float) -> float:
    return (start + end) / 2
