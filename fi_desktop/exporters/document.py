"""A transcript as a document for people: what Word, PDF, HTML and Markdown files have in common.

The formats differ in how they show it; what it says is decided here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath

from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Segment, Transcript
from fi_desktop.exporters.exporter import (
    ExportOptions,
    TextRun,
    explanations,
    hash_line,
    made_by,
    marked_runs,
    single_line,
)
from fi_desktop.exporters.figures import WrittenFigures, figures_of
from fi_desktop.exporters.template import PLAIN, DocumentLayout, DocumentTemplate, in_language

# characters that XML cannot contain; halves of characters among them
_NOT_XML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_RIGHT_TO_LEFT = ("R", "AL")
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one speaker says at a stretch.

    Attributes:
        at: when it starts, on the clock.
        until: when it ends, if it has no words.
        speaker: what the speaker is called.
        runs: the text; empty if only the speaker is known.
        language: ISO 639-1 code if it is not the main language.
        rtl: the text is read from right to left.
        asks: it is a question, in the layout of questions and answers.
    """

    at: str
    speaker: str
    until: str = ""
    runs: tuple[TextRun, ...] = ()
    language: str | None = None
    rtl: bool = False
    asks: bool = False

    @property
    def span(self) -> str:
        """When it starts, and ends if that is known."""
        return f"{self.at} – {self.until}" if self.until else self.at

    @property
    def text(self) -> str:
        """The runs' text."""
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    """The content of a document. All texts are single lines that XML can contain.

    Attributes:
        title: the case, or else the recording's name.
        recorded: when it was recorded; "" if unknown.
        code: the language of headings and remarks (BCP 47).
        spoken: ISO 639-1 code of the language that is spoken; None if unknown.
        status: who checked it, or that nobody did.
        checked: whether anybody did.
        facts: name and value of what is known about the recording.
        remarks: cautions and notes.
        utterances: in order; empty if nobody speaks.
        footer: by whom and when it was made, and how far it is checked.
        made_at: UTC.
        template: how it looks.
        heading, closing: the clinic's own lines at the top and at the end.
        figures: of the conversation; None if they are not wanted, or nobody knows who speaks when.
        names: headings of columns.
    """

    title: str
    recorded: str
    code: str
    spoken: str | None
    status: str
    checked: bool
    facts: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...]
    utterances: tuple[Utterance, ...]
    silence: str
    footer: str
    made_at: datetime
    template: DocumentTemplate = PLAIN
    heading: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    figures: WrittenFigures | None = None
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def worded(self) -> bool:
        """Whether anything has words."""
        return any(one.runs for one in self.utterances)

    @property
    def timed(self) -> bool:
        """Whether there is a column of times: if they are wanted, or nothing has words."""
        return self.template.times or not self.worded

    @property
    def columns(self) -> tuple[str, ...]:
        """The headings of a table of what was said."""
        keys = {"line": self.template.line_numbers, "time": self.timed, "speaker": True, "text": True}
        return tuple(self.names[key] for key, shown in keys.items() if shown)

    def cells(self, number: int, utterance: Utterance) -> tuple[str, ...]:
        """Return what precedes the text in a row of that table; `number` counts from 1."""
        numbers = (str(number),) if self.template.line_numbers else ()
        time = utterance.at if self.worded else utterance.span
        return (*numbers, *((time,) if self.timed else ()), utterance.speaker)

    def wordless(self, utterance: Utterance) -> str:
        """Return what stands in that table for the text of an utterance without words."""
        return utterance.span if self.worded else ""


def document_of(transcript: Transcript, options: ExportOptions) -> WrittenDocument:
    """Return a transcript as a document."""
    made, labels = transcript.provenance, options.labels
    name = single_line(made.source_name)
    title = written(single_line(options.label.case) or PurePath(name).stem) or labels.names["recording"]
    recorded = written(options.recorded)
    facts = {
        "recorded": recorded,
        "recording": name,
        "length": clock(transcript.duration, padded=True),
        "speakers": ", ".join(options.people(transcript)),
        "language": ", ".join(labels.languages.get(code, code) for code in transcript.languages),
        "transcribed": options.moment(made.created_at),
    }
    notes = (labels.note.format(note=single_line(options.say(note))) for note in transcript.notes)
    headings = {**labels.names, "recorded": labels.names[options.recorded_name]}
    status = written(options.status)
    making = written(made_by(transcript, options))
    template, language = options.template, labels.code[:2]
    askers = _askers(transcript, template)
    return WrittenDocument(
        title=title,
        recorded=recorded,
        code=labels.code,
        spoken=transcript.language,
        status=status,
        checked=status != labels.draft,
        facts=tuple((headings[name], written(facts[name])) for name in template.facts if facts[name]),
        remarks=(
            *(written(text) for text in (*explanations(transcript, options), *notes)),
            f"{making}. {written(hash_line(transcript, options))}".rstrip(),
        ),
        utterances=tuple(
            _utterance(segment, options, asks=segment.speaker in askers) for segment in transcript.segments
        ),
        silence=labels.silence,
        footer=f"{status} {making}",
        made_at=_moment(made.created_at),
        template=template,
        heading=tuple(map(written, in_language(template.heading, language))),
        closing=tuple(map(written, in_language(template.footer, language))),
        figures=figures_of(transcript, options) if template.figures else None,
        names=labels.names,
    )


def _askers(transcript: Transcript, template: DocumentTemplate) -> set[str | None]:
    """Return who asks the questions: those of the template's role, or else the first person to speak."""
    if template.layout is not DocumentLayout.QUESTIONS:
        return set()
    found: set[str | None] = {
        person.speaker for person in transcript.people if person.role is template.questions_by
    }
    return found or {next((one.speaker for one in transcript.segments if one.speaker is not None), "")}


def _utterance(segment: Segment, options: ExportOptions, *, asks: bool) -> Utterance:
    speaker = written(options.speaker(segment.speaker))
    if not (segment.text or segment.missing):
        start, end = (clock(moment, padded=True) for moment in (segment.start, segment.end))
        return Utterance(start, speaker, end, asks=asks)
    runs = (TextRun(written(run.text), run.doubtful, run.overlap) for run in marked_runs(segment, options))
    at = clock(segment.start, padded=True)
    return Utterance(
        at,
        speaker,
        runs=tuple(runs),
        language=segment.language,
        rtl=reads_leftward(segment.text),
        asks=asks,
    )


def written(text: str) -> str:
    """Return text with "�" for characters that XML cannot contain."""
    return _NOT_XML.sub("�", text)


def reads_leftward(text: str) -> bool:
    """Return whether text is read from right to left: by its first letter, as Unicode's algorithm P2 does."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind in _RIGHT_TO_LEFT for kind in kinds if kind in ("L", *_RIGHT_TO_LEFT)), False)


def _moment(iso: str) -> datetime:
    try:
        return datetime.fromisoformat(iso).astimezone(UTC)
    except (ValueError, OverflowError):
        return _EPOCH
