"""Vocabulary lists longer than the model's context: terms are chosen by the sound of what was heard.

The model first transcribes without the lists. Where a term sounds like words that it wrote, the model
compares two texts, with the terms found as hotwords: the text as it is, and the text with the term in place
of these words. The more probable one is kept. So a list cannot change, add or remove words where nothing
similar was said, whatever its length.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.core.transcript import Word
from fi_desktop.engines import phonetics
from fi_desktop.engines.contracts import Term

# The largest distance of a term to consider, for words that the model is sure of and for others.
_SURE_LIMIT = 0.2
_DOUBT_LIMIT = 0.45
_ALLOWANCE = 2.0  # sounds
_LONGEST_GRAM = 6  # words
_SHORTEST_TERM = 5  # sounds; shorter ones sound like too many words
_RIVALS = 4  # matches of the same words
_MOST_COMPARED = 6000  # pairs of words and terms of a window, those with the most sounds in common
_MOST_MATCHES = 16  # of a window
_WORDS_AFTER = 3  # that are compared: the text goes on as it does after the words that were said
_HOTWORD_TOKENS = 100
_GAIN = 1.0  # a term must be more probable than the words that it replaces by this factor, natural logarithm
_MOST_SURE = 0.6  # of a term that was chosen by its sound: always marked, a wrong drug reads like a right one
_LENGTHS = (0.55, 1.6)  # of what was heard, relative to the term
_SENTENCE_ENDS = ".?!"


@dataclass(frozen=True, slots=True)
class TermMatch:
    """Words that sound like a term. first, last: their range in the text, last excluded."""

    first: int
    last: int
    term: str
    distance: float


@dataclass(frozen=True, slots=True, eq=False)
class _Sounding:
    """The terms for one language, as they are written and as they sound."""

    texts: tuple[str, ...]
    sounds: tuple[str, ...]
    lengths: NDArray[np.int32]
    counts: NDArray[np.float32]
    written: frozenset[str]


class Vocabulary:
    """The terms that may come up in a recording."""

    def __init__(self, terms: Iterable[Term], words: Iterable[str] = ()) -> None:
        """terms: of vocabulary lists; words: the person's own that do not fit into the prompt."""
        self._terms = (*(Term(word) for word in words), *terms)

    def find(self, words: Sequence[Word], language: str) -> tuple[TermMatch, ...]:
        """Return where words sound like a term that they are not, nearest first; matches may overlap."""
        if not self._terms or not words:
            return ()
        known = _sounding(self._terms, language)
        grams = list(_grams(words, known.written))
        if not grams or not known.texts:
            return ()
        keys = [phonetics.sounds(gram.text, language) for gram in grams]
        limits = np.array([gram.limit for gram in grams])
        lengths = np.array([len(key) for key in keys])
        least = phonetics.least_distances(phonetics.counts(keys), known.counts)
        similar = lengths[:, None] / known.lengths[None, :]
        # absolute, so that a short term must be nearer than a long one
        most = limits[:, None] * (known.lengths[None, :] - _ALLOWANCE)
        possible = (least <= most) & (similar >= _LENGTHS[0]) & (similar <= _LENGTHS[1])
        chosen = np.argwhere(possible)
        order = np.argsort((least / known.lengths[None, :])[possible], kind="stable")
        chosen = chosen[order[:_MOST_COMPARED]]
        found = phonetics.distances([(keys[gram], known.sounds[term]) for gram, term in chosen.tolist()])
        grams_of, terms_of = chosen.T
        near = found * known.lengths[terms_of] <= most[grams_of, terms_of]
        matches = (
            TermMatch(grams[gram].first, grams[gram].last, known.texts[term], distance)
            for (gram, term), distance in zip(chosen[near].tolist(), found[near].tolist(), strict=True)
        )
        return tuple(_best(matches))


@lru_cache(4)
def _sounding(terms: tuple[Term, ...], language: str) -> _Sounding:
    """Return the terms for a language; they are the same for many recordings."""
    texts: dict[tuple[str, str], None] = {}
    written = set()
    for term in terms:
        if term.language in (None, language):
            written.add(phonetics.bare(term.text))
            sounds = phonetics.sounds(term.said or term.text, language)
            if len(sounds) >= _SHORTEST_TERM:
                texts[term.text, sounds] = None
    sounding = tuple(sounds for _, sounds in texts)
    return _Sounding(
        tuple(text for text, _ in texts),
        sounding,
        np.array([len(sounds) for sounds in sounding], dtype=np.int32),
        phonetics.counts(sounding),
        frozenset(written),
    )


def hotwords(matches: Iterable[TermMatch], count_tokens: Callable[[str], int]) -> str:
    """Return the terms of matches, nearest first, as far as they fit into the prompt."""
    terms = dict.fromkeys(match.term for match in sorted(matches, key=lambda match: match.distance))
    fitting, available = [], _HOTWORD_TOKENS
    for term in terms:
        available -= count_tokens(term + ",")
        if available < 0:
            break
        fitting.append(term)
    return ", ".join(fitting)


def variant(words: Sequence[Word], match: TermMatch) -> list[str]:
    """Return the text with a match replaced by its term, up to some words after it; see `spaced`."""
    last = match.last + _WORDS_AFTER
    return spaced((*words[: match.first], *_term_words(words, match), *words[match.last : last]))


def spaced(words: Iterable[Word]) -> list[str]:
    """Return the text of each word with the space before it, if it has one."""
    return [word.text if word.joined else f" {word.text}" for word in words]


def merge(
    words: Sequence[Word], matches: Sequence[TermMatch], scores: Sequence[Sequence[float]]
) -> list[Word]:
    """Return the words with matches replaced by their terms where the model finds these more probable.

    scores: the log probabilities of the words, then of each match's variant.
    """
    original, *variants = scores
    candidates = [
        _Candidate(match, score, sum(score) - sum(original[: match.last + _WORDS_AFTER]))
        for match, score in zip(matches, variants, strict=True)
    ]
    chosen: list[_Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.gain):
        if candidate.gain >= _GAIN and not any(candidate.overlaps(other) for other in chosen):
            chosen.append(candidate)
    merged: list[Word] = []
    done = 0
    for candidate in sorted(chosen, key=lambda candidate: candidate.match.first):
        match = candidate.match
        likely = candidate.share(candidates)
        merged += words[done : match.first]
        term = _term_words(words, match)
        sure = [math.exp(one) for one in candidate.score[match.first : match.first + len(term)]]
        merged += [
            replace(word, probability=round(min(one, likely, _MOST_SURE), 3))
            for word, one in zip(term, sure, strict=True)
        ]
        done = match.last
    return [*merged, *words[done:]]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A match with its variant's log probabilities, and by how much the variant is more probable."""

    match: TermMatch
    score: Sequence[float]
    gain: float

    def overlaps(self, other: _Candidate) -> bool:
        """Return whether both replace some of the same words."""
        return self.match.first < other.match.last and other.match.first < self.match.last

    def share(self, candidates: Iterable[_Candidate]) -> float:
        """Return the term's probability among the text as it is and all terms for these words."""
        rivals = {self.match.term: self.gain}
        for other in candidates:
            if self.overlaps(other):
                rivals[other.match.term] = max(rivals.get(other.match.term, -math.inf), other.gain)
        return 1.0 / sum(math.exp(min(gain - self.gain, 50.0)) for gain in (0.0, *rivals.values()))


def _term_words(words: Sequence[Word], match: TermMatch) -> list[Word]:
    """Return a term as words, in the time and with the punctuation of the words that it replaces."""
    first, last = words[match.first], words[match.last - 1]
    before, after = _edge(first.text), _edge(last.text[::-1])[::-1]
    starts_sentence = match.first == 0 or words[match.first - 1].text[-1:] in _SENTENCE_ENDS
    term = match.term
    if starts_sentence and first.text.removeprefix(before)[:1].isupper():
        term = term[0].upper() + term[1:]
    parts = f"{before}{term}{after}".split()
    letters = sum(map(len, parts))
    placed: list[Word] = []
    at = first.start
    for part in parts:
        end = at + (last.end - first.start) * len(part) / letters
        placed.append(
            Word(
                round(at, 3), round(end, 3), part, joined=first.joined and not placed, language=first.language
            )
        )
        at = end
    return placed


def _edge(text: str) -> str:
    """Return the punctuation at the start of a text."""
    return text[: len(text) - len(text.lstrip("\"'([¿¡-—.,;:!?)]…"))]


@dataclass(frozen=True, slots=True)
class _Gram:
    """Consecutive words; limit: the largest distance of a term to consider."""

    first: int
    last: int
    text: str
    limit: float


def _grams(words: Sequence[Word], written: frozenset[str]) -> Iterable[_Gram]:
    """Yield runs of words within a sentence, except those that are or contain a term."""
    texts = [phonetics.bare(word.text) for word in words]
    sure = [1.0 if word.probability is None else word.probability for word in words]
    for first in range(len(words)):
        for last in range(first + 1, min(len(words), first + _LONGEST_GRAM) + 1):
            if any(" ".join(texts[start:last]) in written for start in range(first, last)):
                break
            doubt = 1.0 - min(sure[first:last])
            limit = _SURE_LIMIT + (_DOUBT_LIMIT - _SURE_LIMIT) * doubt
            yield _Gram(first, last, " ".join(texts[first:last]), limit)
            if words[last - 1].text[-1:] in _SENTENCE_ENDS:
                break


def _best(near: Iterable[TermMatch]) -> list[TermMatch]:
    """Keep the nearest matches: a few among those that overlap, and not too many in all."""
    kept: list[TermMatch] = []
    for match in sorted(near, key=lambda match: (match.distance, match.last - match.first)):
        rivals = sum(other.first < match.last and match.first < other.last for other in kept)
        if rivals < _RIVALS:
            kept.append(match)
    return kept[:_MOST_MATCHES]
