"""What formats that people read have in common: text on one line, and words in their place in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from fi_desktop.core.transcript import Segment, Word

if TYPE_CHECKING:
    from fi_desktop.exporters.style import Style

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


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
    """Return a segment's text on one line, with marks at the words that were hard to hear."""
    text = one_line(segment.text)
    found = [(at, length) for at, length, word in words_in(segment.words, text) if word.doubtful]
    for at, length in reversed(found):
        text = text[:at] + style.marked(text[at : at + length]) + text[at + length :]
    return text


def has_doubts(segments: Iterable[Segment]) -> bool:
    """Whether any word was hard to hear."""
    return any(word.doubtful for segment in segments for word in segment.words)
