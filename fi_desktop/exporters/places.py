"""What exported files are called: after their recording, no two the same, and no longer than a disk takes."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path, PurePath

from fi_desktop.exporters import EXPORTERS

LONGEST_NAME = 255
"""Bytes; what nearly every disk takes."""


def file_name(name: str, format: str, *, number: int = 1, longest: int = LONGEST_NAME) -> str:
    """Return what the export of a recording is called.

    Args:
        name: the recording's file name.
        format: a key of `EXPORTERS`.
        number: above 1, it is added.
        longest: the name's length in bytes; the recording's name is cut where it would be longer.
    """
    ending = EXPORTERS[format].extension
    rest = f".{ending}" if number == 1 else f" ({number}).{ending}"
    return f"{_cut(PurePath(name).stem, longest - len(rest))}{rest}"


def places(names: Sequence[str], format: str, folder: Path, *, taken: Iterable[str] = ()) -> tuple[Path, ...]:
    """Return a file for each recording, no two the same, and none of those that are taken (see `same`)."""
    gone, tries, chosen = set(taken), Counter[str](), []
    longest = longest_name(folder)
    for name in names:
        whole = file_name(name, format, longest=longest)
        wanted = whole
        while same(wanted) in gone:
            tries[whole] += 1
            wanted = file_name(name, format, number=tries[whole] + 1, longest=longest)
        gone.add(same(wanted))
        chosen.append(folder / wanted)
    return tuple(chosen)


def free_place(name: str, format: str, folder: Path, content: bytes, taken: set[str]) -> Path:
    """Return a file that takes `content` without replacing anything else, and add it to those taken.

    One that holds this very content already is that: the same export again is the same file.
    """
    longest = longest_name(folder)
    for number in count(1):
        wanted = file_name(name, format, number=number, longest=longest)
        if same(wanted) not in taken and _can_take(folder / wanted, content):
            break
    taken.add(same(wanted))
    return folder / wanted


def same(name: str) -> str:
    """Return what two names share that are one file on some disks."""
    return unicodedata.normalize("NFC", name).casefold()


def longest_name(folder: Path) -> int:
    """Return how many bytes a name may have in a folder: fewer on a disk that encrypts names."""
    if hasattr(os, "pathconf"):
        try:
            return int(os.pathconf(folder, "PC_NAME_MAX"))
        except (OSError, ValueError):
            pass
    return LONGEST_NAME


def _can_take(target: Path, content: bytes) -> bool:
    try:
        return target.stat().st_size == len(content) and target.read_bytes() == content
    except FileNotFoundError:
        return True
    except OSError:  # whether it is there cannot be seen: then writing it says why
        return not os.path.lexists(target)


def _cut(stem: str, room: int) -> str:
    """Return as many whole characters as fit into so many bytes."""
    encoded = os.fsencode(stem)
    if len(encoded) <= room:
        return stem
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem.rstrip()
