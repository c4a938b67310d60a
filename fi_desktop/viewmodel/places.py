"""Which segment and which turn belong together: they are cut differently, and lie over each other in time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from fi_desktop.core.transcript import Segment, Transcript, Turn


class Places:
    """Finds the turn of a segment and the segment of a turn, each by its number."""

    def __init__(self, turns: Sequence[Turn], transcript: Transcript) -> None:
        """Compare the turns that the lanes show with the transcript's segments."""
        self._all_turns, self._all_segments = turns, transcript.segments
        self._turns = _by_speaker(turns)
        self._segments = _by_speaker(transcript.segments)

    def turn_of(self, segment: int) -> int | None:
        """Return the turn of the same speaker that holds most of a segment, else the nearest one there is."""
        spoken = self._all_segments[segment]
        spans = self._turns.get(spoken.speaker or None) or self._turns[None]
        best = spans.best(spoken.start, spoken.end)
        return None if best is None else best[0]

    def segment_of(self, turn: int) -> int | None:
        """Return the segment of the same speaker that holds most of a turn; None where no words are in it."""
        spoken = self._all_turns[turn]
        spans = self._segments.get(spoken.speaker or None)
        best = spans.best(spoken.start, spoken.end) if spans else None
        return best[0] if best is not None and best[1] > 0 else None

    def segment_near(self, turn: int) -> int | None:
        """Return the segment that lies nearest in time to a turn, whoever says it."""
        best = self._segments[None].best(self._all_turns[turn].start, self._all_turns[turn].end)
        return None if best is None else best[0]


class _Spans:
    """Stretches of time, by start, with their numbers."""

    def __init__(self, spans: list[tuple[float, float, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _, _ in self._spans]
        self._longest_s = max((end - start for start, end, _ in spans), default=0.0)

    def best(self, start: float, end: float) -> tuple[int, float] | None:
        """Return (number, seconds in common) of the span that has most in common; below zero: the gap."""
        first = max(0, bisect_left(self._starts, start - self._longest_s) - 1)
        last = bisect_right(self._starts, end) + 1
        common = [(min(end, e) - max(start, s), -number) for s, e, number in self._spans[first:last]]
        if not common:
            return None
        seconds, number = max(common)
        return -number, seconds


def _by_speaker(spans: Sequence[Turn | Segment]) -> dict[str | None, _Spans]:
    """Group by label; None holds them all."""
    grouped: dict[str | None, list[tuple[float, float, int]]] = {None: []}
    for number, span in enumerate(spans):
        grouped[None].append((span.start, span.end, number))
        if span.speaker:
            grouped.setdefault(span.speaker, []).append((span.start, span.end, number))
    return {label: _Spans(members) for label, members in grouped.items()}
