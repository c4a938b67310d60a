"""What each speaker says and when, as tiers without overlap: the form of annotation programs.

Within a tier, annotations follow each other. One that starts before the end of the one before it starts at
that end; one that would then be empty is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.document import written
from fi_desktop.exporters.exporter import ExportOptions, single_line


@dataclass(frozen=True, slots=True)
class Annotation:
    """A text and its time. start_ms, end_ms: milliseconds."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Tier:
    """What one speaker says.

    Attributes:
        name: what the speaker is called; no two tiers have the same.
        turns: by start.
        words: by start; empty if there are none.
    """

    name: str
    turns: tuple[Annotation, ...]
    words: tuple[Annotation, ...]


def tiers_of(transcript: Transcript, options: ExportOptions) -> list[Tier]:
    """Return a tier per speaker, in order of their first words; all texts are ones that XML can contain."""
    segments: dict[str | None, list[Segment]] = {}
    for segment in transcript.segments:
        segments.setdefault(segment.speaker, []).append(segment)
    tiers: list[Tier] = []
    for label, spoken in segments.items():
        name = _unused(written(options.speaker(label)), {tier.name for tier in tiers})
        turns = ((part.start, part.end, _text(part, options)) for part in spoken)
        words = ((word.start, word.end, word.text) for part in spoken for word in part.words)
        tiers.append(Tier(name, _in_order(turns), _in_order(words)))
    return tiers


def _text(segment: Segment, options: ExportOptions) -> str:
    """Return what was said; without words, who spoke: an empty text means silence."""
    if segment.missing:
        return options.missing(segment)
    return segment.text or options.speaker(segment.speaker)


def _unused(name: str, used: set[str]) -> str:
    candidate, number = name, 1
    while candidate in used:
        number += 1
        candidate = f"{name} ({number})"
    return candidate


def _in_order(parts: Iterable[tuple[float, float, str]]) -> tuple[Annotation, ...]:
    found: list[Annotation] = []
    last_ms = 0
    for start, end, text in sorted(parts, key=lambda part: part[:2]):
        start_ms, end_ms = max(last_ms, round(start * 1000)), round(end * 1000)
        if end_ms > start_ms:
            found.append(Annotation(start_ms, end_ms, written(single_line(text))))
            last_ms = end_ms
    return tuple(found)
