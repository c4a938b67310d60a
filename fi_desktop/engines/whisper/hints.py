"""What a person said of the words beforehand, as far as the model has room for it.

Whisper's memory holds 448 tokens: the hints and the text of half a minute share them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fi_desktop.engines.base import Hints

_PROMPT_TOKENS = 80
_ALL_TOKENS = 180  # leaves room for half a minute of fast speech


@dataclass(frozen=True, slots=True)
class FittingHints:
    """Hints that fit.

    Attributes:
        prompt: the end of the prompt, or None.
        hotwords: the first words of the vocabulary as one text, or None.
        left_out: how many words of the vocabulary there was no room for.
    """

    prompt: str | None
    hotwords: str | None
    left_out: int


def fit(hints: Hints, count_tokens: Callable[[str], int]) -> FittingHints:
    """Cut hints to the model's room: of the prompt the end is kept, of the vocabulary the beginning."""
    said = hints.prompt.split()
    while said and count_tokens(" ".join(said)) > _PROMPT_TOKENS:
        said = said[1 + len(said) // 8 :]
    prompt = " ".join(said)
    vocabulary = tuple(dict.fromkeys(word.strip() for word in hints.vocabulary if word.strip()))
    room = _ALL_TOKENS - (count_tokens(prompt) if prompt else 0)
    fitting = _as_many(vocabulary, room, count_tokens)
    return FittingHints(
        # the batched decoder takes the prompt as it stands, and words begin with a space
        prompt=f" {prompt}" if prompt else None,
        hotwords=", ".join(vocabulary[:fitting]) or None,
        left_out=len(vocabulary) - fitting,
    )


def _as_many(words: Sequence[str], room: int, count_tokens: Callable[[str], int]) -> int:
    for number in range(len(words)):
        room -= count_tokens(words[number] + ",")
        if room < 0:
            return number
    return len(words)
