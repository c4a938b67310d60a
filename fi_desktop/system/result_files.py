"""The results in a job's folder: the current one is `RESULT`, others are `result-1.json` and so on.

Every run of a job leaves a version. None is ever written to again: another one becomes the current one by
taking its name, while each stays under its number.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

from fi_desktop.system.files import RESULT, replacing

Read = Callable[[Path], bytes]
"""Returns the content of a file in a job's folder."""
_LETTERS = 16  # of the hash
_KEPT = re.compile(r"result-(\d+)\.json")


def version_of(result: bytes) -> str:
    """Return what identifies a result among those of its job, given the bytes of its file."""
    return hashlib.sha256(result).hexdigest()[:_LETTERS]


def review_path(folder: Path, version: str) -> Path:
    """Return the file of what people did to a result; it may not exist."""
    return folder / f"review-{version}.jsonl"


def versions(folder: Path, read: Read = Path.read_bytes) -> list[Path]:
    """Return a job's results, oldest first; one of them is `RESULT`, if there is a current one."""
    found = _kept(folder)
    current = folder / RESULT
    if current.is_file():
        number = _number(found, current, read)
        found[number if number is not None else _next(found)] = current
    return [found[number] for number in sorted(found)]


def keep_version(folder: Path, read: Read = Path.read_bytes) -> None:
    """Keep the result that is about to be replaced, under a name with its number from 1."""
    found, current = _kept(folder), folder / RESULT
    if current.is_file() and _number(found, current, read) is None:  # else the program ended right after this
        _link(current, folder / f"result-{_next(found)}.json")


def use_version(folder: Path, version: str, read: Read = Path.read_bytes) -> bool:
    """Make one of a job's results the current one; the others stay. Return whether there is such a one.

    Raises:
        TransientError: the disk is full.
        OSError: the files cannot be read or written.
    """
    current = folder / RESULT
    if _is(current, version, read):
        return True
    chosen = next((path for path in _kept(folder).values() if _is(path, version, read)), None)
    if chosen is None:
        return False
    keep_version(folder, read)
    _link(chosen, current)
    return True


def drop_unreported(folder: Path, read: Read = Path.read_bytes) -> None:
    """Delete the results of a job that has none for all anybody knows, except what people worked on.

    Raises:
        OSError: the files cannot be read or deleted.
    """
    for path in versions(folder, read):
        if not review_path(folder, version_of(read(path))).exists():
            path.unlink()


def _kept(folder: Path) -> dict[int, Path]:
    """Return the results that have a number."""
    names = ((_KEPT.fullmatch(path.name), path) for path in folder.glob("result-*.json"))
    return {int(match[1]): path for match, path in names if match is not None}


def _next(kept: dict[int, Path]) -> int:
    return max(kept, default=0) + 1


def _number(kept: dict[int, Path], current: Path, read: Read) -> int | None:
    """Return the number under which the current result is kept already."""
    return next((number for number, path in kept.items() if _same(path, current, read)), None)


def _same(one: Path, other: Path, read: Read) -> bool:
    if one.samefile(other):
        return True
    return one.stat().st_size == other.stat().st_size and read(one) == read(other)


def _is(path: Path, version: str, read: Read) -> bool:
    return path.is_file() and version_of(read(path)) == version


def _link(source: Path, target: Path) -> None:
    """Give a file another name as well, in place of whatever had it."""
    temp = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        os.link(source, temp)
    except OSError:  # a file system without links
        with replacing(target) as copy, source.open("rb") as original:
            shutil.copyfileobj(original, copy)
    else:
        temp.replace(target)
