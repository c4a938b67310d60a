"""The files of the audit trail: any process of this account appends batches of entries.

`trail-000001.jsonl` and so on; a new one begins when the last is full, and the chain goes on. A batch ends
with a checkpoint and is on disk when `append` returns. Lines that a killed process wrote but did not finish
with are recognized by their MACs and stay; bytes of an unfinished line are cut off, and the trail says so.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock

from fi_desktop import __version__
from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import FIRST_MAC, BrokenLine, ChainState, Entry, digest_of, forward
from fi_desktop.audit.keys import (
    RootKeys,
    TrailState,
    has_begun,
    keys_name,
    load_roots,
    load_state,
    save_begun,
    save_roots,
    save_state,
)
from fi_desktop.core.errors import UserError
from fi_desktop.vault.home_files import HomeFiles

FILE_BYTES = 4_000_000
"""Length at which a new file begins."""
_NAME = re.compile(r"trail-(\d{6})\.jsonl")
_NUMBER = re.compile(rb'\{"n":(\d{1,18}),')
_YIELD_EVERY = 8  # entries; less than a millisecond
_LOCK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the trail and where it is: number of its file, and of the line in it from 1."""

    file: int
    position: int
    content: bytes


class TrailStore:
    """The audit trail in a folder.

    Attributes:
        folder: of its files.
        lock: held by the process that writes; the same thread may take it again.
        home_files: of the home, which seals the keys if it is sealed.
    """

    def __init__(self, folder: Path, *, files: HomeFiles | None = None, file_bytes: int = FILE_BYTES) -> None:
        """Prepare; nothing is read or created before the first entry."""
        self.folder = folder
        self.home_files = files or HomeFiles(folder.parent)
        self._file_bytes = file_bytes
        self.lock = FileLock(folder / "lock", timeout=_LOCK_TIMEOUT_S)

    def append(self, acts: Sequence[tuple[float, Act]], who: Mapping[str, Any]) -> None:
        """Write entries and a checkpoint; they are on disk when this returns.

        Stored acts that are in the trail already are left out.

        Args:
            acts: with the time of each, UTC, seconds since the epoch.
            who: see `actor`.

        Raises:
            OSError, ValueError: they cannot be written; none is acknowledged.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.lock:
            state, own = self._current()
            chain, stored = state.chain, state.stored
            new = [(at, act) for at, act in acts if act.stored is None or act.stored > stored]
            now = acts[-1][0] if acts else time.time()
            lines: list[bytes] = []
            for at, act in [*((now, act) for act in own), *new]:
                line, chain = chain.append(self._fields(at, act, who))
                lines.append(line)
                if len(lines) % _YIELD_EVERY == 0:
                    time.sleep(0)  # lets the queue's thread go first, which otherwise waits for each turn
                stored = max(stored, act.stored or 0)
            if not lines:
                save_state(self.folder, state)
                return
            line, chain = chain.checkpoint(self._fields(now, Act(ActKind.CHECKPOINT), who))
            content = b"".join([*lines, line])
            if state.size >= self._file_bytes:
                state = replace(state, file=state.file + 1, size=0)
            size = self._write(state, content)
            save_state(self.folder, TrailState(chain, state.file, size, stored))

    def last_stored(self) -> int:
        """Return the highest number of a stored act in the trail, or 0.

        Raises:
            OSError, ValueError: the trail cannot be read.
        """
        if not self.folder.is_dir():
            return 0
        with self.lock:
            if load_state(self.folder) is None:
                return self._last_stored(self.files())
            return self._current()[0].stored

    def roots(self) -> RootKeys:
        """Return the keys that verification needs, and create those for names with the folder.

        Raises:
            UserError: they are sealed, and the vault is locked.
            OSError, ValueError: they cannot be read or written.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.lock:
            roots = load_roots(self.folder, self.home_files)
            if not (self.folder / "keys").exists():
                save_roots(self.folder, roots, self.home_files)
            return roots

    def seal_keys(self) -> None:
        """Seal the keys that are in clear, of a home whose vault is unlocked. Raises as `roots`."""
        if self.folder.is_dir():
            with self.lock:
                self.home_files.seal(keys_name(self.folder))
                if has_begun(self.folder):
                    save_roots(self.folder, load_roots(self.folder, self.home_files), self.home_files)

    def unseal_keys(self) -> None:
        """Write the keys in clear, if they are sealed. Raises as `roots`."""
        if self.folder.is_dir():
            with self.lock:
                self.home_files.unseal(keys_name(self.folder))

    def snapshot(self) -> tuple[list[Line], TrailState | None, RootKeys]:
        """Return all lines, where the trail should end, and the keys; as of one moment.

        Raises:
            UserError: the keys are sealed, and the vault is locked.
            OSError, ValueError: they cannot be read.
        """
        if not self.folder.is_dir():
            return [], None, RootKeys({}, b"")
        with self.lock:
            return list(self.lines()), load_state(self.folder), load_roots(self.folder, self.home_files)

    def entries(self, after: int) -> Iterator[Entry]:
        """Yield the entries with higher numbers that can be read, in the order of the files."""
        files = self.files()
        # a file is passed over if the next one begins below what is wanted
        first = max((number for number in files if self._first_number(number) <= after + 1), default=0)
        for number in (number for number in files if number >= first):
            for line in self.path(number).read_bytes().splitlines(keepends=True):
                if _number_in(line) > after:
                    with suppress(BrokenLine):
                        yield Entry.of(line)

    def _first_number(self, file: int) -> int:
        with self.path(file).open("rb") as lines:
            return _number_in(lines.readline())

    def lines(self) -> Iterator[Line]:
        """Yield the lines of all files in order; the last may be unfinished."""
        for number in self.files():
            content = self.path(number).read_bytes()
            for position, line in enumerate(content.splitlines(keepends=True), 1):
                yield Line(number, position, line)

    def files(self) -> list[int]:
        """Return the numbers of the files, in order."""
        found = (_NAME.fullmatch(path.name) for path in self.folder.glob("trail-*"))
        return sorted(int(match[1]) for match in found if match is not None)

    # ---- inside

    def path(self, number: int) -> Path:
        """Return a file by its number."""
        return self.folder / f"trail-{number:06d}.jsonl"

    def _fields(self, at: float, act: Act, who: Mapping[str, Any]) -> dict[str, Any]:
        moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        return {"at": moment.replace("+00:00", "Z"), **act.to_json(), **who, "version": __version__}

    def _write(self, state: TrailState, content: bytes) -> int:
        """Append to the present file and return its length."""
        path = self.path(state.file)
        created = not path.exists()
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        handle = os.open(path, flags, 0o600)
        try:
            before = os.fstat(handle).st_size
            try:
                with os.fdopen(os.dup(handle), "ab") as file:
                    file.write(content)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, before)  # nothing of it may be read later
                raise
            size = os.fstat(handle).st_size
        finally:
            os.close(handle)
        if created:
            _sync(self.folder)
        return size

    def _current(self) -> tuple[TrailState, list[Act]]:
        """Return where the trail ends, and what it has to say about itself first."""
        state, files = load_state(self.folder), self.files()
        if state is None:
            return self._begin(files)
        path = self.path(state.file)
        size = path.stat().st_size if path.exists() else 0
        if size == state.size and (not files or files[-1] <= state.file):
            return state, self._unsaid_beginning(state, files)
        if size < state.size:
            lost = Act(ActKind.TRAIL_DAMAGED, detail={"missing_bytes": state.size - size})
            return replace(state, file=max([state.file, *files]), size=size), [lost]
        return self._catch_up(state, files)

    def _begin(self, files: Sequence[int]) -> tuple[TrailState, list[Act]]:
        """Begin a chain: the first one, or another one if the state was lost."""
        chain = self._new_chain(files)
        last = files[-1] if files else 1
        path = self.path(last)
        size = self._end_line(path) if path.exists() else 0
        state = TrailState(chain, last, size, self._last_stored(files))
        save_state(
            self.folder, state
        )  # first: a program that is killed after its first lines knows their keys
        return state, self._unsaid_beginning(state, files)

    def _new_chain(self, files: Sequence[int]) -> ChainState:
        """Return the start of a chain, whose first key is on disk; files: of the trail so far."""
        last = max([0, *self._numbers(files)])
        try:
            roots = load_roots(self.folder, self.home_files)
            known = roots.chains if files else {}
            chain = ChainState.new(max([last, *known]))
            chains = {**known, chain.number: chain.chain_key}
            save_roots(self.folder, replace(roots, chains=chains), self.home_files)
        except UserError:  # the vault is locked
            chain = ChainState.new(last)
            save_begun(self.folder, last, chain.chain_key, fresh=not files)
        return chain

    def _unsaid_beginning(self, state: TrailState, files: Sequence[int]) -> list[Act]:
        """Return the act that a chain begins, if none of its lines was written yet."""
        chain = state.chain
        if chain.mac != FIRST_MAC:
            return []
        reason = "keys lost" if files else "new"
        return [Act(ActKind.TRAIL_BEGAN, detail={"key": chain.public_key, "reason": reason})]

    def _catch_up(self, state: TrailState, files: Sequence[int]) -> tuple[TrailState, list[Act]]:
        """Return the state after lines that were written, but that the state does not know yet."""
        remarks: list[Act] = []
        for number in range(state.file, max([state.file, *files]) + 1):
            path = self.path(number)
            if not path.exists():
                continue
            known = state.size if number == state.file else 0
            content = path.read_bytes()
            size = known
            for line in content[known:].splitlines(keepends=True):
                following = _after(state, line)
                if following is None:
                    break
                state, size = following, size + len(line)
            left = content[size:]
            if left and b"\n" not in left:
                os.truncate(path, size)
                remarks.append(Act(ActKind.TRAIL_DAMAGED, detail={"unfinished_bytes": len(left)}))
            elif left:
                size = self._end_line(path)  # what it is, verification says
                remarks.append(Act(ActKind.TRAIL_DAMAGED, detail={"foreign_bytes": len(left)}))
            state = replace(state, file=number, size=size)
        return state, remarks

    def _end_line(self, path: Path) -> int:
        """Make a file end with a whole line, and return its length."""
        content = path.read_bytes()
        if content and not content.endswith(b"\n"):
            with path.open("ab") as file:
                file.write(b"\n")
        return path.stat().st_size

    def _entries(self, files: Sequence[int]) -> Iterator[Entry]:
        for number in files:
            for line in self.path(number).read_bytes().splitlines(keepends=True):
                try:
                    yield Entry.of(line)
                except BrokenLine:
                    continue

    def _numbers(self, files: Sequence[int]) -> Iterator[int]:
        return (entry.number for entry in self._entries(files[-1:]))

    def _last_stored(self, files: Sequence[int]) -> int:
        return max([0, *(int(entry.fields.get("stored", 0)) for entry in self._entries(files))])


def _after(state: TrailState, line: bytes) -> TrailState | None:
    """Return the state after a line that continues the chain; None if it does not."""
    chain = state.chain
    try:
        entry = Entry.of(line)
    except BrokenLine:
        return None
    if entry.number != chain.number + 1 or not entry.has_mac(chain.chain_key, chain.mac):
        return None
    signing_key = chain.signing_key
    if entry.fields["kind"] == ActKind.CHECKPOINT:
        if not entry.is_signed(chain.public_key, chain.digest):
            return None
        signing_key = forward(signing_key)
    after = ChainState(
        entry.number, entry.mac, digest_of(chain.digest, line), forward(chain.chain_key), signing_key
    )
    stored = max(state.stored, int(entry.fields.get("stored", 0)))
    return replace(state, chain=after, stored=stored)


def _number_in(line: bytes) -> int:
    """Return the number at the beginning of a line; 0 without one."""
    match = _NUMBER.match(line)
    return int(match[1]) if match is not None else 0


def _sync(folder: Path) -> None:
    """Write the folder's list of files to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
