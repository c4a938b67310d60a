"""The rule of a watched folder: what lies in it is taken once it has stopped growing, and once only.

A look lists the folder. A file is taken when its size and the time of its last change were the same in a few
looks and it can be opened; nothing is ever moved, changed or deleted. Whoever looks says how often.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from fi_desktop.audio.files import MEDIA_EXTENSIONS
from fi_desktop.core.errors import ErrorInfo, FiError, error_info
from fi_desktop.core.job import JobOptions
from fi_desktop.intake.memory import Memory, Seen
from fi_desktop.jobs.fingerprint import fingerprint

QUIET_LOOKS = 3
"""A file is taken when it was the same in so many looks, one after the other."""


@dataclass(frozen=True, slots=True)
class WatchedFolder:
    """A folder that is watched.

    Attributes:
        subfolders: whether what lies in its sub-folders is taken too.
        profile: the name of the profile for what is taken; "": as chosen in the window.
    """

    path: Path
    subfolders: bool = False
    profile: str = ""


class FolderState(StrEnum):
    """How a watched folder does."""

    WATCHING = "watching"
    GONE = "gone"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    Attributes:
        taken: how many files were ever taken; `last_at`: when the last one was, UTC seconds since the epoch.
        growing: files that are still written, or empty.
        locked: files that are complete, and cannot be opened.
        took: how many this look took.
        reason: what the system says, where the folder cannot be read.
        refusal: what the queue says, where it does not take what is ready.
    """

    state: FolderState
    taken: int
    last_at: float | None
    growing: int = 0
    locked: int = 0
    took: int = 0
    reason: str = ""
    refusal: ErrorInfo | None = None


class Found(NamedTuple):
    """A file as the folder lists it; size in bytes, time of the last change in nanoseconds."""

    path: str
    size: int
    mtime_ns: int


Listing = Callable[[WatchedFolder], Iterable[Found]]


def recordings_in(folder: WatchedFolder) -> Iterator[Found]:
    """Yield the recordings in a folder; hidden files and sub-folders that may not be read are passed over.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    yield from _in_one(os.fspath(folder.path), folder.subfolders)


def _in_one(path: str, subfolders: bool) -> Iterator[Found]:
    below = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            try:
                if entry.is_dir(follow_symlinks=False):  # a link may lead round for ever
                    below.append(entry.path)
                elif f".{entry.name.rpartition('.')[2].lower()}" in MEDIA_EXTENSIONS and entry.is_file():
                    status = Path(entry.path).stat()  # Windows lists the size that a growing file once had
                    yield Found(entry.path, status.st_size, status.st_mtime_ns)
            except OSError:
                continue  # it went meanwhile
    for folder in below if subfolders else ():
        try:
            yield from _in_one(folder, subfolders)
        except OSError:
            continue


def unseen(home: Path, folder: WatchedFolder) -> list[Found]:
    """Return the recordings in a folder that were not seen before.

    Raises:
        OSError: the folder cannot be listed.
    """
    memory = Memory(home, folder.path)
    return [found for found in recordings_in(folder) if not memory.knows(*found)]


def pass_over(home: Path, folder: WatchedFolder, files: Iterable[Found]) -> None:
    """Never take these files, as long as they stay as they are."""
    Memory(home, folder.path).add(Seen(*found) for found in files)


class FolderWatch:
    """Looks at one folder."""

    def __init__(
        self,
        folder: WatchedFolder,
        memory: Memory,
        take: Callable[[tuple[Path, ...]], object],
        *,
        now: Callable[[], float],
        listing: Listing = recordings_in,
    ) -> None:
        """Prepare.

        Args:
            folder: the folder.
            memory: what was seen of it.
            take: hands recordings in and returns once they are in the queue; raises FiError.
            now: UTC, seconds since the epoch.
            listing: lists the recordings in it.
        """
        self._folder = folder
        self._memory = memory
        self._take = take
        self._now = now
        self._listing = listing
        self._quiet: dict[Found, int] = {}  # in how many looks a file that is not known was the same

    def look(self) -> Look:
        """Look once, and take what is ready."""
        try:
            new = [found for found in self._listing(self._folder) if not self._memory.knows(*found)]
        except (FileNotFoundError, NotADirectoryError):
            self._quiet.clear()
            return self._told(FolderState.GONE)
        except OSError as error:
            self._quiet.clear()
            return self._told(FolderState.UNREADABLE, reason=error.strerror or type(error).__name__)
        self._quiet = {found: self._quiet.get(found, 0) + 1 for found in new}
        complete = [found for found in new if found.size and self._quiet[found] >= QUIET_LOOKS]
        ready, locked = self._read(sorted(complete, key=lambda found: (found.mtime_ns, found.path)))
        growing = len(new) - len(complete)
        if not ready:
            return self._told(FolderState.WATCHING, growing=growing, locked=locked)
        try:
            self._take(tuple(Path(seen.path) for seen in ready))
        except FiError as error:  # tried again with the next look
            return replace(
                self._told(FolderState.REFUSED, growing=growing, locked=locked), refusal=error_info(error)
            )
        self._memory.add(ready)
        return self._told(FolderState.WATCHING, growing=growing, locked=locked, took=len(ready))

    def _read(self, files: list[Found]) -> tuple[list[Seen], int]:
        """Return those whose content was not seen before, and how many cannot be opened."""
        ready: dict[str, Seen] = {}
        known: list[Seen] = []
        locked = 0
        for found in files:
            # the same options for all: it is the content that counts here
            content = fingerprint(Path(found.path), JobOptions())
            if content is None:
                locked += 1
            elif self._memory.knows_content(content) or content in ready:
                known.append(Seen(*found, content))
            else:
                ready[content] = Seen(*found, content, self._now())
        if known:
            self._memory.add(known)
        return list(ready.values()), locked

    def _told(
        self, state: FolderState, *, growing: int = 0, locked: int = 0, took: int = 0, reason: str = ""
    ) -> Look:
        return Look(state, self._memory.taken, self._memory.last_at, growing, locked, took, reason)
