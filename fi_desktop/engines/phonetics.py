"""How near two words sound: spelling to sounds in English and Spanish, and a weighted edit distance.

Sounds are coarse on purpose, because a transcriber that mishears a rare word writes common words that sound
alike: "met foreman" for "metformin". Vowels count less than consonants, as in Soundex and Metaphone, but are
not left out: drug names differ in little else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_COMMON = (("ph", "f"), ("[^a-zñ]", ""))
_SPANISH = (
    ("ch", "C"), ("ll", "y"), ("qu(?=[ei])|q", "k"), ("gu(?=[ei])", "G"), ("g(?=[ei])", "x"),
    ("c(?=[ei])", "s"), ("ñ", "N"), ("sh", "s"), ("h", ""), ("j", "x"), ("x", "x"), ("[ck]", "k"),
    ("z", "s"), ("v", "b"), ("w", "u"), ("y(?![aeiou])", "i"),
)  # fmt: skip
_ENGLISH = (
    ("ñ", "n"), ("^x", "s"), ("^(?:kn|gn|pn)", "n"), ("^ps", "s"), ("^wr", "r"), ("ch(?=[lr])", "k"),
    ("tch", "C"), ("ch", "C"), ("[st]ion", "Sn"), ("sh", "S"), ("th", "t"), ("wh", "w"), ("igh", "i"),
    ("gh", ""), ("ck", "k"), ("qu", "kw"), ("sc(?=[eiy])", "s"), ("c(?=[eiy])", "s"), ("c", "k"),
    ("g(?=[eiy])", "j"),
    ("x", "ks"), ("z", "s"), ("y", "i"), ("(?<=[^aeiou])e$", ""), ("(?<=[aeiou])h", ""),
    ("oo|ou", "u"), ("ee|ea", "i"),
)  # fmt: skip
_RULES = {
    language: tuple((re.compile(pattern), sound) for pattern, sound in (*_COMMON, *rules))
    for language, rules in (("es", _SPANISH), ("en", _ENGLISH))
}
_REPEATED = re.compile(r"(.)\1+")

_SOUNDS = "aeioubcdfghjklmnpqrstvwxyCGNS"
_VOWELS = "aeiou"
# No sound is in two groups, and those that are near vowels are in one with them: see `counts`.
_ALIKE = ("bpvf", "dt", "gGkx", "sSCj", "mnN", "lr")
_GLIDES = ("yi", "wu")
# Costs of replacing and of skipping a sound; whole numbers, for speed.
_UNIT = 10
_VOWEL_COST = 4  # of another vowel
_SKIP_VOWEL = 5
_ALIKE_COST = 5
_NUMBERS = {sound: number for number, sound in enumerate(_SOUNDS)}
_NUMBER_OF_LETTER = np.array([_NUMBERS.get(chr(letter), 0) for letter in range(128)], dtype=np.intp)


def _costs() -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """Return the costs of replacing and of skipping sounds: (sounds, sounds) and (sounds,)."""
    replacing = _UNIT * (1 - np.eye(len(_SOUNDS), dtype=np.int16))
    for group, cost in ((_VOWELS, _VOWEL_COST), *((group, _ALIKE_COST) for group in _ALIKE + _GLIDES)):
        numbers = [_NUMBERS[sound] for sound in group]
        inside = np.ix_(numbers, numbers)
        replacing[inside] = np.minimum(replacing[inside], cost * (1 - np.eye(len(numbers), dtype=np.int16)))
    skipping = np.array([_SKIP_VOWEL if sound in _VOWELS else _UNIT for sound in _SOUNDS], dtype=np.int16)
    return replacing.astype(np.int16), skipping


_REPLACING, _SKIPPING = _costs()


def bare(text: str) -> str:
    """Return text without case, accents and punctuation; "ñ" is kept."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("ñ", "\0"))
    letters = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return re.sub(r"[^\w\s]|_", "", letters.replace("\0", "ñ"))


def sounds(text: str, language: str) -> str:
    """Return the sounds of a text, one letter each, without gaps between words.

    Languages other than English are read as Spanish, whose spelling is close to its sounds.
    """
    parts = (_sounds_of_word(word, language) for word in bare(text).split())
    return _REPEATED.sub(r"\1", "".join(parts))


@lru_cache(10_000)
def _sounds_of_word(word: str, language: str) -> str:
    for pattern, sound in _RULES.get(language, _RULES["es"]):
        word = pattern.sub(sound, word)
    return word


def distances(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
    """Return the edit distance of each pair of sounds, relative to the length of the second, (pairs,).

    0: they sound the same; 1: nothing in common.
    """
    if not pairs:
        return np.zeros(0, dtype=np.float32)
    first, first_lengths = _padded([pair[0] for pair in pairs])
    second, second_lengths = _padded([pair[1] for pair in pairs])
    # Wagner & Fischer 1974, all pairs at once; one row for each place of a sound, so that rows are contiguous
    first, second = np.ascontiguousarray(first.T), np.ascontiguousarray(second.T)
    skipping = _SKIPPING[second]
    above = np.concatenate([np.zeros_like(skipping[:1]), np.cumsum(skipping, axis=0, dtype=np.int16)])
    table = np.empty((len(first) + 1, *above.shape), dtype=np.int16)
    table[0] = above
    for column, row in zip(first, table[1:], strict=True):
        skipped = _SKIPPING[column]
        replaced = above[:-1] + _REPLACING[column[None], second]
        row[0] = above[0] + skipped
        np.minimum(replaced, above[1:] + skipped, out=row[1:])
        for at in range(len(second)):
            np.minimum(row[at + 1], row[at] + skipping[at], out=row[at + 1])
        above = row
    found = table[first_lengths, second_lengths, np.arange(len(pairs))] / np.float32(_UNIT)
    return (found / np.maximum(1, second_lengths)).astype(np.float32)


def counts(texts: Sequence[str]) -> NDArray[np.float32]:
    """Return how often each sound occurs in texts, (texts, sounds); see `least_distances`.

    Sounds that are cheap to exchange are counted together.
    """
    classes = {sound: sound for sound in _SOUNDS}
    for group in (_VOWELS + "yw", *_ALIKE):
        classes |= dict.fromkeys(group, group[0])
    order = sorted(set(classes.values()))
    found = np.zeros((len(texts), len(order)), dtype=np.float32)
    for number, text in enumerate(texts):
        for sound in text:
            found[number, order.index(classes[sound])] += 1
    return found


def least_distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a lower bound of the edit distance of all pairs, from `counts`: (first, second)."""
    found: NDArray[np.float32] = 0.5 * np.abs(first[:, None, :] - second[None, :, :]).sum(axis=2)
    return found


def _padded(texts: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    lengths = np.array([len(text) for text in texts])
    width = max(1, int(lengths.max()))
    letters = "".join(text.ljust(width) for text in texts).encode("ascii")
    return _NUMBER_OF_LETTER[np.frombuffer(letters, dtype=np.uint8)].reshape(len(texts), width), lengths
