"""Scores of transcribed words: errors, invented words, marks of doubt, missing passages, languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.real.wording import Errors, align, plain_rows, plain_words

PASSAGE_S = 2.0  # shorter runs of missing words are errors, but no passage
_COVERED = 0.5  # of a passage, for it to count as told
_VOTES = 2  # common words of a language, for a stretch to be in it
_RIGHT = 0.5  # of a stretch's words, for it to be in its language without common words

_COMMON = {
    language: frozenset(words.split())
    for language, words in (
        (
            "en",
            "the and of to is are was in that it you he she they for with have has had do does not on at we "
            "my your his her this what i be there from but or by which will would can could as if so an a",
        ),
        (
            "es",
            "el la los las de que y en un una es se no su con por para como mas pero le lo al del me ya o si "
            "esta este tiene fue son hay muy cuando donde usted mi",
        ),
    )
}

Answer = dict[str, Any]
Reference = dict[str, Any]
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Passage:
    """Words that were said and not transcribed, for 2 s or more. told: the result says so."""

    start: float
    end: float
    words: int
    told: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """One recording by one way.

    Attributes:
        marks: for each transcribed word, whether it is marked as doubtful and whether it is wrong.
        passages: which are missing.
        needless: passages that are said to be missing where no word is.
    """

    errors: Errors
    marks: tuple[tuple[bool, bool], ...]
    passages: tuple[Passage, ...]
    needless: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """What became of a stretch in one language.

    Attributes:
        said_in: its language.
        heard_in: the language of what was transcribed, by its common words; if they do not decide, its own
            language if half of what was said is there, otherwise None.
        words: how many were transcribed.
        labelled: how many of them are said to be in the right language.
    """

    said_in: str
    heard_in: str | None
    words: int
    labelled: int

    @property
    def translated(self) -> bool:
        """Whether it came out in the other language."""
        return self.heard_in is not None and self.heard_in != self.said_in


def score(reference: Reference, answer: Answer, language: str) -> Scored:
    """Compare a transcript with what was said, in one language."""
    said = plain_rows([word["text"] for word in reference["words"]], language)
    spoken = [(each, word) for row, word in zip(said, reference["words"], strict=True) for each in row]
    plain = [each for each, _ in spoken]
    rows = plain_rows([word["text"] for word in answer["words"]], language, plain)
    written = [each for row in rows for each in row]
    pairs = align(plain, written)
    errors = Errors.of(plain, written, pairs)
    wrong = iter(errors.wrong)
    marks = tuple(
        (bool(word.get("doubtful")), any(tuple(next(wrong) for _ in row)))
        for word, row in zip(answer["words"], rows, strict=True)
        if row
    )
    missing = [tuple(each) for each in answer["missing"]]
    lost = {place for place, heard in pairs if place is not None and heard is None}
    passages = tuple(_passages(spoken, lost, missing))
    gone = [(word["start"], word["end"]) for place, (_, word) in enumerate(spoken) if place in lost]
    needless = sum(not any(_shared((start, end), one) > 0 for one in gone) for start, end in missing)
    return Scored(errors, marks, passages, needless)


def _passages(spoken: Sequence[tuple[str, Any]], lost: set[int], missing: Sequence[Span]) -> list[Passage]:
    """Return the runs of lost words that last long enough."""
    found, run = [], []
    for place in range(len(spoken) + 1):
        if place in lost:
            run.append(spoken[place][1])
            continue
        if run and run[-1]["end"] - run[0]["start"] >= PASSAGE_S:
            span = (run[0]["start"], run[-1]["end"])
            told = sum(_shared(span, each) for each in missing) >= _COVERED * (span[1] - span[0])
            found.append(Passage(*span, len(run), told))
        run = []
    return found


def _shared(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def stretches(reference: Reference, answer: Answer) -> list[Stretch]:
    """Return what became of each stretch of a recording in two languages."""
    found = []
    borders = reference["stretches"]
    for number, stretch in enumerate(borders):
        start = (borders[number - 1]["end"] + stretch["start"]) / 2 if number else 0.0
        end = (
            (stretch["end"] + borders[number + 1]["start"]) / 2 if number + 1 < len(borders) else float("inf")
        )
        words = [word for word in answer["words"] if start <= (word["start"] + word["end"]) / 2 < end]
        labels = [word.get("language") or answer.get("language") for word in words]
        written = [word["text"] for word in words]
        heard_in = vote(written)
        if heard_in is None and _share_right(stretch, written) >= _RIGHT:
            heard_in = stretch["language"]
        right = labels.count(stretch["language"])
        found.append(Stretch(stretch["language"], heard_in, len(words), right))
    return found


def _share_right(stretch: Any, texts: Sequence[str]) -> float:
    """Return the share of a stretch's words that were transcribed."""
    said = plain_words(stretch["text"], stretch["language"])
    written = [each for text in texts for each in plain_words(text, stretch["language"])]
    errors = Errors.of(said, written, align(said, written))
    return 1 - (errors.substitutions + errors.deletions) / max(1, errors.said)


def vote(texts: Sequence[str]) -> str | None:
    """Return the language with more common words, None if that does not decide."""
    plain = [each for text in texts for each in plain_words(text, "en")]
    counts = {language: sum(each in common for each in plain) for language, common in _COMMON.items()}
    first, second = sorted(counts, key=lambda code: -counts[code])
    return first if counts[first] >= max(_VOTES, counts[second] + 1) else None


def both_languages(reference: Reference, answer: Answer) -> Errors:
    """Return the errors of a recording in two languages; numbers count in the language of their stretch."""
    said = [each for part in reference["stretches"] for each in plain_words(part["text"], part["language"])]
    texts = [word["text"] for word in answer["words"]]
    rows = plain_rows(texts, "en", said)
    written = [each for row in rows for each in row]
    return Errors.of(said, written, align(said, written))
