"""The built-in diarizer: from detected speech to turns that may overlap.

Combines the steps and grades the result; the networks and the mathematics are in the other modules. Each step
reads the recording block by block. Memory grows by some 40 MB for an hour of speech.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Diarization, Grade, Region, Turn, rename_speakers
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin.eigenvoices import load_model
from fi_desktop.engines.builtin.embedding import DIMENSIONS, STATISTICS, VoiceEmbedder, with_squares
from fi_desktop.engines.builtin.features import (
    FRAME_SAMPLES,
    ROW_FRAMES,
    ROW_S,
    ChunkGrid,
    Floats,
    Floats32,
    make_grid,
    sample_chunks,
    speech_cepstra,
)
from fi_desktop.engines.builtin.overlap import Overlap, find_overlap, second_speakers
from fi_desktop.engines.builtin.search import (
    MAX_SPEAKERS,
    SEARCHED_S,
    CountRule,
    Evidence,
    Voices,
    VoiceSearch,
    windows_around,
)
from fi_desktop.engines.contracts import Progress, Speech

# A voice is compared with what surrounds a chunk: this many chunks of 0.1 s on both sides.
_NEAR = 4
_SECTION_ROWS = 3000  # of the network's output in memory, 1 min
# With less speech than this for each speaker, voices cannot be compared.
_SPEECH_PER_SPEAKER_S = 2.0
# Pauses of one speaker up to this length are part of the turn.
_BRIDGED_ROWS = round(0.3 / ROW_S)
# A voice is unsure if its posterior is below this: "Who says it" in docs/benchmarks.md has the figures.
_UNSURE = 0.95
# The grade: how near the closest two voices are to the limit between one person and two, and what the one who
# says the least says. And with one speaker more, the closest two must be as far beyond that limit. Where one
# more voice explains much, the limit goes higher here than for the number.
_GRADING = CountRule(highest=0.9)
_CLEAR_CLOSENESS, _FAIR_CLOSENESS = 0.6, 0.8
_CLEAR_S, _CLEAR_ALONE_S = 4.0, 10.0


class BuiltinDiarizer:
    """Diarizes with the models that come with the program.

    Attributes:
        description: how it works.
    """

    description = "the bundled models, on the CPU"

    def __init__(self, background: Path, networks: Path) -> None:
        """background, networks: folders of the background model and of the voice networks."""
        self._model = load_model(background)
        self._embedder = VoiceEmbedder(networks)
        self._networks = networks

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
        overlap = find_overlap(self._networks, recording, grid.mask, _part(progress, 0.0, 0.25))
        evidence = self._evidence(recording, grid, overlap, _part(progress, 0.25, 0.9))
        search = VoiceSearch(self._model, self._embedder, evidence)
        most = max(1, min(search.windows, int(grid.seconds.sum() / _SPEECH_PER_SPEAKER_S)))
        counted, tried = search.count(min(most, MAX_SPEAKERS), _part(progress, 0.9, 0.97))
        number = min(max(counted, speakers.minimum or 1), speakers.maximum or most, most)
        voices = search.run(number)
        progress(0.98)
        posterior = search.assign(voices)
        turns, exclusive = _turns(grid, posterior, overlap, recording.duration)
        progress(1.0)
        found = len({turn.speaker for turn in turns})
        return Diarization(
            turns=turns,
            engine="builtin",
            model=self._embedder.name,
            grade=_grade(voices, tried, counted),
            details={
                "speech_s": round(float(grid.seconds.sum()), 2),
                "closeness": round(voices.closeness, 3),
                "smallest_speaker_s": round(voices.smallest_s, 2),
                "closeness_by_count": {str(count): round(v.closeness, 3) for count, v in tried.items()},
                "speaker_s": _seconds(turns),
            },
            exclusive=exclusive,
            probable_speakers=counted if counted != found else None,
            unsure=_unsure(grid, posterior),
        )

    def _evidence(
        self, recording: Recording, grid: ChunkGrid, overlap: Overlap, progress: Progress
    ) -> Evidence:
        """Measure each chunk; a few minutes of the networks' output are in memory at a time."""
        cepstra = speech_cepstra(recording, grid.mask, _part(progress, 0.0, 0.1))
        offsets = grid.offsets * ROW_FRAMES
        statistics = self._model.statistics(cepstra, offsets, _part(progress, 0.1, 0.2))
        del cepstra
        rows = np.diff(grid.offsets)
        total = np.concatenate([[0.0], np.cumsum(overlap.together, dtype=np.float64)])
        low, high = windows_around(grid.region, np.arange(len(grid)), _NEAR)
        sampled = sample_chunks(len(grid), SEARCHED_S)
        sums = np.empty((len(sampled), STATISTICS), dtype=np.float32)
        near = np.empty((len(grid), DIMENSIONS), dtype=np.float32)
        kept, first, done = np.zeros((0, STATISTICS)), 0, 0  # the first chunk in `kept`; chunks with `near`
        pieces = self._embedder.rows(recording, grid.mask, _part(progress, 0.2, 1.0))
        for section in _chunk_sums(pieces, grid.offsets):
            known = first + len(kept)
            chosen = np.flatnonzero((sampled >= known) & (sampled < known + len(section)))
            sums[chosen] = section[sampled[chosen] - known]
            kept = np.concatenate([kept, section])
            known += len(section)
            ready = known if known == len(grid) else known - _NEAR
            running = np.concatenate([np.zeros((1, STATISTICS)), np.cumsum(kept, axis=0)])
            inside = running[high[done:ready] - first] - running[low[done:ready] - first]
            counts = grid.offsets[high[done:ready]] - grid.offsets[low[done:ready]]
            near[done:ready] = self._embedder.embed(counts, inside)
            done = ready
            kept, first = kept[max(first, done - _NEAR) - first :], max(first, done - _NEAR)
        return Evidence(
            stretch=grid.region,
            rows=rows,
            near=near,
            near_s=np.asarray((grid.offsets[high] - grid.offsets[low]) * ROW_S, dtype=np.float64),
            overlapped=(total[grid.end] - total[grid.start]) / rows,
            statistics=statistics,
            sampled=sampled,
            sums=sums,
        )


def _chunk_sums(pieces: Iterator[Floats32], offsets: NDArray[np.int64]) -> Iterator[Floats]:
    """Yield the sums of consecutive chunks, (chunks, 1024), a section at a time.

    pieces: consecutive rows, float32 (rows, 512). offsets: (chunks + 1,), in rows.
    """
    pending: list[Floats32] = []
    first = rows = 0  # the chunk at the front of `pending`, and the rows in it
    for piece in pieces:
        pending.append(piece)
        rows += len(piece)
        last = offsets[first] + rows == offsets[-1]
        if rows >= _SECTION_ROWS or last:
            known = np.concatenate(pending)
            end = int(np.searchsorted(offsets, offsets[first] + rows, "right")) - 1
            borders = offsets[first : end + 1] - offsets[first]
            yield _sums(with_squares(known[: borders[-1]]), borders)
            pending, rows, first = [known[borders[-1] :]], rows - int(borders[-1]), end


def _sums(rows: Floats32, borders: NDArray[np.int64]) -> Floats:
    """Return the sums of the rows between borders, float64: an eighth of `np.add.reduceat`'s time."""
    starts, counts = borders[:-1], np.diff(borders)
    sums = rows[starts].astype(np.float64)
    for place in range(1, int(counts.max(initial=1))):
        longer = np.flatnonzero(counts > place)
        sums[longer] += rows[starts[longer] + place]
    return sums


def _grade(voices: Voices, tried: Mapping[int, Voices], counted: int) -> Grade:
    """Grade the voices that were found.

    tried: the voices for each number that was tried; counted: the number that they suggest.
    """
    nearness = voices.closeness / _GRADING.limit_for(voices)
    more = tried.get(len(voices) + 1)
    distance = more.closeness / _GRADING.limit_for(more) if more else np.inf
    if len(voices) == 1:
        known = voices.smallest_s >= _CLEAR_ALONE_S and counted == 1
    else:
        known = CountRule().believes(voices) and nearness <= _FAIR_CLOSENESS
    if not known or distance < 1.0 / _FAIR_CLOSENESS:
        return Grade.DOUBTFUL
    apart = nearness <= _CLEAR_CLOSENESS and voices.smallest_s >= _CLEAR_S
    return Grade.CLEAR if apart and counted == len(voices) else Grade.FAIR


def _turns(
    grid: ChunkGrid, posterior: Floats, overlap: Overlap, duration_s: float
) -> tuple[tuple[Turn, ...], tuple[Turn, ...]]:
    """Return the turns, and the exclusive turns of those who speak first."""
    rows = len(overlap.together)
    who = np.zeros((rows, posterior.shape[1]), dtype=np.float32)
    first = np.full(rows, -1, dtype=np.int64)
    for start, end, row in zip(grid.start, grid.end, posterior, strict=True):
        who[start:end] = row
        first[start:end] = row.argmax()
    second = second_speakers(overlap, who)
    turns, exclusive = [], []
    for name in range(posterior.shape[1]):
        spoken = (first == name) | (second == name)
        turns += _runs(spoken, ~spoken, f"{name}", duration_s)
        exclusive += _runs(first == name, first < 0, f"{name}", duration_s)
    turns.sort(key=lambda turn: (turn.start, turn.end, turn.speaker))
    renamed = rename_speakers(turns)
    names = {turn.speaker: new.speaker for turn, new in zip(turns, renamed, strict=True)}
    exclusive.sort(key=lambda turn: turn.start)
    return renamed, tuple(replace(turn, speaker=names[turn.speaker]) for turn in exclusive)


def _runs(marked: NDArray[np.bool_], free: NDArray[np.bool_], speaker: str, duration_s: float) -> list[Turn]:
    """Return one speaker's stretches of marked rows, and short pauses of free rows between them."""
    runs: list[tuple[int, int]] = []
    for first, last in np.flatnonzero(np.diff(marked, prepend=False, append=False)).reshape(-1, 2).tolist():
        if runs and first - runs[-1][1] <= _BRIDGED_ROWS and free[runs[-1][1] : first].all():
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return [
        Turn(round(first * ROW_S, 3), round(min(last * ROW_S, duration_s), 3), speaker)
        for first, last in runs
    ]


def _unsure(grid: ChunkGrid, posterior: Floats) -> tuple[Region, ...]:
    """Return the stretches of chunks in which another speaker is nearly as likely."""
    found: list[Region] = []
    unsure = posterior.max(axis=1) < _UNSURE
    for first, last in zip(grid.start[unsure], grid.end[unsure], strict=True):
        region = Region(round(float(first * ROW_S), 3), round(float(last * ROW_S), 3))
        if found and region.start <= found[-1].end:
            region = Region(found.pop().start, region.end)
        found.append(region)
    return tuple(found)


def _seconds(turns: tuple[Turn, ...]) -> dict[str, float]:
    """Return how long each speaker speaks."""
    total: dict[str, float] = {}
    for turn in turns:
        total[turn.speaker] = round(total.get(turn.speaker, 0.0) + turn.duration, 2)
    return total


def _part(progress: Progress, start: float, end: float) -> Progress:
    """Map a step's progress, 0 to 1, to the part from `start` to `end` of the whole."""
    return lambda fraction: progress(start + (end - start) * fraction)
