"""What an exporter is, the options of an export, and the text that formats for people share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from fi_desktop.core.case_labels import NO_LABEL, CaseLabel, DateSource, time_of
from fi_desktop.core.messages import Note
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Person, Segment, Transcript, Word, wrong_words
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters.phrases import LABELS, Labels
from fi_desktop.exporters.template import PLAIN, DocumentTemplate, DoubtStyle, NamedBy

_LABEL = re.compile(r"SPEAKER_(\d+)")
_BARE = re.compile(r"(\W*)(.*?)(\W*)", re.DOTALL)  # a word between its punctuation
# also what embeds, overrides and isolates directions: it would reorder the text around it
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_OVERLAP = "//"
_SENTENCE_ENDS = (".", "?", "!", "…")


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """How an export for people is written. Formats for programs ignore it.

    Attributes:
        labels: its texts.
        zone: the time zone of moments.
        say: returns a note as text in the labels' language.
        reviewed: what is exported: who the speakers are, and how far it is checked; None: a draft of nobody.
        template: how documents look.
        underlines: the format can underline text; if not, underscores stand for lines.
    """

    labels: Labels = LABELS["en"]
    zone: tzinfo = UTC
    say: Callable[[Note], str] = str
    reviewed: ReviewedTranscript | None = None
    template: DocumentTemplate = PLAIN
    underlines: bool = True

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

    @property
    def label(self) -> CaseLabel:
        """The case, and when it was recorded."""
        return NO_LABEL if self.reviewed is None else self.reviewed.label

    @property
    def recorded(self) -> str:
        """Return when it was recorded in this language; "" if unknown."""
        try:
            moment = datetime.fromisoformat(self.label.recorded_at)
        except ValueError:
            return ""
        return moment.strftime(self.labels.moment if time_of(self.label.recorded_at) else self.labels.day)

    @property
    def recorded_name(self) -> str:
        """What that date is called, a key of `Labels.names`: a file's date need not be the recording's."""
        return "file_date" if self.label.recorded_from is DateSource.FILE else "recorded"

    def speaker(self, label: str | None) -> str:
        """Return a speaker's name, or else role; numbered from 1 if neither is known."""
        if label is None:
            return self.labels.unknown
        person = self._person(label)
        if self.template.speakers is NamedBy.ROLE:
            name = self._numbered_role(person)
        else:
            name = single_line(person.name) or (self.labels.roles[person.role] if person.role else "")
        if name:
            return name
        match = _LABEL.fullmatch(label)
        if match:
            return self.labels.speaker.format(number=int(match[1]) + 1)
        return single_line(label) or self.labels.unknown

    def role(self, label: str | None) -> str:
        """Return the name of a speaker's role; "" if nobody said it."""
        role = None if label is None else self._person(label).role
        return self.labels.roles[role] if role else ""

    def people(self, transcript: Transcript) -> tuple[str, ...]:
        """Return what the speakers are called, in order of appearance, with roles after names."""
        found = []
        for label in transcript.speakers:
            name, role = self.speaker(label), self.role(label)
            plain = role in ("", name) or self.template.speakers is NamedBy.ROLE
            found.append(name if plain else self.labels.person.format(name=name, role=role))
        return tuple(found)

    def _numbered_role(self, person: Person) -> str:
        """Return a person's role, numbered if several have it; "" if nobody said it."""
        if person.role is None or self.reviewed is None:
            return ""
        people = self.reviewed.transcript.people
        same = [each.speaker for each in people if each.role is person.role]
        name = self.labels.roles[person.role]
        return f"{name} {same.index(person.speaker) + 1}" if len(same) > 1 else name

    def _person(self, label: str) -> Person:
        return Person(label) if self.reviewed is None else self.reviewed.transcript.person(label)

    def word(self, word: Word) -> str:
        """Return a word's text, with a mark inside its punctuation if it was hard to hear."""
        return self.marked(word.text) if word.doubtful else word.text

    def marked(self, text: str) -> str:
        """Return text that was hard to hear, with its mark."""
        before, bare, after = _BARE.fullmatch(text).groups()  # type: ignore[union-attr] # matches any text
        match self.template.doubts:
            case DoubtStyle.BRACKETS:
                mark = self.labels.doubt
            case DoubtStyle.UNDERLINED if not self.underlines:
                mark = "_{word}_"
            case _:
                return text
        return f"{before}{mark.format(word=bare)}{after}" if bare else text

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
        common: it is among the formats that most people need; others are in a menu below.
        extension: of its files, without the dot.
        media_type: of its content.
        render: returns a transcript as the content of a file; the same bytes whenever it is called.
        document: it is for people, and follows the options' template.
    """

    name: str
    title: str
    extension: str
    media_type: str
    render: Callable[[Transcript, ExportOptions], bytes]
    common: bool = False
    document: bool = False


@dataclass(frozen=True, slots=True)
class TextRun:
    """A part of a segment's text, marks included.

    Attributes:
        text: as written; the runs of a segment make its text.
        doubtful: it was hard to hear.
        overlap: somebody else spoke at the same time.
    """

    text: str
    doubtful: bool = False
    overlap: bool = False


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
    """Return a segment's text on one line, with marks for what was hard to hear, overlaps or is missing."""
    return "".join(run.text for run in marked_runs(segment, options))


def marked_runs(segment: Segment, options: ExportOptions) -> list[TextRun]:
    """Return a segment's text on one line in runs of one kind; see `marked_text`."""
    if segment.missing:
        return [TextRun(options.missing(segment))]
    text = single_line(segment.text)
    runs: list[TextRun] = []
    shows_doubts = options.template.doubts is not DoubtStyle.UNMARKED
    end = 0
    for passage in _passages(segment.words, text):
        if passage.start > end:
            runs.append(TextRun(text[end : passage.start]))
        end = passage.end
        marked = text[passage.start : end]
        if passage.doubtful:
            marked = options.marked(marked)
        if passage.overlap:
            before = "" if passage.continues else _OVERLAP
            marked = f"{before}{marked}{'' if passage.continued else _OVERLAP}"
        runs.append(TextRun(marked, passage.doubtful and shows_doubts, passage.overlap))
    return [*runs, TextRun(text[end:])] if end < len(text) else runs


@dataclass(slots=True)
class _Passage:
    """Consecutive marked words: where they start and end in the text, and which marks they have.

    continues, continued: the passage before or after is a part of the same overlap.
    """

    start: int
    end: int
    doubtful: bool
    overlap: bool
    continues: bool = False
    continued: bool = False


def _passages(words: Iterable[Word], text: str) -> list[_Passage]:
    """Return the marked passages; a doubtful one ends with its sentence."""
    found: list[_Passage] = []
    last: _Passage | None = None  # of the word before
    for at, length, word in words_in(words, text):
        sentence_ends = last is not None and text.endswith(_SENTENCE_ENDS, 0, last.end)
        same = last is not None and (last.doubtful, last.overlap) == (word.doubtful, word.overlap)
        if last is not None and same and not (word.doubtful and sentence_ends):
            last.end = at + length
            continue
        passage = _Passage(at, at + length, word.doubtful, word.overlap)
        if last is not None and last.overlap and word.overlap:
            last.end = at  # the space between them is a part of the overlap
            passage.continues = last.continued = True
        last = passage
        if word.doubtful or word.overlap:
            found.append(passage)
    return found


def cautions(transcript: Transcript, options: ExportOptions) -> str:
    """Return that it is a draft, and `explanations`."""
    return " ".join((options.status, *explanations(transcript, options)))


def explanations(transcript: Transcript, options: ExportOptions) -> tuple[str, ...]:
    """Return how many words may be wrong, and what the marks mean if there are any."""
    wrong = wrong_words(transcript.wrong_share)
    words = [word for segment in transcript.segments for word in segment.words]
    parts = [options.say(wrong)] if wrong is not None else []
    doubtful = sum(word.doubtful for word in words)
    parts += [_about_doubts(doubtful, options)] if doubtful else []
    parts += [options.labels.overlaps] if any(word.overlap for word in words) else []
    return tuple(parts)


def _about_doubts(number: int, options: ExportOptions) -> str:
    """Return how words that were hard to hear are marked, or how many are not."""
    match options.template.doubts:
        case DoubtStyle.BRACKETS:
            return options.labels.doubts
        case DoubtStyle.UNDERLINED:
            return options.labels.underlined if options.underlines else options.labels.underscored
    return options.labels.unmarked.format(number=number)


def made_by(transcript: Transcript, options: ExportOptions) -> str:
    """Return by which version and engines the transcript was made, and when if that is known."""
    made, labels = transcript.provenance, options.labels
    engines = [engine for engine in (made.engine, made.transcriber) if engine]
    both = labels.both.format(one=engines[0], other=engines[1]) if len(engines) == 2 else "".join(engines)
    moment = options.moment(made.created_at)
    text = single_line(labels.made_by.format(version=made.app_version, engines=both, moment=moment))
    return text if moment else text.rstrip(" ,")


def hash_line(transcript: Transcript, options: ExportOptions) -> str:
    """Return the hash of the recording as a sentence; "" in a copy without one."""
    sha256 = single_line(transcript.provenance.source_sha256)
    return options.labels.hashed.format(sha256=sha256) if sha256 else ""
