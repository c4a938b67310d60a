"""TXT: a transcript that a person reads, one line a segment."""

from __future__ import annotations

from fi_desktop.core.text import clock
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
        f"{labels.length.format(time=clock(transcript.duration, padded=True))}, {speakers}",
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
        return f"[{clock(segment.start, padded=True)}] {f'{speaker}: ' if named else ''}{text}"
    start, end = (clock(moment, decimals=1, padded=True) for moment in (segment.start, segment.end))
    return f"{start} – {end}  {speaker}"
