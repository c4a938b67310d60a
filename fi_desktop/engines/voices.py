"""Who is it: voices of a recording compared with those of people who enrolled, such as staff.

`pool_voices` gives the voices of a diarized recording to its caller, in memory. `EnrolledVoices` owns the
file of enrolled voices. A job stores no voice, and nothing in the program enrols one yet.

Source: the threshold is above the cosine of any two people in the tuning half of
`tests/bench/consultations.py`, for a wrong name is worse than none; see docs/benchmarks.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Turn
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin.embedding import VoiceEmbedder
from fi_desktop.engines.builtin.features import FRAME_SAMPLES, ROW_FRAMES, ROW_S, Floats32
from fi_desktop.engines.contracts import Diarizer, Progress, Speech
from fi_desktop.system.files import write_whole

ENROLMENT_S = 20.0
"""A person is enrolled with at least this much speech."""

MATCHED_S = 5.0
"""A voice with less speech matches nobody."""

_THRESHOLD = 0.6
_MARGIN = 0.1
# More speech of one person changes the embedding little.
_POOLED_S = 60.0
_PRIVATE = 0o600
_VERSION = 1


@dataclass(frozen=True, slots=True, eq=False)
class PooledVoice:
    """A voice, pooled from what a person says.

    Attributes:
        embedding: float32 (192,), unit length; biometric data, which no log may show.
        seconds: how much speech that is.
        model: name and version of the network; voices of different networks cannot be compared.
    """

    embedding: Floats32 = field(repr=False)
    seconds: float
    model: str


def pool_voices(
    embedder: VoiceEmbedder, recording: Recording, turns: Iterable[Turn], progress: Progress
) -> dict[str, PooledVoice]:
    """Return the voice of each speaker who says something while nobody else speaks.

    At most a minute of each is pooled, the longest stretches. Each voice is normalized by itself, as in a
    recording of that person alone.
    """
    rows = recording.samples // FRAME_SAMPLES // ROW_FRAMES
    speaking: dict[str, NDArray[np.bool_]] = {}
    for turn in turns:
        own = speaking.setdefault(turn.speaker, np.zeros(rows, dtype=bool))
        own[round(turn.start / ROW_S) : round(turn.end / ROW_S)] = True
    crowd = np.sum(list(speaking.values()), axis=0, dtype=np.int64)
    voices: dict[str, PooledVoice] = {}
    for index, (speaker, own) in enumerate(speaking.items()):
        chosen = _longest_stretches(own & (crowd == 1))
        if chosen.any():
            mask = np.zeros(recording.samples // FRAME_SAMPLES, dtype=bool)
            mask[: rows * ROW_FRAMES] = chosen.repeat(ROW_FRAMES)
            embedding = embedder.pool(recording, mask, _part(progress, index, len(speaking)))
            voices[speaker] = PooledVoice(embedding, float(chosen.sum() * ROW_S), embedder.name)
    progress(1.0)
    return voices


class EnrolledVoices:
    """The voices of people who enrolled, in one private file.

    Every call reads the file, and a change replaces it. It holds voices as text, with their names; who erases
    a voice leaves nothing of it in the file.
    """

    def __init__(self, file: Path) -> None:
        """file: need not exist; its folder does."""
        self._file = file

    def names(self) -> tuple[str, ...]:
        """Return who is enrolled, sorted.

        Raises: UserError "voices.damaged".
        """
        return tuple(sorted(self._read()))

    def enrol(
        self,
        name: str,
        recording: Recording,
        speech: Speech,
        *,
        diarizer: Diarizer,
        embedder: VoiceEmbedder,
        progress: Progress,
    ) -> None:
        """Store the voice of a person who speaks alone in a recording; it replaces one of the same name.

        Raises: UserError "voices.several", "voices.too_short", "voices.damaged", "audio.no_speech".
        """
        found = diarizer.diarize(
            recording, speech, speakers=SpeakerCount(None, None), progress=lambda part: progress(part / 2)
        )
        if len(found.speakers) > 1:
            raise UserError(messages.VOICES_SEVERAL)
        voices = pool_voices(embedder, recording, found.turns, lambda part: progress((1 + part) / 2))
        (voice,) = voices.values()
        self.add(name, voice)

    def add(self, name: str, voice: PooledVoice) -> None:
        """Store a voice whose owner is known; it replaces one of the same name.

        Raises: UserError "voices.too_short" or "voices.damaged".
        """
        if voice.seconds < ENROLMENT_S:
            raise UserError(messages.VOICES_TOO_SHORT, found=voice.seconds, needed=ENROLMENT_S)
        self._write({**self._read(), name: voice})

    def match(self, voice: PooledVoice) -> str | None:
        """Return whose voice this is, or None if it is nobody's, too short, or as near to two people.

        Raises: UserError "voices.damaged".
        """
        if voice.seconds < MATCHED_S:
            return None
        scores = sorted(
            (float(voice.embedding @ other.embedding), name)
            for name, other in self._read().items()
            if other.model == voice.model
        )
        if not scores or scores[-1][0] < _THRESHOLD:
            return None
        if len(scores) > 1 and scores[-1][0] - scores[-2][0] < _MARGIN:
            return None
        return scores[-1][1]

    def erase(self, name: str) -> None:
        """Remove a voice and its name from the file; without any voice, there is no file.

        Raises: UserError "voices.damaged".
        """
        rest = {other: voice for other, voice in self._read().items() if other != name}
        if rest:
            self._write(rest)
        else:
            self.erase_all()

    def erase_all(self) -> None:
        """Remove the file, damaged or not."""
        self._file.unlink(missing_ok=True)

    def _read(self) -> dict[str, PooledVoice]:
        try:
            stored = json.loads(self._file.read_bytes())
            return {name: _voice_from(value) for name, value in stored["voices"].items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(messages.VOICES_DAMAGED) from error

    def _write(self, voices: dict[str, PooledVoice]) -> None:
        values = {
            name: {
                "model": voice.model,
                "seconds": round(voice.seconds, 2),
                "embedding": [round(float(value), 6) for value in voice.embedding],
            }
            for name, voice in voices.items()
        }
        text = json.dumps({"version": _VERSION, "voices": values}, ensure_ascii=False)
        write_whole(self._file, text.encode(), mode=_PRIVATE)


def _voice_from(value: dict[str, Any]) -> PooledVoice:
    embedding = np.array(value["embedding"], dtype=np.float32)
    return PooledVoice(embedding, float(value["seconds"]), str(value["model"]))


def _longest_stretches(rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows of the longest runs make up `_POOLED_S`, or all."""
    chosen = np.zeros(len(rows), dtype=bool)
    left = round(_POOLED_S / ROW_S)
    runs = np.flatnonzero(np.diff(rows, prepend=False, append=False)).reshape(-1, 2).tolist()
    for start, end in sorted(runs, key=lambda run: run[0] - run[1]):
        chosen[start : min(end, start + left)] = True
        left -= min(end - start, left)
    return chosen


def _part(progress: Progress, index: int, count: int) -> Progress:
    """Map the progress of one of several voices to that of all."""
    return lambda fraction: progress((index + fraction) / count)
