"""Files that are no recordings: each fails at once with one sentence, and the next job goes on."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import JobState
from tests.driving import running_app


def write_wave(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def write_film_without_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_each_bad_file_fails_with_its_sentence_and_the_good_one_is_done(
    home: Path, tmp_path: Path, sample: Path
):
    noise = np.random.default_rng(1).normal(0, 300, 16_000 * 5)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "text.wav").write_text("Dear colleague, the recording is attached.")
    (tmp_path / "truncated.wav").write_bytes(sample.read_bytes()[:20])
    (tmp_path / "truncated.mp4").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isommp42")
    bad = {
        tmp_path / "empty.wav": "audio.empty",
        tmp_path / "text.wav": "audio.unreadable",
        tmp_path / "truncated.wav": "audio.damaged",
        tmp_path / "truncated.mp4": "audio.damaged",
        write_wave(tmp_path / "silent.wav", np.zeros(16_000 * 5)): "audio.silent",
        write_wave(tmp_path / "zero-length.wav", np.zeros(0)): "audio.no_samples",
        write_wave(tmp_path / "noise.wav", noise): "audio.no_speech",
        write_film_without_sound(tmp_path / "film.mp4"): "audio.no_audio",
        tmp_path / "gone.wav": "audio.missing",
    }
    with running_app(home) as driver:
        *failed, done = driver.wait_until_done(*driver.submit(*bad, sample))
        stages_left = [list(driver.app.service.folders.folder(job.id).iterdir()) for job in failed]
    assert done.state is JobState.COMPLETED
    assert {job.path: job.error and job.error.code for job in failed} == {str(p): c for p, c in bad.items()}
    for job in failed:
        assert job.state is JobState.FAILED
        assert len(job.attempts) == 1
        assert job.error is not None
        assert job.error.kind is ErrorKind.USER
        assert job.error.message.count(".") == 1
        assert Path(job.path).name not in job.error.message
    assert stages_left == [[]] * len(failed)
