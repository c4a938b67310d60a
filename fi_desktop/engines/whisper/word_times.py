"""From the model's alignment of tokens with time to words, as OpenAI and faster-whisper do it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from fi_desktop.engines.whisper.decoded import DecodedWord

_TOKENS_HZ = 50
_OPENING = "\"'“¿¡([{-"
_CLOSING = "\"'.。,，!！?？:：”)]}、…"
_SENTENCE_END = ".。!！?？"
_LONGEST_MEDIAN_S = (
    0.7  # of a word; a word at the border of a sentence is at most twice as long as the median
)


def words_from_alignment(alignment: Any, tokens: Sequence[int], tokenizer: Any) -> tuple[DecodedWord, ...]:
    """Return the words of a text, seconds from the window's start.

    Args:
        alignment: CTranslate2's, for these tokens.
        tokens: of the text, without timestamps.
        tokenizer: faster-whisper's.
    """
    texts, parts = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    if len(parts) <= 1:
        return ()
    borders = np.concatenate([[0], np.cumsum([len(part) for part in parts[:-1]])])
    rows = np.array(alignment.alignments)
    begins = np.concatenate([[True], np.diff(rows[:, 0]) > 0])
    times = rows[begins, 1] / _TOKENS_HZ
    probabilities = [float(each) for each in alignment.text_token_probs]
    words = []
    for text, first, last in zip(texts, borders[:-1], borders[1:], strict=False):
        own = tuple(probabilities[first:last])
        words.append(DecodedWord(float(times[first]), float(times[last]), text, sum(own) / len(own), own))
    return tuple(_with_punctuation(_shortened(words)))


def _shortened(words: list[DecodedWord]) -> list[DecodedWord]:
    """Shorten words that the alignment stretches over the pause at the end of a sentence."""
    lengths = [word.end - word.start for word in words if word.end > word.start]
    longest = 2 * min(_LONGEST_MEDIAN_S, float(np.median(lengths))) if lengths else 0.0
    result = words[:1]
    for before, word in pairwise(words):
        start, end = word.start, word.end
        if lengths and end - start > longest:
            if word.text in _SENTENCE_END:
                end = start + longest
            elif before.text in _SENTENCE_END:
                start = end - longest
        result.append(DecodedWord(start, end, word.text, word.probability, word.token_probabilities))
    return result


def _with_punctuation(words: Sequence[DecodedWord]) -> list[DecodedWord]:
    """Join opening punctuation with the next word, and closing punctuation with the one before it.

    A word keeps its own times and probability; punctuation adds only the probabilities of its tokens.
    """
    joined: list[DecodedWord] = []
    opening: list[DecodedWord] = []
    for word in words:
        if word.text.startswith(" ") and word.text.strip() in _OPENING:
            opening.append(word)
            continue
        if not opening and joined and word.text in _CLOSING and not joined[-1].text.endswith(" "):
            last = joined.pop()
            joined.append(_merged(last, (last, word)))
            continue
        joined.append(_merged(word, (*opening, word)))
        opening = []
    return joined + opening


def _merged(word: DecodedWord, parts: Sequence[DecodedWord]) -> DecodedWord:
    return DecodedWord(
        word.start,
        word.end,
        "".join(part.text for part in parts),
        word.probability,
        tuple(each for part in parts for each in part.token_probabilities),
    )
