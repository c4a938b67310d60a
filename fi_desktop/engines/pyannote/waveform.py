"""A recording as the library wants its waveform, without the recording in memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from fi_desktop.audio.recording import Recording


class RecordingWaveform:
    """Stands where the library expects a (1, samples) float32 tensor, channels mixed.

    The library asks for its shape and for stretches of it, always further on. Only what lies between the
    stretch in hand and the end of its block is held: three hours would be 690 MB. Asked for what lies
    behind, it starts again at the recording's beginning, which each pass over the recording does once.
    """

    def __init__(self, recording: Recording) -> None:
        self._recording = recording
        self._blocks = recording.blocks()
        self._held = np.zeros(0, np.float32)
        self._start = 0

    @property
    def shape(self) -> tuple[int, int]:
        """(1, samples)."""
        return 1, self._recording.samples

    def __getitem__(self, key: tuple[slice, slice]) -> Any:
        """Return `[:, start:stop]` as a tensor (1, stop - start); shorter where the recording ends before."""
        import torch

        start, stop, _ = key[1].indices(self._recording.samples)
        if start < self._start:
            self._blocks, self._held, self._start = self._recording.blocks(), self._held[:0], 0
        while self._start + len(self._held) < stop:
            behind = min(len(self._held), max(0, start - self._start))
            self._held = np.concatenate([self._held[behind:], next(self._blocks)])
            self._start += behind
        return torch.tensor(self._held[start - self._start : max(start, stop) - self._start])[None]
