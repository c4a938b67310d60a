"""The prompt and the vocabulary that the model receives, cut to fit its context."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fi_desktop.engines.contracts import TranscriptionOptions

_PROMPT_TOKENS = 80
_PROMPT_AND_HOTWORD_TOKENS = 180  # leaves room for half a minute of fast speech


@dataclass(frozen=True, slots=True)
class FittedPrompt:
    """Prompt and vocabulary, cut to fit the model's context of 448 tokens together with the text.

    Attributes:
        prompt: the end of the prompt, or None.
        hotwords: the first words of the vocabulary as one text, or None.
        dropped: the words of the vocabulary that did not fit.
    """

    prompt: str | None
    hotwords: str | None
    dropped: tuple[str, ...]


def fit_prompt(options: TranscriptionOptions, count_tokens: Callable[[str], int]) -> FittedPrompt:
    """Cut a prompt and a vocabulary to fit: the prompt keeps its end, the vocabulary its start."""
    words = options.prompt.split()
    while words and count_tokens(" ".join(words)) > _PROMPT_TOKENS:
        words = words[1 + len(words) // 8 :]
    prompt = " ".join(words)
    vocabulary = tuple(dict.fromkeys(word.strip() for word in options.vocabulary if word.strip()))
    available = _PROMPT_AND_HOTWORD_TOKENS - (count_tokens(prompt) if prompt else 0)
    fitting = _count_fitting(vocabulary, available, count_tokens)
    return FittedPrompt(
        # the batched decoder uses the prompt as it is, and words start with a space
        prompt=f" {prompt}" if prompt else None,
        hotwords=", ".join(vocabulary[:fitting]) or None,
        dropped=vocabulary[fitting:],
    )


def _count_fitting(words: Sequence[str], available: int, count_tokens: Callable[[str], int]) -> int:
    for number, word in enumerate(words):
        available -= count_tokens(word + ",")
        if available < 0:
            return number
    return len(words)
