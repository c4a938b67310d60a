"""The words of a transcript as they are found: without case and accents, and by their stem.

Spanish and English words are stemmed, each in the language of its passage. A query has no language: its words
are stemmed in both, see `variants`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from threading import Lock
from typing import Any, NamedTuple

from fi_desktop.core.text import search_key

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_STEMMED = ("en", "es")
_ENDS_IN_VOWEL = re.compile(r"\w{3}[aeiou]$", re.IGNORECASE)
_MAY_BE_PLURAL = re.compile(r"\w{3}[aeiou]s$", re.IGNORECASE)
_KNOWN_WORDS = 100_000  # several megabytes: a clinic's vocabulary
_stemming = Lock()  # a stemmer holds the word that it works on


class SpokenWord(NamedTuple):
    """A word in a text.

    Attributes:
        start, end: characters in the text.
        key: without case, accents and apostrophes.
        stem: the key of its stem; the key itself in a language without a stemmer.
    """

    start: int
    end: int
    key: str
    stem: str


def words_of(text: str, language: str | None) -> Iterator[SpokenWord]:
    """Yield the words of a text in NFC; language: ISO 639-1 code."""
    for found in _WORD.finditer(text):
        key, stem = _forms(found[0], language if language in _STEMMED else None)
        yield SpokenWord(found.start(), found.end(), key, stem)


def keys_of(text: str) -> tuple[str, ...]:
    """Return the keys of a text's words."""
    return tuple(word.key for word in words_of(text, None))


def variants(word: str) -> tuple[str, ...]:
    """Return what a word of a query is looked for as: its key, and its stems in all languages."""
    key, _stem = _forms(word, None)
    stems = [_forms(form, language)[1] for form in (word, *_other_numbers(word)) for language in _STEMMED]
    return tuple(dict.fromkeys((key, *stems)))


def _other_numbers(word: str) -> tuple[str, ...]:
    """Return a Spanish word's singular or plural, whose stem may be another: "náusea", "náuseas"."""
    if _ENDS_IN_VOWEL.search(word):
        return (f"{word}s",)
    return (word[:-1],) if _MAY_BE_PLURAL.search(word) else ()


@lru_cache(_KNOWN_WORDS)
def _forms(word: str, language: str | None) -> tuple[str, str]:
    """Return a word's key and stem."""
    plain = word.lower().replace("’", "'")
    key = _key(plain)
    if language is None:
        return key, key
    # Stemmed with its accents, which the rules know, and compared without.
    with _stemming:
        return key, _key(_stemmers()[language].stemWord(plain)) or key


@cache
def _stemmers() -> dict[str, Any]:
    # imported on demand: the package imports its stemmers for all languages
    from snowballstemmer.english_stemmer import EnglishStemmer
    from snowballstemmer.spanish_stemmer import SpanishStemmer

    return {"en": EnglishStemmer(), "es": SpanishStemmer()}


def _key(word: str) -> str:
    return search_key(word).replace("'", "")
