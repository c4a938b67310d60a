"""TXT: a transcript to read, one line per segment."""

from __future__ import annotations

from dataclasses import replace

from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.document import document_of
from fi_desktop.exporters.exporter import (
    DEFAULTS,
    Exporter,
    ExportOptions,
    cautions,
    encoded,
    hash_line,
    made_by,
    marked_text,
    single_line,
)
from fi_desktop.exporters.plain_text import plain_document
from fi_desktop.exporters.template import PLAIN


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return a heading, the notes, and who said what, or only when; or a document, by a template."""
    if options.template is not PLAIN:
        return encoded(plain_document(document_of(transcript, replace(options, underlines=False))))
    labels, count = options.labels, len(transcript.speakers)
    speakers = labels.one_speaker if count == 1 else labels.speakers.format(number=count)
    people = options.people(transcript) if transcript.people else ()
    case, recorded = single_line(options.label.case), options.recorded
    lines = [
        *([case] if case else ()),
        single_line(transcript.provenance.source_name),
        *([f"{labels.names[options.recorded_name]}: {recorded}"] if recorded else ()),
        f"{labels.length.format(time=clock(transcript.duration, padded=True))}, {speakers}",
        *([labels.people.format(people=", ".join(people))] if people else ()),
        made_by(transcript, options),
        *filter(None, [hash_line(transcript, options)]),
        single_line(cautions(transcript, options)),
        *(labels.note.format(note=single_line(options.say(note))) for note in transcript.notes),
        "",
        *(segment_line(segment, options) for segment in transcript.segments),
    ]
    if not transcript.segments:
        lines.append(labels.silence)
    return encoded("\n".join(lines) + "\n")


def segment_line(segment: Segment, options: ExportOptions = DEFAULTS, *, named: bool = True) -> str:
    """Return a segment as a line; `named`: text is preceded by its speaker.

    The code of a language that is not the recording's main one precedes the text, too.
    """
    text = marked_text(segment, options)
    speaker = options.speaker(segment.speaker)
    if text:
        language = f"[{segment.language.upper()}] " if segment.language else ""
        return f"[{clock(segment.start, padded=True)}] {f'{speaker}: ' if named else ''}{language}{text}"
    start, end = (clock(moment, decimals=1, padded=True) for moment in (segment.start, segment.end))
    return f"{start} – {end}  {speaker}"


EXPORTER = Exporter("txt", "Text (to read)", "txt", "text/plain", render, common=True, document=True)
