"""The words of a language, as people write them: what a text is likely to consist of."""

from __future__ import annotations

import gzip
from functools import cache

import numpy as np
from numpy.typing import NDArray

from fi_desktop.system.files import resource

_LONGEST_BYTES = 24  # see packaging/make_lexicons.py


class Lexicon:
    """Words in lower case."""

    def __init__(self, words: NDArray[np.bytes_]) -> None:
        """Use words, (words,), in the order of their bytes."""
        self._words = words

    def knows(self, word: str) -> bool:
        """Return whether a word, in lower case, is one of them, or too long to say."""
        key = word.encode()
        if len(key) > _LONGEST_BYTES:
            return True
        place = int(np.searchsorted(self._words, np.bytes_(key)))
        return place < len(self._words) and bool(self._words[place] == key)


@cache
def load_lexicon(language: str) -> Lexicon | None:
    """Return a language's words; None if they are not bundled."""
    file = resource("lexicons", f"{language}.txt.gz")
    if not file.is_file():
        return None
    # an array instead of a set: 5 instead of 18 MB
    return Lexicon(np.array(gzip.decompress(file.read_bytes()).split(), dtype=f"S{_LONGEST_BYTES}"))
