"""The files that were written of a job's result by themselves, as a list in the job's folder.

It tells which results still have to be written, and which files are the program's own: only those are
replaced, and only while nobody has changed them. Each file is listed before it is written, so that a program
that is killed in between neither loses it nor writes it twice.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from fi_desktop.exporters.files import file_key, file_of_stem, longest_name
from fi_desktop.system.files import WRITTEN, write_by_way_of
from fi_desktop.vault.job_files import CLEAR, JobFiles

WRITING = threading.Lock()
"""Held while a list is written, or sealed."""
_VERSION = 2


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that was written, or was about to be.

    Attributes:
        source: the recording's file name.
        format: a key of `EXPORTERS`.
        stem: its name before a number and the ending were added.
        path: where it is.
        hashes: the SHA-256 of what was written last; two if the program may have been killed in between.
        signed: it is a signed result, and stays as it is.
    """

    source: str
    format: str
    stem: str
    path: str
    hashes: tuple[str, ...]
    signed: bool


@dataclass(frozen=True, slots=True)
class WrittenTarget:
    """A target for which a result was written in all formats.

    Attributes:
        target: see `ExportTarget.id`.
        version: of the result; see `StoredResult`.
        steps: the number of bytes of its review at that time.
        label: the case and date that it had, see `label_text`; None in lists of before there were labels.
    """

    target: str
    version: str
    steps: int
    label: str | None = None

    @property
    def key(self) -> str:
        """Key of the rule by which it was written; "": as the settings said."""
        return self.target.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The `file_key` of the recording's name."""
        return self.target.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class WrittenResult:
    """What was written of a job: the targets that are complete, and all files."""

    done: tuple[WrittenTarget, ...] = ()
    files: tuple[WrittenFile, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """Keys of the rules by which anything was written."""
        return frozenset(each.key for each in self.done)


class WrittenFiles:
    """The list of one job's written files.

    Attributes:
        result: what was written, as it is on disk.
    """

    def __init__(self, folder: Path, files: JobFiles = CLEAR) -> None:
        """Read the list in a job's folder; a damaged one counts as empty: no file is replaced then.

        files: how those of the job are read and written.
        """
        self._path = folder / WRITTEN
        self._files = files
        self.result = WrittenResult()
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            self.result = _result_from_json(json.loads(files.read(self._path)))

    def write(
        self, content: bytes, folder: Path, *, source: str, format: str, stem: str, signed: bool
    ) -> None:
        """Write a file into a folder, in place of the job's previous one if nobody has changed that.

        Raises:
            OSError: it cannot be written.
            TransientError: the disk is full.
        """
        before = self._file(source, format, folder)
        made = WrittenFile(source, format, stem, "", (_hash(content),), signed)
        if before is not None:
            for hash in before.hashes:  # left by a program that was killed
                _temp(Path(before.path), hash).unlink(missing_ok=True)
        if before is not None and before.stem == stem:
            found = _hash_of(Path(before.path))
            if found == made.hashes[0]:
                self._keep(replace(made, path=before.path))
                return
            if not before.signed and found in before.hashes:
                self._keep(replace(made, path=before.path, hashes=(*before.hashes[-1:], *made.hashes)))
                path = Path(before.path)
                write_by_way_of(_temp(path, made.hashes[0]), path, content, over=True, mode=0o600)
                self._keep(replace(made, path=before.path))
                return
        for target in _names(stem, format, folder):
            if not target.exists() and self._write_new(made, target, content):
                return

    def complete(self, version: str, steps: int, targets: Iterable[str], label: str) -> None:
        """Record that a result was written in full for these targets, with this label."""
        done = {each.target: each for each in self.result.done}
        done |= {target: WrittenTarget(target, version, steps, label) for target in targets}
        self._save(replace(self.result, done=tuple(done.values())))

    def _write_new(self, made: WrittenFile, target: Path, content: bytes) -> bool:
        self._keep(replace(made, path=str(target)))
        try:
            write_by_way_of(_temp(target, made.hashes[0]), target, content, mode=0o600)
        except FileExistsError:
            return False
        return True

    def _file(self, source: str, format: str, folder: Path) -> WrittenFile | None:
        key = (file_key(source), format, folder)
        return next((each for each in self.result.files if _key_of(each) == key), None)

    def _keep(self, made: WrittenFile) -> None:
        others = tuple(each for each in self.result.files if _key_of(each) != _key_of(made))
        self._save(replace(self.result, files=(*others, made)))

    def _save(self, result: WrittenResult) -> None:
        text = json.dumps({"schema": _VERSION, **asdict(result)})
        # not by way of a file of any name: a thread deletes those from the folders of finished jobs
        temp = self._path.with_name(f"{WRITTEN}.part")
        content = self._files.seal(WRITTEN).whole(text.encode())
        with WRITING:
            write_by_way_of(temp, self._path, content, over=True, mode=0o600)
        self.result = result


def _temp(target: Path, hash: str) -> Path:
    """Return the temporary file by way of which a file is written: one that only this job has."""
    return target.with_name(f".{hash[:32]}.part")


def _names(stem: str, format: str, folder: Path) -> Iterator[Path]:
    longest = longest_name(folder)
    for number in count(1):
        yield folder / file_of_stem(stem, format, number=number, longest=longest)


def _key_of(file: WrittenFile) -> tuple[str, str, Path]:
    """Return what tells a job's files apart: one recording in one format and folder has one file."""
    return file_key(file.source), file.format, Path(file.path).parent


def _result_from_json(data: dict[str, Any]) -> WrittenResult:
    """Read a list; the first version had one folder, and told the names that were complete there."""
    if data["schema"] not in (1, _VERSION):
        return WrittenResult()
    files = tuple(WrittenFile(**each | {"hashes": tuple(each["hashes"])}) for each in data["files"])
    if data["schema"] == _VERSION:
        return WrittenResult(tuple(WrittenTarget(**each) for each in data["done"]), files)
    names = data["names"] if data["version"] else ()
    return WrittenResult(tuple(WrittenTarget(name, data["version"], data["steps"]) for name in names), files)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _hash_of(path: Path) -> str | None:
    try:
        return _hash(path.read_bytes())
    except OSError:
        return None
