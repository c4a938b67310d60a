"""Voice activity detection: which parts of a recording hold speech, by Silero's model.

Owns the model's input (level, blocks, context, state) and the conversion of its probabilities to regions.
Runs before any diarizer; knows nothing of speakers.

Source: Silero Team, "Silero VAD", https://github.com/snakers4/silero-vad (MIT), version 6, as packaged with
faster-whisper.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Progress, Speech
from fi_desktop.engines.networks import Network

FRAME_SAMPLES = 512
HOP_S = FRAME_SAMPLES / SAMPLE_RATE_HZ
_CONTEXT_SAMPLES = 64
# hidden and cell state of the network's LSTM
_STATE_SHAPE = (1, 1, 128)

# A whole number of model frames and of 10 ms feature frames, so that no samples are carried over.
BLOCK_S = 32.0
_TARGET_RMS = 0.05
# 30 dB: lifts a whisper in a badly set up recording to the model's level, and leaves the noise of an empty
# room and of a 16-bit converter (-80 dBFS and below) under its threshold.
_MAX_GAIN = 30.0
# Undetected sound this close to the loudest of its block, and this long, is also run through the model
# backwards, with a run-up of 3 s in which the model's state settles.
_LOUD_WITHIN_DB = 20.0
_SHORTEST_BACKWARD_S = 0.3
_RUN_UP_FRAMES = round(3.0 / HOP_S)

# Sound counts as missed speech if it is at least this far above the quietest tenth of its block, and at most
# this far below the median of detected speech.
_ABOVE_FLOOR_DB = 8.0
_BELOW_SPEECH_DB = 15.0
_FLOOR_PERCENTILE = 10.0
# Speech fades in and out beyond the detected borders.
_BORDER_S = 0.2
_SMALLEST_POWER = 1e-14


@dataclass(frozen=True, slots=True)
class RegionRule:
    """How probabilities become regions.

    Attributes:
        onset, offset: speech starts at `onset` and ends below `offset` (probabilities).
        bridge_s: shorter gaps are bridged.
        shortest_s: shorter speech is dropped, before padding.
        pad_s: added at both ends.
    """

    onset: float = 0.30
    offset: float = 0.15
    bridge_s: float = 0.30
    shortest_s: float = 0.10
    pad_s: float = 0.06


def detect_speech(recording: Recording, *, per_channel: bool, progress: Progress) -> Speech:
    """Detect the regions in which anybody speaks; none if nobody does.

    The recording is read in blocks, each normalized to one level; the model's state carries over from block
    to block. With `per_channel`, the result has one row per channel (channels outside the mix have no
    speech) and `regions` is their union; else it has one row for the mix.
    """
    rows = recording.channels if per_channel else 1
    streams = {
        row: SpeechStream() for row in range(rows) if rows == 1 or not recording.mix or recording.mix[row]
    }
    probability = np.zeros((rows, -(-recording.samples // FRAME_SAMPLES)), dtype=np.float32)
    missed = MissedSpeechMeter(FRAME_SAMPLES, HOP_S)
    frame = 0
    for block in recording.channel_blocks(block_s=BLOCK_S):
        mixed = recording.mixed(block)
        missed.add(mixed)
        for row, stream in streams.items():
            samples = np.ascontiguousarray(block[row]) if per_channel else mixed
            found = stream.probabilities(samples)
            if not per_channel:  # quiet sound in a single channel is crosstalk
                found = _with_backward_pass(speech_network(), samples, found)
            probability[row, frame : frame + len(found)] = found
        frame += -(-block.shape[1] // FRAME_SAMPLES)
        progress(min(1.0, frame * FRAME_SAMPLES / recording.samples))
    regions = union([find_regions(row, recording.duration) for row in probability])
    return Speech(probability=probability, hop_s=HOP_S, regions=regions, missed_s=missed.seconds(regions))


def find_regions(
    probability: NDArray[np.float32], duration: float, rule: RegionRule | None = None
) -> tuple[Region, ...]:
    """Convert one row of probabilities to regions by two thresholds (hysteresis).

    probability: (frames,), `HOP_S` per frame; duration: of the recording, seconds.
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


def union(rows: Iterable[Sequence[Region]]) -> tuple[Region, ...]:
    """Merge the regions of all rows: sorted, not overlapping."""
    joined: list[Region] = []
    for region in sorted((region for row in rows for region in row), key=lambda region: region.start):
        if joined and region.start <= joined[-1].end:
            joined[-1] = Region(joined[-1].start, max(joined[-1].end, region.end))
        else:
            joined.append(region)
    return tuple(joined)


def _hysteresis(probability: NDArray[np.float32], onset: float, offset: float) -> NDArray[np.bool_]:
    """Return which frames are inside speech that reached `onset` and has not fallen below `offset`."""
    # Mark the frames that decide; every other frame keeps the last decision.
    decision = np.where(probability >= onset, 1, np.where(probability < offset, 0, -1))
    last = np.maximum.accumulate(np.where(decision >= 0, np.arange(len(decision)), -1))
    return np.asarray((last >= 0) & (decision[last] == 1))


@cache
def speech_network() -> Network:
    """Return Silero's network, loaded once per process.

    Raises:
        FiError: "engine.silero_missing".
    """
    return Network(network_file().read_bytes())


def network_file() -> Path:
    """Locate the network in the faster-whisper package without importing it, which would load CTranslate2.

    Raises:
        FiError: "engine.silero_missing".
    """
    spec = find_spec("faster_whisper")
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        found = sorted(Path(folder).glob("assets/silero_vad*.onnx"))
        if found:
            return found[-1]
    raise FiError(messages.ENGINE_SILERO_MISSING)


class SpeechStream:
    """The model on one channel; its state carries over from block to block."""

    def __init__(self, network: Network | None = None) -> None:
        """network: the shared one if None."""
        self._network = network or speech_network()
        self._hidden = self._cell = np.zeros(_STATE_SHAPE, dtype=np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, dtype=np.float32)

    def probabilities(
        self, samples: NDArray[np.float32], gain: np.float32 | None = None
    ) -> NDArray[np.float32]:
        """Return the probability of speech in each frame.

        samples: (samples,), the next block; gain: to the model's level, computed from the samples if None.
        """
        gain = _gain(samples) if gain is None else gain
        padded = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES))
        stretched = np.concatenate([self._context, padded]) * gain
        self._context = padded[-_CONTEXT_SAMPLES:]
        # The model's input is a frame and the 64 samples before it; all frames of a block are one sequence.
        frames = np.lib.stride_tricks.sliding_window_view(stretched, _CONTEXT_SAMPLES + FRAME_SAMPLES)
        found, self._hidden, self._cell = self._network.run_all(
            input=np.ascontiguousarray(frames[::FRAME_SAMPLES]), h=self._hidden, c=self._cell
        )
        return found


def _with_backward_pass(
    network: Network, samples: NDArray[np.float32], probability: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Run loud sound without detected speech through the model backwards in time.

    After silence the model can miss a soft onset for seconds; backwards, the same speech follows other
    speech. On distant microphones this recovers a third of the missed speech at few false alarms.

    Returns: the higher of both probabilities, (frames,).
    """
    frames = np.pad(samples, (0, -len(samples) % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    level_db = 10.0 * np.log10(np.square(frames).mean(axis=1) + 1e-10)
    missed = (level_db > np.percentile(level_db, 95) - _LOUD_WITHIN_DB) & (probability < RegionRule().onset)
    indices = np.flatnonzero(missed)
    reach = np.zeros(len(frames) + 1, dtype=np.int64)
    np.add.at(reach, indices, 1)
    np.add.at(reach, np.minimum(indices + _RUN_UP_FRAMES, len(frames)), -1)
    edges = np.flatnonzero(np.diff(np.cumsum(reach) > 0, prepend=False)).reshape(-1, 2)
    highest = probability.copy()
    for start, end in edges:
        if missed[start:end].sum() * HOP_S >= _SHORTEST_BACKWARD_S:
            stretch = np.ascontiguousarray(frames[start:end].reshape(-1)[::-1])
            # The gain of the whole block: the stretch's own would differ.
            backwards = SpeechStream(network).probabilities(stretch, _gain(samples))[::-1]
            highest[start:end] = np.maximum(highest[start:end], backwards)
    return highest


def _gain(samples: NDArray[np.float32]) -> np.float32:
    rms = float(np.sqrt(np.mean(np.square(samples)))) if len(samples) else 0.0
    return np.float32(min(_TARGET_RMS / max(rms, 1e-6), _MAX_GAIN))


class MissedSpeechMeter:
    """Estimates how much speech the detector missed, from levels alone.

    A frame counts if it stands out from its surroundings and is about as loud as detected speech. That covers
    speech missed because it is soft, distant or disturbed, but not steady noise; a cough counts too.
    """

    def __init__(self, frame_samples: int, hop_s: float) -> None:
        """frame_samples: samples per frame, which lasts `hop_s` seconds."""
        self._frame_samples = frame_samples
        self._hop_s = hop_s
        self._level: list[NDArray[np.float32]] = []
        self._floor: list[float] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Measure the next block of the recording, float32 (samples,), some seconds long."""
        # The difference removes an offset and most of what is below the voice's range.
        change = np.diff(block, prepend=block[:1])
        frames = np.pad(change, (0, -len(change) % self._frame_samples)).reshape(-1, self._frame_samples)
        level = 10.0 * np.log10(np.square(frames).mean(axis=1) + np.float32(_SMALLEST_POWER))
        self._level.append(level)
        self._floor.append(float(np.percentile(level, _FLOOR_PERCENTILE)))

    def seconds(self, regions: Sequence[Region]) -> float:
        """Return how much sound outside the regions may be speech, seconds; 0 if there are no regions."""
        if not regions:
            return 0.0
        level = np.concatenate(self._level)
        floor = np.repeat(self._floor, [len(part) for part in self._level])
        inside, near = self._mask(regions, len(level), 0.0), self._mask(regions, len(level), _BORDER_S)
        loud = level > np.median(level[inside]) - _BELOW_SPEECH_DB
        return float((loud & (level > floor + _ABOVE_FLOOR_DB) & ~near).sum()) * self._hop_s

    def _mask(self, regions: Sequence[Region], frames: int, border_s: float) -> NDArray[np.bool_]:
        mask = np.zeros(frames, dtype=bool)
        for region in regions:
            start = max(0.0, region.start - border_s)
            mask[int(start / self._hop_s) : int((region.end + border_s) / self._hop_s) + 1] = True
        return mask
