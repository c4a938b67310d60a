"""How hard a passphrase is to guess, roughly: a hint for the person, not a rule."""

from __future__ import annotations

import math
from enum import Enum
from itertools import pairwise

SHORTEST = 8
"""Characters; see `Vault.create`, which insists on it."""
_WORD_BITS = 13.0  # one of 8,000 words
_FAIR_BITS, _GOOD_BITS = 30.0, 45.0


class Strength(Enum):
    """How hard a passphrase is to guess."""

    SHORT = "short"
    WEAK = "weak"
    FAIR = "fair"
    GOOD = "good"


def strength(passphrase: str) -> Strength:
    """Estimate how hard a passphrase is to guess for a program that knows words and patterns."""
    if len(passphrase) < SHORTEST:
        return Strength.SHORT
    bits = _bits(passphrase)
    if bits < _FAIR_BITS:
        return Strength.WEAK
    return Strength.FAIR if bits < _GOOD_BITS else Strength.GOOD


def _bits(passphrase: str) -> float:
    words = [word.casefold() for word in passphrase.replace("-", " ").split()]
    if words and all(word.isalpha() for word in words):
        return _WORD_BITS * len(set(words))
    kinds = (
        (26, any(char.islower() for char in passphrase)),
        (26, any(char.isupper() for char in passphrase)),
        (10, any(char.isdigit() for char in passphrase)),
        (30, any(not char.isalnum() for char in passphrase)),
    )
    alphabet = sum(size for size, present in kinds if present)
    # a character that repeats or continues the one before, as in "1111" or "abcd", is guessed with it
    steps = [abs(ord(b) - ord(a)) for a, b in pairwise(passphrase)]
    return (1 + sum(step > 1 for step in steps)) * math.log2(alphabet)
