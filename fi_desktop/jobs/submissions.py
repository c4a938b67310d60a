"""Submitted recordings: found in folders, read, and compared with those in the queue.

The queue's thread never touches a person's files; `FileReader` reads them on another thread. A recording
with a new fingerprint is queued at once. One that may be a duplicate comes back undecided: all bytes of both
are compared, and the request runs again with the outcome. What cannot be compared is queued.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from fi_desktop.audio.media_files import (
    NOTHING_LEFT_OUT,
    LeftOut,
    Tally,
    media_files,
    nothing_found,
    open_regular,
    source_sha256,
)
from fi_desktop.core import messages
from fi_desktop.core.case_labels import CaseLabel, plain_case
from fi_desktop.core.codec import options_to_json
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.name_patterns import label_of_file
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.commands import CommandQueue
from fi_desktop.jobs.file_reader import FileReader
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.transitions import (
    ChangeResult,
    FileIdentity,
    PossibleDuplicate,
    SubmitResult,
    SubmittedFile,
    Transitions,
)

T = TypeVar("T")
_FILES_PER_COMMAND = 200  # so that the first rows of a large folder appear at once
_FINGERPRINT_BYTES = 65_536
STALL_S = 30.0
"""Seconds without an answer after which a drive is skipped; a disk that slept needs about ten."""

Outcome = tuple[Any, list[PossibleDuplicate]]


class _Request(Protocol):
    """What to do with files, and what has become of them so far."""

    answer: Future[Any]
    undecided: list[PossibleDuplicate]

    def run(self, transitions: Transitions, files: Sequence[SubmittedFile]) -> Outcome:
        """Process some files, in a transaction that may still fail."""

    def add(self, result: Any) -> None:
        """Add the result of `run` once it is on disk."""

    def result(self) -> Any:
        """Return the answer."""


@dataclass(slots=True)
class _SubmitRequest:
    options: JobOptions
    priority: Priority
    again: bool
    exports: str = ""
    case: str = ""
    single: bool = False
    left_out: LeftOut = NOTHING_LEFT_OUT
    answer: Future[SubmitResult] = field(default_factory=Future)
    undecided: list[PossibleDuplicate] = field(default_factory=list)
    done: SubmitResult = field(default_factory=lambda: SubmitResult((), ()))

    def run(self, transitions: Transitions, files: Sequence[SubmittedFile]) -> Outcome:
        ids = self.done.ids
        batch = None if self.single else (ids[0] if ids else 0)
        return transitions.submit(
            files, self.options, self.priority, batch=batch, again=self.again, exports=self.exports
        )

    def add(self, result: SubmitResult) -> None:
        done = self.done
        self.done = SubmitResult(
            done.ids + result.ids, done.known + result.known, done.known_paths + result.known_paths
        )

    def result(self) -> SubmitResult:
        return replace(self.done, left_out=self.left_out)


@dataclass(slots=True)
class _ChangeRequest:
    options: JobOptions
    again: bool
    keep_turns: bool = False
    answer: Future[ChangeResult] = field(default_factory=Future)
    undecided: list[PossibleDuplicate] = field(default_factory=list)
    done: ChangeResult = field(default_factory=ChangeResult)

    def run(self, transitions: Transitions, files: Sequence[SubmittedFile]) -> Outcome:
        return transitions.change(files, self.options, again=self.again, keep_turns=self.keep_turns)

    def add(self, result: ChangeResult) -> None:
        done = self.done
        self.done = ChangeResult(
            done.changed + result.changed, done.started + result.started, done.known + result.known
        )

    def result(self) -> ChangeResult:
        return self.done


class Submissions:
    """Submits recordings and changes options, for callers on any thread.

    Attributes:
        name_pattern: how files are named, see `name_patterns.py`.
    """

    def __init__(
        self,
        commands: CommandQueue,
        folders: JobFolders,
        transitions: Callable[[], Transitions],
        *,
        now: Callable[[], float],
    ) -> None:
        """Prepare.

        Args:
            commands: runs calls on the thread that owns the store.
            folders: the jobs' results.
            transitions: returns the rules; called on that thread.
            now: UTC, seconds since the epoch.
        """
        self.name_pattern = ""
        self._now = now
        self._commands = commands
        self._folders = folders
        self._transitions = transitions
        self._reader = FileReader(STALL_S)

    def submit(
        self,
        paths: tuple[Path, ...],
        options: JobOptions,
        priority: Priority,
        *,
        again: bool,
        exports: str = "",
        case: str = "",
    ) -> Future[SubmitResult]:
        """Queue recordings and those in folders. The answer comes once the jobs are on disk."""
        request = _SubmitRequest(options, priority, again, exports, plain_case(case))
        request.answer.set_running_or_notify_cancel()
        self._reader.start(_PathsReading(self, request, paths))
        return request.answer

    def change(
        self, recordings: Mapping[int, Path], options: JobOptions, *, again: bool, keep_turns: bool = False
    ) -> Future[ChangeResult]:
        """Give jobs other options; see `JobService.change` and `Transitions.change`."""

        def read(item: tuple[int, Path], _progress: Callable[[], None]) -> SubmittedFile:
            return SubmittedFile(item[1], FileIdentity(fingerprint(item[1], options)), item[0])

        def unread(item: tuple[int, Path]) -> SubmittedFile:
            return SubmittedFile(item[1], FileIdentity(None), item[0])

        request = _ChangeRequest(options, again, keep_turns)
        request.answer.set_running_or_notify_cancel()
        self._reader.start(_ItemsReading(self, request, tuple(recordings.items()), read, unread))
        return request.answer

    def close(self) -> None:
        """Refuse everything that waits; the commands must be closed before."""
        self._reader.close()

    # ---- on the reader's thread

    def label(self, path: Path, case: str) -> CaseLabel:
        """Return what a file's name says, or else when it was changed; `case` goes before its case."""
        try:
            modified_at: float | None = path.stat().st_mtime
        except OSError:
            modified_at = None
        found = label_of_file(path.stem, self.name_pattern, modified_at=modified_at, now=self._now())
        return replace(found, case=case or found.case)

    def run(self, request: _Request, files: Sequence[SubmittedFile]) -> Future[Outcome]:
        """Process some files of a request on the thread that owns the store."""
        return self._commands.put(lambda: request.run(self._transitions(), files))

    def finish(self, request: _Request, files: Sequence[SubmittedFile]) -> None:
        """Process the last files of a request, and answer it. Does not wait."""
        self.run(request, files).add_done_callback(partial(self._on_finished, request))

    # ---- on the thread that owns the store

    def _on_finished(self, request: _Request, future: Future[Outcome]) -> None:
        if (error := future.exception()) is not None:
            request.answer.set_exception(error)
            return
        result, undecided = future.result()
        request.add(result)
        request.undecided += undecided
        if request.undecided:
            undecided, request.undecided = request.undecided, []
            compare = _ContentComparer(self._folders).compare
            self._reader.start(_ItemsReading(self, request, undecided, compare, _as_new))
        else:
            request.answer.set_result(request.result())


class _PathsReading:
    """Finds the recordings in submitted paths, and reads their fingerprints."""

    def __init__(self, submissions: Submissions, request: _SubmitRequest, paths: tuple[Path, ...]) -> None:
        self._submissions = submissions
        self._request = request
        self._paths = paths
        self._search = _Search(paths, request.options)
        self._found: list[SubmittedFile] = []

    def read(self, progress: Callable[[], None]) -> Iterator[SubmittedFile]:
        """Yield recordings with their fingerprints and labels."""
        for path, mark in self._search.run(progress):
            label = self._submissions.label(path, self._request.case)
            yield SubmittedFile(path, FileIdentity(mark), label=label)

    def take(self, item: SubmittedFile) -> None:
        """Keep one recording; queue those found so far if they are many."""
        request = self._request
        request.single = len(self._paths) == 1 and item.path == self._paths[0]
        if len(self._found) == _FILES_PER_COMMAND:
            result, undecided = self._submissions.run(request, self._found).result()
            request.add(result)
            request.undecided += undecided
            self._found = []
        self._found.append(item)

    def skip(self) -> None:
        """Leave out the path that does not answer, and the other given paths in its folder."""
        search, left = self._search, self._search.left
        siblings = {path for path in left if path.parent == left[0].parent}
        for path in left:
            if path in siblings:
                search.tally.leave_out(str(path), messages.PATH_NO_ANSWER())
        self._request.left_out += search.tally.left_out()
        self._search = _Search(tuple(path for path in left if path not in siblings), self._request.options)

    def finish(self) -> None:
        """Queue the rest."""
        self._request.left_out += self._search.tally.left_out()
        if not self._found:
            raise nothing_found(self._request.left_out)
        self._submissions.finish(self._request, self._found)

    def refuse(self, error: BaseException) -> None:
        """Answer with an error."""
        self._request.answer.set_exception(error)


class _ItemsReading(Generic[T]):
    """Reads the file of each item."""

    def __init__(
        self,
        submissions: Submissions,
        request: _Request,
        items: Sequence[T],
        read: Callable[[T, Callable[[], None]], SubmittedFile],
        unread: Callable[[T], SubmittedFile],
    ) -> None:
        """Prepare; `read` reads an item's file, `unread` replaces it if the drive does not answer."""
        self._submissions = submissions
        self._request = request
        self._items = items
        self._read = read
        self._unread = unread
        self._found: list[SubmittedFile] = []

    def read(self, progress: Callable[[], None]) -> Iterator[SubmittedFile]:
        """Yield the files of the remaining items."""
        for item in self._items[len(self._found) :]:
            yield self._read(item, progress)

    def take(self, item: SubmittedFile) -> None:
        """Keep one file."""
        self._found.append(item)

    def skip(self) -> None:
        """Continue after the item that does not answer."""
        self._found += map(self._unread, self._items[len(self._found) :][:1])

    def finish(self) -> None:
        """Process the files."""
        self._submissions.finish(self._request, self._found)

    def refuse(self, error: BaseException) -> None:
        """Answer with an error."""
        self._request.answer.set_exception(error)


class _ContentComparer:
    """Compares all bytes of possible duplicates; reads each file once."""

    def __init__(self, folders: JobFolders) -> None:
        self._folders = folders
        self._hashes: dict[Path, str | None] = {}

    def compare(self, item: PossibleDuplicate, progress: Callable[[], None]) -> SubmittedFile:
        """Return the file with the job that has the same recording, or with all candidates ruled out."""
        same = next((job.id for job in item.candidates if self._is_same(item, job, progress)), None)
        if same is None:
            return _as_new(item)
        identity = item.file.identity
        return replace(item.file, identity=replace(identity, same=identity.same | {same}))

    def _is_same(self, item: PossibleDuplicate, job: Job, progress: Callable[[], None]) -> bool:
        path, job_path = item.file.path, Path(job.path)
        if job.state is JobState.COMPLETED:
            known = self._folders.source_sha256(job.id)  # the file at its path may be another one by now
        elif _is_same_file(path, job_path):
            return True
        else:
            known = self._hash(job_path, progress)
        return known is not None and self._hash(path, progress) == known

    def _hash(self, path: Path, progress: Callable[[], None]) -> str | None:
        if path not in self._hashes:
            try:
                self._hashes[path] = source_sha256(path, check=progress)
            except OSError:
                self._hashes[path] = None
        return self._hashes[path]


class _Search:
    """Finds recordings, on the reader's thread.

    Attributes:
        tally: counts what is left out.
    """

    def __init__(self, paths: tuple[Path, ...], options: JobOptions) -> None:
        self.tally = Tally()
        self._paths = paths
        self._position = 0
        self._options = options

    @property
    def left(self) -> tuple[Path, ...]:
        """The given path that is being searched, and those after it."""
        return self._paths[self._position :]

    def run(self, progress: Callable[[], None]) -> Iterator[tuple[Path, str | None]]:
        """Yield recordings with their fingerprints."""
        self.tally.visit = progress
        for path in media_files(self._given(progress), self.tally):
            progress()
            yield path, fingerprint(path, self._options)

    def _given(self, progress: Callable[[], None]) -> Iterator[Path]:
        for position, path in enumerate(self._paths):
            self._position = position
            progress()
            yield path


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _as_new(item: PossibleDuplicate) -> SubmittedFile:
    """Return the file with all candidates ruled out."""
    identity = item.file.identity
    other = identity.other | {job.id for job in item.candidates}
    return replace(item.file, identity=replace(identity, other=other))


def fingerprint(path: Path, options: JobOptions) -> str | None:
    """Hash a recording's length, its first and last bytes, and the options; None if unreadable.

    Equal recordings have equal fingerprints, whatever their names. The reverse does not hold: recorders write
    files of equal length that begin and end with silence.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(_FINGERPRINT_BYTES)
            file.seek(max(0, size - _FINGERPRINT_BYTES))
            tail = file.read(_FINGERPRINT_BYTES)
    except OSError:
        return None
    wanted = json.dumps(options_to_json(options), sort_keys=True)
    digest = hashlib.sha256(f"{size} {wanted} ".encode())
    digest.update(head)
    digest.update(tail)
    return digest.hexdigest()
