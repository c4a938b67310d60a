"""A result as the window shows it: segment texts and search, speaker lanes, how the two correspond."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fi_desktop.core.codec import options_from_json
from fi_desktop.core.text import search_key
from fi_desktop.core.transcript import Provenance, Segment, Transcript, Turn, Word
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.exporters.exporter import DEFAULTS, ExportOptions, words_in

NOTHING = "–"
"""Text of a segment with speech in which no words were recognized."""


@dataclass(frozen=True, slots=True)
class ResultPosition:
    """Scroll, zoom and search state of a result.

    Attributes:
        list_scroll: of the text or the list of turns, pixels.
        query: text in the find bar; None if it is closed.
        lanes_scale: pixels per second; None to fit the whole recording.
        lanes_scroll: of the lanes, pixels.
    """

    list_scroll: int = 0
    query: str | None = None
    lanes_scale: float | None = None
    lanes_scroll: int = 0


_LABEL = re.compile(r"SPEAKER_(\d+)")


def speaker_number(label: str, labels: Sequence[str]) -> int:
    """Return a speaker's number from 0, by which they keep their colour; `labels`: all, in order."""
    found = _LABEL.fullmatch(label)
    return int(found[1]) if found else labels.index(label) if label in labels else len(labels)


def options_with(speakers: int, made: Provenance) -> JobOptions:
    """Return the options of a result, with another number of speakers."""
    return replace(options_from_json(made.options), speakers=SpeakerCount(speakers, speakers))


@dataclass(frozen=True, slots=True)
class WordMark:
    """A word to check: recognized with low confidence, or overlapped by another speaker.

    Attributes:
        start, length: characters in the segment's text.
    """

    start: int
    length: int
    word: Word


@dataclass(frozen=True, slots=True)
class SegmentText:
    """A segment as it is read.

    Attributes:
        start, end: seconds.
        speaker: number from 0, None if unknown; see `speaker_number`.
        label: the speaker's label, None if unknown.
        missing: whether the text stands for speech without words.
        language: ISO 639-1 code if it is not the main language of the recording.
        unsure: another speaker may have said part of it, and nobody has checked.
    """

    start: float
    end: float
    speaker: int | None
    label: str | None
    text: str
    marks: tuple[WordMark, ...]
    missing: bool = False
    language: str | None = None
    unsure: bool = False

    def mark_at(self, offset: int) -> WordMark | None:
        """Return the mark that covers a character, if any."""
        return next((mark for mark in self.marks if 0 <= offset - mark.start < mark.length), None)


def segment_texts(transcript: Transcript, options: ExportOptions = DEFAULTS) -> tuple[SegmentText, ...]:
    """Return one text per segment, in the transcript's order. options: the language of missing passages."""
    return texts_of(transcript.segments, transcript.speakers, options)


def texts_of(
    segments: Iterable[Segment], speakers: Sequence[str], options: ExportOptions
) -> tuple[SegmentText, ...]:
    """Return the texts of some segments; `speakers`: all of the transcript's, in order."""
    return tuple(_segment_text(segment, speakers, options) for segment in segments)


def _segment_text(segment: Segment, speakers: Sequence[str], options: ExportOptions) -> SegmentText:
    label = segment.speaker
    number = None if label is None else speaker_number(label, speakers)
    text = options.missing(segment) if segment.missing else " ".join(segment.text.split()) or NOTHING
    marks = _marks(segment, text)
    unsure = any(word.unsure_speaker and not word.checked for word in segment.words)
    return SegmentText(
        segment.start, segment.end, number, label, text, marks, segment.missing, segment.language, unsure
    )


def _marks(segment: Segment, text: str) -> tuple[WordMark, ...]:
    """Locate the words to check; a word that an edit removed from the text has no mark."""
    found = words_in(segment.words, text)
    return tuple(WordMark(at, length, word) for at, length, word in found if word.doubtful or word.overlap)


@dataclass(frozen=True, slots=True)
class Match:
    """One occurrence. row: index of the text; start, length: characters in it."""

    row: int
    start: int
    length: int


def find_matches(query: str, keys: Sequence[str]) -> Iterator[Match]:
    """Yield the non-overlapping matches of a query in texts; `keys`: their search keys."""
    wanted = search_key(query)
    if not wanted:
        return
    for row, text in enumerate(keys):
        at = text.find(wanted)
        while at >= 0:
            yield Match(row, at, len(wanted))
            at = text.find(wanted, at + len(wanted))


@dataclass(frozen=True, slots=True)
class Lane:
    """One speaker's turns.

    Attributes:
        number: of the lane, from the top.
        label: the speaker's label.
        speaker: see `speaker_number`.
        turns: (start, end, index of the turn in the transcript), by start; seconds.
        starts: the starts alone, for bisection.
        longest_s: duration of the longest turn: bounds how far before a time to look for turns.
        total_s: speaking time.
        share: of the speaking times of all speakers, 0 to 1; time during which two speak counts for both.
    """

    number: int
    label: str
    speaker: int
    turns: tuple[tuple[float, float, int], ...]
    starts: tuple[float, ...]
    longest_s: float
    total_s: float
    share: float

    def between(self, start: float, end: float) -> Iterator[tuple[float, float, int]]:
        """Yield the turns that touch a time span."""
        first = bisect_left(self.starts, start - self.longest_s)
        last = bisect_right(self.starts, end)
        return (turn for turn in self.turns[first:last] if turn[1] >= start)

    def bars(self, start: float, end: float, pixels_per_s: float) -> Iterator[tuple[float, float]]:
        """Yield (start, end) of the bars to paint; turns less than a pixel apart share one bar."""
        gap = 1.0 / pixels_per_s
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
    """Return the turns; without diarization, the segments as turns of one unnamed speaker, ""."""
    return transcript.turns or tuple(Turn(part.start, part.end, "") for part in transcript.segments)


def lanes_of(turns: Sequence[Turn]) -> tuple[Lane, ...]:
    """Return one lane per speaker, in order of first appearance."""
    grouped: dict[str, list[tuple[float, float, int]]] = {}
    for number, turn in enumerate(turns):
        grouped.setdefault(turn.speaker, []).append((turn.start, turn.end, number))
    totals = {label: sum(end - start for start, end, _ in turns) for label, turns in grouped.items()}
    spoken = sum(totals.values()) or 1.0
    return tuple(
        Lane(
            number=number,
            label=label,
            speaker=speaker_number(label, tuple(grouped)),
            turns=tuple(turns),
            starts=tuple(start for start, _, _ in turns),
            longest_s=max((end - start for start, end, _ in turns), default=0.0),
            total_s=totals[label],
            share=totals[label] / spoken,
        )
        for number, (label, turns) in enumerate(grouped.items())
    )


class SegmentTurnMap:
    """Finds the turn for a segment and the segment for a turn; their boundaries differ."""

    def __init__(self, turns: Sequence[Turn], transcript: Transcript) -> None:
        """Index the turns that the lanes show and the transcript's segments."""
        self._all_turns, self._all_segments = turns, transcript.segments
        self._turns = _by_speaker(turns)
        self._segments = _by_speaker(transcript.segments)

    def turn_of(self, segment: int) -> int | None:
        """Return the same speaker's turn that overlaps a segment most, or else the nearest turn."""
        spoken = self._all_segments[segment]
        spans = self._turns.get(spoken.speaker or None) or self._turns[None]
        best = spans.best(spoken.start, spoken.end)
        return None if best is None else best[0]

    def segment_of(self, turn: int) -> int | None:
        """Return the same speaker's segment that overlaps a turn most; None if none does."""
        spoken = self._all_turns[turn]
        spans = self._segments.get(spoken.speaker or None)
        best = spans.best(spoken.start, spoken.end) if spans else None
        return best[0] if best is not None and best[1] > 0 else None

    def segment_near(self, turn: int) -> int | None:
        """Return the segment nearest in time to a turn, of any speaker."""
        best = self._segments[None].best(self._all_turns[turn].start, self._all_turns[turn].end)
        return None if best is None else best[0]


class _Spans:
    """Time spans with their indices, sorted by start."""

    def __init__(self, spans: list[tuple[float, float, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _, _ in self._spans]
        self._longest_s = max((end - start for start, end, _ in spans), default=0.0)

    def best(self, start: float, end: float) -> tuple[int, float] | None:
        """Return (index, overlap in seconds) of the largest overlap; a gap counts as negative."""
        first = max(0, bisect_left(self._starts, start - self._longest_s) - 1)
        last = bisect_right(self._starts, end) + 1
        overlaps = [(min(end, e) - max(start, s), -number) for s, e, number in self._spans[first:last]]
        if not overlaps:
            return None
        seconds, number = max(overlaps)
        return -number, seconds


def _by_speaker(spans: Sequence[Turn | Segment]) -> dict[str | None, _Spans]:
    """Group by speaker label; None holds all spans."""
    grouped: dict[str | None, list[tuple[float, float, int]]] = {None: []}
    for number, span in enumerate(spans):
        grouped[None].append((span.start, span.end, number))
        if span.speaker:
            grouped.setdefault(span.speaker, []).append((span.start, span.end, number))
    return {label: _Spans(members) for label, members in grouped.items()}
