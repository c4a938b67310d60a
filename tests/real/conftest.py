"""Real weights, recordings whose words are known, and one app that transcribes them all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.transcript import Transcript, Word
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.folders import JobFolders
from tests.app_driver import Driver, running_app

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "build" / "real" / "models"
TIMEOUT_S = 500.0
SPEECH = Path(__file__).parent / "speech"
CASES = Path(os.environ.get("FI_DESKTOP_WORDS_CASES") or ROOT.parent / "shared" / "words-cases")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark these tests, and skip them unless they are selected by their mark."""
    selected = "real" in config.getoption("markexpr").split()
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real)
            item.add_marker(pytest.mark.timeout(TIMEOUT_S + 60))
            if not selected:
                item.add_marker(pytest.mark.skip(reason="needs real weights: run `make real`"))


UNRELATED = "unrelated"
"""A vocabulary list without drugs: without any, all of the program's are used."""


class Clinic:
    """Runs recordings through the queue and a worker process, each once."""

    def __init__(self, driver: Driver, home: Path) -> None:
        self._driver = driver
        self._folders = JobFolders(home / "jobs")
        self._done: dict[tuple[Path, JobOptions], tuple[Job, Transcript]] = {}

    def transcript(
        self, path: Path, language: str | None = None, *, lists: tuple[str, ...] = ()
    ) -> Transcript:
        """Return the transcript of a recording, completed in one attempt. lists: of vocabulary."""
        options = JobOptions(language=language, vocabulary_lists=lists)
        key = (path, options)
        if key not in self._done:
            ids = self._driver.submit(path, options=options)
            (job,) = self._driver.wait_until_done(*ids, timeout_s=TIMEOUT_S)
            assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1), job
            self._done[key] = (job, self._folders.transcript(job.id))
        return self._done[key][1]


@pytest.fixture(scope="session")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    if not MODELS.is_dir():
        pytest.skip("the real weights are not downloaded; packaging/real_weights.py says why")
    home = tmp_path_factory.mktemp("clinic")
    home.chmod(0o700)
    (home / "models").symlink_to(MODELS, target_is_directory=True)
    (home / "vocabulary").mkdir()
    (home / "vocabulary" / f"{UNRELATED}.txt").write_text("xylophone\n", encoding="utf-8")
    with running_app(home, workers=1) as driver:
        yield Clinic(driver, home)


@pytest.fixture
def cases() -> Path:
    """The folder of recordings that once failed; they are not part of the project."""
    if not CASES.is_dir():
        pytest.skip(f"no recordings in {CASES}")
    return CASES


def words(transcript: Transcript) -> list[Word]:
    return [word for segment in transcript.segments for word in segment.words]


def text(transcript: Transcript) -> str:
    return " ".join(segment.text for segment in transcript.segments)
