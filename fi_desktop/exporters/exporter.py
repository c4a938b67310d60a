"""What an exporter is, the options of an export, and the text that formats for people share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from fi_desktop.core.messages import Note
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Role, Segment, Transcript, Word, wrong_words
from fi_desktop.core.values import ReviewState

_LABEL = re.compile(r"SPEAKER_(\d+)")
_BARE = re.compile(r"(\W*)(.*?)(\W*)", re.DOTALL)  # a word between its punctuation
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SENTENCE_ENDS = (".", "?", "!", "…")


@dataclass(frozen=True, slots=True)
class Labels:
    """The texts of an export in one language, with their values in braces.

    Attributes:
        speaker: a speaker's name, with a {number} from 1; unknown: of an unknown speaker.
        length: of the recording, {time}; one_speaker, speakers: how many there are, {number}.
        made_by: with which {version} and {engines}, at which {moment}; both: {one} and {other} engine.
        note: precedes a {note}.
        draft: says that nobody has reviewed the transcript; reviewed: that a person with {name} did, at which
            {moment}; signed: that they signed it, with its {sha256}.
        roles: what speakers without a name are called, by role.
        doubt: marks a {word} that was hard to hear; doubts: explains the mark.
        missing: stands for speech without words, from {start} to {end}.
        silence: says that nobody speaks.
        moment: date and time, for strftime.
    """

    speaker: str
    unknown: str
    length: str
    one_speaker: str
    speakers: str
    made_by: str
    both: str
    note: str
    draft: str
    reviewed: str
    signed: str
    roles: Mapping[Role, str]
    doubt: str
    doubts: str
    missing: str
    silence: str
    moment: str


LABELS = {
    "en": Labels(
        speaker="Speaker {number}",
        unknown="Unknown speaker",
        length="{time} long",
        one_speaker="1 speaker",
        speakers="{number} speakers",
        made_by="Made by fi-desktop {version} ({engines}), {moment}",
        both="{one} and {other}",
        note="Note: {note}",
        draft="Draft, not reviewed.",
        reviewed="Reviewed by {name}, {moment}.",
        signed="Signed by {name}, {moment}. SHA-256 {sha256}.",
        roles={
            Role.CLINICIAN: "Clinician",
            Role.PATIENT: "Patient",
            Role.COMPANION: "Companion",
            Role.NURSE: "Nurse",
            Role.INTERPRETER: "Interpreter",
            Role.OTHER: "Other",
        },
        doubt="[{word}?]",
        doubts="Words in [brackets?] were hard to hear.",
        missing="[not understood, {start}–{end}]",
        silence="Nobody speaks in this recording.",
        moment="%Y-%m-%d %H:%M",
    ),
    "es": Labels(
        speaker="Hablante {number}",
        unknown="Hablante desconocido",
        length="Duración {time}",
        one_speaker="1 hablante",
        speakers="{number} hablantes",
        made_by="Hecho con fi-desktop {version} ({engines}), {moment}",
        both="{one} y {other}",
        note="Nota: {note}",
        draft="Borrador sin revisar.",
        reviewed="Revisado por {name}, {moment}.",
        signed="Firmado por {name}, {moment}. SHA-256 {sha256}.",
        roles={
            Role.CLINICIAN: "Médico",
            Role.PATIENT: "Paciente",
            Role.COMPANION: "Acompañante",
            Role.NURSE: "Enfermería",
            Role.INTERPRETER: "Intérprete",
            Role.OTHER: "Otra persona",
        },
        doubt="[¿{word}?]",
        doubts="Las palabras entre [¿corchetes?] se oyeron mal.",
        missing="[no se entendió, {start}–{end}]",
        silence="Nadie habla en esta grabación.",
        moment="%d/%m/%Y %H:%M",
    ),
}
"""By language, ISO 639-1; for files, the clipboard and the command line."""


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How an export for people is written. Formats for programs ignore it.

    Attributes:
        labels: its texts.
        zone: the time zone of moments.
        say: returns a note as text in the labels' language.
        reviewed: what is exported: who the speakers are, and how far it is checked; None: a draft of nobody.
    """

    labels: Labels = LABELS["en"]
    zone: tzinfo = UTC
    say: Callable[[Note], str] = str
    reviewed: ReviewedTranscript | None = None

    @property
    def status(self) -> str:
        """Who checked it, or that nobody did."""
        if self.reviewed is None or self.reviewed.state is ReviewState.DRAFT:
            return self.labels.draft
        signed = self.reviewed.state is ReviewState.SIGNED
        at = datetime.fromtimestamp(self.reviewed.at, UTC).isoformat()
        return (self.labels.signed if signed else self.labels.reviewed).format(
            name=single_line(self.reviewed.by), moment=self.moment(at), sha256=self.reviewed.sha256
        )

    def speaker(self, label: str | None) -> str:
        """Return a speaker's name, or else role; numbered from 1 if neither is known."""
        if label is None:
            return self.labels.unknown
        if self.reviewed is not None:
            person = self.reviewed.transcript.person(label)
            if name := single_line(person.name) or (person.role and self.labels.roles[person.role]):
                return name
        match = _LABEL.fullmatch(label)
        return self.labels.speaker.format(number=int(match[1]) + 1) if match else single_line(label)

    def word(self, word: Word) -> str:
        """Return a word's text, with a mark inside its punctuation if it was hard to hear."""
        return self.marked(word.text) if word.doubtful else word.text

    def marked(self, text: str) -> str:
        """Return text that was hard to hear, with its mark."""
        before, bare, after = _BARE.fullmatch(text).groups()  # type: ignore[union-attr] # matches any text
        return f"{before}{self.labels.doubt.format(word=bare)}{after}" if bare else text

    def missing(self, segment: Segment) -> str:
        """Return what stands for speech without words."""
        return self.labels.missing.format(start=clock(segment.start), end=clock(segment.end))

    def moment(self, iso: str) -> str:
        """Return an ISO 8601 moment in this language; "" if it is not one."""
        try:
            moment = datetime.fromisoformat(iso)
        except ValueError:
            return ""
        text = moment.astimezone(self.zone).strftime(self.labels.moment)
        return f"{text} UTC" if self.zone is UTC else text


DEFAULTS = ExportOptions()
"""English, UTC."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """A format.

    Attributes:
        name: used on the command line.
        title: for people, in English; the window translates the titles of built-in formats.
        extension: of its files, without the dot.
        media_type: of its content.
        render: returns a transcript as the content of a file.
    """

    name: str
    title: str
    extension: str
    media_type: str
    render: Callable[[Transcript, ExportOptions], bytes]


def encoded(text: str) -> bytes:
    """Return text as UTF-8; half a character, such as in a name from another encoding, becomes "?"."""
    return text.encode("utf-8", errors="replace")


def single_line(text: str) -> str:
    """Return the text with single spaces and no control characters."""
    return " ".join(_CONTROL.sub(" ", text).split())


def words_in(words: Iterable[Word], text: str) -> Iterator[tuple[int, int, Word]]:
    """Find the words in a text of one line; words that are no longer in it are left out.

    Yields: the index of a word's first character, its number of characters, and the word.
    """
    start = 0
    for word in words:
        spoken = single_line(word.text)
        at = text.find(spoken, start)
        if at < 0 or not spoken:
            continue
        start = at + len(spoken)
        yield at, len(spoken), word


def marked_text(segment: Segment, options: ExportOptions) -> str:
    """Return a segment's text on one line, with marks around words that were hard to hear or missing."""
    if segment.missing:
        return options.missing(segment)
    text = single_line(segment.text)
    for start, end in reversed(_doubtful(segment.words, text)):
        text = text[:start] + options.marked(text[start:end]) + text[end:]
    return text


def _doubtful(words: Iterable[Word], text: str) -> list[tuple[int, int]]:
    """Return start and end of each doubtful passage; a passage ends with its sentence."""
    spans: list[tuple[int, int]] = []
    continues = False
    for at, length, word in words_in(words, text):
        if word.doubtful and continues:
            spans[-1] = (spans[-1][0], at + length)
        elif word.doubtful:
            spans.append((at, at + length))
        continues = word.doubtful and not text[at : at + length].endswith(_SENTENCE_ENDS)
    return spans


def cautions(transcript: Transcript, options: ExportOptions) -> str:
    """Return that it is a draft, how many words may be wrong, and what the marks mean if there are any."""
    wrong = wrong_words(transcript.wrong_share)
    doubts = any(word.doubtful for segment in transcript.segments for word in segment.words)
    parts = [options.status]
    parts += [options.say(wrong)] if wrong is not None else []
    parts += [options.labels.doubts] if doubts else []
    return " ".join(parts)
