"""A data folder written by version 0.1 opens as it was, and its waiting jobs can be processed.

`data/home-0.1.tar.gz` was made by running that version: the command line, the worker pool, a watched folder
and the window. It was then killed while it worked on job 12. The paths of jobs that still wait are relative,
so that a test can put a recording there. Stage files were left out.
"""

from __future__ import annotations

import json
import random
import shutil
import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import sample_recording
from fi_desktop.core.job import AttemptOutcome, Job, JobState, check
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.recovery import open_or_rebuild
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import load, save
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.viewmodel import pin
from fi_desktop.watch.config import Choice, Profile, WatchedFolder, load_folders, load_profiles
from fi_desktop.watch.seen_files import SeenFiles
from tests.app_driver import running_app
from tests.e2e.commands import fi_desktop

ARCHIVE = Path(__file__).parent / "data" / "home-0.1.tar.gz"
KILLED_AT = 1_795_896_403.0
"""UTC, seconds since the epoch."""

DONE, FAILED, CANCELLED = AttemptOutcome.COMPLETED, AttemptOutcome.FAILED, AttemptOutcome.CANCELLED
CRASHED, RELEASED = AttemptOutcome.CRASHED, AttemptOutcome.RELEASED
# state and the outcomes of attempts
JOBS = {
    1: (JobState.COMPLETED, [DONE]),
    2: (JobState.FAILED, [FAILED]),
    3: (JobState.COMPLETED, [DONE]),
    4: (JobState.COMPLETED, [DONE]),
    5: (JobState.FAILED, [FAILED, FAILED]),
    6: (JobState.CANCELLED, [CANCELLED]),
    7: (JobState.QUEUED, [CRASHED, DONE]),
    8: (JobState.RETRYING, [FAILED]),
    9: (JobState.COMPLETED, [DONE]),
    10: (JobState.QUEUED, []),
    11: (JobState.QUEUED, []),
    12: (JobState.QUEUED, [RELEASED]),
    13: (JobState.CANCELLED, []),
}


@pytest.fixture
def old_home(tmp_path: Path) -> Path:
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(tmp_path, filter="data")
    home = tmp_path / "home"
    home.chmod(0o700)
    return home


@pytest.fixture
def service(old_home: Path) -> Iterator[JobService]:
    """The old queue, at the time when the old program was killed."""
    settings = load({"FI_DESKTOP_HOME": str(old_home)})
    folders = JobFolders(settings.jobs)
    service = JobService(
        partial(open_or_rebuild, settings.store, folders, now=lambda: KILLED_AT),
        folders,
        now=lambda: KILLED_AT,
        rng=random.Random(1),
        policy=RetryPolicy(settings.retry_delays_s),
    )
    service.open(lambda: None)
    yield service
    service.close()


def test_jobs_and_their_attempts_are_as_they_were(service: JobService):
    jobs = service.transitions.store.jobs()
    assert {job.id: (job.state, [attempt.outcome for attempt in job.attempts]) for job in jobs} == JOBS
    for job in jobs:
        check(job)
    assert service.transitions.store.notice is None
    assert service.transitions.store.last_id == 13


def test_options_priorities_batches_and_errors_are_as_they_were(service: JobService):
    job = dict(enumerate(service.transitions.store.jobs(), start=1))
    vocabulary = ("metformina", "enalapril")
    assert job[1].options == JobOptions(transcriber="none", vocabulary=vocabulary)
    assert job[9].options == JobOptions(
        SpeakerCount(3, 3), language="es", vocabulary=("duelo",), prompt="Dijo la doctora Núñez."
    )
    assert job[10].options == JobOptions(SpeakerCount(2, 3), transcriber="none", vocabulary=("warfarina",))
    assert {n: job[n].priority for n in (3, 9, 12)} == {
        3: Priority.URGENT, 9: Priority.LOW, 12: Priority.URGENT
    }  # fmt: skip
    assert [one.id for one in service.transitions.store.batch(3)] == [3, 4]
    assert job[4].path == "/srv/consultas/lunes/señora García.wav"
    assert [attempt.error.code for attempt in job[5].attempts if attempt.error] == ["job.timeout"] * 2
    assert job[2].attempts[0].error is not None
    assert job[2].attempts[0].error.code == "audio.unreadable"
    assert job[8].due_at == pytest.approx(1_795_900_135.91)
    assert job[1].seen_at is not None
    assert job[7].earlier is not None


def test_results_are_as_they_were(service: JobService):
    for job in service.transitions.store.jobs():
        if job.summary is not None:
            transcript = service.folders.transcript(job.id)
            assert transcript.duration == job.summary.duration_s
            assert len(transcript.speakers) == job.summary.speakers == 2
            assert [str(note) for note in transcript.notes] == [str(note) for note in job.summary.notes]
    (note,) = service.folders.transcript(9).notes
    assert str(note) == "The voices are hard to tell apart, or there is only one. Please check."


def test_the_page_of_the_window_lists_all_jobs(service: JobService):
    store = service.transitions.store
    assert [job.id for job in store.page(20).jobs] == list(range(13, 0, -1))
    assert [job.id for job in store.page(20, before=99).jobs] == list(range(13, 0, -1))


def test_settings_are_read_and_saved_with_the_persons_comments(old_home: Path):
    settings = load({"FI_DESKTOP_HOME": str(old_home)})
    assert (settings.language, settings.workers, settings.keep_days) == ("es", 1, 0.0)
    assert settings.retry_delays_s == (3600.0, 7200.0)
    assert settings.vocabulary == ("metformina", "enalapril")
    save(old_home, {"workers": 2})
    text = (old_home / "settings.toml").read_text(encoding="utf-8")
    assert text.startswith("# Consultorio 3: ask Ana before you change this.\n")
    assert "workers = 2  # an old computer" in text
    assert "# Long, so that nobody waits for a drive that is away." in text


def test_profiles_watched_folders_and_the_pin_are_as_they_were(old_home: Path):
    options = JobOptions(
        SpeakerCount(3, 3), language="es", vocabulary=("duelo",), prompt="Dijo la doctora Núñez."
    )
    assert load_profiles(HomeFiles(old_home)) == (
        Profile("Terapia de pareja", Choice(options, Priority.LOW)),
    )
    (folder,) = load_folders(HomeFiles(old_home))
    assert folder == WatchedFolder(Path("/srv/consultas/grabadora"), True, "Terapia de pareja")
    assert SeenFiles(HomeFiles(old_home), folder.path).queued == 1
    assert pin.is_set(old_home)
    assert pin.matches(old_home, "2468")
    assert not pin.matches(old_home, "1357")


def test_the_windows_settings_are_as_they_were(old_home: Path):
    state = WindowState(old_home)
    assert state.format() == "srt"
    assert state._settings.value("main/columns_count", type=int) == 13


def test_jobs_verify_finds_nothing(old_home: Path):
    done = fi_desktop("jobs", "verify", home=old_home)
    assert (done.returncode, done.stderr) == (0, "")
    listed = fi_desktop("jobs", "list", "--json", home=old_home)
    assert [json.loads(line)["id"] for line in listed.stdout.splitlines()] == list(JOBS)


def test_waiting_jobs_are_processed(old_home: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(old_home.parent)
    Path("recordings").mkdir()
    shutil.copy(sample_recording(), "recordings/consulta.flac")
    with running_app(old_home) as driver:
        driver.app.service.retry([8]).result(300)
        jobs: list[Job] = driver.wait_until_done(7, 8, 10, 11, 12)
    assert {job.id: job.state for job in jobs} == dict.fromkeys((7, 8, 10, 11, 12), JobState.COMPLETED)
