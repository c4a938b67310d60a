"""The values of a job: what was asked for, how it ran and what came of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Self

from fi_desktop.core.messages import Note


class Priority(IntEnum):
    """Which ready job is claimed first; the smaller number wins."""

    URGENT = 1
    NORMAL = 5
    LOW = 9


class Stage(StrEnum):
    """What a running job is doing. Shown, but not a state."""

    DECODE = "decode"
    SPEECH = "speech"
    DIARIZE = "diarize"
    TRANSCRIBE = "transcribe"
    JOIN = "join"


class StageEnd(StrEnum):
    """How a stage of an attempt ended."""

    DONE = "done"
    KEPT = "kept"  # an earlier attempt had completed it
    BROKEN_OFF = "broken off"


@dataclass(frozen=True, slots=True)
class StageTime:
    """How long a stage of an attempt took, seconds, and how it ended."""

    stage: Stage
    took_s: float
    end: StageEnd = StageEnd.DONE


@dataclass(frozen=True, slots=True)
class SpeakerCount:
    """How many speakers to look for: a range, fixed if both ends are equal, or detected if both are None.

    The default is a consultation: two.
    """

    minimum: int | None = 2
    maximum: int | None = 2

    def __post_init__(self) -> None:
        if (self.minimum is None) != (self.maximum is None):
            raise ValueError("a range of speakers needs both ends")
        if self.minimum is not None and self.maximum is not None and not 1 <= self.minimum <= self.maximum:
            raise ValueError("speakers: the smaller number comes first and is at least 1")

    @property
    def fixed(self) -> int | None:
        """The number of speakers, if it is fixed."""
        return self.minimum if self.minimum == self.maximum else None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "2", "2-4" or "auto".

        Raises:
            ValueError: it is none of these.
        """
        if text == "auto":
            return cls(None, None)
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", text)
        if not match:
            raise ValueError(f"speakers: {text!r} is neither a number, nor a range such as 2-4, nor auto")
        minimum = int(match[1])
        return cls(minimum, int(match[2] or minimum))

    def __str__(self) -> str:
        if self.minimum is None:
            return "auto"
        return str(self.minimum) if self.fixed else f"{self.minimum}-{self.maximum}"


class NumberStyle(StrEnum):
    """How numbers are written in the transcript."""

    AS_HEARD = "heard"  # as the transcriber wrote them
    DIGITS = "digits"
    WORDS = "words"


def parse_languages(text: str) -> str | None:
    """Read "es", "es,en" or "auto" and return it as `JobOptions.language` has it.

    Raises:
        ValueError: it is none of these.
    """
    codes = dict.fromkeys(code.strip().lower() for code in text.split(","))
    if tuple(codes) == ("auto",):
        return None
    if not all(re.fullmatch("[a-z]{2,3}", code) for code in codes):
        raise ValueError(f"languages: {text!r} is neither auto nor codes such as es or es,en")
    return ",".join(codes)


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What the person asked for. Each job has its own full copy.

    Attributes:
        speakers: how many to look for.
        engine: what diarizes: a name in the registry, or "auto".
        language: ISO 639-1 codes of the languages that may be spoken, such as "es" or "es,en"; None to detect
            any.
        transcriber: what transcribes: "auto" for the best installed model pack, if any; "none"; or a model
            pack's name.
        vocabulary: rare words that may come up, such as names of drugs.
        prompt: text that could have come before the recording, in the desired spelling.
        vocabulary_lists: names of lists of terms that may come up, such as "cardiology".
        numbers: how numbers are written.
    """

    speakers: SpeakerCount = field(default_factory=SpeakerCount)
    engine: str = "auto"
    language: str | None = None
    transcriber: str = "auto"
    vocabulary: tuple[str, ...] = ()
    prompt: str = ""
    vocabulary_lists: tuple[str, ...] = ()
    numbers: NumberStyle = NumberStyle.AS_HEARD

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that may be spoken; empty to detect any."""
        return tuple(self.language.split(",")) if self.language else ()


class ReviewState(StrEnum):
    """How far a person has checked a result. A change makes it a draft again."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engines process a job, once that is decided.

    Attributes:
        engine: what diarizes, a name in the registry.
        model: the model pack that transcribes; empty if nothing does.
    """

    engine: str
    model: str


@dataclass(frozen=True, slots=True)
class ServerLoad:
    """What the clinic's server has to do, of all desktops.

    Attributes:
        host: its name.
        waiting: attempts that wait in Redis for a worker.
        working: attempts that workers have.
        processes: attempts that its workers can have at a time.
        commands_s: commands that Redis carries out a second; None if it does not say.
    """

    host: str
    waiting: int
    working: int
    processes: int
    commands_s: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What the table shows of a result; the rest is in the result file.

    Attributes:
        speakers: number of speakers found.
        duration_s: length of the recording, seconds.
        engine: what diarized; empty if that failed.
        grade: how sure the diarization is ("clear", "fair", "doubtful"), or None.
        notes: what the person must know.
        transcriber: what transcribed; empty if nothing did.
        words: number of words.
        language: ISO 639-1 codes of the languages spoken, the main one first, such as "es,en"; or None.
        model: the model pack that transcribed; empty if none did.
        wrong_share: the share of the words that is probably wrong, 0 to 1; None if there are too few to say.
        version: identifies the result among those of its job; empty in older records.
        recorded_at: when it was recorded, by the file's metadata; as in `CaseLabel`.
    """

    speakers: int
    duration_s: float
    engine: str
    grade: str | None = None
    notes: tuple[Note, ...] = ()
    transcriber: str = ""
    words: int = 0
    language: str | None = None
    model: str = ""
    wrong_share: float | None = None
    version: str = ""
    recorded_at: str = ""
