"""TextGrid: tiers for Praat, one with turns and one with words per speaker (long text format, UTF-8)."""

from __future__ import annotations

from collections.abc import Iterator

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded
from fi_desktop.exporters.tiers import Annotation, tiers_of

_WORDS = "words"


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the tiers; each covers the whole recording, with empty intervals between the texts."""
    tiers: list[tuple[str, tuple[Annotation, ...]]] = []
    for tier in tiers_of(transcript, options):
        tiers.append((tier.name, tier.turns))
        if tier.words:
            tiers.append((f"{tier.name} - {_WORDS}", tier.words))
    ends = (one.end_ms for _, texts in tiers for one in texts)
    end_ms = max(1, round(transcript.duration * 1000), *ends)
    lines = [
        'File type = "ooTextFile"',
        'Object class = "TextGrid"',
        "",
        "xmin = 0",
        f"xmax = {_seconds(end_ms)}",
        "tiers? <exists>",
        f"size = {len(tiers)}",
        "item []:",
    ]
    for number, (name, texts) in enumerate(tiers, 1):
        lines += _tier(number, name, list(_covering(texts, end_ms)), end_ms)
    return encoded("\n".join(lines) + "\n")


def _tier(number: int, name: str, intervals: list[Annotation], end_ms: int) -> Iterator[str]:
    yield f"    item [{number}]:"
    yield '        class = "IntervalTier"'
    yield f"        name = {_quoted(name)}"
    yield "        xmin = 0"
    yield f"        xmax = {_seconds(end_ms)}"
    yield f"        intervals: size = {len(intervals)}"
    for index, interval in enumerate(intervals, 1):
        yield f"        intervals [{index}]:"
        yield f"            xmin = {_seconds(interval.start_ms)}"
        yield f"            xmax = {_seconds(interval.end_ms)}"
        yield f"            text = {_quoted(interval.text)}"


def _covering(annotations: tuple[Annotation, ...], end_ms: int) -> Iterator[Annotation]:
    """Return the annotations, with empty ones between them."""
    last_ms = 0
    for annotation in annotations:
        if annotation.start_ms > last_ms:
            yield Annotation(last_ms, annotation.start_ms, "")
        yield annotation
        last_ms = annotation.end_ms
    if last_ms < end_ms:
        yield Annotation(last_ms, end_ms, "")


def _seconds(ms: int) -> str:
    return f"{ms / 1000:.3f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    """Return text in quotes; a quote within is doubled."""
    return '"' + text.replace('"', '""') + '"'


EXPORTER = Exporter("textgrid", "Praat TextGrid", "TextGrid", "text/plain", render)
