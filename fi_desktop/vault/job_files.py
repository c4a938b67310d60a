"""`JobFiles` reads and writes the files of a job: sealed with its key, or in clear without.

Files that grow by lines (`review-….jsonl`, `words.jsonl`) seal each line for itself, with the job, the kind
of file and the line's number. Lines can be cut off at the end of such a file, as by a crash.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.system.files import replacing
from fi_desktop.vault.sealed_file import IN_CLEAR, MAGIC, FileSeal

_VERSION_NUMBER = re.compile(r"-\d+(?=\.json$)")
_PART = re.compile(r"\.part\d*$")


@dataclass(frozen=True, slots=True)
class JobFiles:
    """How the files of one job are read and written.

    Attributes:
        job_id: of the job.
        key: the job's key; None: its files are in clear.
        mixed: files that are still in clear are read too, while a home is being sealed.
    """

    job_id: int = 0
    key: bytes | None = field(default=None, repr=False)
    mixed: bool = False

    @property
    def sealed(self) -> bool:
        """Whether what is written is sealed."""
        return self.key is not None

    def seal(self, name: str) -> FileSeal:
        """Return how files with this name are read and written; who has it can do so with no others."""
        if self.key is None:
            return IN_CLEAR
        from fi_desktop.vault.sealing import derived

        return FileSeal(derived(self.key, f"files {self.job_id} {kind_of(name)}"), self.mixed)

    def read(self, path: Path) -> bytes:
        """Return the whole content of a file.

        Raises:
            OSError: it cannot be read.
            SealBroken: it was changed, cut, or sealed with another key.
        """
        return self.seal(path.name).read(path)

    def write(self, path: Path, data: bytes, *, mode: int = 0o600) -> None:
        """Write a file atomically; see `system.files.replacing`.

        Raises:
            TransientError: the disk is full.
            OSError: it cannot be written.
        """
        with replacing(path, mode=mode) as file:
            file.write(self.seal(path.name).whole(data))

    # ---- lines

    def line(self, name: str, number: int, line: bytes) -> bytes:
        """Return a line as it is stored, with its line feed. number: from 0; line: without a line feed."""
        if self.key is None:
            return line + b"\n"
        from fi_desktop.vault.sealing import seal

        return base64.b64encode(seal(self.key, line, self._place(name, number))) + b"\n"

    def lines(self, name: str, content: bytes) -> Iterator[bytes]:
        """Yield the lines of a file's content, without line feeds; the last one may be incomplete.

        Raises:
            SealBroken: a line was changed or is missing.
        """
        for number, stored in enumerate(content.splitlines(keepends=True)):
            if not stored.endswith(b"\n"):
                return  # a power cut: it was never acknowledged
            yield self._line(name, number, stored[:-1])

    def _line(self, name: str, number: int, stored: bytes) -> bytes:
        if self.key is None or (self.mixed and stored[:1] in b"{["):
            return stored
        from fi_desktop.vault.sealing import SealBroken, unseal

        try:
            sealed = base64.b64decode(stored, validate=True)
        except ValueError as error:
            raise SealBroken("a line is not sealed") from error
        return unseal(self.key, sealed, self._place(name, number))

    def _place(self, name: str, number: int) -> bytes:
        return f"line {self.job_id} {kind_of(name)} {number}".encode()

    def read_lines(self, path: Path) -> bytes:
        """Return the complete lines of a file in clear, with line feeds.

        Raises:
            OSError: it cannot be read.
            SealBroken: a line was changed or is missing.
        """
        return b"".join(line + b"\n" for line in self.lines(path.name, path.read_bytes()))

    # ---- changing a home

    def is_sealed(self, path: Path) -> bool:
        """Whether a file is sealed, with whatever key; an empty one is as good as sealed."""
        with path.open("rb") as file:
            head = file.read(len(MAGIC))
        return not head or head == MAGIC or (path.suffix == ".jsonl" and head[:1] not in b"{[")


CLEAR = JobFiles()
"""Files in clear, of any job."""


def kind_of(name: str) -> str:
    """Return what a file is: versions of a result are the same kind, and so is a part of a file."""
    return _VERSION_NUMBER.sub("", _PART.sub("", name))
