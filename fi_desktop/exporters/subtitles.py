"""Words as subtitles: short lines, shown long enough to read and no longer than they are spoken.

At most two lines of 42 characters and seven seconds each, as is common in hand-made subtitles. If nobody
speaks after it, a subtitle stays until it was read at 17 characters per second, the limit of Netflix's guide
for Spanish. A subtitle belongs to one speaker. It ends at the end of a sentence, at a pause, or after a comma
if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from operator import attrgetter

from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Segment, Transcript, Word
from fi_desktop.exporters.exporter import single_line

MAX_LINE = 42
"""Characters per line."""
MAX_LINES = 2
MAX_DURATION_MS = 7000
"""Of the words in one subtitle."""

_SHORTEST_MS = 1000
_MS_PER_LETTER = 1000 / 17  # to read
_PAUSE_S = 0.8
_ENOUGH = MAX_LINE // 2  # characters after which the end of a sentence ends a subtitle
_SENTENCE_END = (".", "?", "!", "…", "。", "？", "！")
_CLAUSE_END = (*_SENTENCE_END, ",", ";", ":", "，", "、", "؛", "،")


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle.

    Attributes:
        start_ms, end_ms: milliseconds; the end is after the start.
        speaker: the label, or None.
        lines: what was said; empty if only the speaker is known.
        language: ISO 639-1 code if it is not the recording's main language.
    """

    start_ms: int
    end_ms: int
    speaker: str | None
    lines: tuple[str, ...]
    language: str | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A word, or a part of one longer than a line; never split. spaced: preceded by a space."""

    start: float
    end: float
    text: str
    spaced: bool


def cues(
    transcript: Transcript,
    *,
    leads: dict[str | None, str],
    write: Callable[[Word], str] = attrgetter("text"),
    missing: Callable[[Segment], str] = attrgetter("text"),
) -> list[Cue]:
    """Return the subtitles by start.

    Args:
        transcript: what was said.
        leads: text before a speaker's words, on the same line.
        write: returns a word as text.
        missing: returns the text for speech without words.
    """
    found: list[Cue] = []
    for segment in transcript.segments:
        lead = leads.get(segment.speaker, "")
        pieces = list(_pieces(segment, write))
        if segment.missing:
            told = replace(segment, text=missing(segment))
            found.append(_whole(segment, _wrap(_pieces(told, write), lead)))
        elif pieces:
            shown = (_cue(part, segment.speaker, lead) for part in _parts(pieces, lead))
            found += (replace(cue, language=segment.language) for cue in shown)
        else:
            found.append(_whole(segment, ()))
    found.sort(key=lambda cue: (cue.start_ms, cue.end_ms))
    return [_readable(cue, after) for cue, after in zip(found, [*found[1:], None], strict=False)]


def span(cue: Cue, *, point: str) -> str:
    """Return "00:01:02.345 --> 00:01:04.000", with this decimal point."""
    start, end = (clock(ms / 1000, decimals=3, point=point, padded=True) for ms in (cue.start_ms, cue.end_ms))
    return f"{start} --> {end}"


def _words(segment: Segment) -> Iterable[Word]:
    """Return the words; of text without words, each word with its share of the time."""
    if segment.words:
        return segment.words
    texts = segment.text.split()
    step = (segment.end - segment.start) / max(1, sum(map(len, texts)))
    words, moment = [], segment.start
    for text in texts:
        words.append(Word(moment, moment + step * len(text), text))
        moment = words[-1].end
    return words


def _pieces(segment: Segment, write: Callable[[Word], str]) -> Iterator[_Piece]:
    for word in _words(segment):
        text = single_line(write(word))
        for at in range(0, len(text), MAX_LINE):
            yield _Piece(word.start, word.end, text[at : at + MAX_LINE], at == 0 and not word.joined)


def _wrap(pieces: Iterable[_Piece], lead: str) -> list[str]:
    """Break into lines, as many as needed; the first starts with the lead."""
    lines = [lead]
    for piece in pieces:
        space = " " if piece.spaced and lines[-1] else ""
        if lines[-1] and len(lines[-1]) + len(space) + len(piece.text) > MAX_LINE:
            lines.append(piece.text)
        else:
            lines[-1] += space + piece.text
    return lines


def _parts(pieces: list[_Piece], lead: str) -> Iterator[list[_Piece]]:
    """Split a segment into subtitles."""
    part: list[_Piece] = []
    for piece in pieces:
        if part and _ends(part, piece):
            yield part
            part = []
        while part and not _fits([*part, piece], lead):
            cut = _clause(part)
            yield part[:cut]
            part = part[cut:]
        part.append(piece)
    if part:
        yield part


def _fits(part: list[_Piece], lead: str) -> bool:
    return (part[-1].end - part[0].start) * 1000 <= MAX_DURATION_MS and len(_wrap(part, lead)) <= MAX_LINES


def _ends(part: list[_Piece], following: _Piece) -> bool:
    """Return whether a subtitle ends here although more would fit."""
    if following.start - part[-1].end > _PAUSE_S:
        return True
    return part[-1].text.endswith(_SENTENCE_END) and sum(len(piece.text) for piece in part) >= _ENOUGH


def _clause(part: list[_Piece]) -> int:
    """Return how much of a full subtitle to keep: up to a comma in its second half, else all."""
    for cut in range(len(part), len(part) // 2, -1):
        if part[cut - 1].text.endswith(_CLAUSE_END):
            return cut
    return len(part)


def _cue(part: list[_Piece], speaker: str | None, lead: str) -> Cue:
    start_ms = round(part[0].start * 1000)
    end_ms = round(max(piece.end for piece in part) * 1000)
    end_ms = max(start_ms + 1, min(end_ms, start_ms + MAX_DURATION_MS))
    return Cue(start_ms, end_ms, speaker, tuple(_wrap(part, lead)))


def _whole(segment: Segment, lines: Iterable[str]) -> Cue:
    start_ms = round(segment.start * 1000)
    return Cue(start_ms, max(start_ms + 1, round(segment.end * 1000)), segment.speaker, tuple(lines))


def _readable(cue: Cue, after: Cue | None) -> Cue:
    """Extend a short subtitle until it can be read, but not beyond the start of the next."""
    reading_ms = round(sum(map(len, cue.lines)) * _MS_PER_LETTER)
    until_ms = cue.start_ms + max(_SHORTEST_MS, min(reading_ms, MAX_DURATION_MS))
    if after is not None:
        until_ms = min(until_ms, after.start_ms)
    return replace(cue, end_ms=max(cue.end_ms, until_ms))
