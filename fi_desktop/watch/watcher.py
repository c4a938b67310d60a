"""Watched folders: a recording is queued once it has stopped growing, and only once.

`FolderWatch` is the rule for one folder. Each scan lists the folder; a file is queued if its size and
modification time stayed the same for a few scans, no program has it open for writing, and it can be read. No
file is ever moved, changed or deleted. A file that grows later is queued again after a longer rest, and
replaces its first job. `Watcher` scans each folder on its own thread: a drive that does not answer delays no
other folder.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from fi_desktop.audio.media_files import (
    NOTHING_LEFT_OUT,
    LeftOut,
    Tally,
    nothing_found,
    recordings_below,
    source_sha256,
)
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, FiError, UserError, error_info
from fi_desktop.jobs.export_rules import ExportRule
from fi_desktop.jobs.service import JobService
from fi_desktop.system import log
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import Choice, WatchedFolder
from fi_desktop.watch.seen_files import (
    FIRST_SCANS,
    QueuedFile,
    SeenFile,
    SeenFiles,
    is_being_written,
    is_continued,
    queued_file,
)

_INTERVAL_S = 3.0


class FolderState(StrEnum):
    """State of a watched folder."""

    WATCHING = "watching"
    GONE = "gone"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FolderScan:
    """Result of a scan.

    Attributes:
        state: of the folder.
        total: files ever queued from the folder.
        last_at: when the last one was queued, UTC, seconds since the epoch; None if none was.
        growing: files that are still being written, or empty.
        locked: complete files that cannot be opened.
        queued: files that this scan queued.
        reason: the system's message if the folder cannot be read.
        refusal: the error if the queue did not accept the files.
        left_out: what else is in the folder.
    """

    state: FolderState
    total: int
    last_at: float | None
    growing: int = 0
    locked: int = 0
    queued: int = 0
    reason: str = ""
    refusal: ErrorInfo | None = None
    left_out: LeftOut = NOTHING_LEFT_OUT


class FoundFile(NamedTuple):
    """A file as listed: path, size in bytes, modification time in nanoseconds."""

    path: str
    size: int
    mtime_ns: int


Listing = Callable[[WatchedFolder, Tally], Iterable[FoundFile]]


def recordings_in(folder: WatchedFolder, tally: Tally) -> Iterator[FoundFile]:
    """Yield the recordings in a folder except hidden ones; `tally` counts the other files.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    for path in recordings_below(os.fspath(folder.path), tally, subfolders=folder.subfolders):
        try:
            status = Path(path).stat()  # a listing on Windows has an old size of a growing file
        except OSError as error:
            tally.refused(path, error)
        else:
            yield FoundFile(path, status.st_size, status.st_mtime_ns)


def unseen(files: HomeFiles, folder: WatchedFolder) -> list[FoundFile]:
    """Return the recordings in a folder that were not seen before. files: of the data folder.

    Raises:
        UserError: its vault is locked.
        OSError: the folder cannot be listed.
    """
    seen = SeenFiles(files, folder.path)
    return [found for found in recordings_in(folder, Tally()) if not seen.knows(*found)]


def skip(files: HomeFiles, folder: WatchedFolder, skipped: Iterable[FoundFile]) -> None:
    """Never queue these files while they stay unchanged.

    Raises:
        UserError: the vault is locked.
    """
    SeenFiles(files, folder.path).add(SeenFile(*found) for found in skipped)


class Intake(Protocol):
    """Queues recordings. Both methods return once the jobs are on disk, and raise FiError if refused."""

    def submit(self, paths: tuple[Path, ...]) -> Mapping[Path, int]:
        """Queue recordings; return the ids of those jobs that are new."""

    def resubmit(self, path: Path, job_id: int) -> Mapping[Path, int]:
        """Queue a recording that has grown, in place of its earlier job; return the new id."""


class FolderWatch:
    """Scans one folder."""

    def __init__(
        self,
        folder: WatchedFolder,
        seen: SeenFiles,
        intake: Intake,
        *,
        now: Callable[[], float],
        listing: Listing = recordings_in,
        ignored: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        """Prepare.

        Args:
            folder: the folder.
            seen: the files seen in it.
            intake: queues recordings.
            now: UTC, seconds since the epoch.
            listing: lists the recordings in the folder.
            ignored: returns the extensions of other files that are not counted: results written there.
        """
        self._folder = folder
        self._seen = seen
        self._intake = intake
        self._now = now
        self._listing = listing
        self._ignored = ignored
        self._unchanged: dict[FoundFile, int] = {}  # scans in which an unseen file was the same
        self._queued: dict[str, QueuedFile] = {}  # queued files that still exist

    def scan(self) -> FolderScan:
        """Scan once, and queue what is complete."""
        tally = Tally(ignored=self._ignored())
        try:
            files = list(self._listing(self._folder, tally))
        except (FileNotFoundError, NotADirectoryError):
            self._unchanged.clear()
            return self._result(FolderState.GONE)
        except OSError as error:
            self._unchanged.clear()
            return self._result(FolderState.UNREADABLE, reason=error.strerror or type(error).__name__)
        left_out = tally.left_out()
        if not left_out.unreadable:  # otherwise a missing file may only be hidden
            self._forget_missing(files)
        new = [found for found in files if not self._seen.knows(*found)]
        self._unchanged = {found: self._unchanged.get(found, 0) + 1 for found in new}
        complete = [found for found in new if self._is_complete(found)]
        ready, locked = self._read(sorted(complete, key=lambda found: (found.mtime_ns, found.path)))
        result = partial(self._result, growing=len(new) - len(complete), locked=locked, left_out=left_out)
        try:
            return result(FolderState.WATCHING, queued=self._submit(ready))
        except FiError as error:  # the next scan tries again
            return result(FolderState.REFUSED, refusal=error_info(error))

    def _forget_missing(self, files: list[FoundFile]) -> None:
        """A file that was deleted, or shrank, is another recording when it comes back."""
        sizes = {found.path: found.size for found in files} if self._queued else {}
        self._queued = {
            path: queued for path, queued in self._queued.items() if sizes.get(path, -1) >= queued.size
        }

    def _is_complete(self, found: FoundFile) -> bool:
        before = self._queued.get(found.path)
        scans = before.scans if before is not None else FIRST_SCANS
        return found.size > 0 and self._unchanged[found] >= scans and not is_being_written(found.path)

    def _read(self, files: list[FoundFile]) -> tuple[list[SeenFile], int]:
        """Return the files with unseen content, and how many cannot be opened."""
        ready: dict[str, SeenFile] = {}
        known: list[SeenFile] = []
        locked = 0
        for found in files:
            try:
                content = source_sha256(Path(found.path))
            except OSError:
                locked += 1
                continue
            if self._seen.knows_content(content) or content in ready:
                known.append(SeenFile(*found, content))
            else:
                ready[content] = SeenFile(*found, content, self._now())
        if known:
            self._seen.add(known)
        return list(ready.values()), locked

    def _submit(self, ready: list[SeenFile]) -> int:
        """Queue files; return how many are queued for the first time."""
        new: list[SeenFile] = []
        for file in ready:
            before = self._queued.get(file.path)
            if before is None or before.job is None or not is_continued(file.path, before):
                new.append(file)
                continue
            counted = replace(file, queued_at=None)  # still the same recording
            self._remember([counted], self._intake.resubmit(Path(file.path), before.job))
        if new:
            self._remember(new, self._intake.submit(tuple(Path(file.path) for file in new)))
        return len(new)

    def _remember(self, files: list[SeenFile], jobs: Mapping[Path, int]) -> None:
        self._seen.add(files)
        for file in files:
            before = self._queued.get(file.path)
            self._queued[file.path] = queued_file(file.path, file.size, jobs.get(Path(file.path)), before)

    def _result(self, state: FolderState, **found: Any) -> FolderScan:
        return FolderScan(state, self._seen.queued, self._seen.last_at, **found)


class Watcher:
    """Scans the watched folders, each on its own thread.

    Attributes:
        default_choice: options and priority for folders without a profile.
        profiles: choices by profile name.
        rules: how results are written automatically, by key.
        interval_s: seconds between two scans of a folder.
        scans: the last result of each folder.
    """

    def __init__(
        self,
        files: HomeFiles,
        service: JobService,
        on_scan: Callable[[WatchedFolder, FolderScan], None],
        *,
        interval_s: float = _INTERVAL_S,
        now: Callable[[], float] = time.time,
        listing: Listing = recordings_in,
    ) -> None:
        """Prepare; nothing is watched yet.

        Args:
            files: of the data folder, which remembers the seen files.
            service: the queue.
            on_scan: called on any thread when the result of a scan differs from the last one.
            interval_s: seconds between two scans of a folder.
            now: UTC, seconds since the epoch.
            listing: lists the recordings in a folder.
        """
        self.default_choice = Choice()
        self.profiles: Mapping[str, Choice] = {}
        self.rules: Mapping[str, ExportRule] = {}
        self.scans: dict[WatchedFolder, FolderScan] = {}
        self.interval_s = interval_s
        self._files = files
        self._service = service
        self._on_scan = on_scan
        self._now = now
        self._listing = listing
        self._stops: dict[WatchedFolder, threading.Event] = {}
        self._threads: dict[Path, threading.Thread] = {}  # the last one of each folder

    @property
    def folders(self) -> tuple[WatchedFolder, ...]:
        """The watched folders, in the order they were given."""
        return tuple(self._stops)

    def watch(self, folders: Iterable[WatchedFolder]) -> None:
        """Watch these folders, and no others."""
        wanted = tuple(dict.fromkeys(folders))
        for folder in self.folders:
            if folder not in wanted:
                self._stops.pop(folder).set()
                self.scans.pop(folder, None)
        started = dict(self._stops)
        self._stops = {folder: started.get(folder) or self._start(folder) for folder in wanted}

    def close(self) -> None:
        """Stop watching. A thread that waits for a drive ends when the drive answers, or with the program."""
        for stop in self._stops.values():
            stop.set()
        self._stops = {}

    def choice_for(self, folder: WatchedFolder) -> Choice:
        """Return the choice for a folder's recordings."""
        choice = self.profiles.get(folder.profile, self.default_choice)
        return replace(choice, exports=folder.exports) if folder.exports else choice

    def _start(self, folder: WatchedFolder) -> threading.Event:
        stop, before = threading.Event(), self._threads.get(folder.path)
        thread = threading.Thread(target=self._run, args=(folder, stop, before), name="watch", daemon=True)
        self._threads[folder.path] = thread
        thread.start()
        return stop

    def _run(self, folder: WatchedFolder, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # so that what it is queueing is remembered
        intake = _QueueIntake(self, self._service, folder, stop)
        watch: FolderWatch | None = None
        while not stop.is_set():
            try:
                watch = watch or self._watch_of(folder, intake)
                scan = watch.scan()
                intake.remove_replaced()
            except Exception as error:  # noqa: BLE001 - edge of a thread; the next scan may succeed
                log.event("WATCH_FAILED", error=type(error).__name__)
            else:
                self._report(folder, scan, stop)
            stop.wait(self.interval_s)

    def _watch_of(self, folder: WatchedFolder, intake: Intake) -> FolderWatch:
        """Return the rule for a folder; fails while the vault is locked, and the next scan tries again."""
        seen, ignored = SeenFiles(self._files, folder.path), partial(self._ignored, folder)
        return FolderWatch(folder, seen, intake, now=self._now, listing=self._listing, ignored=ignored)

    def _ignored(self, folder: WatchedFolder) -> frozenset[str]:
        rule = self.rules.get(folder.exports)
        return rule.extensions if rule is not None else frozenset()

    def _report(self, folder: WatchedFolder, scan: FolderScan, stop: threading.Event) -> None:
        before = self.scans.get(folder)
        if stop.is_set() or scan == before or (before and scan == replace(before, queued=0)):
            return
        self.scans[folder] = scan
        self._on_scan(folder, scan)


class _QueueIntake:
    """Submits the recordings of one folder to the queue."""

    def __init__(self, watcher: Watcher, service: JobService, folder: WatchedFolder, stop: threading.Event):
        self._watcher = watcher
        self._service = service
        self._folder = folder
        self._stop = stop
        self._replaced: set[int] = set()  # jobs to be removed

    def submit(self, paths: tuple[Path, ...]) -> Mapping[Path, int]:
        choice = self._watcher.choice_for(self._folder)
        return self._submit(paths, choice)

    def resubmit(self, path: Path, job_id: int) -> Mapping[Path, int]:
        before = self._service.job(job_id).result()
        if before is None:
            return self.submit((path,))
        exports = dict(before.files).get(str(path), "")
        jobs = self._submit((path,), Choice(before.options, before.priority, exports))
        self._replaced.add(job_id)
        return jobs

    def remove_replaced(self) -> None:
        """Remove replaced jobs; one that is running, once it has stopped."""
        try:
            removed = {
                job_id for job_id in self._replaced if self._service.remove_superseded(job_id).result()
            }
        except FiError:
            return  # the next scan tries again
        self._replaced -= removed

    def _submit(self, paths: tuple[Path, ...], choice: Choice) -> dict[Path, int]:
        if self._stop.is_set():
            raise UserError(messages.WATCH_STOPPED)
        submitted = self._service.submit(
            paths, choice.options, priority=choice.priority, exports=choice.exports
        )
        submission = submitted.result()
        # A file was deleted meanwhile: the next scan submits all again, and the queue knows the others.
        if submission.left_out.unreadable:
            raise nothing_found(submission.left_out)
        log.event("WATCH_QUEUED", files=len(paths))
        jobs = (self._service.job(job_id).result() for job_id in submission.ids)
        return {Path(job.path): job.id for job in jobs if job is not None}
