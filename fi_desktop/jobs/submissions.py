"""Recordings on their way into the queue: found, read, and told from those that are in it.

The queue's thread never touches a person's files: another one reads one drop after the other
(`file_reader.py`). A recording whose fingerprint is new is queued with one command. One that
looks like the recording of another job comes back undecided: all bytes of both are compared, and the command
is repeated with what was found. What cannot be compared is not known, and is queued.
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
from fi_desktop.core.codec import options_to_json
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.values import JobOptions, Priority
from fi_desktop.jobs.commands import Inbox
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
_END_BYTES = 65_536
_FILES_A_COMMAND = 200  # so that the first rows of a large folder are shown at once
STALL_S = 30.0
"""How long a drive is waited for that does not answer, seconds; a disk that slept needs some ten."""


class _Order(Protocol):
    """What is to be done with recordings, and what has become of it so far."""

    answer: Future[Any]
    undecided: list[PossibleDuplicate]

    def carry_out(
        self, transitions: Transitions, recordings: Sequence[SubmittedFile]
    ) -> tuple[Any, list[PossibleDuplicate]]:
        """Do it with some of them; in a transaction, which may still fail."""

    def take(self, result: Any) -> None:
        """Add what `carry_out` returned, once it is on disk."""

    def outcome(self) -> Any:
        """Return the answer."""


@dataclass(slots=True)
class _Submit:
    options: JobOptions
    priority: Priority
    again: bool
    single: bool = False
    left_out: LeftOut = NOTHING_LEFT_OUT
    answer: Future[SubmitResult] = field(default_factory=Future)
    undecided: list[PossibleDuplicate] = field(default_factory=list)
    done: SubmitResult = field(default_factory=lambda: SubmitResult((), ()))

    def carry_out(
        self, transitions: Transitions, recordings: Sequence[SubmittedFile]
    ) -> tuple[SubmitResult, list[PossibleDuplicate]]:
        ids = self.done.ids
        batch = None if self.single else (ids[0] if ids else 0)
        return transitions.submit(recordings, self.options, self.priority, batch=batch, again=self.again)

    def take(self, result: SubmitResult) -> None:
        done = self.done
        self.done = SubmitResult(
            done.ids + result.ids, done.known + result.known, done.known_paths + result.known_paths
        )

    def outcome(self) -> SubmitResult:
        return replace(self.done, left_out=self.left_out)


@dataclass(slots=True)
class _Change:
    options: JobOptions
    answer: Future[ChangeResult] = field(default_factory=Future)
    undecided: list[PossibleDuplicate] = field(default_factory=list)
    done: ChangeResult = field(default_factory=ChangeResult)

    def carry_out(
        self, transitions: Transitions, recordings: Sequence[SubmittedFile]
    ) -> tuple[ChangeResult, list[PossibleDuplicate]]:
        return transitions.change(recordings, self.options)

    def take(self, result: ChangeResult) -> None:
        done = self.done
        self.done = ChangeResult(
            done.changed + result.changed, done.begun + result.begun, done.known + result.known
        )

    def outcome(self) -> ChangeResult:
        return self.done


class Submissions:
    """Takes recordings in, from any thread."""

    def __init__(self, inbox: Inbox, folders: JobFolders, transitions: Callable[[], Transitions]) -> None:
        """Prepare.

        Args:
            inbox: takes commands to the thread that owns the store.
            folders: where results lie.
            transitions: returns the transitions; called on that thread.
        """
        self._inbox = inbox
        self._folders = folders
        self._ledger = transitions
        self._reader = FileReader(STALL_S)

    def submit(
        self, paths: tuple[Path, ...], options: JobOptions, priority: Priority, *, again: bool
    ) -> Future[SubmitResult]:
        """Queue recordings; folders are walked. The answer comes once the jobs are on disk."""
        order = _Submit(options, priority, again)
        order.answer.set_running_or_notify_cancel()
        self._reader.start(_Drop(self, order, paths))
        return order.answer

    def change(self, recordings: Mapping[int, Path], options: JobOptions) -> Future[ChangeResult]:
        """Do jobs that wait with other options; `recordings`: where the recording of each lies."""

        def read(item: tuple[int, Path], _beat: Callable[[], None]) -> SubmittedFile:
            return SubmittedFile(item[1], FileIdentity(fingerprint(item[1], options)), item[0])

        def unread(item: tuple[int, Path]) -> SubmittedFile:
            return SubmittedFile(item[1], FileIdentity(None), item[0])

        order = _Change(options)
        order.answer.set_running_or_notify_cancel()
        self._reader.start(_Each(self, order, tuple(recordings.items()), read, unread))
        return order.answer

    def close(self) -> None:
        """Take nothing more in; the inbox has to be closed before. What waits is refused."""
        self._reader.close()

    # ---- on the thread that reads

    def post(
        self, order: _Order, recordings: Sequence[SubmittedFile]
    ) -> Future[tuple[Any, list[PossibleDuplicate]]]:
        """Have it carried out with some recordings, on the thread that owns the store."""
        return self._inbox.post(lambda: order.carry_out(self._ledger(), recordings))

    def finish(self, order: _Order, recordings: Sequence[SubmittedFile]) -> None:
        """Have it carried out with the last recordings, and answered. Nobody waits here for that."""
        self.post(order, recordings).add_done_callback(partial(self._on_carried_out, order))

    # ---- on the thread that owns the store

    def _on_carried_out(self, order: _Order, source: Future[tuple[Any, list[PossibleDuplicate]]]) -> None:
        if (refusal := source.exception()) is not None:
            order.answer.set_exception(refusal)
            return
        result, undecided = source.result()
        order.take(result)
        order.undecided += undecided
        if order.undecided:
            undecided, order.undecided = order.undecided, []
            compare = _Comparison(self._folders).compare
            self._reader.start(_Each(self, order, undecided, compare, _as_other))
        else:
            order.answer.set_result(order.outcome())


class _Drop:
    """Reads what was handed in together."""

    def __init__(self, submissions: Submissions, order: _Submit, paths: tuple[Path, ...]) -> None:
        self._submissions = submissions
        self._order = order
        self._given = paths
        self._search = _Search(paths, order.options)
        self._found: list[SubmittedFile] = []

    def read(self, beat: Callable[[], None]) -> Iterator[tuple[Path, str | None]]:
        """Yield the recordings with their fingerprints."""
        return self._search.run(beat)

    def take(self, item: tuple[Path, str | None]) -> None:
        """Keep one; have a part of a large folder queued."""
        path, mark = item
        order = self._order
        order.single = len(self._given) == 1 and path == self._given[0]
        if len(self._found) == _FILES_A_COMMAND:
            result, undecided = self._submissions.post(order, self._found).result()
            order.take(result)
            order.undecided += undecided
            self._found = []
        self._found.append(SubmittedFile(path, FileIdentity(mark)))

    def skip(self) -> None:
        """Leave a path out with what else is given of its folder."""
        search, left = self._search, self._search.left
        beside = {path for path in left if path.parent == left[0].parent}
        for path in left:
            if path in beside:
                search.tally.leave_out(str(path), messages.PATH_NO_ANSWER())
        self._order.left_out += search.tally.left_out()
        self._search = _Search(tuple(path for path in left if path not in beside), self._order.options)

    def finish(self) -> None:
        """Have the rest queued."""
        self._order.left_out += self._search.tally.left_out()
        if not self._found:
            raise nothing_found(self._order.left_out)
        self._submissions.finish(self._order, self._found)

    def refuse(self, error: BaseException) -> None:
        """Answer that nothing more is queued."""
        self._order.answer.set_exception(error)


class _Each(Generic[T]):
    """Reads something about each of some items."""

    def __init__(
        self,
        submissions: Submissions,
        order: _Order,
        items: Sequence[T],
        read: Callable[[T, Callable[[], None]], SubmittedFile],
        unread: Callable[[T], SubmittedFile],
    ) -> None:
        """Prepare; `read` reads one item, `unread` stands in for it where that does not answer."""
        self._submissions = submissions
        self._order = order
        self._items = items
        self._read = read
        self._unread = unread
        self._found: list[SubmittedFile] = []

    def read(self, beat: Callable[[], None]) -> Iterator[SubmittedFile]:
        """Yield what is read about those that are left."""
        for item in self._items[len(self._found) :]:
            yield self._read(item, beat)

    def take(self, item: SubmittedFile) -> None:
        """Keep one."""
        self._found.append(item)

    def skip(self) -> None:
        """Go on behind the item that does not answer."""
        self._found += map(self._unread, self._items[len(self._found) :][:1])

    def finish(self) -> None:
        """Have the order carried out."""
        self._submissions.finish(self._order, self._found)

    def refuse(self, error: BaseException) -> None:
        """Answer that nothing more is done."""
        self._order.answer.set_exception(error)


class _Comparison:
    """Compares all bytes of recordings that look alike; reads each file once."""

    def __init__(self, folders: JobFolders) -> None:
        self._folders = folders
        self._hashes: dict[Path, str | None] = {}

    def compare(self, item: PossibleDuplicate, beat: Callable[[], None]) -> SubmittedFile:
        """Return the recording, with the job whose recording it is, if there is one."""
        same = next((job.id for job in item.candidates if self._is_same(item, job, beat)), None)
        if same is None:
            return _as_other(item)
        identity = item.handed.identity
        return replace(item.handed, identity=replace(identity, same=identity.same | {same}))

    def _is_same(self, item: PossibleDuplicate, job: Job, beat: Callable[[], None]) -> bool:
        path, known_path = item.handed.path, Path(job.path)
        if job.state is JobState.COMPLETED:
            known = self._folders.source_sha256(job.id)  # another recording may have its place by now
        elif _is_same_file(path, known_path):
            return True
        else:
            known = self._content(known_path, beat)
        return known is not None and self._content(path, beat) == known

    def _content(self, path: Path, beat: Callable[[], None]) -> str | None:
        if path not in self._hashes:
            try:
                self._hashes[path] = source_sha256(path, check=beat)
            except OSError:
                self._hashes[path] = None
        return self._hashes[path]


class _Search:
    """Finds recordings, on the reader's thread; `tally`: what is left out."""

    def __init__(self, paths: tuple[Path, ...], options: JobOptions) -> None:
        self.tally = Tally()
        self._paths = paths
        self._at = 0
        self._options = options

    @property
    def left(self) -> tuple[Path, ...]:
        """Of the paths given, the one that is looked at, and those after it."""
        return self._paths[self._at :]

    def run(self, beat: Callable[[], None]) -> Iterator[tuple[Path, str | None]]:
        """Yield recordings with their fingerprints."""
        self.tally.visit = beat
        for path in media_files(self._given(beat), self.tally):
            beat()
            yield path, fingerprint(path, self._options)

    def _given(self, beat: Callable[[], None]) -> Iterator[Path]:
        for number, path in enumerate(self._paths):
            self._at = number
            beat()
            yield path


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _as_other(item: PossibleDuplicate) -> SubmittedFile:
    """Return a recording that is none of those that it looks like."""
    identity = item.handed.identity
    other = identity.other | {job.id for job in item.candidates}
    return replace(item.handed, identity=replace(identity, other=other))


def fingerprint(path: Path, options: JobOptions) -> str | None:
    """Return a hash of the recording's length and both its ends, and of the options; None: it cannot be read.

    The same recording under another name or in another folder has the same fingerprint, and so may another
    recording.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(_END_BYTES)
            file.seek(max(0, size - _END_BYTES))
            tail = file.read(_END_BYTES)
    except OSError:
        return None
    wanted = json.dumps(options_to_json(options), sort_keys=True)
    digest = hashlib.sha256(f"{size} {wanted} ".encode())
    digest.update(head)
    digest.update(tail)
    return digest.hexdigest()
