"""What formats that people read have in common: text on one line, and words in their place in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fi_desktop.core.transcript import Segment, Word

if TYPE_CHECKING:
    from fi_desktop.exporters.style import Style

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SENTENCE_ENDS = (".", "?", "!", "…")


def one_line(text: str) -> str:
    """Return the text with single spaces, and none for what would command a terminal that shows it."""
    return " ".join(_CONTROL.sub(" ", text).split())


def words_in(words: Iterable[Word], text: str) -> Iterator[tuple[int, int, Word]]:
    """Find the words in a text on one line; one that is not in it any more is left out.

    Yields: a word's first character, its number of characters, and the word.
    """
    place = 0
    for word in words:
        spoken = one_line(word.text)
        at = text.find(spoken, place)
        if at < 0 or not spoken:
            continue
        place = at + len(spoken)
        yield at, len(spoken), word


def marked_text(segment: Segment, style: Style) -> str:
    """Return a segment's text on one line, with a mark around words that were hard to hear."""
    text = one_line(segment.text)
    for start, end in reversed(_doubtful(segment.words, text)):
        text = text[:start] + style.marked(text[start:end]) + text[end:]
    return text


def _doubtful(words: Iterable[Word], text: str) -> list[tuple[int, int]]:
    """Return the first and the last character of each doubtful passage; it ends with its sentence."""
    spans: list[tuple[int, int]] = []
    goes_on = False
    for at, length, word in words_in(words, text):
        if word.doubtful and goes_on:
            spans[-1] = (spans[-1][0], at + length)
        elif word.doubtful:
            spans.append((at, at + length))
        goes_on = word.doubtful and not text[at : at + length].endswith(_SENTENCE_ENDS)
    return spans


def has_doubts(segments: Iterable[Segment]) -> bool:
    """Whether any word was hard to hear."""
    return any(word.doubtful for segment in segments for word in segment.words)
