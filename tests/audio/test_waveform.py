"""The waveform of a recording: small, on disk, and as loud as the sound is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, RecordingWriter
from fi_desktop.audio.waveform import write_waveform
from fi_desktop.system.files import PEAKS_HZ, WAVEFORM


def test_peaks_follow_the_sound(tmp_path: Path):
    loud = 0.5 * np.sin(2 * np.pi * 200 * np.arange(61 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    loud[20 * SAMPLE_RATE_HZ : 30 * SAMPLE_RATE_HZ] *= 0.25
    loud[40 * SAMPLE_RATE_HZ :] = 0.0
    with RecordingWriter(tmp_path / "samples", 2) as writer:
        writer.write(np.stack([loud, loud]).astype(np.float32))
    write_waveform(tmp_path, writer.recording)
    peaks = (tmp_path / WAVEFORM).read_bytes()
    assert len(peaks) == 61 * PEAKS_HZ
    assert peaks[10 * PEAKS_HZ] >= 250
    assert abs(peaks[25 * PEAKS_HZ] - 127) <= 3  # the root of a quarter
    assert peaks[50 * PEAKS_HZ] == 0


def test_silence_has_no_peaks(tmp_path: Path):
    with RecordingWriter(tmp_path / "samples", 1) as writer:
        writer.write(np.zeros((1, 1000), dtype=np.float32))
    write_waveform(tmp_path, writer.recording)
    assert (tmp_path / WAVEFORM).read_bytes() == bytes(4)
