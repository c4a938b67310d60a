"""TXT: a transcript that a person reads, one line a segment."""

from __future__ import annotations

from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.names import has_doubts, marked_text, one_line
from fi_desktop.exporters.style import PLAIN, Style


def render(transcript: Transcript, *, name: str | None = None, style: Style = PLAIN) -> str:
    """Return a heading, what the person should know, and who said what, or only when."""
    provenance, labels = transcript.provenance, style.labels
    count = len(transcript.speakers)
    speakers = labels.one_speaker if count == 1 else labels.speakers.format(number=count)
    engines = [engine for engine in (provenance.engine, provenance.transcriber) if engine]
    made_by = labels.made_by.format(
        version=provenance.app_version,
        engines=labels.both.format(one=engines[0], other=engines[1])
        if len(engines) == 2
        else "".join(engines),
        moment=style.moment(provenance.created_at),
    )
    doubts = f" {labels.doubts}" if has_doubts(transcript.segments) else ""
    lines = [
        one_line(provenance.source_name if name is None else name),
        f"{labels.length.format(time=_clock(transcript.duration))}, {speakers}",
        one_line(made_by),
        f"{labels.draft}{doubts}",
        *(labels.note.format(note=one_line(style.say(note))) for note in transcript.notes),
        "",
        *(line_of(segment, style) for segment in transcript.segments),
    ]
    if not transcript.segments:
        lines.append(labels.silence)
    return "\n".join(lines) + "\n"


def line_of(segment: Segment, style: Style = PLAIN, *, named: bool = True) -> str:
    """Return a segment as a line; `named`: with its speaker, if there is text."""
    text = marked_text(segment, style)
    speaker = style.speaker(segment.speaker)
    if text:
        return f"[{_clock(segment.start)}] {f'{speaker}: ' if named else ''}{text}"
    return f"{_clock_tenths(segment.start)} – {_clock_tenths(segment.end)}  {speaker}"


def _clock(time_s: float) -> str:
    """00:01:02; fractions are cut off, as on a player's clock."""
    seconds = int(time_s)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _clock_tenths(time_s: float) -> str:
    """00:00:06.7."""
    tenths = round(time_s * 10)
    return f"{_clock(tenths // 10)}.{tenths % 10}"
