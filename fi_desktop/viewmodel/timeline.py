"""Lanes over time, as numbers: which turns lie where, and which ticks an axis needs. Knows no widget."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fi_desktop.core.transcript import Transcript, Turn

_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)
_TICK_GAP = 86  # pixels that a tick's label needs at least


@dataclass(frozen=True, slots=True)
class Lane:
    """One speaker's turns.

    Attributes:
        turns: (start, end, number of the turn in the transcript), by start; seconds.
        starts: the starts alone, for bisection.
        longest_s: the longest turn, so that a look back in time knows where to stop.
        total_s: speaking time.
        share: of all speaking time, 0 to 1.
    """

    number: int
    turns: tuple[tuple[float, float, int], ...]
    starts: tuple[float, ...]
    longest_s: float
    total_s: float
    share: float

    def between(self, start: float, end: float) -> Iterator[tuple[float, float, int]]:
        """Yield the turns that touch a stretch of time."""
        first = bisect_left(self.starts, start - self.longest_s)
        last = bisect_right(self.starts, end)
        return (turn for turn in self.turns[first:last] if turn[1] >= start)

    def bars(self, start: float, end: float, pixels_a_second: float) -> Iterator[tuple[float, float]]:
        """Yield (start, end) of what is painted of a stretch: turns less than a pixel apart are one bar."""
        gap = 1.0 / pixels_a_second
        bar_start = bar_end = None
        for turn_start, turn_end, _ in self.between(start, end):
            if bar_start is None or bar_end is None:
                bar_start, bar_end = turn_start, turn_end
            elif turn_start - bar_end < gap:
                bar_end = max(bar_end, turn_end)
            else:
                yield bar_start, bar_end
                bar_start, bar_end = turn_start, turn_end
        if bar_start is not None and bar_end is not None:
            yield bar_start, bar_end


def turns_to_show(transcript: Transcript) -> tuple[Turn, ...]:
    """Return the turns; where the speakers are missing, when anybody spoke, as turns of "" (nobody)."""
    return transcript.turns or tuple(Turn(part.start, part.end, "") for part in transcript.segments)


def lanes_of(turns: Sequence[Turn]) -> tuple[Lane, ...]:
    """Return one lane a speaker, in order of first appearance."""
    grouped: dict[str, list[tuple[float, float, int]]] = {}
    for number, turn in enumerate(turns):
        grouped.setdefault(turn.speaker, []).append((turn.start, turn.end, number))
    totals = {label: sum(end - start for start, end, _ in turns) for label, turns in grouped.items()}
    spoken = sum(totals.values()) or 1.0
    return tuple(
        Lane(
            number=number,
            turns=tuple(turns),
            starts=tuple(start for start, _, _ in turns),
            longest_s=max((end - start for start, end, _ in turns), default=0.0),
            total_s=totals[label],
            share=totals[label] / spoken,
        )
        for number, (label, turns) in enumerate(grouped.items())
    )


def tick_step_s(pixels_a_second: float) -> float:
    """Return the distance of labelled ticks, seconds: a round one, wide enough for the labels."""
    return next((step for step in _STEPS_S if step * pixels_a_second >= _TICK_GAP), _STEPS_S[-1])
