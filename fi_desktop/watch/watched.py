"""The rule of a watched folder: what lies in it is taken once it has stopped growing, and once only.

A look lists the folder. A file is taken when its size and the time of its last change were the same in a few
looks, no program has it open for writing, and it can be opened; nothing is ever moved, changed or deleted. If
it grows after that, it is taken again after a longer rest, in the place of the job that it was before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from fi_desktop.audio.media_files import NOTHING_LEFT_OUT, LeftOut, Tally, recordings_below, source_sha256
from fi_desktop.core.errors import ErrorInfo, FiError, error_info
from fi_desktop.watch.growth import FIRST_LOOKS, Taken, is_being_written, is_continued, taken
from fi_desktop.watch.memory import Memory, Seen


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
        left_out: what else lies in the folder.
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
    left_out: LeftOut = NOTHING_LEFT_OUT


class Found(NamedTuple):
    """A file as the folder lists it; size in bytes, time of the last change in nanoseconds."""

    path: str
    size: int
    mtime_ns: int


Listing = Callable[[WatchedFolder, Tally], Iterable[Found]]


def recordings_in(folder: WatchedFolder, tally: Tally) -> Iterator[Found]:
    """Yield the recordings in a folder, hidden ones apart; `tally` counts what else lies there.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    for path in recordings_below(os.fspath(folder.path), tally, subfolders=folder.subfolders):
        try:
            status = Path(path).stat()  # Windows lists the size that a growing file once had
        except OSError as error:
            tally.refused(path, error)
        else:
            yield Found(path, status.st_size, status.st_mtime_ns)


def unseen(home: Path, folder: WatchedFolder) -> list[Found]:
    """Return the recordings in a folder that were not seen before.

    Raises:
        OSError: the folder cannot be listed.
    """
    memory = Memory(home, folder.path)
    return [found for found in recordings_in(folder, Tally()) if not memory.knows(*found)]


def pass_over(home: Path, folder: WatchedFolder, files: Iterable[Found]) -> None:
    """Never take these files, as long as they stay as they are."""
    Memory(home, folder.path).add(Seen(*found) for found in files)


class Intake(Protocol):
    """Where recordings are handed in; both calls return once they are in the queue, and raise FiError."""

    def take(self, paths: tuple[Path, ...]) -> Mapping[Path, int]:
        """Hand recordings in; return their jobs, as far as they are new ones."""

    def take_again(self, path: Path, job_id: int) -> Mapping[Path, int]:
        """Hand a recording in that has grown, in the place of the job that it was before."""


class FolderWatch:
    """Looks at one folder."""

    def __init__(
        self,
        folder: WatchedFolder,
        memory: Memory,
        intake: Intake,
        *,
        now: Callable[[], float],
        listing: Listing = recordings_in,
    ) -> None:
        """Prepare.

        Args:
            folder: the folder.
            memory: what was seen of it.
            intake: takes what is ready.
            now: UTC, seconds since the epoch.
            listing: lists the recordings in it.
        """
        self._folder = folder
        self._memory = memory
        self._intake = intake
        self._now = now
        self._listing = listing
        self._quiet: dict[Found, int] = {}  # in how many looks a file that is not known was the same
        self._taken: dict[str, Taken] = {}  # files that were taken, as long as they lie there

    def look(self) -> Look:
        """Look once, and take what is ready."""
        tally = Tally()
        try:
            there = list(self._listing(self._folder, tally))
        except (FileNotFoundError, NotADirectoryError):
            self._quiet.clear()
            return self._told(FolderState.GONE)
        except OSError as error:
            self._quiet.clear()
            return self._told(FolderState.UNREADABLE, reason=error.strerror or type(error).__name__)
        left_out = tally.left_out()
        if not left_out.unreadable:  # else a file may be there, and only not be seen
            self._forget_what_went(there)
        new = [found for found in there if not self._memory.knows(*found)]
        self._quiet = {found: self._quiet.get(found, 0) + 1 for found in new}
        complete = [found for found in new if self._is_complete(found)]
        ready, locked = self._read(sorted(complete, key=lambda found: (found.mtime_ns, found.path)))
        told = partial(self._told, growing=len(new) - len(complete), locked=locked, left_out=left_out)
        try:
            return told(FolderState.WATCHING, took=self._hand_in(ready))
        except FiError as error:  # tried again with the next look
            return told(FolderState.REFUSED, refusal=error_info(error))

    def _forget_what_went(self, there: list[Found]) -> None:
        """A file that went, or became smaller, is another one when it comes back."""
        sizes = {found.path: found.size for found in there} if self._taken else {}
        self._taken = {
            path: taken for path, taken in self._taken.items() if sizes.get(path, -1) >= taken.size
        }

    def _is_complete(self, found: Found) -> bool:
        before = self._taken.get(found.path)
        looks = before.looks if before is not None else FIRST_LOOKS
        return found.size > 0 and self._quiet[found] >= looks and not is_being_written(found.path)

    def _hand_in(self, ready: list[Seen]) -> int:
        """Hand files in; return how many of them were not taken before."""
        first: list[Seen] = []
        for seen in ready:
            before = self._taken.get(seen.path)
            if before is None or before.job is None or not is_continued(seen.path, before):
                first.append(seen)
                continue
            again = replace(seen, taken_at=None)  # one recording, however often
            self._remember([again], self._intake.take_again(Path(seen.path), before.job))
        if first:
            self._remember(first, self._intake.take(tuple(Path(seen.path) for seen in first)))
        return len(first)

    def _remember(self, files: list[Seen], jobs: Mapping[Path, int]) -> None:
        self._memory.add(files)
        for seen in files:
            before = self._taken.get(seen.path)
            self._taken[seen.path] = taken(seen.path, seen.size, jobs.get(Path(seen.path)), before)

    def _read(self, files: list[Found]) -> tuple[list[Seen], int]:
        """Return those whose content was not seen before, and how many cannot be opened."""
        ready: dict[str, Seen] = {}
        known: list[Seen] = []
        locked = 0
        for found in files:
            try:
                content = source_sha256(Path(found.path))
            except OSError:
                locked += 1
                continue
            if self._memory.knows_content(content) or content in ready:
                known.append(Seen(*found, content))
            else:
                ready[content] = Seen(*found, content, self._now())
        if known:
            self._memory.add(known)
        return list(ready.values()), locked

    def _told(self, state: FolderState, **found: Any) -> Look:
        return Look(state, self._memory.taken, self._memory.last_at, **found)
