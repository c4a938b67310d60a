"""The built-in diarizer: from a recording to turns, with nothing but a 1 MB model of voices.

Speech comes from Silero; cepstra, chunk statistics, i-vectors, two clusterings, a variational HMM from both,
and the better one by evidence. This module puts the steps together and grades the result; the mathematics is
its neighbours'.
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
from fi_desktop.engines.builtin.features import FRAME_S, FRAME_SAMPLES, ChunkGrid, lay_grid, speech_cepstra
from fi_desktop.engines.builtin.ivector import load_model
from fi_desktop.engines.builtin.search import COUNTED_S, MAX_SPEAKERS, Solver, count_speakers
from fi_desktop.engines.builtin.vbhmm import HmmSettings, Resegmentation
from fi_desktop.engines.contracts import Progress, Speech

# Evidence is believed less where speakers are counted than where they are told apart: one voice in two moods
# costs a wrong count there, and nothing here.
_COUNTING = HmmSettings(evidence=0.10)
_TELLING_APART = HmmSettings(evidence=0.15)
# Gain of the ELBO for each second of the smallest speaker, against one speaker fewer.
_CLEAR_GAIN, _FAIR_GAIN, _ONE_VOICE_GAIN = 4.0, 2.0, 1.0
# With less speech than this for each speaker there is nothing to tell voices by.
_SPEECH_A_SPEAKER_S = 2.0


class BuiltinDiarizer:
    """Tells who spoke when, without any download.

    Attributes:
        per_channel: False, it listens to the mean of all channels.
        description: how it works.
    """

    per_channel = False
    description = "the model that came with the program, on the processor"

    def __init__(self, model_dir: Path) -> None:
        """model_dir: folder of the background model and its manifest."""
        self._model = load_model(model_dir)

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize one recording.

        Returns: turns sorted by start, seconds; fewer speakers than were asked for where there is too little
        speech to tell them apart. Raises: UserError "audio.no_speech".
        """
        grid = lay_grid(speech.regions, recording.samples // FRAME_SAMPLES)
        if not len(grid):
            raise UserError(messages.AUDIO_NO_SPEECH)
        cepstra = speech_cepstra(recording, speech.regions, _part(progress, 0.0, 0.5))
        statistics = self._model.statistics(cepstra, grid.offsets, _part(progress, 0.5, 0.8))
        del cepstra
        solver = Solver(self._model, statistics, grid.windows)
        number, evidence = _choose_number(solver, grid, speakers, _part(progress, 0.8, 0.9))
        best = solver.solve(number, _TELLING_APART, _part(progress, 0.9, 0.95))
        grade, details = _judge(grid, best)
        if number > 1:
            fewer = solver.solve(number - 1, _TELLING_APART, _part(progress, 0.95, 1.0))
            gain = details["elbo_gain_per_s"] = _gain_per_second(grid, best, fewer)
            grade = _grade(gain)
        elif evidence:
            two = solver.solve(2, _TELLING_APART, _part(progress, 0.95, 1.0))
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
    solver: Solver, grid: ChunkGrid, speakers: SpeakerCount, progress: Progress
) -> tuple[int, dict[int, float]]:
    """Return the number of speakers and, where it had to be found, the evidence for each number tried."""
    most = max(1, min(solver.windows, int(grid.seconds.sum() / _SPEECH_A_SPEAKER_S)))
    minimum = min(speakers.minimum or 1, most)
    maximum = min(speakers.maximum or MAX_SPEAKERS, most)
    if minimum == maximum:
        return minimum, {}
    sample = solver.sampled(COUNTED_S)
    tries = counter()
    share = 1.0 / (maximum - minimum + 1)

    def solve(tried: int) -> Resegmentation:
        done = next(tries) * share
        return sample.solve(tried, _COUNTING, _part(progress, done, done + share))

    return count_speakers(solve, minimum=minimum, maximum=maximum)


def _judge(grid: ChunkGrid, best: Resegmentation) -> tuple[Grade, dict[str, Any]]:
    """Say what a result is made of; its grade is that of one speaker who was asked for."""
    spoken = best.posterior.T @ grid.seconds
    details: dict[str, Any] = {
        "speech_s": round(float(grid.seconds.sum()), 2),
        "smallest_speaker_s": round(float(spoken.min()), 2),
        "certainty": round(float(best.posterior.max(axis=1).mean()), 4),
        "elbo": round(best.elbo, 1),
    }
    enough = grid.seconds.sum() >= 2 * _SPEECH_A_SPEAKER_S
    return (Grade.CLEAR if enough else Grade.DOUBTFUL), details


def _gain_per_second(grid: ChunkGrid, more: Resegmentation, fewer: Resegmentation) -> float:
    """Return the gain of the ELBO by one more speaker, for each second of the smallest one."""
    smallest_s = float((more.posterior.T @ grid.seconds).min())
    return round((more.elbo - fewer.elbo) / max(smallest_s, 1.0), 2)


def _grade(gain: float) -> Grade:
    """Grade by how much evidence the least certain speaker has."""
    if gain >= _CLEAR_GAIN:
        return Grade.CLEAR
    return Grade.FAIR if gain >= _FAIR_GAIN else Grade.DOUBTFUL


def _grade_of_one(gain: float) -> Grade:
    """Grade a single speaker, where more were looked for, by how little evidence a second one has."""
    if gain < _ONE_VOICE_GAIN:
        return Grade.CLEAR
    return Grade.FAIR if gain < _FAIR_GAIN else Grade.DOUBTFUL


def _turns(grid: ChunkGrid, speaker: NDArray[np.int64]) -> list[Turn]:
    """Join neighbouring chunks of one speaker and one region. speaker: (chunks,)."""
    begins = np.ones(len(grid), dtype=bool)
    begins[1:] = (speaker[1:] != speaker[:-1]) | (grid.region[1:] != grid.region[:-1])
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(grid)) - 1
    return [
        Turn(round(grid.start[a] * FRAME_S, 3), round(grid.end[b] * FRAME_S, 3), f"{speaker[a]}")
        for a, b in zip(first, last, strict=True)
    ]


def _seconds(turns: Iterable[Turn]) -> dict[str, float]:
    """Add up how long each speaker speaks."""
    total: dict[str, float] = {}
    for turn in turns:
        total[turn.speaker] = round(total.get(turn.speaker, 0.0) + turn.duration, 2)
    return total


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Let a step tell 0 to 1 where the whole tells `start` to `end`."""
    return lambda fraction: progress(start + (end - start) * fraction)
