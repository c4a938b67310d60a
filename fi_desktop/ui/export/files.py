"""Where exports go and how they are written. No Qt: it is called off the GUI thread."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from fi_desktop.core.errors import ErrorInfo, FiError, error_info
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters import EXPORTERS, export, not_written


@dataclass(frozen=True, slots=True)
class Result:
    """What is exported.

    Attributes:
        name: the recording's file name.
        read: returns the transcript; OSError, ValueError or KeyError where it cannot be read.
    """

    name: str
    read: Callable[[], Transcript]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of several exports.

    Attributes:
        written: the files.
        unreadable: how many results could not be read.
        refusal: why no more were written; None: nothing stood in the way.
    """

    written: tuple[Path, ...]
    unreadable: int = 0
    refusal: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """Two ways to put files into a folder.

    Attributes:
        over: a file for each result, some of which may be there already.
        beside: the same, with numbers where a file of that name is there.
        present: how many of the first are there already.
    """

    over: tuple[Path, ...]
    beside: tuple[Path, ...]
    present: int


def file_name(name: str, format: str) -> str:
    """Return what the export of a recording is called."""
    return f"{PurePath(name).stem}.{EXPORTERS[format].extension}"


def plan(names: Sequence[str], format: str, folder: Path) -> Plan:
    """Look which files a folder has already, and return where exports can go.

    Raises:
        UserError: export.not_written: a folder that cannot be looked into is not written into blindly.
    """
    try:
        there = {_same(file.name) for file in folder.iterdir()}
    except OSError:
        raise not_written() from None
    over = places(names, format, folder)
    present = sum(_same(place.name) in there for place in over)
    return Plan(over, places(names, format, folder, taken=there), present)


def places(names: Sequence[str], format: str, folder: Path, *, taken: Iterable[str] = ()) -> tuple[Path, ...]:
    """Return a file for each recording, no two the same, and none of those that are taken."""
    gone, tries, chosen = set(taken), Counter[str](), []
    for name in names:
        whole = PurePath(file_name(name, format))
        wanted = whole.name
        while _same(wanted) in gone:
            tries[whole.name] += 1
            wanted = f"{whole.stem} ({tries[whole.name] + 1}){whole.suffix}"
        gone.add(_same(wanted))
        chosen.append(folder / wanted)
    return tuple(chosen)


def write(results: Sequence[tuple[Result, Path]], format: str) -> Outcome:
    """Write results into files; one that cannot be read is left out, one that cannot be written ends it."""
    written: list[Path] = []
    unreadable = 0
    for result, target in results:
        try:
            transcript = result.read()
        except (OSError, ValueError, KeyError):
            unreadable += 1
            continue
        try:
            export(transcript, format, target)
        except FiError as error:
            return Outcome(tuple(written), unreadable, error_info(error))
        written.append(target)
    return Outcome(tuple(written), unreadable)


def _same(name: str) -> str:
    """Return what two names share that are one file on some disks."""
    return unicodedata.normalize("NFC", name).casefold()
