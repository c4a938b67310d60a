"""What is known of words before they are heard: one that does not exist costs something.

Shallow fusion (Gülçehre et al. 2015, "On using monolingual corpora in neural machine translation") of the
simplest language model. Whisper writes words that do not exist where it does not understand ("los púlgaros"),
above all its small models and in other languages than English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.whisper.lexicon import Lexicon

# Of log probability; chosen on the tune half of `tests/bench/word_sets.py` (decision 41).
_UNKNOWN = 2.0

_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)*['’]?")
_MOST_REMEMBERED = 20_000

Tails = Sequence[bytes]
"""The unfinished word at the end of each hypothesis, UTF-8."""


class Prior(Protocol):
    """Changes the scores of hypotheses in a beam search."""

    def extend(
        self, tails: Tails, tokens: NDArray[np.int64]
    ) -> tuple[list[list[bytes]], NDArray[np.float32]]:
        """Return the tail of each hypothesis with each token, and what is added to its score.

        tails: of the hypotheses; tokens: that may follow each, (hypotheses, tokens).
        """


class NoPrior:
    """Changes nothing."""

    def extend(
        self, tails: Tails, tokens: NDArray[np.int64]
    ) -> tuple[list[list[bytes]], NDArray[np.float32]]:
        """Return what is there."""
        return [[tail] * tokens.shape[1] for tail in tails], np.zeros(tokens.shape, dtype=np.float32)


class WordPrior:
    """A cost for each word that the lexicon does not know.

    A name is not expected to be known, so words with capitals cost nothing; neither do those with digits.
    """

    def __init__(self, lexicon: Lexicon, terms: frozenset[str], spell: Callable[[int], bytes]) -> None:
        """Use the words of a language.

        lexicon: of the language; terms: further words, in lower case; spell: what a token writes, UTF-8; the
        end of a text writes a space.
        """
        self._lexicon, self._terms, self._spell = lexicon, terms, cache(spell)
        self._remembered: dict[tuple[bytes, int], tuple[bytes, float]] = {}

    def extend(
        self, tails: Tails, tokens: NDArray[np.int64]
    ) -> tuple[list[list[bytes]], NDArray[np.float32]]:
        """Return the tails, and the costs of the words that end; see `Prior`."""
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.clear()
        rows = [
            [self._continued(tail, token) for token in row]
            for tail, row in zip(tails, tokens.tolist(), strict=True)
        ]
        longer = [[tail for tail, _added in row] for row in rows]
        return longer, np.array([[added for _tail, added in row] for row in rows], dtype=np.float32)

    def _continued(self, tail: bytes, token: int) -> tuple[bytes, float]:
        if (known := self._remembered.get((tail, token))) is not None:
            return known
        written = tail + self._spell(token)
        text = written.decode("utf-8", "ignore")
        rest = written[len(text.encode()) :]  # a token may end within a letter
        words = [(match.group(), match.end()) for match in _WORDS.finditer(text)]
        if words and words[-1][1] == len(text):
            rest = words.pop()[0].encode() + rest
        found = rest, -_UNKNOWN * sum(self._is_unknown(word) for word, _end in words)
        self._remembered[tail, token] = found
        return found

    def _is_unknown(self, word: str) -> bool:
        plain = word.replace("’", "'").rstrip("'")
        ordinary = len(plain) > 1 and plain == plain.lower() and not any(map(str.isdigit, plain))
        return ordinary and plain not in self._terms and not self._lexicon.knows(plain)
