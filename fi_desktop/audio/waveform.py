"""The waveform of a recording: its loudness along time, small enough to be stored and painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.system.files import PEAKS_HZ, WAVEFORM
from fi_desktop.vault.job_files import CLEAR, JobFiles

_SAMPLES = SAMPLE_RATE_HZ // PEAKS_HZ
_LOUD = 99.9  # percentile of the peaks that is painted at full height


def write_waveform(folder: Path, recording: Recording, files: JobFiles = CLEAR) -> None:
    """Measure a recording and write its peaks to a job's folder: a byte each, 0 to 255.

    files: how those of the job are written.
    """
    rest = np.zeros(0, dtype=np.float32)
    peaks: list[NDArray[np.float32]] = []
    for block in recording.blocks():
        samples = np.concatenate([rest, np.abs(block)])
        whole = len(samples) - len(samples) % _SAMPLES
        peaks.append(samples[:whole].reshape(-1, _SAMPLES).max(axis=1))
        rest = samples[whole:]
    if len(rest):
        peaks.append(rest.max(keepdims=True))
    found = np.concatenate(peaks) if peaks else rest
    loud = float(np.percentile(found, _LOUD)) if len(found) else 0.0
    shown = np.sqrt(np.clip(found / max(loud, 1e-4), 0.0, 1.0))  # the root shows soft voices as well
    files.write(folder / WAVEFORM, np.rint(255 * shown).astype(np.uint8).tobytes())
