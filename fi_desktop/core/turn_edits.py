"""How a correction of segments changes the turns that they belong to. Times are seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from fi_desktop.core.transcript import Segment, Turn

SHORTEST_S = 0.05
"""Of a turn that an edit cuts: shorter rests are dropped."""


def in_order(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Return turns sorted by start."""
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def room_of(segments: Sequence[Segment], number: int) -> tuple[float, float]:
    """Return the times between which a segment is its speaker's only one: turns reach beyond their words."""
    speaker = segments[number].speaker
    earlier = (part.end for part in reversed(segments[:number]) if part.speaker == speaker)
    later = (part.start for part in segments[number + 1 :] if part.speaker == speaker)
    return next(earlier, 0.0), next(later, math.inf)


def given(
    turns: tuple[Turn, ...],
    start: float,
    end: float,
    before: str | None,
    speaker: str,
    room: tuple[float, float] = (math.inf, -math.inf),
) -> tuple[Turn, ...]:
    """Return the turns with what `before` said from `start` to `end` given to another speaker.

    The rests of such a turn go along if they are within `room`, where the speaker says nothing else. If the
    machine heard nothing there, such as for words of an unknown speaker, the other speaker gets a turn.
    """
    if before == speaker:
        return turns
    kept: list[Turn] = []
    moved = False
    for turn in turns:
        if turn.speaker != before or turn.end <= start or turn.start >= end:
            kept.append(turn)
            continue
        moved = True
        # a rest too short to be heard goes along
        first = turn.start if room[0] <= turn.start or start - turn.start < SHORTEST_S else start
        last = turn.end if room[1] >= turn.end or turn.end - end < SHORTEST_S else end
        kept += [replace(turn, end=first)] if first > turn.start else []
        kept.append(Turn(first, last, speaker))
        kept += [replace(turn, start=last)] if last < turn.end else []
    heard = moved or any(turn.speaker == speaker and turn.start < end and turn.end > start for turn in turns)
    if not heard and end > start:
        kept.append(Turn(start, end, speaker))
    return in_order(kept)


def bordered(
    turns: tuple[Turn, ...], segments: Sequence[Segment], number: int, at: float
) -> tuple[Turn, ...]:
    """Return the turns with the border between a segment and the next at a time.

    The turns that meet there, or have only silence between them, meet at that time. A turn that goes on
    behind the other speaker's words is cut where the border passes over it.
    """
    one, other = segments[number], segments[number + 1]
    if one.speaker is None or other.speaker is None or one.speaker == other.speaker:
        return turns
    ending = [turn for turn in turns if turn.speaker == one.speaker and _meets(turn, one)]
    beginning = [turn for turn in turns if turn.speaker == other.speaker and _meets(turn, other)]
    room = room_of(segments, number)[1], room_of(segments, number + 1)[0]
    if not ending or not beginning or ending[-1].end > room[0] or beginning[0].start < room[1]:
        if at > other.start:
            turns = given(turns, other.start, at, other.speaker, one.speaker)
        return given(turns, at, one.end, one.speaker, other.speaker) if at < one.end else turns
    first = [turn for turn in ending if turn.start < at] or [Turn(min(one.start, at), at, one.speaker)]
    last = [turn for turn in beginning if turn.end > at] or [Turn(at, max(other.end, at), other.speaker)]
    grows = at > max(turn.end for turn in ending)
    if grows or first[-1].end > at or len(first) < len(ending):
        first[-1] = replace(first[-1], end=at)
    last[0] = replace(last[0], start=at)
    gone = {*ending, *beginning}
    rest = [turn for turn in turns if turn not in gone]
    new = [turn for turn in (*first, *last) if turn.end > turn.start]
    return in_order(_swallowed(rest, new) + new)


def _meets(turn: Turn, segment: Segment) -> bool:
    return turn.start < segment.end and turn.end > segment.start


def _swallowed(turns: Iterable[Turn], new: Sequence[Turn]) -> list[Turn]:
    """Return the turns without those that lie within a new one of the same speaker."""
    return [
        turn
        for turn in turns
        if not any(
            turn.speaker == each.speaker and each.start <= turn.start and turn.end <= each.end for each in new
        )
    ]
