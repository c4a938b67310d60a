"""How near two words sound: spelling to sounds in English and Spanish, and a weighted edit distance.

Sounds are coarse on purpose, because a transcriber that mishears a rare word writes common words that sound
alike: "met foreman" for "metformin". Vowels count less than consonants, as in Soundex and Metaphone, but are
not left out: drug names differ in little else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

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
_VOWEL_COST = 0.4  # of another vowel
_SKIP_VOWEL = 0.5
_ALIKE_COST = 0.5
_NUMBERS = {sound: number for number, sound in enumerate(_SOUNDS)}


def _costs() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the costs of replacing and of skipping sounds: (sounds, sounds) and (sounds,)."""
    replacing = 1.0 - np.eye(len(_SOUNDS), dtype=np.float32)
    for group, cost in ((_VOWELS, _VOWEL_COST), *((group, _ALIKE_COST) for group in _ALIKE + _GLIDES)):
        numbers = [_NUMBERS[sound] for sound in group]
        inside = np.ix_(numbers, numbers)
        replacing[inside] = np.minimum(replacing[inside], cost * (1.0 - np.eye(len(numbers))))
    skipping = np.array([_SKIP_VOWEL if sound in _VOWELS else 1.0 for sound in _SOUNDS], dtype=np.float32)
    return replacing, skipping


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
    rules = _RULES.get(language, _RULES["es"])
    parts = []
    for word in bare(text).split():
        for pattern, sound in rules:
            word = pattern.sub(sound, word)
        parts.append(word)
    return _REPEATED.sub(r"\1", "".join(parts))


def distances(pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
    """Return the edit distance of each pair of sounds, relative to the length of the second, (pairs,).

    0: they sound the same; 1: nothing in common.
    """
    if not pairs:
        return np.zeros(0, dtype=np.float32)
    first, first_lengths = _padded([pair[0] for pair in pairs])
    second, second_lengths = _padded([pair[1] for pair in pairs])
    # Wagner & Fischer 1974, all pairs at once
    zero = np.zeros((len(pairs), 1), dtype=np.float32)
    above = np.concatenate([zero, np.cumsum(_SKIPPING[second], axis=1)], axis=1)
    rows = [above]
    for column in first.T:
        skipped = _SKIPPING[column]
        row = np.empty_like(above)
        row[:, 0] = above[:, 0] + skipped
        for at in range(1, above.shape[1]):
            sound = second[:, at - 1]
            row[:, at] = np.minimum(above[:, at - 1] + _REPLACING[column, sound], above[:, at] + skipped)
            row[:, at] = np.minimum(row[:, at], row[:, at - 1] + _SKIPPING[sound])
        rows.append(row)
        above = row
    table = np.stack(rows)
    found = table[first_lengths, np.arange(len(pairs)), second_lengths]
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
    numbers = np.zeros((len(texts), max(1, int(lengths.max()))), dtype=np.intp)
    for row, text in zip(numbers, texts, strict=True):
        row[: len(text)] = [_NUMBERS[sound] for sound in text]
    return numbers, lengths
