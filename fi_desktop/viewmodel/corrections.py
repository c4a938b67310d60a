"""What a person does in the text of a result, as edits; and where its words are."""

from __future__ import annotations

from difflib import SequenceMatcher

from fi_desktop.core.revision import Edit, Write
from fi_desktop.core.text import search_key
from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.exporter import words_in


def text_edits(number: int, segment: Segment, text: str) -> tuple[Edit, ...]:
    """Return the edits that turn a segment's text into another; words that stay are not touched."""
    before, after = [word.text for word in segment.words], text.split()
    changes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return tuple(
        Write(number, first, end, " ".join(after[start:stop]))
        for kind, first, end, start, stop in reversed(changes)  # later words first: numbers stay valid
        if kind != "equal"
    )


def replacements(transcript: Transcript, wanted: str, text: str) -> tuple[Edit, ...]:
    """Return the edits that replace a text everywhere, whatever its case and accents."""
    key = search_key(wanted)
    if not key:
        return ()
    edits: list[Edit] = []
    for number, segment in enumerate(transcript.segments):
        spoken = " ".join(segment.text.split())
        searched = search_key(spoken)
        if key not in searched or len(searched) != len(spoken):
            continue
        parts, done, at = [], 0, searched.find(key)
        while at >= 0:
            parts += [spoken[done:at], text]
            done = at + len(key)
            at = searched.find(key, done)
        edits += text_edits(number, segment, "".join([*parts, spoken[done:]]))
    return tuple(edits)


def word_at(segment: Segment, text: str, offset: int) -> int | None:
    """Return the number of the word at a character of a segment's text of one line; None between words."""
    numbers = {id(word): number for number, word in enumerate(segment.words)}
    for at, length, word in words_in(segment.words, text):
        if at <= offset < at + length:
            return numbers[id(word)]
    return None


def word_span(segment: Segment, text: str, number: int) -> tuple[int, int] | None:
    """Return the first character of a word in a segment's text, and their number."""
    wanted = segment.words[number]
    return next(((at, length) for at, length, word in words_in(segment.words, text) if word is wanted), None)


def spoken_at(transcript: Transcript, moment_s: float, near: int = 0) -> tuple[int, int] | None:
    """Return the segment and the word that is heard at a moment; `near`: a segment to look at first.

    Between words, it is the last one before.
    """
    segments = transcript.segments
    for number in (near, near + 1, *range(len(segments))):
        if number >= len(segments):
            continue
        segment = segments[number]
        following = segments[number + 1].start if number + 1 < len(segments) else float("inf")
        if segment.start <= moment_s < max(segment.end, min(following, segment.end + 1.0)) and segment.words:
            before = [at for at, word in enumerate(segment.words) if word.start <= moment_s]
            return number, before[-1] if before else 0
    return None
