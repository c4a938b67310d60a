"""The built-in diarizer: from detected speech to turns, with a 1 MB model of voices.

Combines the steps (cepstra, chunk statistics, i-vectors, search, count) and grades the result; the
mathematics is in the other modules.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count as counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Diarization, Grade, Turn, rename_speakers
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin.features import FRAME_S, FRAME_SAMPLES, ChunkGrid, make_grid, speech_cepstra
from fi_desktop.engines.builtin.ivector import load_model
from fi_desktop.engines.builtin.search import COUNTED_S, MAX_SPEAKERS, SpeakerSearch, count_speakers
from fi_desktop.engines.builtin.vbhmm import HmmSettings, Resegmentation
from fi_desktop.engines.contracts import Progress, Speech

# Acoustic evidence weighs less in counting: there, one voice in two moods costs a wrong count.
_COUNTING = HmmSettings(evidence=0.10)
_DIARIZING = HmmSettings(evidence=0.15)
# Gain of the ELBO for each second of the smallest speaker, relative to one speaker fewer.
_CLEAR_GAIN, _FAIR_GAIN, _ONE_VOICE_GAIN = 4.0, 2.0, 1.0
# With less speech than this for each speaker, voices cannot be compared.
_SPEECH_PER_SPEAKER_S = 2.0


class BuiltinDiarizer:
    """Diarizes with the model that comes with the program.

    Attributes:
        description: how it works.
    """

    description = "the bundled model, on the CPU"

    def __init__(self, model_dir: Path) -> None:
        """model_dir: folder of the background model and its manifest."""
        self._model = load_model(model_dir)

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize a recording.

        Returns: turns sorted by start, seconds; fewer speakers than asked for if there is too little speech.
        Raises: UserError "audio.no_speech".
        """
        grid = make_grid(speech.regions, recording.samples // FRAME_SAMPLES)
        if not len(grid):
            raise UserError(messages.AUDIO_NO_SPEECH)
        cepstra = speech_cepstra(recording, speech.regions, _part(progress, 0.0, 0.5))
        statistics = self._model.statistics(cepstra, grid.offsets, _part(progress, 0.5, 0.8))
        del cepstra
        search = SpeakerSearch(self._model, statistics, grid.windows)
        number, evidence = _choose_number(search, grid, speakers, _part(progress, 0.8, 0.9))
        best = search.run(number, _DIARIZING, _part(progress, 0.9, 0.95))
        grade, details = _judge(grid, best)
        if number > 1:
            fewer = search.run(number - 1, _DIARIZING, _part(progress, 0.95, 1.0))
            gain = details["elbo_gain_per_s"] = _gain_per_second(grid, best, fewer)
            grade = _grade(gain)
        elif evidence:
            two = search.run(2, _DIARIZING, _part(progress, 0.95, 1.0))
            gain = details["second_voice_gain_per_s"] = _gain_per_second(grid, two, best)
            grade = _grade_of_one(gain)
        progress(1.0)
        labels = best.posterior.argmax(axis=1)
        turns = rename_speakers(_turns(grid, labels))
        details["speaker_s"] = _seconds(turns)
        if evidence:
            details["elbo_by_count"] = {str(tried): round(elbo, 1) for tried, elbo in evidence.items()}
        return Diarization(
            turns=turns, engine="builtin", model=self._model.name, grade=grade, details=details
        )


def _choose_number(
    search: SpeakerSearch, grid: ChunkGrid, speakers: SpeakerCount, progress: Progress
) -> tuple[int, dict[int, float]]:
    """Return the number of speakers and, if it had to be found, the evidence for each number tried."""
    most = max(1, min(search.windows, int(grid.seconds.sum() / _SPEECH_PER_SPEAKER_S)))
    minimum = min(speakers.minimum or 1, most)
    maximum = min(speakers.maximum or MAX_SPEAKERS, most)
    if minimum == maximum:
        return minimum, {}
    sample = search.sampled(COUNTED_S)
    searches = counter()
    share = 1.0 / (maximum - minimum + 1)

    def run(number: int) -> Resegmentation:
        done = next(searches) * share
        return sample.run(number, _COUNTING, _part(progress, done, done + share))

    return count_speakers(run, minimum=minimum, maximum=maximum)


def _judge(grid: ChunkGrid, best: Resegmentation) -> tuple[Grade, dict[str, Any]]:
    """Return the grade of a result with one requested speaker, and the details of any result."""
    spoken = best.posterior.T @ grid.seconds
    details: dict[str, Any] = {
        "speech_s": round(float(grid.seconds.sum()), 2),
        "smallest_speaker_s": round(float(spoken.min()), 2),
        "certainty": round(float(best.posterior.max(axis=1).mean()), 4),
        "elbo": round(best.elbo, 1),
    }
    enough = grid.seconds.sum() >= 2 * _SPEECH_PER_SPEAKER_S
    return (Grade.CLEAR if enough else Grade.DOUBTFUL), details


def _gain_per_second(grid: ChunkGrid, more: Resegmentation, fewer: Resegmentation) -> float:
    """Return the gain of the ELBO by one more speaker, for each second of the smallest one."""
    smallest_s = float((more.posterior.T @ grid.seconds).min())
    return round((more.elbo - fewer.elbo) / max(smallest_s, 1.0), 2)


def _grade(gain: float) -> Grade:
    """Grade by the evidence for the least certain speaker."""
    if gain >= _CLEAR_GAIN:
        return Grade.CLEAR
    return Grade.FAIR if gain >= _FAIR_GAIN else Grade.DOUBTFUL


def _grade_of_one(gain: float) -> Grade:
    """Grade a single speaker that was counted, by the lack of evidence for a second one."""
    if gain < _ONE_VOICE_GAIN:
        return Grade.CLEAR
    return Grade.FAIR if gain < _FAIR_GAIN else Grade.DOUBTFUL


def _turns(grid: ChunkGrid, speaker: NDArray[np.int64]) -> list[Turn]:
    """Join consecutive chunks of one speaker and one region. speaker: (chunks,)."""
    first_of_turn = np.ones(len(grid), dtype=bool)
    first_of_turn[1:] = (speaker[1:] != speaker[:-1]) | (grid.region[1:] != grid.region[:-1])
    first = np.flatnonzero(first_of_turn)
    last = np.append(first[1:], len(grid)) - 1
    return [
        Turn(round(grid.start[a] * FRAME_S, 3), round(grid.end[b] * FRAME_S, 3), f"{speaker[a]}")
        for a, b in zip(first, last, strict=True)
    ]


def _seconds(turns: Iterable[Turn]) -> dict[str, float]:
    """Return how long each speaker speaks."""
    total: dict[str, float] = {}
    for turn in turns:
        total[turn.speaker] = round(total.get(turn.speaker, 0.0) + turn.duration, 2)
    return total


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Map a step's progress, 0 to 1, to the part from `start` to `end` of the whole."""
    return lambda fraction: progress(start + (end - start) * fraction)
