"""The result of a job: turns, words, segments and their provenance.

Times are float seconds from the start of the recording; only exporters and widgets format them.
`SCHEMA_VERSION` increases with each change that an older version could not read.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any

from fi_desktop.core.messages import RESULT_FEW_WRONG, RESULT_WRONG_WORDS, Note
from fi_desktop.core.values import Summary

SCHEMA = "fi-desktop.transcript"
SCHEMA_VERSION = 3

_DOUBTFUL_WORD = 0.73  # mistakes found against marks in vain: docs/benchmarks.md
_SPEAKER, _START = attrgetter("speaker"), attrgetter("start")
_ENOUGH_WORDS = 20  # to estimate how many of them are wrong


class Role(StrEnum):
    """What a speaker is in a consultation."""

    CLINICIAN = "clinician"
    PATIENT = "patient"
    COMPANION = "companion"
    NURSE = "nurse"
    INTERPRETER = "interpreter"
    OTHER = "other"


class Grade(StrEnum):
    """How sure the diarization is of its speakers."""

    CLEAR = "clear"
    FAIR = "fair"
    DOUBTFUL = "doubtful"


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of speech, by any speaker. start, end: seconds."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Length, seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Turn:
    """Who spoke from when to when. start, end: seconds; speaker: a label such as "SPEAKER_00"."""

    start: float
    end: float
    speaker: str

    @property
    def duration(self) -> float:
        """Length, seconds."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Word:
    """One spoken word.

    Attributes:
        start, end: seconds.
        text: as spoken, with its punctuation, without the preceding space.
        probability: how sure the engine is, 0 to 1; None if it does not say.
        speaker: who said it, once known.
        overlap: somebody else spoke at the same time.
        joined: no space precedes it, as in languages without spaces.
        checked: a person accepted or wrote it.
        interpolated: its times are estimated from its neighbours, since a person wrote it.
        language: ISO 639-1 code if it is not the main language of the recording.
        unsure_speaker: the voice is nearly as likely another speaker's.
    """

    start: float
    end: float
    text: str
    probability: float | None = None
    speaker: str | None = None
    overlap: bool = False
    joined: bool = False
    checked: bool = False
    interpolated: bool = False
    language: str | None = None
    unsure_speaker: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether a person should listen to it again."""
        return not self.checked and self.probability is not None and self.probability < _DOUBTFUL_WORD


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive words of one speaker in one language, or speech of which no words were recognized.

    Attributes:
        start, end: seconds.
        speaker: None if unknown.
        text: empty without a transcription.
        words: in order.
        missing: the transcriber found no words in this speech; text and words are empty.
        language: ISO 639-1 code if it is not the main language of the recording.
    """

    start: float
    end: float
    speaker: str | None
    text: str = ""
    words: tuple[Word, ...] = ()
    missing: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Diarization:
    """The output of a Diarizer.

    Attributes:
        turns: sorted by start; turns of different speakers may overlap.
        engine: the engine's name in the registry, such as "builtin".
        model: name and version of the weights, or "".
        grade: how sure the engine is; None if it does not say.
        details: measurements behind the grade (JSON values), for the result file.
        exclusive: the turns without overlap, for assigning words; empty if the engine has none.
        probable_speakers: how many speakers the voices suggest, if it is not the number in the turns.
        people: who the speakers are, if a person said so of the same turns.
        unsure: speech whose voice is nearly as likely another speaker's, sorted.
    """

    turns: tuple[Turn, ...]
    engine: str
    model: str = ""
    grade: Grade | None = None
    details: dict[str, Any] = field(default_factory=dict)
    exclusive: tuple[Turn, ...] = ()
    probable_speakers: int | None = None
    people: tuple[Person, ...] = ()
    unsure: tuple[Region, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """Labels in order of first appearance."""
        return tuple(dict.fromkeys(turn.speaker for turn in self.turns))


@dataclass(frozen=True, slots=True)
class Transcription:
    """The output of a Transcriber.

    Attributes:
        words: in order of their start.
        language: ISO 639-1 code of the main language.
        engine: the engine's name in the registry, such as "whisper".
        model: name and version of the weights.
        notes: what the person must know.
        missing: speech in which no words were recognized, sorted.
        confidence_model: version of what estimates the words' probabilities, if that is not the model itself.
    """

    words: tuple[Word, ...]
    language: str | None
    engine: str
    model: str = ""
    notes: tuple[Note, ...] = ()
    missing: tuple[Region, ...] = ()
    confidence_model: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a transcript came from.

    Attributes:
        app_version: the version of fi-desktop.
        engine, model: what diarized, and with which weights.
        transcriber, transcriber_model: what transcribed; empty if nothing did.
        confidence_model: version of what estimated how likely each word is right; empty if nothing did.
        options: the job's options (JSON values).
        source_sha256: hash of the recording's bytes, hex.
        source_name: the recording's file name, without its folder.
        created_at: UTC, ISO 8601.
        recorded_at: when it was recorded, by the file's metadata; as in `CaseLabel`.
    """

    app_version: str
    engine: str
    model: str
    options: dict[str, Any]
    source_sha256: str
    source_name: str
    created_at: str
    transcriber: str = ""
    transcriber_model: str = ""
    confidence_model: str = ""
    recorded_at: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who a speaker is. speaker: the label in turns and words; name: may be empty; role: if known."""

    speaker: str
    name: str = ""
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """The whole result of a job.

    Attributes:
        duration: length of the recording, seconds.
        speech: seconds during which anybody speaks.
        turns: who spoke when, sorted by start; turns of different speakers may overlap.
        segments: the words by speaker, and the speech without words; the turns themselves without a
            transcription.
        grade: how sure the diarization is; None if the engine does not say.
        language: ISO 639-1 code of the main language; segments in another have their own.
        notes: what the person must know.
        probable_speakers: how many speakers the voices suggest, if it is not the number in the turns.
        people: who the speakers are, as far as a person said so; sorted by label.
        exclusive: the turns without overlap, for words that may be added later; empty once there are words.
        unsure: speech of unsure voices, as `exclusive`.
    """

    duration: float
    speech: float
    turns: tuple[Turn, ...]
    segments: tuple[Segment, ...]
    provenance: Provenance
    grade: Grade | None = None
    details: dict[str, Any] = field(default_factory=dict)
    language: str | None = None
    notes: tuple[Note, ...] = ()
    probable_speakers: int | None = None
    people: tuple[Person, ...] = ()
    exclusive: tuple[Turn, ...] = ()
    unsure: tuple[Region, ...] = ()

    @property
    def speakers(self) -> tuple[str, ...]:
        """Labels in order of first appearance."""
        return tuple(dict.fromkeys(map(_SPEAKER, self.turns)))  # asked for several times an edit

    @property
    def languages(self) -> tuple[str, ...]:
        """ISO 639-1 codes of the languages spoken, the main one first, the others by number of words."""
        if self.language is None:
            return ()
        words: Counter[str] = Counter()
        for segment in self.segments:
            if segment.language is not None:
                words[segment.language] += len(segment.words)
        return (self.language, *(code for code, _number in words.most_common()))

    @property
    def missing(self) -> tuple[Region, ...]:
        """Speech in which no words were recognized, sorted."""
        return tuple(Region(part.start, part.end) for part in self.segments if part.missing)

    @property
    def wrong_share(self) -> float | None:
        """The share of the words that is probably wrong, 0 to 1; None if there are too few to say."""
        return wrong_share_of(right_words(segment) for segment in self.segments)

    def person(self, speaker: str) -> Person:
        """Return who a speaker is; without name and role if nobody said so."""
        return next((one for one in self.people if one.speaker == speaker), Person(speaker))


def overlaps(turns: Iterable[Turn]) -> tuple[Region, ...]:
    """Return when two or more people speak at once, in order."""
    regions: list[Region] = []
    latest = -math.inf  # when the last of those who have begun ends
    for turn in sorted(turns, key=_START):
        end = min(turn.end, latest)
        if end > turn.start:
            if regions and turn.start < regions[-1].end:
                end = max(end, regions[-1].end)
                regions[-1] = Region(regions[-1].start, end)
            else:
                regions.append(Region(turn.start, end))
        latest = max(latest, turn.end)
    return tuple(regions)


def rename_speakers(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """Sort turns by start and name speakers SPEAKER_00, SPEAKER_01, … in order of first appearance."""
    ordered = sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker))
    labels: dict[str, str] = {}
    for turn in ordered:
        labels.setdefault(turn.speaker, f"SPEAKER_{len(labels):02d}")
    return tuple(Turn(turn.start, turn.end, labels[turn.speaker]) for turn in ordered)


def right_words(segment: Segment) -> tuple[int, float]:
    """Return how many words have a probability, and how many of them are probably right."""
    sure = [1.0 if word.checked else word.probability for word in segment.words]
    known = [probability for probability in sure if probability is not None]
    return len(known), sum(known)


def wrong_share_of(parts: Iterable[tuple[int, float]]) -> float | None:
    """Return the share of the words that is probably wrong, see `Transcript`; parts: see `right_words`."""
    counted = list(parts)
    known = sum(count for count, _right in counted)
    return 1.0 - sum(right for _count, right in counted) / known if known >= _ENOUGH_WORDS else None


def wrong_words(share: float | None) -> Note | None:
    """Return how many words are probably wrong; share: of all words, 0 to 1, None if unknown."""
    if share is None:
        return None
    return RESULT_WRONG_WORDS(number=round(100 * share)) if share >= 0.01 else RESULT_FEW_WRONG()


def summarize(transcript: Transcript, version: str = "") -> Summary:
    """Return what the table shows of a result. version: see `Summary`."""
    return Summary(
        speakers=len(transcript.speakers),
        duration_s=transcript.duration,
        engine=transcript.provenance.engine,
        grade=transcript.grade.value if transcript.grade else None,
        notes=transcript.notes,
        transcriber=transcript.provenance.transcriber,
        words=sum(len(segment.words) for segment in transcript.segments),
        language=",".join(transcript.languages) or None,
        model=transcript.provenance.transcriber_model,
        wrong_share=None if (share := transcript.wrong_share) is None else round(share, 4),
        version=version,
        recorded_at=transcript.provenance.recorded_at,
    )
