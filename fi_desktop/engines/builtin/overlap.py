"""Where two people speak at once, and who is the second, by segmentation-3.0.

The network hears 10 s at a time and tells, every 17 ms, which of up to three people of its window speak, at
most two at once. Only overlap is taken from it: its speech includes a room's echo, and it knows nobody beyond
its window. Who speaks first, and who is who over the whole recording, is `search.py`'s.

Source: A. Plaquet and H. Bredin 2023, "Powerset multi-class cross entropy loss for neural speaker
diarization".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.engines.builtin.features import FRAME_SAMPLES, ROW_FRAMES, ROW_S, Floats32
from fi_desktop.engines.contracts import Progress
from fi_desktop.engines.networks import load_network

_WINDOW_S, _STEP_S = 10.0, 5.0
_WINDOW, _STEP = round(_WINDOW_S * SAMPLE_RATE_HZ), round(_STEP_S * SAMPLE_RATE_HZ)
_ROWS = round(_WINDOW_S / ROW_S)
_FRAMES = 589
# The centre of the network's frame i is at 495 + 270 i samples.
_FIRST_CENTRE, _FRAME_STEP = 495, 270
# silence; each of three people; each pair of them
_SPEAKING = np.array(
    [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]], dtype=np.float32
)
_FIRST_PAIR = 4
_LOCAL_SPEAKERS = _SPEAKING.shape[1]

# Two people speak from this probability on.
_TOGETHER = 0.5
# In a window's rows with less speech than this, a person of it speaks alone.
_ALONE = 1.5
# A second speaker says something else within this time, and likelier soon.
_REACH_S, _FADE_S = 8.0, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Overlap:
    """What the network heard. A row is 20 ms.

    Attributes:
        together: float32 (rows,), the probability that two people speak.
        starts: (windows,), each window's first row.
        local: float16 (windows, 500, 3), the probability that each of a window's people speaks.
    """

    together: Floats32
    starts: NDArray[np.int64]
    local: NDArray[np.float16]


def find_overlap(pack: Path, recording: Recording, mask: NDArray[np.bool_], progress: Progress) -> Overlap:
    """Run the network on all windows that hold speech.

    Args:
        pack: the folder of the voice networks.
        recording: 16 kHz.
        mask: which frames of 10 ms hold speech, (frames,).
        progress: called after each window.
    """
    network = load_network(pack, "segmentation.onnx")
    rows = len(mask) // ROW_FRAMES
    centres = (np.arange(_ROWS) + 0.5) * ROW_S * SAMPLE_RATE_HZ
    frames = np.clip(np.round((centres - _FIRST_CENTRE) / _FRAME_STEP).astype(int), 0, _FRAMES - 1)
    taper = np.hamming(_ROWS).astype(np.float32)  # the network knows more about a window's middle
    together = np.zeros(rows + _ROWS, dtype=np.float32)
    weight = np.full(rows + _ROWS, np.finfo(np.float32).tiny)
    starts, local = [], []
    for windows in _pairs(_windows(recording), mask):
        samples = np.stack([samples for _, samples in windows])
        for (first, _), found in zip(windows, network.run(samples=samples[:, None]), strict=True):
            start = first // (FRAME_SAMPLES * ROW_FRAMES)
            classes = np.exp(found[frames])
            together[start : start + _ROWS] += taper * classes[:, _FIRST_PAIR:].sum(axis=1)
            weight[start : start + _ROWS] += taper
            starts.append(start)
            local.append((classes @ _SPEAKING).astype(np.float16))
        progress(min(1.0, (windows[-1][0] + _WINDOW) / recording.samples))
    progress(1.0)
    return Overlap(
        together=(together / weight)[:rows],
        starts=np.array(starts, dtype=np.int64),
        local=np.array(local, dtype=np.float16).reshape(-1, _ROWS, _LOCAL_SPEAKERS),
    )


def _pairs(
    windows: Iterator[tuple[int, Floats32]], mask: NDArray[np.bool_]
) -> Iterator[list[tuple[int, Floats32]]]:
    """Yield the windows that hold speech in twos, which take a seventh less time than one by one."""
    spoken = (
        window for window in windows if mask[window[0] // FRAME_SAMPLES :][: _WINDOW // FRAME_SAMPLES].any()
    )
    while pair := list(islice(spoken, 2)):
        yield pair


def _windows(recording: Recording) -> Iterator[tuple[int, Floats32]]:
    """Yield the first sample and the samples of each window, the last one padded with silence."""
    pending = np.zeros(0, dtype=np.float32)
    first = 0
    for block in recording.blocks(block_s=2 * _WINDOW_S):
        pending = np.concatenate([pending, block])
        while len(pending) >= _WINDOW:
            yield first, pending[:_WINDOW]
            pending, first = pending[_STEP:], first + _STEP
    if first == 0 or len(pending) > _WINDOW - _STEP:
        yield first, np.pad(pending, (0, _WINDOW - len(pending)))


def second_speakers(overlap: Overlap, posterior: Floats32) -> NDArray[np.int64]:
    """Return who speaks second in each row in which two people speak, (rows,); -1 in all others.

    A window's people are known by whom they are where they speak alone in it. And who spoke just before, or
    speaks next, is likelier. Each stretch of one first speaker gets one second speaker.

    posterior: float32 (rows, speakers), who speaks first; 0 without speech.
    """
    rows, speakers = posterior.shape
    second = np.full(rows, -1, dtype=np.int64)
    if speakers < 2:
        return second
    first = np.where(posterior.any(axis=1), posterior.argmax(axis=1), -1)
    talkers = np.where(overlap.together > _TOGETHER, first, -1)
    borders = np.flatnonzero(np.diff(talkers, prepend=-1, append=-1))
    distance_s = _distance_s(first, speakers)
    identities = _identities(overlap, posterior)
    for start, end in pairwise(borders.tolist()):
        if talkers[start] < 0:
            continue
        score = np.exp(-distance_s[start:end] / _FADE_S)
        for window in np.flatnonzero((overlap.starts < end) & (overlap.starts + _ROWS > start)):
            origin = overlap.starts[window]
            low, high = max(start, origin), min(end, origin + _ROWS)
            heard = overlap.local[window, low - origin : high - origin].astype(np.float32)
            score[low - start : high - start] += heard @ identities[window]
        score[distance_s[start:end] > _REACH_S] = 0.0
        score[:, talkers[start]] = 0.0
        total = score.sum(axis=0)
        if total.any():
            second[start:end] = total.argmax()
    return second


def _identities(overlap: Overlap, posterior: Floats32) -> Floats32:
    """Return who each window's people are, float32 (windows, 3, speakers); each sums to 1."""
    speakers = posterior.shape[1]
    seen = np.empty((len(overlap.starts), _LOCAL_SPEAKERS, speakers), dtype=np.float32)
    for window, start in enumerate(overlap.starts):
        who = posterior[start : start + _ROWS]
        local = overlap.local[window, : len(who)].astype(np.float32)
        alone = local * (local.sum(axis=1, keepdims=True) < _ALONE)
        alone *= 1.0 - overlap.together[start : start + _ROWS, None]
        seen[window] = alone.T @ who
    # one more row for everybody, so that a moment says little
    seen += 1.0
    seen /= seen.sum(axis=2, keepdims=True)
    return seen


def _distance_s(first: NDArray[np.int64], speakers: int) -> Floats32:
    """Return how far from each row each speaker speaks first, seconds: float32 (rows, speakers)."""
    rows = np.arange(len(first))
    distance = np.full((len(first), speakers), np.inf, dtype=np.float32)
    for speaker in range(speakers):
        own = np.flatnonzero(first == speaker)
        if len(own):
            after = np.searchsorted(own, rows)
            later, earlier = own[np.minimum(after, len(own) - 1)], own[np.maximum(after - 1, 0)]
            distance[:, speaker] = np.minimum(np.abs(later - rows), np.abs(earlier - rows)) * ROW_S
    return distance
