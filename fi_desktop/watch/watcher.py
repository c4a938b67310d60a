"""Watches folders, each on a thread of its own: a drive that does not answer keeps nobody else waiting."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from fi_desktop.audio.media_files import nothing_found
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, UserError
from fi_desktop.core.job import JobOptions, Priority
from fi_desktop.jobs.service import JobService
from fi_desktop.system import log
from fi_desktop.system.files import write_whole
from fi_desktop.watch.memory import Memory
from fi_desktop.watch.profiles import Choice
from fi_desktop.watch.watched import FolderWatch, Listing, Look, WatchedFolder, recordings_in

_FILE = "watch.json"
_ASIDE = "watch-unreadable.json"
_VERSION = 1
_INTERVAL_S = 3.0

Tell = Callable[[WatchedFolder, Look], None]


class Watcher:
    """The folders that are watched.

    Attributes:
        usual: how recordings are done where a folder has no profile.
        profiles: the choices of profiles by name.
        interval_s: the rest between two looks at a folder, seconds.
        looks: what the last look at each folder found.
    """

    def __init__(
        self,
        home: Path,
        service: JobService,
        tell: Tell,
        *,
        interval_s: float = _INTERVAL_S,
        now: Callable[[], float] = time.time,
        listing: Listing = recordings_in,
    ) -> None:
        """Prepare; nothing is watched yet.

        Args:
            home: where it lies what was seen.
            service: the queue.
            tell: called on any thread when a look finds something else than the one before.
            interval_s: the rest between two looks at a folder, seconds.
            now: UTC, seconds since the epoch.
            listing: lists the recordings in a folder.
        """
        self.usual = Choice()
        self.profiles: Mapping[str, Choice] = {}
        self.looks: dict[WatchedFolder, Look] = {}
        self._home = home
        self._service = service
        self._tell = tell
        self.interval_s = interval_s
        self._now = now
        self._listing = listing
        self._stops: dict[WatchedFolder, threading.Event] = {}
        self._threads: dict[Path, threading.Thread] = {}  # the last one of each folder

    @property
    def folders(self) -> tuple[WatchedFolder, ...]:
        """The folders that are watched, in the order in which they came."""
        return tuple(self._stops)

    def watch(self, folders: Iterable[WatchedFolder]) -> None:
        """Watch these folders, and no others."""
        wanted = tuple(dict.fromkeys(folders))
        for folder in self.folders:
            if folder not in wanted:
                self._stops.pop(folder).set()
                self.looks.pop(folder, None)
        started = dict(self._stops)
        self._stops = {folder: started.get(folder) or self._start(folder) for folder in wanted}

    def close(self) -> None:
        """Watch nothing any more. A thread that waits for a drive ends when that answers, or the program."""
        for stop in self._stops.values():
            stop.set()
        self._stops = {}

    def _start(self, folder: WatchedFolder) -> threading.Event:
        stop, before = threading.Event(), self._threads.get(folder.path)
        thread = threading.Thread(target=self._run, args=(folder, stop, before), name="watch", daemon=True)
        self._threads[folder.path] = thread
        thread.start()
        return stop

    def _run(self, folder: WatchedFolder, stop: threading.Event, before: threading.Thread | None) -> None:
        if before is not None:
            before.join()  # so that what it is just taking is remembered
        memory = Memory(self._home, folder.path)
        intake = _Intake(self, self._service, folder, stop)
        watch = FolderWatch(folder, memory, intake, now=self._now, listing=self._listing)
        while not stop.is_set():
            try:
                look = watch.look()
                intake.clear_away()
            except Exception as error:  # noqa: BLE001 - a thread's edge: the next look may do better
                log.event("WATCH_FAILED", error=type(error).__name__)
            else:
                self._show(folder, look, stop)
            stop.wait(self.interval_s)

    def _show(self, folder: WatchedFolder, look: Look, stop: threading.Event) -> None:
        before = self.looks.get(folder)
        if stop.is_set() or look == before or (before and look == replace(before, took=0)):
            return
        self.looks[folder] = look
        self._tell(folder, look)

    def choice_for(self, folder: WatchedFolder) -> Choice:
        """Return how recordings of a folder are done."""
        return self.profiles.get(folder.profile, self.usual)


class _Intake:
    """Hands the recordings of one folder to the queue."""

    def __init__(self, watcher: Watcher, service: JobService, folder: WatchedFolder, stop: threading.Event):
        self._watcher = watcher
        self._service = service
        self._folder = folder
        self._stop = stop
        self._replaced: set[int] = set()  # jobs that another one took the place of

    def take(self, paths: tuple[Path, ...]) -> Mapping[Path, int]:
        choice = self._watcher.choice_for(self._folder)
        return self._submit(paths, choice.options, choice.priority)

    def take_again(self, path: Path, job_id: int) -> Mapping[Path, int]:
        before = self._service.job(job_id).result()
        if before is None:
            return self.take((path,))
        jobs = self._submit((path,), before.options, before.priority)
        self._replaced.add(job_id)
        return jobs

    def clear_away(self) -> None:
        """Take away jobs that another one took the place of; one that runs, once it has stopped."""
        try:
            gone = {job_id for job_id in self._replaced if self._service.remove_superseded(job_id).result()}
        except FiError:
            return  # tried again with the next look
        self._replaced -= gone

    def _submit(self, paths: tuple[Path, ...], options: JobOptions, priority: Priority) -> dict[Path, int]:
        if self._stop.is_set():
            raise UserError(messages.WATCH_STOPPED)
        taken = self._service.submit(paths, options, priority=priority).result()
        # one went meanwhile: all are offered again, and those that were queued are known then
        if taken.left_out.unreadable:
            raise nothing_found(taken.left_out)
        log.event("WATCH_TOOK", files=len(paths))
        jobs = (self._service.job(job_id).result() for job_id in taken.ids)
        return {Path(job.path): job.id for job in jobs if job is not None}


def load(home: Path) -> tuple[WatchedFolder, ...]:
    """Return the folders that are to be watched.

    Raises:
        UserError: the file cannot be read; what was damaged is set aside.
    """
    path = home / _FILE
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise ValueError("another version")
        return tuple(
            WatchedFolder(Path(item["path"]), bool(item["subfolders"]), str(item["profile"]))
            for item in data["folders"]
        )
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserError(
            messages.WATCH_UNREADABLE,
            reason=error.strerror or type(error).__name__,
        ) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        path.replace(home / _ASIDE)
        raise UserError(
            messages.WATCH_DAMAGED,
            file=_ASIDE,
        ) from error


def save(home: Path, folders: Iterable[WatchedFolder]) -> None:
    """Write which folders are to be watched.

    Raises:
        TransientError: the disk is full.
        OSError: they cannot be written.
    """
    items = [
        {"path": str(folder.path), "subfolders": folder.subfolders, "profile": folder.profile}
        for folder in folders
    ]
    text = json.dumps({"version": _VERSION, "folders": items}, indent=1)
    write_whole(home / _FILE, text.encode(), mode=0o600)
