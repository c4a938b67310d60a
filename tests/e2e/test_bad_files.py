"""Files that are not recordings fail at once with one sentence each, and other jobs continue."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import numpy as np

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.job import JobState
from tests.app_driver import running_app


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


def test_each_bad_file_fails_with_its_message_and_the_good_one_completes(
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
    (tmp_path / "gone.wav").write_bytes(b"RIFF")
    with running_app(home) as driver:
        driver.app.service.pause().result()
        ids = driver.submit(*bad, sample)
        (tmp_path / "gone.wav").unlink()  # while its job waits
        driver.app.service.resume().result()
        *failed, done = driver.wait_until_done(*ids)
        stages_left = [list(driver.app.service.folders.folder(job.id).iterdir()) for job in failed]
    assert done.state is JobState.COMPLETED
    assert {job.path: job.error and job.error.code for job in failed} == {str(p): c for p, c in bad.items()}
    for job in failed:
        assert job.state is JobState.FAILED
        assert len(job.attempts) == 1
        assert job.error is not None
        assert job.error.kind is ErrorKind.USER
        assert job.error.message.endswith(".")
        assert job.error.message.count(". ") <= 1  # what happened, and what to do
        assert Path(job.path).name not in job.error.message
    assert stages_left == [[]] * len(failed)


def test_recordings_on_a_share_that_is_unavailable_wait_for_it(home: Path, tmp_path: Path, sample: Path):
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    for number in range(2):
        write_wave(share / f"{number}.wav", speech(sample, 5 + 5 * number))
    with running_app(home, workers=1) as driver:
        service = driver.app.service
        service.pause().result()
        ids = driver.submit(share)
        share.rename(away)
        service.resume().result()
        waiting = [driver.wait_for_state(job_id, JobState.RETRYING) for job_id in ids]
        assert {job.error and job.error.code for job in waiting} == {"audio.away"}
        away.rename(share)
        service.retry(ids).result()
        assert {job.state for job in driver.wait_until_done(*ids)} == {JobState.COMPLETED}


def speech(sample: Path, start_s: int) -> np.ndarray:
    """Five seconds of the sample."""
    with wave.open(str(sample)) as file:
        file.setpos(start_s * file.getframerate())
        return np.frombuffer(file.readframes(5 * file.getframerate()), "<i2")
