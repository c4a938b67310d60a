"""A sealed home: nothing that a patient said or is called can be read in it, at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import wave
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fi_desktop.app import App
from fi_desktop.core.codec import options_to_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.values import JobOptions, ReviewState
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.jobs.search_query import SearchQuery, terms_of
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transcript_search import TranscriptSearch
from fi_desktop.models import PackKind
from fi_desktop.settings import load
from fi_desktop.vault.job_files import JobFiles
from fi_desktop.vault.job_keys import KeyDestroyed
from fi_desktop.vault.vault import Vault, VaultLocked
from tests.app_driver import Driver, running_app
from tests.e2e.clinic_files import WRITTEN, write_clinic_files
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper
from tests.recordings import write_part
from tests.vault.keyrings import memory_keyring

NAME = "Zutanita Quiquirimundi"
WORDS = ("Ornitorrinco", "duele", "cabezota")
PROMPT = "Paciente con sospecha"
TERM = "metotrexatinol"
CLINICIAN = "Dra. Robledillo"
PASSPHRASE = "caballo grapa pila"
OPTIONS = JobOptions(
    engine="builtin", transcriber="test-words", language="es", prompt=PROMPT, vocabulary=(TERM,)
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that always transcribes `WORDS`."""
    folder = tmp_path_factory.mktemp("packs") / "test-words"
    make_whisper(folder, WORDS, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)
    return folder


@pytest.fixture
def home(home: Path, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the model and what a clinic wrote itself, in clear.

    Other files that a program may write go to `tmp_path`.
    """
    shutil.copytree(pack, home / "models" / pack.name)
    write_clinic_files(home)
    (tmp_path / "tmp").mkdir()
    for name in ("TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    return home


@pytest.fixture
def keyring() -> Iterator[None]:
    with memory_keyring():
        yield


@pytest.fixture
def recording(tmp_path: Path, sample: Path) -> Path:
    """Ten seconds of the phone call, named after a patient, outside the data folder."""
    path = tmp_path / "recorder" / f"{NAME}.wav"
    path.parent.mkdir()
    return write_part(sample, path, 5)


def private(recording: Path) -> dict[str, list[bytes]]:
    """Return what must not be found, each in the forms in which it may be written."""
    with wave.open(str(recording)) as file:
        file.setpos(file.getnframes() // 2)
        speech = file.readframes(64)
    texts = (NAME, "Quiquirimundi", *WORDS, "sospecha", TERM, "Robledillo", *WRITTEN)
    forms: dict[str, list[bytes]] = {text: [text.encode(), text.encode("utf-16-le")] for text in texts}
    forms |= {f"{text} in lower case": [text.lower().encode()] for text in texts}
    return forms | {"speech": [speech]}


def traces(home: Path, recording: Path, tmp_path: Path, *more: Path) -> set[str]:
    """Return what can be read in the home, its keys, other folders, and the arguments of processes."""
    texts = [
        path.read_bytes() + str(path).encode()
        for folder in (home, home.with_name(f"{home.name}-keys"), tmp_path / "tmp", *more)
        for path in folder.rglob("*")
        if path.is_file() and "models" not in path.parts
    ]
    for child in psutil.Process().children(recursive=True):
        texts.append("\n".join(child.cmdline()).encode())
    return {
        kind
        for kind, forms in private(recording).items()
        if any(form in text for form in forms for text in texts)
    }


def correct(driver: Driver, job_id: int) -> None:
    """Have a person review a result."""
    folders = driver.app.service.folders
    version = folders.result(job_id).version
    step = Step(StepKind.REVIEW, 1_800_000_000.0, CLINICIAN)
    outcome = ReviewOutcome(ReviewState.REVIEWED, (CLINICIAN,))
    driver.app.service.add_steps(job_id, version, [step], after=0, outcome=outcome).result()


def all_of(driver: Driver, job_id: int) -> tuple[object, ...]:
    """Return what is known of a job."""
    result = driver.app.service.folders.result(job_id)
    return driver.job(job_id), result.version, result.machine, result.review.steps, result.waveform


def said(driver: Driver, job_id: int) -> str:
    return " ".join(segment.text for segment in driver.app.service.folders.transcript(job_id).segments)


def lines_with(driver: Driver, word: str) -> int:
    driver.app.index.compare(hurry=True)
    assert driver.app.index.caught_up.wait(60)
    search = TranscriptSearch(driver.app.service.folders.index_place)
    return len(search.find(SearchQuery(terms_of(word)), 10).lines)


def test_nothing_can_be_read_while_running_after_the_end_and_after_removal(
    home: Path, recording: Path, tmp_path: Path, keyring: None
):
    with running_app(home, workers=1) as driver:
        assert driver.app.vault is not None  # there is a keyring
        assert driver.app.sealing is not None
        assert driver.app.sealing.done.wait(60)
        seen = set()
        driver.app.service.listen(lambda _events: seen.update(traces(home, recording, tmp_path)))
        (job_id,) = driver.submit(recording, options=OPTIONS)
        (done,) = driver.wait_until_done(job_id)
        assert done.state is JobState.COMPLETED
        assert (Path(done.path), done.options) == (recording, OPTIONS)
        assert WORDS[0] in said(driver, job_id)
        correct(driver, job_id)
        assert driver.job(job_id).people == (CLINICIAN,)
        assert lines_with(driver, WORDS[0]) > 0
        assert seen == set()
        assert traces(home, recording, tmp_path) == set()
        kept = tmp_path / "copy"
        shutil.copytree(home, kept, ignore=shutil.ignore_patterns("*.sock"))
    assert traces(home, recording, tmp_path, kept) == set()

    with running_app(home, workers=1) as driver:
        assert WORDS[0] in said(driver, job_id)
        assert Path(driver.job(job_id).path) == recording
        key = driver.app.service.folders.files(job_id)
        driver.app.service.remove([job_id]).result()
        driver.wait_for(lambda: driver.removed(job_id))
        with pytest.raises(KeyDestroyed):
            driver.app.service.folders.files(job_id)
        assert WORDS[0].encode() in key.read(kept / "jobs" / str(job_id) / "result.json")  # only with the key
    shutil.rmtree(home)
    kept.rename(home)  # a backup from before the removal is put back
    with running_app(home, workers=1) as driver:
        assert driver.app.service.jobs().result() == []
        with pytest.raises(KeyDestroyed):
            driver.app.service.folders.transcript(job_id)
    assert traces(home, recording, tmp_path) == set()


def test_home_in_clear_is_sealed_while_it_works_and_unsealed_again(
    home: Path, recording: Path, tmp_path: Path, keyring: None
):
    with running_app(home, workers=1, seal=False) as driver:
        (job_id,) = driver.submit(recording, options=OPTIONS)
        driver.wait_until_done(job_id)
        correct(driver, job_id)
        assert lines_with(driver, WORDS[0]) > 0
        before = all_of(driver, job_id)
        assert {NAME, *WORDS, "Robledillo", "sospecha", TERM, *WRITTEN} <= traces(home, recording, tmp_path)
        driver.app.seal(keyring=True)
        assert driver.app.sealing is not None
        assert driver.app.sealing.done.wait(60)
        assert lines_with(driver, WORDS[0]) > 0
        driver.app.service.counts().result()
        assert traces(home, recording, tmp_path) == set()
        assert all_of(driver, job_id) == before
    assert traces(home, recording, tmp_path) == set()

    app = App(load({"FI_DESKTOP_HOME": str(home)}), backend="idle")
    app.own()
    app.unseal()
    app.stop()
    assert not app.settings.keys.exists()
    with running_app(home, workers=1, seal=False) as driver:
        assert all_of(driver, job_id) == before
        assert driver.app.service.folders.files(job_id) == JobFiles()
    assert {NAME, *WORDS, *WRITTEN} <= traces(home, recording, tmp_path)


def test_locked_program_finishes_its_jobs_and_shows_none(
    home: Path, recording: Path, one_minute: Path, keyring: None
):
    options = replace(OPTIONS, transcriber="none")
    with running_app(home, workers=1) as driver:
        (first,) = driver.submit(recording, options=OPTIONS)
        driver.wait_until_done(first)
        running, waiting = (
            *driver.submit(one_minute, options=options),
            *driver.submit(recording, options=options),
        )
        driver.wait_for_progress(running)
        driver.app.lock()
        driver.app.settings.locked.touch()
        (added,) = driver.submit(recording, options=options)
        driver.wait_for(lambda: all(driver.states(i)[-1].final for i in (running, waiting, added)))
        for read in (driver.app.service.folders.transcript, driver.app.service.folders.files):
            for job_id in (first, running, waiting, added):
                with pytest.raises(VaultLocked):
                    read(job_id)
        with pytest.raises(VaultLocked):
            driver.app.service.jobs().result()
        for arguments in (
            ["jobs", "list"],
            ["export", str(first), "--to", "txt", "-o", "-"],
            ["find", "duele"],
        ):
            refused = subprocess.run(
                [sys.executable, "-m", "fi_desktop", *arguments], capture_output=True, text=True, check=False
            )
            assert (refused.returncode, refused.stdout) == (1, "")
            assert "locked" in refused.stderr
        remote = driver.app.owner()
        with pytest.raises(UserError) as told:
            remote.call(JobService.jobs)
        assert told.value.code == "vault.locked"
        driver.app.settings.locked.unlink()
        driver.app.unlock()
        jobs = driver.app.service.jobs().result()
        assert [job.state for job in jobs] == [JobState.COMPLETED] * 4
        assert WORDS[0] in said(driver, first)
        assert driver.app.service.folders.transcript(added).turns
        assert driver.app.service.verify().result() == []


KILLED = """
import os, signal, sys, threading, time
from pathlib import Path
from fi_desktop.app import App
from fi_desktop.core.codec import options_from_json
from fi_desktop.settings import load
import json
app = App(load({"FI_DESKTOP_HOME": sys.argv[1]}, workers=1))
app.own()
app.unlock(sys.argv[2])
app.start()
if not app.service.jobs().result():
    app.service.submit([Path(sys.argv[3])], options_from_json(json.loads(sys.argv[4])), again=True).result()
print("ready", flush=True)
time.sleep(float(sys.argv[5]))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name == "nt", reason="no signals on Windows")
def test_nothing_can_be_read_after_a_kill_at_any_moment(home: Path, recording: Path, tmp_path: Path):
    Vault.create(home.with_name(f"{home.name}-keys"), keyring=False, passphrase=PASSPHRASE).close()
    script, rng = tmp_path / "tmp" / "killed.py", random.Random(20261129)
    script.write_text(KILLED)
    # the recording's name is an argument of this test's own process only
    hidden = tmp_path / "recorder" / "link.wav"
    hidden.symlink_to(recording)
    options = json.dumps(
        options_to_json(JobOptions(engine="builtin", transcriber="test-words", language="es"))
    )
    for _ in range(4):
        arguments = [str(home), PASSPHRASE, str(hidden), options, str(rng.uniform(0.0, 3.0))]
        child = subprocess.run(
            [sys.executable, str(script), *arguments],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert child.returncode == -signal.SIGKILL, child.stderr
        assert traces(home, recording, tmp_path) == set()
    app = App(load({"FI_DESKTOP_HOME": str(home)}, workers=1))
    app.own()
    with pytest.raises(UserError) as refused:
        app.start()
    assert refused.value.code == "vault.passphrase_needed"
    app.unlock(PASSPHRASE)
    driver = Driver(app)
    app.start()
    try:
        (job,) = app.service.jobs().result()
        if not job.state.final:
            driver.wait_until_done(job.id)
        assert driver.job(job.id).state is JobState.COMPLETED
        assert WORDS[0] in said(driver, job.id)
        assert app.service.verify().result() == []
    finally:
        app.stop()
    assert traces(home, recording, tmp_path) == set()


def test_lost_keys_are_reported_and_nothing_is_overwritten(
    home: Path, recording: Path, tmp_path: Path, keyring: None
):
    with running_app(home, workers=1) as driver:
        (job_id,) = driver.submit(recording, options=OPTIONS)
        driver.wait_until_done(job_id)
    keys = home.with_name(f"{home.name}-keys")
    keys.rename(tmp_path / "away")
    before = content_of(home)
    for _ in range(2):
        app = App(load({"FI_DESKTOP_HOME": str(home)}), backend="idle")
        with pytest.raises(UserError) as refused:
            app.start()
        app.stop()
        assert refused.value.code == "vault.missing"
    assert content_of(home) == before
    (tmp_path / "away").rename(keys)
    with running_app(home, workers=1) as driver:
        assert WORDS[0] in said(driver, job_id)


def content_of(home: Path) -> dict[str, bytes]:
    """Return the files that hold data; not logs, locks, or SQLite's companions."""
    kept: Iterable[Path] = (*(home / "jobs").rglob("*"), home / "store" / "cache.db")
    return {str(path): path.read_bytes() for path in kept if path.is_file()}
