"""How sure a word is, once the words around it are known: what is misheard is seldom one word alone.

Whisper's own probability of a word is the mean over its tokens. The chance that the word is right was learnt
from some 2,250 words of read and synthetic speech, English and Spanish, whose texts are known (logistic
regression; `python -m tests.bench.words` gives precision and recall).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from fi_desktop.core.transcript import Word

_BIAS = -0.5
_OWN = 0.8
_BESIDE = 0.25
_SURE = 0.999


def weighed(words: Sequence[Word]) -> list[Word]:
    """Return the words with the chance that each is right as its probability; in order, as they were."""
    own = [_logit(word.probability) for word in words]
    before, after = [*own[:1], *own[:-1]], [*own[1:], *own[-1:]]
    return [
        replace(word, probability=round(_chance(_BIAS + _OWN * at + _BESIDE * (left + right)), 3))
        for word, at, left, right in zip(words, own, before, after, strict=True)
    ]


def _logit(probability: float | None) -> float:
    bounded = min(_SURE, max(1.0 - _SURE, _SURE if probability is None else probability))
    return math.log(bounded / (1.0 - bounded))


def _chance(score: float) -> float:
    return 1.0 / (1.0 + math.exp(-score))
