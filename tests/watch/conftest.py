"""A watched folder that a test scans by hand, and a queue that it drives by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import WatchedFolder
from fi_desktop.watch.seen_files import FIRST_SCANS, SeenFiles
from fi_desktop.watch.watcher import FolderScan, FolderWatch, Listing, recordings_in
from tests.jobs.conftest import Bench

NOW = 1_700_000_000.0


class Scanner:
    """A watched folder, scanned on demand, and the recordings that were queued from it.

    Attributes:
        queued: file names, in order.
        replaced: jobs that were replaced, in order.
        refusal: raised instead of queueing.
    """

    def __init__(self, home: Path, folder: WatchedFolder, listing: Listing = recordings_in) -> None:
        self.home, self.folder, self._listing = home, folder, listing
        self.queued: list[str] = []
        self.replaced: list[int] = []
        self.refusal: Exception | None = None
        self.restart()

    def restart(self) -> None:
        """Start again, as after a restart of the program."""
        seen = SeenFiles(HomeFiles(self.home), self.folder.path)
        self._watch = FolderWatch(self.folder, seen, self, now=lambda: NOW, listing=self._listing)

    def submit(self, paths: tuple[Path, ...]) -> dict[Path, int]:
        if self.refusal is not None:
            raise self.refusal
        jobs = {path: len(self.queued) + number for number, path in enumerate(paths, start=1)}
        self.queued += [path.name for path in paths]
        return jobs

    def resubmit(self, path: Path, job_id: int) -> dict[Path, int]:
        jobs = self.submit((path,))
        self.replaced.append(job_id)
        return jobs

    def scan(self, times: int = FIRST_SCANS) -> FolderScan:
        """Scan as often; return the last result."""
        for _ in range(times - 1):
            self._watch.scan()
        return self._watch.scan()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "señora's recorder"
    folder.mkdir()
    return folder


@pytest.fixture
def scanner(home: Path, folder: Path) -> Scanner:
    return Scanner(home, WatchedFolder(folder))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A real queue, driven by hand."""
    bench = Bench(tmp_path / "bench")
    yield bench
    bench.service.close()
