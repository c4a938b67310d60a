"""docs/privacy.md names every file that the program writes in its data folder."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.settings import Settings
from tests.app_driver import running_app
from tests.e2e.commands import fi_desktop

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
_NUMBER = re.compile(r"(?<=jobs/)\d+(?=/)")


def named() -> list[str]:
    """Return the patterns of the page's table of files."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    return [pattern for row in rows for pattern in re.findall(r"`([^`]+)`", row.split(" | ")[0])]


def files(home: Path) -> set[str]:
    """Return the files in the folder, jobs as `jobs/N`; those that go meanwhile are no error."""
    paths = [path for path in home.rglob("*") if not path.is_dir()]
    return {_NUMBER.sub("N", path.relative_to(home).as_posix()) for path in paths}


def unnamed(found: set[str]) -> list[str]:
    return sorted(name for name in found if not any(fnmatchcase(name, pattern) for pattern in named()))


@pytest.mark.slow
def test_each_file_of_a_job_is_named_while_it_runs_and_afterwards(home: Path, sample: Path, tmp_path: Path):
    found: set[str] = set()
    with running_app(home, workers=1) as driver:
        driver.app.service.listen(
            lambda events: found.update(*(files(home) for each in events if isinstance(each, JobProgressed)))
        )
        (job_id,) = driver.submit(sample)
        driver.wait_until_done(job_id)
        found |= files(home)
    for command in (
        ["jobs", "label", "1", "--case", "A-1"],
        ["retention", "hold", "1"],
        ["jobs", "deidentify", "1", "--to", "txt", "-o", str(tmp_path)],
        ["templates", "copy"],
        ["export", "1", "--to", "json", "-o", str(tmp_path / "note.json")],
        ["audit", "verify"],
        ["doctor"],
    ):
        done = fi_desktop(*command, home=home)
        assert done.returncode == 0, (command, done.stderr)
        found |= files(home)
    assert {"store/cache.db", "jobs/N/audio.s16", "jobs/N/result.json", "audit/keys", "jobs/N/hold"} <= found
    assert unnamed(found) == []


def test_each_folder_of_the_settings_is_named():
    settings = Settings(Path("/home"))
    folders = [settings.store, settings.jobs, settings.search, settings.audit, settings.logs, settings.models]
    for folder in folders:
        name = folder.relative_to(settings.home).as_posix()
        assert any(pattern.startswith(f"{name}/") for pattern in named()), name


def test_a_file_that_is_not_named_is_found():
    assert unnamed({"jobs/N/voices.npz", "store/cache.db-wal", "logs/fi-desktop.log.1"}) == [
        "jobs/N/voices.npz"
    ]
