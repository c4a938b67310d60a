"""Which files of a watched folder were seen: kept over restarts, one line a file, only ever added to.

A file is known again by its content, whatever its name; and by name, size and time of the last change, so
that content is read once a file and not once a start.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from fi_desktop import log


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that was seen.

    Attributes:
        size: bytes.
        mtime_ns: when it was changed last, nanoseconds.
        content: a hash of its content; "": it was passed over and not read.
        taken_at: UTC, seconds since the epoch; None: it was passed over, or its content was known.
    """

    path: str
    size: int
    mtime_ns: int
    content: str = ""
    taken_at: float | None = None


class Memory:
    """What was seen of one folder.

    Attributes:
        taken: how many files were taken.
        last_at: when the last one was, UTC, seconds since the epoch; None: none was.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        """Read what was seen before; a line that was half written when the power failed is passed over."""
        self._file = _file(home, folder)
        self._signs: dict[str, tuple[int, int]] = {}
        self._contents: set[str] = set()
        self._passed: set[tuple[int, int]] = set()
        self.taken = 0
        self.last_at: float | None = None
        try:
            lines = self._file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        for line in lines:
            try:
                seen = Seen(**json.loads(line))
            except (TypeError, ValueError):
                continue
            self._learn(seen)

    def knows(self, path: str, size: int, mtime_ns: int) -> bool:
        """Whether this very file was seen; also under another name where it was passed over."""
        return self._signs.get(path) == (size, mtime_ns) or (size, mtime_ns) in self._passed

    def knows_content(self, content: str) -> bool:
        """Whether a file of this content was seen."""
        return content in self._contents

    def add(self, files: Iterable[Seen]) -> None:
        """Remember files. Where the disk does not take them they are known until the program ends."""
        given = tuple(files)
        for seen in given:
            self._learn(seen)
        text = "".join(f"{json.dumps(asdict(seen))}\n" for seen in given)
        try:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._file.open("ab") as file:
                self._file.chmod(0o600)
                # begun on a line of its own: the last one may have been cut off
                file.write(f"\n{text}".encode() if file.tell() else text.encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            log.event("WATCH_MEMORY_UNWRITABLE", error=type(error).__name__)

    def _learn(self, seen: Seen) -> None:
        self._signs[seen.path] = (seen.size, seen.mtime_ns)
        if seen.content:
            self._contents.add(seen.content)
        else:
            self._passed.add((seen.size, seen.mtime_ns))
        if seen.taken_at is not None:
            self.taken += 1
            self.last_at = seen.taken_at


def forget(home: Path, folder: Path) -> None:
    """Forget what was seen of a folder that is watched no more."""
    _file(home, folder).unlink(missing_ok=True)


def _file(home: Path, folder: Path) -> Path:
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return home / "watch" / f"{name}.jsonl"
