"""docs/privacy.md names every file that the program writes in its data folder and among its keys."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.settings import Settings, load
from fi_desktop.vault.home_files import HomeFile
from fi_desktop.vault.sealed_file import MAGIC
from tests.app_driver import running_app
from tests.e2e.clinic_files import write_clinic_files
from tests.e2e.commands import fi_desktop

PAGE = Path(__file__).parents[1] / "docs" / "privacy.md"
PASSPHRASE = "of the test"
_NUMBER = re.compile(r"(?<=jobs/)\d+(?=/)")


def rows() -> list[list[str]]:
    """Return the cells of the page's tables of files."""
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    return [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]


def named() -> list[str]:
    """Return the patterns of the files, jobs as `jobs/N`, keys as `KEYS`."""
    return [pattern for row in rows() for pattern in re.findall(r"`([^`]+)`", row[0])]


def files(settings: Settings) -> set[str]:
    """Return the files of the data folder and of the keys, by the names of the page."""
    found = set()
    for folder, prefix in ((settings.home, ""), (settings.keys, "KEYS/")):
        for path in folder.rglob("*"):
            if not path.is_dir():
                found.add(prefix + _NUMBER.sub("N", path.relative_to(folder).as_posix()))
    return found


def sealed_by_the_vault(found: set[str]) -> set[str]:
    """Return the files that the page says are sealed with a key of the vault itself."""
    patterns = [
        pattern
        for row in rows()
        if row[2] == "with a key of the vault"
        for pattern in re.findall(r"`([^`]+)`", row[0])
    ]
    return {name for name in found if any(fnmatchcase(name, pattern) for pattern in patterns)}


def unnamed(found: set[str]) -> list[str]:
    return sorted(name for name in found if not any(fnmatchcase(name, pattern) for pattern in named()))


@pytest.mark.slow
@pytest.mark.parametrize("sealed", [False, True], ids=["in clear", "sealed"])
def test_each_file_of_a_job_is_named_while_it_runs_and_afterwards(
    home: Path, ten_seconds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed: bool
):
    monkeypatch.setenv("FI_DESKTOP_PASSPHRASE", PASSPHRASE)
    write_clinic_files(home)
    settings, found = load(), set[str]()
    with running_app(home, workers=1) as driver:
        if sealed:
            driver.app.seal(keyring=False, passphrase=PASSPHRASE)
        driver.app.service.listen(
            lambda events: found.update(
                *(files(settings) for each in events if isinstance(each, JobProgressed))
            )
        )
        (job_id,) = driver.submit(ten_seconds)
        driver.wait_until_done(job_id)
        found |= files(settings)
    for command in (
        ["jobs", "label", "1", "--case", "A-1"],
        ["retention", "hold", "1"],
        ["jobs", "deidentify", "1", "--to", "txt", "-o", str(tmp_path)],
        ["find", "nothing"],
        ["templates", "copy"],
        ["export", "1", "--to", "json", "-o", str(tmp_path / "note.json")],
        ["audit", "verify"],
        ["doctor"],
    ):
        done = fi_desktop(*command, home=home)
        assert done.returncode == (command[0] == "find"), (command, done.stderr)
        found |= files(settings)
    index = "KEYS/search/transcripts.db" if sealed else "search/transcripts.db"
    assert {"store/cache.db", "jobs/N/audio.s16", "jobs/N/result.json", "audit/keys", "jobs/N/hold"} <= found
    assert index in found
    assert ("KEYS/vault.json" in found) is sealed
    assert unnamed(found) == []
    if sealed:  # as the page says of what is kept of a job
        kept = [path for path in (home / "jobs" / "1").iterdir() if path.is_file() and path.name != "hold"]
        assert {path.name for path in kept} >= {"result.json", "waveform.u8"}
        own = sealed_by_the_vault(found)
        written = {name.value for name in HomeFile if name is not HomeFile.EXPORT_FOLDERS}
        assert own >= written | {"audit/keys"}
        kept += [home / name for name in own]
        assert {path.read_bytes()[: len(MAGIC)] for path in kept} == {MAGIC}


def test_each_folder_of_the_settings_is_named():
    settings = Settings(Path("/home"))
    for folder in (settings.store, settings.jobs, settings.audit, settings.logs, settings.models):
        name = folder.relative_to(settings.home).as_posix()
        assert any(pattern.startswith(f"{name}/") for pattern in named()), name


def test_a_file_that_is_not_named_is_found():
    assert unnamed({"jobs/N/voices.npz", "store/cache.db-wal", "logs/fi-desktop.log.1"}) == [
        "jobs/N/voices.npz"
    ]
