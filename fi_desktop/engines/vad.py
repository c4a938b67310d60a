"""Find speech with Silero's voice activity model.

Owns what the network is given and how its probabilities become regions; the network itself is in
`silero_network.py`. Called by the pipeline before any diarizer; knows nothing of speakers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Progress, Speech
from fi_desktop.engines.silero import STATE_SIZE, Network, shared

FRAME_SAMPLES = 512
HOP_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
_CONTEXT_SAMPLES = 64

# One block is a whole number of model frames and of 10 ms feature frames, so that no sample is waited for.
BLOCK_S = 32.0
_TARGET_RMS = 0.05
# 30 dB: brings a whispering, badly set up recording to the model's level, and leaves the noise of an empty
# room and of a 16-bit converter (-80 dBFS and below) where the model hears nothing.
_MAX_GAIN = 30.0
# So much sound, so near to the loudest of its block, is looked at again where it was not heard as speech,
# with a run-up of 3 s in which the model's memory settles.
_LOUD_WITHIN_DB = 20.0
_WORTH_A_LOOK_S = 0.3
_RUN_UP_FRAMES = round(3.0 / HOP_S)


@dataclass(frozen=True, slots=True)
class RegionRule:
    """How probabilities become regions.

    Attributes:
        onset, offset: speech begins at `onset` and ends below `offset` (probabilities).
        bridge_s: shorter gaps are speech as well.
        shortest_s: shorter speech is dropped, before padding.
        pad_s: added at both ends.
    """

    onset: float = 0.30
    offset: float = 0.15
    bridge_s: float = 0.30
    shortest_s: float = 0.10
    pad_s: float = 0.06


def find_speech(recording: Recording, *, per_channel: bool, progress: Progress) -> Speech:
    """Find the stretches in which anybody speaks.

    The recording is read in blocks, each brought to one level, and the model's memory goes on from block to
    block. With `per_channel` the result has a row for each channel and `regions` is the union over them; in
    channels that are not in the mix nobody speaks. Else it has one row for the mix. Where nobody speaks,
    `regions` is empty.
    """
    rows = recording.channels if per_channel else 1
    streams = {
        row: SpeechStream() for row in range(rows) if rows == 1 or not recording.mix or recording.mix[row]
    }
    probability = np.zeros((rows, -(-recording.samples // FRAME_SAMPLES)), dtype=np.float32)
    unheard = UnheardSound(FRAME_SAMPLES, HOP_S)
    frame = 0
    for block in recording.channel_blocks(block_s=BLOCK_S):
        mixed = recording.mixed(block)
        unheard.add(mixed)
        for row, stream in streams.items():
            samples = np.ascontiguousarray(block[row]) if per_channel else mixed
            found = stream.probabilities(samples)
            if not per_channel:  # what is soft in a channel of its own is crosstalk
                found = _second_look(shared(), samples, found)
            probability[row, frame : frame + len(found)] = found
        frame += -(-block.shape[1] // FRAME_SAMPLES)
        progress(min(1.0, frame * FRAME_SAMPLES / recording.samples))
    regions = union([find_regions(row, recording.duration) for row in probability])
    return Speech(probability=probability, hop_s=HOP_S, regions=regions, unheard_s=unheard.seconds(regions))


def find_regions(
    probability: NDArray[np.float32], duration: float, rule: RegionRule | None = None
) -> tuple[Region, ...]:
    """Turn one row of probabilities into regions by two thresholds (hysteresis).

    probability: (frames,), `HOP_S` a frame; duration: of the recording, seconds.
    """
    rule = rule or RegionRule()
    inside = _hysteresis(probability, rule.onset, rule.offset)
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False)).reshape(-1, 2) * HOP_S
    merged: list[list[float]] = []
    for start, end in edges:
        if merged and start - merged[-1][1] < rule.bridge_s:
            merged[-1][1] = end
        else:
            merged.append([start, end])
    padded = [
        Region(max(0.0, float(start) - rule.pad_s), min(duration, float(end) + rule.pad_s))
        for start, end in merged
        if end - start >= rule.shortest_s
    ]
    return union([padded])


def union(rows: list[tuple[Region, ...]] | list[list[Region]]) -> tuple[Region, ...]:
    """Join the regions of all rows: sorted, not overlapping."""
    joined: list[Region] = []
    for region in sorted((region for row in rows for region in row), key=lambda region: region.start):
        if joined and region.start <= joined[-1].end:
            joined[-1] = Region(joined[-1].start, max(joined[-1].end, region.end))
        else:
            joined.append(region)
    return tuple(joined)


def _hysteresis(probability: NDArray[np.float32], onset: float, offset: float) -> NDArray[np.bool_]:
    """Whether each frame is inside speech that began at `onset` and has not fallen below `offset`."""
    # Each frame that decides is marked; every other frame keeps the decision of the last one that did.
    decision = np.where(probability >= onset, 1, np.where(probability < offset, 0, -1))
    last = np.maximum.accumulate(np.where(decision >= 0, np.arange(len(decision)), -1))
    return np.asarray((last >= 0) & (decision[last] == 1))


class SpeechStream:
    """The model on one row of samples, its memory carried from block to block."""

    def __init__(self, network: Network | None = None) -> None:
        """network: the shared one if None."""
        self._network = network or shared()
        self._hidden = np.zeros(STATE_SIZE, dtype=np.float32)
        self._cell = np.zeros(STATE_SIZE, dtype=np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)

    def probabilities(
        self, samples: NDArray[np.float32], gain: np.float32 | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of speech in each frame.

        samples: (samples,); gain: what brings them to the model's level, found from themselves if None.
        """
        gain = _gain(samples) if gain is None else gain
        padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
        stretched = np.concatenate([self._context, padded]) * gain
        self._context = padded[-_CONTEXT_SAMPLES:]
        # A frame is seen with the last 64 samples before it.
        frames = np.lib.stride_tricks.sliding_window_view(stretched, _CONTEXT_SAMPLES + FRAME_SAMPLES)
        found, self._hidden, self._cell = self._network.run(frames[::FRAME_SAMPLES], self._hidden, self._cell)
        return found


def _second_look(
    network: Network, samples: NDArray[np.float32], probability: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Look backwards in time at loud sound that was not heard as speech.

    Once the model's memory says silence, it can sleep through a soft beginning for seconds; seen from the
    other side, the same speech follows on speech. On far microphones this finds a third of the speech that is
    missed, and lets in little else. Returns: the higher probability of both, (frames,).
    """
    frames = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    level_db = 10.0 * np.log10(np.square(frames).mean(axis=1) + 1e-10)
    unheard = (level_db > np.percentile(level_db, 95) - _LOUD_WITHIN_DB) & (probability < RegionRule().onset)
    spots = np.flatnonzero(unheard)
    reach = np.zeros(len(frames) + 1, dtype=np.int64)
    np.add.at(reach, spots, 1)
    np.add.at(reach, np.minimum(spots + _RUN_UP_FRAMES, len(frames)), -1)
    edges = np.flatnonzero(np.diff(np.cumsum(reach) > 0, prepend=False)).reshape(-1, 2)
    highest = probability.copy()
    for start, end in edges:
        if unheard[start:end].sum() * HOP_S >= _WORTH_A_LOOK_S:
            stretch = np.ascontiguousarray(frames[start:end].reshape(-1)[::-1])
            # The whole block's gain: a stretch by itself would be brought to another level.
            backwards = SpeechStream(network).probabilities(stretch, _gain(samples))[::-1]
            highest[start:end] = np.maximum(highest[start:end], backwards)
    return highest


def _gain(samples: NDArray[np.float32]) -> np.float32:
    rms = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    return np.float32(min(_TARGET_RMS / max(rms, 1e-6), _MAX_GAIN))


# How much sound there is that may be speech and was not taken for it.
#
# A frame counts if it stands out from its surroundings and is about as loud as the speech that was found.
# What the detector misses because a recording is soft, far or disturbed shows up here; steady noise does
# not. Knows levels alone: a cough counts too.

# Above the quietest tenth of its block by this at least, below the median of found speech by this at most.
_ABOVE_FLOOR_DB = 8.0
_BELOW_SPEECH_DB = 15.0
_FLOOR_PERCENTILE = 10.0
# Speech fades in and out beyond the borders that are found.
_BORDER_S = 0.2
_QUIETEST = 1e-14


class UnheardSound:
    """Gathers the level of each frame, and compares it with where speech was found."""

    def __init__(self, frame_samples: int, hop_s: float) -> None:
        """frame_samples: samples a frame, which is `hop_s` long."""
        self._frame_samples = frame_samples
        self._hop_s = hop_s
        self._level: list[NDArray[np.float32]] = []
        self._floor: list[float] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Measure float32 (samples,), the next block of the recording, some seconds long."""
        # Differences leave out an offset and most of what lies below voices.
        change = np.diff(block, prepend=block[:1])
        frames = np.pad(change, (0, -len(change) % self._frame_samples)).reshape(-1, self._frame_samples)
        level = 10.0 * np.log10(np.square(frames).mean(axis=1) + np.float32(_QUIETEST))
        self._level.append(level)
        self._floor.append(float(np.percentile(level, _FLOOR_PERCENTILE)))

    def seconds(self, regions: Sequence[Region]) -> float:
        """Return how much sound outside the regions may be speech, seconds; 0 where there are no regions."""
        if not regions:
            return 0.0
        level = np.concatenate(self._level)
        floor = np.repeat(self._floor, [len(part) for part in self._level])
        inside, near = self._marks(regions, len(level), 0.0), self._marks(regions, len(level), _BORDER_S)
        loud = level > np.median(level[inside]) - _BELOW_SPEECH_DB
        return float((loud & (level > floor + _ABOVE_FLOOR_DB) & ~near).sum()) * self._hop_s

    def _marks(self, regions: Sequence[Region], frames: int, border_s: float) -> NDArray[np.bool_]:
        marks = np.zeros(frames, dtype=bool)
        for region in regions:
            start = max(0.0, region.start - border_s)
            marks[int(start / self._hop_s) : int((region.end + border_s) / self._hop_s) + 1] = True
        return marks
