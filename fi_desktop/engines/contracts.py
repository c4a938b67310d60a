"""The contracts that every engine keeps.

An engine reads a `Recording` block by block, tells its progress, and returns plain values. It is asked to
stop through the progress call, which raises `Cancelled`, `Interrupted` or `DeadlineExceeded`; an engine lets
these pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fi_desktop.core.transcript import Diarization, Region, Transcription
from fi_desktop.core.values import SpeakerCount

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from fi_desktop.audio.recording import Recording

Progress = Callable[[float], None]
"""Called with the fraction of the stage that is done, 0 to 1, at least every few seconds of work."""


@dataclass(frozen=True, slots=True, eq=False)
class Speech:
    """Where anybody speaks.

    Attributes:
        probability: float32 (rows, frames), one row for the mixed channels, or one row a channel.
        hop_s: seconds a frame.
        regions: stretches of speech by anybody, sorted, not overlapping.
        unheard_s: seconds of sound outside the regions that may be speech; see `unheard.py`.
    """

    probability: NDArray[np.float32]
    hop_s: float
    regions: tuple[Region, ...]
    unheard_s: float = 0.0


class Diarizer(Protocol):
    """Tells who spoke when.

    Attributes:
        per_channel: whether `diarize` wants `Speech.probability` with one row a channel.
        description: with which model it works, and on which device, in words for people.
    """

    per_channel: bool
    description: str

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize one recording.

        Returns: turns sorted by start, seconds, speakers named in order of first appearance.
        Raises: UserError where the recording cannot be diarized (no speech, too short).
        """
        ...


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person said of the words beforehand.

    Attributes:
        language: ISO 639-1 code, or None to find out.
        vocabulary: words that may come up and are seldom heard, such as names of drugs.
        prompt: a text as it might have been said before, in the spelling that is wanted.
    """

    language: str | None = None
    vocabulary: tuple[str, ...] = ()
    prompt: str = ""


class Transcriber(Protocol):
    """Tells what was said.

    Attributes:
        description: with which model it works, and on which device, in words for people.
    """

    description: str

    def transcribe(
        self, recording: Recording, speech: Speech, *, hints: Hints, progress: Progress
    ) -> Transcription:
        """Transcribe one recording, its channels mixed; only where `speech` has somebody speak.

        Returns: words in order, times in seconds of the recording.
        Raises: MemoryError where the computer's or the GPU's memory does not do.
        """
        ...
