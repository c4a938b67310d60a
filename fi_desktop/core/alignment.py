"""Assigns words to speakers, and groups them into segments.

Each word is assigned to the speaker whose turns overlap it most. Then sentences are smoothed: people finish
their sentences, and the borders of turns are some tenths of a second off.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from fi_desktop.core.transcript import Region, Segment, Turn, Word

_MAX_DISTANCE_S = 1.0  # of a word from the turn that it is assigned to
_MIN_WORD_S = 0.02  # shorter words count as this long
_OVERLAP = 0.3  # share of a word that another speaker must cover for it to overlap

_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’»)\]]*$")
_NO_END = re.compile(r"^(?:[^\W\d_]|dra?s?|sra?s?|srta|mrs?|ms|prof|vs|etc|approx|aprox)\.$", re.IGNORECASE)
_SENTENCE_BEGIN = re.compile(r"^[\"'“‘«(\[]*[¿¡]")
_SENTENCE_PAUSE_S = 0.8

# A run of one speaker's words may be a mistake if it is at most this long.
_SHORT_WORDS = 2
_SHORT_S = 1.0
_COVERED = 0.8  # share of a run within its speaker's turns from which it is genuine
_BREATH_S = 0.2  # pause around a genuine interjection

_SEGMENT_PAUSE_S = 1.5
_LONG_S = 20.0  # a segment this long ends with its sentence
_TOO_LONG_S = 40.0  # and one this long ends anyway


def segments_of(turns: tuple[Turn, ...]) -> tuple[Segment, ...]:
    """Return segments without words, one per turn, for a recording that was not transcribed."""
    return tuple(Segment(turn.start, turn.end, turn.speaker) for turn in turns)


def assign_speakers(
    words: Sequence[Word],
    turns: Sequence[Turn],
    exclusive: Sequence[Turn] = (),
    unsure: Sequence[Region] = (),
) -> tuple[Word, ...]:
    """Assign a speaker to each word; mark overlap and unsure voices.

    Args:
        words: in order; speakers that they have are ignored.
        turns: who spoke when; turns of different speakers may overlap.
        exclusive: the turns without overlap, if the engine provides them: better at who is heard.
        unsure: speech whose voice is nearly as likely another speaker's, sorted.

    Returns: the same words. The speaker is None if no turn is near.
    """
    everybody = _timeline(turns)
    heard = _timeline(exclusive) if exclusive else everybody
    covers = [heard.cover(word) or everybody.cover(word) for word in words]
    speakers: list[str | None] = []
    for word, cover in zip(words, covers, strict=True):
        before = speakers[-1] if speakers else None
        # on a tie, the previous speaker continues
        likeliest = max(sorted(cover), key=lambda name: (cover[name], name == before), default=None)
        speakers.append(likeliest or heard.nearest(word))
    for first, end in _sentences(words):
        _Sentence(words, covers, speakers, first, end).smooth()
    return tuple(
        replace(
            word,
            speaker=speaker,
            overlap=_overlaps(word, speaker, everybody),
            unsure_speaker=is_unsure and speaker is not None,
        )
        for word, speaker, is_unsure in zip(words, speakers, _within(words, unsure), strict=True)
    )


def missing_segments(missing: Sequence[Region], turns: Sequence[Turn]) -> tuple[Segment, ...]:
    """Return a segment for each stretch of speech without words, by the one who speaks most of it."""
    timeline = _timeline(turns)
    segments = []
    for region in missing:
        cover = timeline.cover(region)
        speaker = max(sorted(cover), key=lambda name: cover[name], default=None)
        segments.append(Segment(region.start, region.end, speaker, missing=True))
    return tuple(segments)


def segments_of_words(words: Sequence[Word], missing: Sequence[Segment] = ()) -> tuple[Segment, ...]:
    """Group words into segments by speaker and language, split at pauses and where words are missing.

    words: in order of their start; missing: see `missing_segments`. Returns: both by start.
    """
    segments: list[Segment] = []
    current: list[Word] = []
    waiting = deque(missing)
    for word in words:
        if current and (_breaks(current, word) or (waiting and waiting[0].start < word.start)):
            segments.append(_segment(current))
            current = []
        while waiting and waiting[0].start < word.start:
            segments.append(waiting.popleft())
        current.append(word)
    if current:
        segments.append(_segment(current))
    return (*segments, *waiting)


def _breaks(current: Sequence[Word], word: Word) -> bool:
    last, length = current[-1], current[-1].end - current[0].start
    return (
        word.speaker != last.speaker
        or word.language != last.language
        or word.start - last.end > _SEGMENT_PAUSE_S
        or (length > _LONG_S and _ends_sentence(last))
        or length > _TOO_LONG_S
    )


def _segment(words: Sequence[Word]) -> Segment:
    end = max(word.end for word in words)
    first = words[0]
    return Segment(first.start, end, first.speaker, text_of(words), tuple(words), language=first.language)


def text_of(words: Iterable[Word]) -> str:
    """Return words as one text."""
    return "".join(word.text if word.joined else f" {word.text}" for word in words).strip()


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Who speaks between one border and the next.

    Attributes:
        borders: seconds, ascending.
        speakers: of each interval: one more than there are borders, and none in the first and the last.
    """

    borders: list[float] = field(default_factory=list)
    speakers: list[frozenset[str]] = field(default_factory=lambda: [frozenset()])

    def cover(self, word: Word | Region) -> dict[str, float]:
        """Return how long each speaker speaks during a word or region, seconds; only those who do."""
        start, end = _span(word)
        cover: dict[str, float] = {}
        at = bisect_right(self.borders, start)
        while start < end:
            until = min(end, self.borders[at]) if at < len(self.borders) else end
            for speaker in self.speakers[at]:
                cover[speaker] = cover.get(speaker, 0.0) + until - start
            start, at = until, at + 1
        return cover

    def nearest(self, word: Word) -> str | None:
        """Return the speaker nearest to a word that no turn covers, if near enough."""
        at = bisect_right(self.borders, word.start)
        distances = []
        if at > 0:
            distances += [(word.start - self.borders[at - 1], name) for name in self.speakers[at - 1]]
        if at < len(self.borders):
            distances += [(self.borders[at] - word.end, name) for name in self.speakers[at + 1]]
        distance, speaker = min(distances, default=(_MAX_DISTANCE_S, None))
        return speaker if distance < _MAX_DISTANCE_S else None


def _timeline(turns: Sequence[Turn]) -> _Timeline:
    changes = sorted(
        [(turn.start, 1, turn.speaker) for turn in turns if turn.end > turn.start]
        + [(turn.end, -1, turn.speaker) for turn in turns if turn.end > turn.start]
    )
    line = _Timeline()
    count: dict[str, int] = {}
    for time, change, speaker in changes:
        count[speaker] = count.get(speaker, 0) + change
        if not count[speaker]:
            del count[speaker]
        if line.borders and line.borders[-1] == time:
            line.speakers[-1] = frozenset(count)
        else:
            line.borders.append(time)
            line.speakers.append(frozenset(count))
    return line


def _span(word: Word | Region) -> tuple[float, float]:
    return word.start, max(word.end, word.start + _MIN_WORD_S)


def _overlaps(word: Word, speaker: str | None, everybody: _Timeline) -> bool:
    cover = everybody.cover(word)
    own = cover.pop(speaker, 0.0) if speaker is not None else 0.0
    start, end = _span(word)
    return own > 0.0 and max(cover.values(), default=0.0) >= _OVERLAP * (end - start)


def _within(words: Sequence[Word], regions: Sequence[Region]) -> Iterator[bool]:
    """Yield whether the middle of each word is in one of some sorted regions."""
    starts = [region.start for region in regions]
    for word in words:
        middle = (word.start + word.end) / 2
        at = bisect_right(starts, middle) - 1 if regions else -1
        yield at >= 0 and middle < regions[at].end


def _ends_sentence(word: Word) -> bool:
    return bool(_SENTENCE_END.search(word.text)) and not _NO_END.match(word.text)


def _sentences(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield the sentences as (first, end) indices of words."""
    first = 0
    for at in range(1, len(words)):
        before, word = words[at - 1], words[at]
        pause_s = word.start - before.end
        if _ends_sentence(before) or _SENTENCE_BEGIN.match(word.text) or pause_s > _SENTENCE_PAUSE_S:
            yield first, at
            first = at
    if words:
        yield first, len(words)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """The words from `first` to `end`, and their speakers, which `smooth` corrects in place."""

    words: Sequence[Word]
    covers: Sequence[dict[str, float]]
    speakers: list[str | None]
    first: int
    end: int

    def smooth(self) -> None:
        """Reassign short runs of words to the speaker of the rest of the sentence."""
        runs: list[tuple[int, int]] = []
        for run in self._runs():
            runs.append(run)
            while len(runs) >= 3 and self._is_mistake(*runs[-3:]):
                self._reassign(runs[-2], runs[-3])
                runs[-3:] = [(runs[-3][0], runs[-1][1])]
        if len(runs) >= 2 and self._is_misplaced(runs[0], runs[1]):
            self._reassign(runs[0], runs[1])
        if len(runs) >= 2 and self._is_misplaced(runs[-1], runs[-2]):
            self._reassign(runs[-1], runs[-2])

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield the runs of words of one speaker as (first, end) indices."""
        first = self.first
        for at in range(self.first + 1, self.end + 1):
            if at == self.end or self.speakers[at] != self.speakers[first]:
                yield first, at
                first = at

    def _reassign(self, run: tuple[int, int], like: tuple[int, int]) -> None:
        self.speakers[slice(*run)] = [self.speakers[like[0]]] * (run[1] - run[0])

    def _is_mistake(self, before: tuple[int, int], run: tuple[int, int], after: tuple[int, int]) -> bool:
        """Return whether a run within another's speech is a mistake rather than an interjection."""
        speaker, words = self.speakers[before[0]], run[1] - run[0]
        if speaker is None or speaker != self.speakers[after[0]]:
            return False
        start, end = self.words[run[0]].start, self.words[run[1] - 1].end
        long = words > _SHORT_WORDS or end - start > _SHORT_S
        if long or before[1] - before[0] + after[1] - after[0] <= words:
            return False
        breath_s = min(start - self.words[run[0] - 1].end, self.words[run[1]].start - end)
        return breath_s < _BREATH_S or self._covered(run) < _COVERED

    def _is_misplaced(self, run: tuple[int, int], rest: tuple[int, int]) -> bool:
        """Return whether a single word at either end of the sentence has the wrong speaker."""
        lone = run[1] - run[0] == 1 and rest[1] - rest[0] > _SHORT_WORDS
        return lone and self.speakers[rest[0]] is not None and self._covered(run) < _COVERED

    def _covered(self, run: tuple[int, int]) -> float:
        """Return the share of a run within its speaker's turns, 0 to 1."""
        covered = spoken = 0.0
        for at in range(*run):
            start, end = _span(self.words[at])
            covered += self.covers[at].get(self.speakers[at] or "", 0.0)
            spoken += end - start
        return covered / spoken
