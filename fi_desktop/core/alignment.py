"""Speakers: how many to look for, and who said which word.

A word goes to whom it overlaps most; then each sentence is looked at as a whole, since people finish theirs
and borders of turns are some tenths of a second off.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from fi_desktop.core.transcript import Segment, Turn, Word

_NEAR_S = 1.0  # so far from a turn a word may lie and still belong to it
_POINT_S = 0.02  # a shorter word is taken to be so long
_BOTH = 0.3  # this share of a word is said by two: they speak at the same time

_SENTENCE_END = re.compile(r"[.?!…。？！][\"'”’»)\]]*$")
_NO_END = re.compile(r"^(?:[^\W\d_]|dra?s?|sra?s?|srta|mrs?|ms|prof|vs|etc|approx|aprox)\.$", re.IGNORECASE)
_SENTENCE_BEGIN = re.compile(r"^[\"'“‘«(\[]*[¿¡]")
_SENTENCE_PAUSE_S = 0.8

# a run of words that may be a mistake: two words, and no longer than that
_SHORT_WORDS = 2
_SHORT_S = 1.0
_OWN = 0.8  # this share of what is said lies in its speaker's turns: they do speak
_BREATH_S = 0.2

_SEGMENT_PAUSE_S = 1.5
_LONG_S = 20.0  # such a segment ends with its sentence
_TOO_LONG_S = 40.0  # and such a one anyhow


def segments_of(turns: tuple[Turn, ...]) -> tuple[Segment, ...]:
    """Segments without words, one a turn: what a transcript holds where nothing was transcribed."""
    return tuple(Segment(turn.start, turn.end, turn.speaker) for turn in turns)


def assign_speakers(
    words: Sequence[Word], turns: Sequence[Turn], exclusive: Sequence[Turn] = ()
) -> tuple[Word, ...]:
    """Say who said each word, and where somebody else spoke at the same time.

    Args:
        words: in order; what they hold of speakers is not looked at.
        turns: who spoke when; turns of different speakers may overlap.
        exclusive: the same without overlap, where the engine has it: it knows best who is heard.

    Returns: the same words. The speaker is None where nobody's turn is near.
    """
    everybody = _timeline(turns)
    heard = _timeline(exclusive) if exclusive else everybody
    covers = [heard.cover(word) for word in words]
    speakers: list[str | None] = []
    for word, cover in zip(words, covers, strict=True):
        before = speakers[-1] if speakers else None
        # where two speak alike, whoever was speaking goes on
        likeliest = max(sorted(cover), key=lambda name: (cover[name], name == before), default=None)
        speakers.append(likeliest or heard.nearest(word))
    for first, end in _sentences(words):
        _Sentence(words, covers, speakers, first, end).smooth()
    return tuple(
        replace(word, speaker=speaker, overlap=_both(word, speaker, everybody))
        for word, speaker in zip(words, speakers, strict=True)
    )


def segments_of_words(words: Sequence[Word]) -> tuple[Segment, ...]:
    """Words as segments: a new one for each speaker and after each pause, and sometimes in long speech."""
    segments: list[Segment] = []
    current: list[Word] = []
    for word in words:
        if current and _breaks(current, word):
            segments.append(_segment(current))
            current = []
        current.append(word)
    if current:
        segments.append(_segment(current))
    return tuple(segments)


def _breaks(current: Sequence[Word], word: Word) -> bool:
    last, length = current[-1], current[-1].end - current[0].start
    return (
        word.speaker != last.speaker
        or word.start - last.end > _SEGMENT_PAUSE_S
        or (length > _LONG_S and _ends_sentence(last))
        or length > _TOO_LONG_S
    )


def _segment(words: Sequence[Word]) -> Segment:
    text = "".join(word.text if word.joined else f" {word.text}" for word in words).strip()
    end = max(word.end for word in words)
    return Segment(words[0].start, end, words[0].speaker, text, tuple(words))


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Who speaks between one border and the next.

    Attributes:
        borders: seconds, rising.
        speakers: one entry more than there are borders; the first and the last are empty.
    """

    borders: list[float] = field(default_factory=list)
    speakers: list[frozenset[str]] = field(default_factory=lambda: [frozenset()])

    def cover(self, word: Word) -> dict[str, float]:
        """How long each speaker speaks during a word, seconds; without those who do not."""
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
        """Who speaks nearest to a word that nobody covers, if that is near enough."""
        at = bisect_right(self.borders, word.start)
        distances = []
        if at > 0:
            distances += [(word.start - self.borders[at - 1], name) for name in self.speakers[at - 1]]
        if at < len(self.borders):
            distances += [(self.borders[at] - word.end, name) for name in self.speakers[at + 1]]
        distance, speaker = min(distances, default=(_NEAR_S, None))
        return speaker if distance < _NEAR_S else None


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


def _span(word: Word) -> tuple[float, float]:
    return word.start, max(word.end, word.start + _POINT_S)


def _both(word: Word, speaker: str | None, everybody: _Timeline) -> bool:
    cover = everybody.cover(word)
    own = cover.pop(speaker, 0.0) if speaker is not None else 0.0
    start, end = _span(word)
    return own > 0.0 and max(cover.values(), default=0.0) >= _BOTH * (end - start)


def _ends_sentence(word: Word) -> bool:
    return bool(_SENTENCE_END.search(word.text)) and not _NO_END.match(word.text)


def _sentences(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield each sentence as its first word and the one after its last."""
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
    """Words `first` to `end` with their speakers, which are corrected in place."""

    words: Sequence[Word]
    covers: Sequence[dict[str, float]]
    speakers: list[str | None]
    first: int
    end: int

    def smooth(self) -> None:
        """Give short runs of words to whom the rest of the sentence belongs."""
        runs: list[tuple[int, int]] = []
        for run in self._runs():
            runs.append(run)
            while len(runs) >= 3 and self._interrupts(*runs[-3:]):
                self._give(runs[-2], runs[-3])
                runs[-3:] = [(runs[-3][0], runs[-1][1])]
        if len(runs) >= 2 and self._slipped(runs[0], runs[1]):
            self._give(runs[0], runs[1])
        if len(runs) >= 2 and self._slipped(runs[-1], runs[-2]):
            self._give(runs[-1], runs[-2])

    def _runs(self) -> Iterator[tuple[int, int]]:
        """Yield each stretch of one speaker's words."""
        first = self.first
        for at in range(self.first + 1, self.end + 1):
            if at == self.end or self.speakers[at] != self.speakers[first]:
                yield first, at
                first = at

    def _give(self, run: tuple[int, int], whose: tuple[int, int]) -> None:
        self.speakers[slice(*run)] = [self.speakers[whose[0]]] * (run[1] - run[0])

    def _interrupts(self, before: tuple[int, int], run: tuple[int, int], after: tuple[int, int]) -> bool:
        """Whether a run in the midst of another's speech is a mistake, and no "mhm" of its own."""
        speaker, words = self.speakers[before[0]], run[1] - run[0]
        if speaker is None or speaker != self.speakers[after[0]]:
            return False
        start, end = self.words[run[0]].start, self.words[run[1] - 1].end
        long = words > _SHORT_WORDS or end - start > _SHORT_S
        if long or before[1] - before[0] + after[1] - after[0] <= words:
            return False
        breath_s = min(start - self.words[run[0] - 1].end, self.words[run[1]].start - end)
        return breath_s < _BREATH_S or self._own(run) < _OWN

    def _slipped(self, run: tuple[int, int], rest: tuple[int, int]) -> bool:
        """Whether a word at the sentence's border is on the wrong side of the border of a turn."""
        lone = run[1] - run[0] == 1 and rest[1] - rest[0] > _SHORT_WORDS
        return lone and self.speakers[rest[0]] is not None and self._own(run) < _OWN

    def _own(self, run: tuple[int, int]) -> float:
        """How much of a run, 0 to 1, lies in its speaker's turns."""
        own = said = 0.0
        for at in range(*run):
            start, end = _span(self.words[at])
            own += self.covers[at].get(self.speakers[at] or "", 0.0)
            said += end - start
        return own / said
