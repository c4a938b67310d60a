"""The contracts between the pipeline and the engines.

An engine reads a `Recording` block by block, reports its progress and returns plain values. To stop it, the
progress call raises `CancelledByUser`, `Interrupted` or `DeadlineExceeded`; an engine lets these pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, runtime_checkable

from fi_desktop.core.transcript import Diarization, Region, Transcription
from fi_desktop.core.values import SpeakerCount

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fi_desktop.audio.recording import Recording

T = TypeVar("T")

Progress = Callable[[float], None]
"""Called with the completed fraction of a stage, 0 to 1, at least every few seconds; may raise to stop it."""

_BUILTIN = (str, int, float, bool, type(None))


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """The result of speech detection.

    Attributes:
        probability: float32 (rows, frames); one row for the mixed channels, or one per channel.
        hop_s: seconds per frame.
        regions: stretches with speech by anybody, sorted, not overlapping.
        missed_s: seconds of sound outside the regions that may be speech; see `vad.MissedSpeechMeter`.
    """

    probability: NDArray[np.float32]
    hop_s: float
    regions: tuple[Region, ...]
    missed_s: float = 0.0


class Diarizer(Protocol):
    """Finds out who speaks when.

    Attributes:
        description: the model and the device it runs on, for people.
    """

    description: str

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize a recording.

        Args:
            recording: 16 kHz.
            speech: with one row per channel if the engine's `EngineSpec.per_channel` is set.
            speakers: the number of speakers, or its bounds.
            progress: called with the completed fraction.

        Returns: turns sorted by start, seconds; speakers named in order of first appearance.
        Raises: UserError if the recording cannot be diarized (no speech, too short).
        """
        ...


@dataclass(frozen=True, slots=True)
class Term:
    """An entry of a vocabulary list.

    Attributes:
        text: as it is written.
        said: as it is said, if the spelling does not show it, such as "hemoglobin a one c" for "HbA1c".
        language: of the list, ISO 639-1 code; None for any.
    """

    text: str
    said: str = ""
    language: str | None = None


@dataclass(frozen=True, slots=True)
class TranscriptionOptions:
    """What the person said about the words in advance.

    Attributes:
        language: as in `JobOptions`.
        likely_languages: ISO 639-1 codes; if any language is to be detected, another one has to be clear.
        vocabulary: rare words to expect, such as names of drugs.
        prompt: a text as it might precede the recording, in the preferred spelling.
        terms: of the chosen vocabulary lists, in all languages; may be thousands.
    """

    language: str | None = None
    vocabulary: tuple[str, ...] = ()
    prompt: str = ""
    terms: tuple[Term, ...] = ()
    likely_languages: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that may be spoken; empty to detect any."""
        return tuple(self.language.split(",")) if self.language else ()


class Transcriber(Protocol):
    """Finds out what is said.

    Attributes:
        description: the model and the device it runs on, for people.
    """

    description: str

    def transcribe(
        self, recording: Recording, speech: Speech, *, options: TranscriptionOptions, progress: Progress
    ) -> Transcription:
        """Transcribe a recording, channels mixed, inside the regions of `speech`.

        Returns: words in order, times in seconds of the recording.
        Raises: MemoryError if the computer or the GPU runs out of memory.
        """
        ...


class FinishedBatches(Protocol):
    """Keeps what a transcriber has finished of a recording, so that a later attempt goes on after it."""

    def resume(self, plan: Any) -> list[Any]:
        """Return the batches finished for the same plan, in order; forget those for another one.

        plan: what the batches depend on, JSON values. Called once, before the first `add`.
        """
        ...

    def add(self, batch: Any) -> None:
        """Save a batch, JSON values; it is on disk when this returns."""
        ...


class NothingFinished:
    """Keeps nothing, for a transcriber that is not resumed."""

    def resume(self, _plan: Any) -> list[Any]:
        """Return nothing."""
        return []

    def add(self, _batch: Any) -> None:
        """Do nothing."""


@runtime_checkable
class ResumableTranscriber(Protocol):
    """A `Transcriber` that can go on after the batches of an earlier attempt."""

    resumable: bool

    def transcribe(
        self,
        recording: Recording,
        speech: Speech,
        *,
        options: TranscriptionOptions,
        progress: Progress,
        finished: FinishedBatches,
    ) -> Transcription:
        """Transcribe as `Transcriber.transcribe` does, without decoding finished batches again."""
        ...


def plain(value: T) -> T:
    """Return a value with all scalars and arrays of NumPy and torch in it converted to Python's.

    Engines return such values, which compare and print like Python's but do not all become JSON. Dataclasses,
    tuples, lists and dicts are rebuilt; enums are kept.

    Raises:
        TypeError: it contains something else.
    """
    return cast(T, _plain(value))


def _plain(value: Any) -> Any:
    kind = type(value)
    if kind in _BUILTIN or isinstance(value, Enum):
        return value
    if is_dataclass(value):
        return kind(**{field.name: _plain(getattr(value, field.name)) for field in fields(value)})
    if kind in (tuple, list):
        return kind(_plain(each) for each in value)
    if kind is dict:
        return {_plain(key): _plain(each) for key, each in value.items()}
    as_python: Callable[[], Any] | None = getattr(value, "tolist", None)
    if as_python is None:
        raise TypeError(f"an engine returned a {kind.__module__}.{kind.__qualname__}")
    return _plain(as_python())
