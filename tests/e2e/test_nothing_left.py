"""No name, speech or word of a patient is left in the data folder once a job is removed or fails."""

from __future__ import annotations

import os
import shutil
import signal
import wave
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from fi_desktop import pipeline
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.models import PackKind
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import Choice, WatchedFolder
from fi_desktop.watch.watcher import Watcher
from fi_desktop.workers import process
from tests.app_driver import Driver, running_app
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper
from tests.recordings import write_part

NAME = "Zutanita Quiquirimundi"
WORDS = ("Ornitorrinco", "duele", "cabeza")
OPTIONS = JobOptions(engine="builtin", transcriber="test-words", language="es")
STAGES = {"audio.s16", "decoded.json", "speech.npz", "turns.json", "words.json"}
_real_main = process.main


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that always transcribes `WORDS`."""
    folder = tmp_path_factory.mktemp("packs") / "test-words"
    make_whisper(folder, WORDS, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)
    return folder


@pytest.fixture
def home(home: Path, pack: Path) -> Path:
    shutil.copytree(pack, home / "models" / pack.name)
    return home


@pytest.fixture
def recording(tmp_path: Path, sample: Path) -> Path:
    """Ten seconds of the phone call, named after a patient, outside the data folder."""
    path = tmp_path / "recorder" / f"{NAME}.wav"
    path.parent.mkdir()
    return write_part(sample, path, 5)


def traces(home: Path, recording: Path) -> set[str]:
    """Return which private data is in the data folder, except in its models."""
    with wave.open(str(recording)) as file:
        file.setpos(file.getnframes() // 2)
        speech = file.readframes(64)
    private = {"name": NAME.encode(), "first name": NAME.split()[0].encode(), "speech": speech}
    private |= {word: word.encode() for word in WORDS}
    found = set()
    for path in home.rglob("*"):
        if path.is_file() and home / "models" not in path.parents:
            content = path.read_bytes() + str(path.relative_to(home)).encode()
            found |= {kind for kind, data in private.items() if data in content}
    return found


def killed_before_the_end(pipe: Connection, device: str, *confined: Any) -> None:
    """A worker that is killed when only the last stage is left; spawned, so imported by name."""
    pipeline._join = lambda *_arguments: os.kill(os.getpid(), signal.SIGKILL)
    _real_main(pipe, device, *confined)


def stages_of(driver: Driver, job_id: int) -> set[str]:
    return {path.name for path in driver.app.service.folders.folder(job_id).iterdir()}


def test_removed_job_leaves_no_trace(home: Path, recording: Path):
    with running_app(home, workers=1) as driver:
        watcher = Watcher(HomeFiles(home), driver.app.service, lambda _folder, _scan: None, interval_s=0.02)
        watcher.default_choice = Choice(OPTIONS)
        watcher.watch([WatchedFolder(recording.parent)])
        (done,) = driver.wait_until_done(1)
        watcher.close()
        assert done.state is JobState.COMPLETED
        assert traces(home, recording) >= {"name", *WORDS}  # the result is kept
        assert "speech" not in traces(home, recording)
        driver.app.service.remove([1]).result()
        driver.wait_for(lambda: driver.removed(1))
        assert driver.app.index.caught_up.wait(60)  # the index has erased it
        for _ in range(50):  # the log is emptied after a transaction at whose end no other command waits
            driver.app.service.counts().result()
            if not traces(home, recording):
                break
        assert traces(home, recording) == set()
    assert traces(home, recording) == set()


@pytest.mark.skipif(os.name == "nt", reason="no signals on Windows")
@pytest.mark.parametrize(("delays_s", "state"), [((600.0, 600.0), JobState.RETRYING), ((), JobState.FAILED)])
def test_job_whose_worker_was_killed_leaves_no_speech_once_it_has_ended(
    home: Path,
    recording: Path,
    monkeypatch: pytest.MonkeyPatch,
    delays_s: tuple[float, ...],
    state: JobState,
):
    monkeypatch.setattr(process, "main", killed_before_the_end)
    with running_app(home, workers=1, retry_delays_s=delays_s) as driver:
        (job_id,) = driver.submit(recording, options=OPTIONS)
        driver.wait_for_state(job_id, state)
        if state is JobState.RETRYING:
            assert stages_of(driver, job_id) >= STAGES  # for the retry
            assert "speech" in traces(home, recording)
            driver.app.service.cancel([job_id]).result()
            driver.wait_for_state(job_id, JobState.CANCELLED)
        assert stages_of(driver, job_id) == set()
        assert traces(home, recording) == {"name", "first name"}  # it is in the list
        driver.app.service.remove([job_id]).result()
        driver.wait_for(lambda: driver.removed(job_id))
        driver.app.service.counts().result()
        assert traces(home, recording) == set()
    assert traces(home, recording) == set()
