"""Recordings on their way into the queue: found, read, and told from those that are in it.

The queue's thread never touches a person's files. Here one thread takes one drop after the other, and another
one reads for it (`file_reader.py`). A recording whose fingerprint is new is queued with one command. One that
looks like the recording of another job comes back undecided: all bytes of both are compared, and the command
is repeated with what was found. What cannot be compared is not known, and is queued.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from fi_desktop.audio.files import (
    NO_ANSWER,
    NOTHING_LEFT_OUT,
    LeftOut,
    Tally,
    media_files,
    nothing_found,
    source_sha256,
)
from fi_desktop.core.job import Job, JobOptions, JobState, Priority
from fi_desktop.jobs.file_reader import FileReader, Pulse, Stalled
from fi_desktop.jobs.fingerprint import Identity, fingerprint
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.inbox import Inbox, closing
from fi_desktop.jobs.ledger import Change, Handed, Ledger, Submission, Undecided

T = TypeVar("T")
_FILES_A_COMMAND = 200  # so that the first rows of a large folder are shown at once
STALL_S = 30.0
"""How long a drive is waited for that does not answer, seconds; a disk that slept needs some ten."""


class _Order(Protocol):
    """What is to be done with recordings, and what has become of it so far."""

    answer: Future[Any]
    undecided: list[Undecided]

    def carry_out(self, ledger: Ledger, recordings: Sequence[Handed]) -> tuple[Any, list[Undecided]]:
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
    answer: Future[Submission] = field(default_factory=Future)
    undecided: list[Undecided] = field(default_factory=list)
    done: Submission = field(default_factory=lambda: Submission((), ()))

    def carry_out(self, ledger: Ledger, recordings: Sequence[Handed]) -> tuple[Submission, list[Undecided]]:
        ids = self.done.ids
        batch = None if self.single else (ids[0] if ids else 0)
        return ledger.submit(recordings, self.options, self.priority, batch=batch, again=self.again)

    def take(self, result: Submission) -> None:
        done = self.done
        self.done = Submission(
            done.ids + result.ids, done.known + result.known, done.known_paths + result.known_paths
        )

    def outcome(self) -> Submission:
        return replace(self.done, left_out=self.left_out)


@dataclass(slots=True)
class _Change:
    options: JobOptions
    answer: Future[Change] = field(default_factory=Future)
    undecided: list[Undecided] = field(default_factory=list)
    done: Change = field(default_factory=Change)

    def carry_out(self, ledger: Ledger, recordings: Sequence[Handed]) -> tuple[Change, list[Undecided]]:
        return ledger.change(recordings, self.options)

    def take(self, result: Change) -> None:
        done = self.done
        self.done = Change(
            done.changed + result.changed, done.begun + result.begun, done.known + result.known
        )

    def outcome(self) -> Change:
        return self.done


class Submissions:
    """Takes recordings in, from any thread."""

    def __init__(self, inbox: Inbox, folders: JobFolders, ledger: Callable[[], Ledger]) -> None:
        """Prepare.

        Args:
            inbox: takes commands to the thread that owns the store.
            folders: where results lie.
            ledger: returns the ledger; called on that thread.
        """
        self._inbox = inbox
        self._folders = folders
        self._ledger = ledger
        self._reader = FileReader(STALL_S)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")

    def submit(
        self, paths: tuple[Path, ...], options: JobOptions, priority: Priority, *, again: bool
    ) -> Future[Submission]:
        """Queue recordings; folders are walked. The answer comes once the jobs are on disk."""
        order = _Submit(options, priority, again)
        order.answer.set_running_or_notify_cancel()
        self._begin(order, partial(self._take_in, order, paths))
        return order.answer

    def change(self, recordings: Mapping[int, Path], options: JobOptions) -> Future[Change]:
        """Do jobs that wait with other options; `recordings`: where the recording of each lies."""
        order = _Change(options)
        order.answer.set_running_or_notify_cancel()
        self._begin(order, partial(self._read_again, order, recordings))
        return order.answer

    def close(self) -> None:
        """Take nothing more in; the inbox has to be closed before. What waits is refused."""
        self._reader.close()
        self._thread.shutdown(wait=True, cancel_futures=True)

    # ---- on the thread that takes in

    def _take_in(self, order: _Submit, paths: tuple[Path, ...]) -> None:
        """Read a drop. Nobody waits here for its end: the next drop is read while it is written."""
        found: list[Handed] = []
        for path, mark in self._recordings(paths, order):
            order.single = len(paths) == 1 and path == paths[0]
            if len(found) == _FILES_A_COMMAND:
                result, undecided = self._post(order, found).result()
                order.take(result)
                order.undecided += undecided
                found = []
            found.append(Handed(path, Identity(mark)))
        if not found:
            raise nothing_found(order.left_out)
        self._finish(order, found)

    def _recordings(self, paths: tuple[Path, ...], order: _Submit) -> Iterator[tuple[Path, str | None]]:
        """Yield the recordings among `paths` with their fingerprints.

        A path that does not answer is left out, with what else is given of its folder: the rest is taken.
        """
        while paths:
            search = _Search(paths, order.options)
            paths = ()
            try:
                yield from self._reader.read(search.run)
            except Stalled:
                folder = search.left[0].parent
                for path in search.left:
                    if path.parent == folder:
                        search.tally.leave_out(str(path), NO_ANSWER)
                paths = tuple(path for path in search.left if path.parent != folder)
            order.left_out += search.tally.left_out()

    def _read_again(self, order: _Change, recordings: Mapping[int, Path]) -> None:
        def read(items: Sequence[tuple[int, Path]], pulse: Pulse) -> Iterator[Handed]:
            for job_id, path in items:
                yield Handed(path, Identity(fingerprint(path, order.options)), job_id)
                pulse.beat()

        def unread(item: tuple[int, Path]) -> Handed:
            return Handed(item[1], Identity(None), item[0])

        self._finish(order, self._read(tuple(recordings.items()), read, unread))

    def _decide(self, order: _Order) -> None:
        """Compare what could not be told from others, and carry out what was asked for."""
        undecided, order.undecided = order.undecided, []
        self._finish(order, self._read(undecided, self._compared, _as_other))

    def _read(
        self,
        items: Sequence[T],
        read: Callable[[Sequence[T], Pulse], Iterator[Handed]],
        unread: Callable[[T], Handed],
    ) -> list[Handed]:
        """Return what `read` makes of each item; `unread` makes it of one that does not answer."""
        found: list[Handed] = []
        while len(found) < len(items):
            try:
                for handed in self._reader.read(partial(read, items[len(found) :])):
                    found.append(handed)
            except Stalled:
                found.append(unread(items[len(found)]))
        return found

    def _compared(self, undecided: Sequence[Undecided], pulse: Pulse) -> Iterator[Handed]:
        hashes: dict[Path, str | None] = {}

        def content(path: Path) -> str | None:
            if path not in hashes:
                try:
                    hashes[path] = source_sha256(path, check=pulse.beat)
                except OSError:
                    hashes[path] = None
            return hashes[path]

        for item in undecided:
            same = next((job.id for job in item.candidates if self._same(item, job, content)), None)
            if same is None:
                yield _as_other(item)
            else:
                identity = item.handed.identity
                yield replace(item.handed, identity=replace(identity, same=identity.same | {same}))

    def _same(self, item: Undecided, job: Job, content: Callable[[Path], str | None]) -> bool:
        path, known_path = item.handed.path, Path(job.path)
        if job.state is JobState.COMPLETED:
            known = self._folders.source_sha256(job.id)  # another recording may have its place by now
        elif _is_same_file(path, known_path):
            return True
        else:
            known = content(known_path)
        return known is not None and content(path) == known

    # ---- to the thread that owns the store, and back

    def _begin(self, order: _Order, work: Callable[[], None]) -> None:
        try:
            self._thread.submit(work).add_done_callback(partial(_refuse, order.answer))
        except RuntimeError:  # it is closed
            order.answer.set_exception(closing())

    def _post(self, order: _Order, recordings: Sequence[Handed]) -> Future[tuple[Any, list[Undecided]]]:
        return self._inbox.post(lambda: order.carry_out(self._ledger(), recordings))

    def _finish(self, order: _Order, recordings: Sequence[Handed]) -> None:
        self._post(order, recordings).add_done_callback(partial(self._on_carried_out, order))

    def _on_carried_out(self, order: _Order, source: Future[tuple[Any, list[Undecided]]]) -> None:
        if (refusal := source.exception()) is not None:
            order.answer.set_exception(refusal)
            return
        result, undecided = source.result()
        order.take(result)
        order.undecided += undecided
        if order.undecided:
            self._begin(order, partial(self._decide, order))
        else:
            order.answer.set_result(order.outcome())


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

    def run(self, pulse: Pulse) -> Iterator[tuple[Path, str | None]]:
        """Yield recordings with their fingerprints."""
        self.tally.looked = pulse.beat
        for path in media_files(self._given(pulse), self.tally):
            pulse.beat()
            yield path, fingerprint(path, self._options)

    def _given(self, pulse: Pulse) -> Iterator[Path]:
        for number, path in enumerate(self._paths):
            self._at = number
            pulse.beat()
            yield path


def _is_same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _as_other(item: Undecided) -> Handed:
    """Return a recording that is none of those that it looks like."""
    identity = item.handed.identity
    other = identity.other | {job.id for job in item.candidates}
    return replace(item.handed, identity=replace(identity, other=other))


def _refuse(answer: Future[Any], source: Future[None]) -> None:
    """Answer where the work ended before it could."""
    if source.cancelled():
        answer.set_exception(closing())
    elif (refusal := source.exception()) is not None:
        answer.set_exception(refusal)
