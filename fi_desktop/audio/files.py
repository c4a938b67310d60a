"""Files that hold recordings: found in folders by their ending, known by the hash of their bytes.

The window and the queue use it, so it imports no decoder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from fi_desktop.core.errors import UserError
from fi_desktop.core.names import one_line

AUDIO_EXTENSIONS = frozenset({
    ".3ga", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".awb", ".caf", ".dss", ".dts",
    ".eac3", ".ec3", ".flac", ".gsm", ".m4a", ".m4b", ".m4r", ".mka", ".mp1", ".mp2", ".mp3", ".mpa", ".mpc",
    ".mpga", ".oga", ".ogg", ".opus", ".qta", ".ra", ".rf64", ".snd", ".spx", ".tta", ".voc", ".w64", ".wav",
    ".wave", ".weba", ".wma", ".wv",
})  # fmt: skip
VIDEO_EXTENSIONS = frozenset({
    ".3g2", ".3gp", ".3gpp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4",
    ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv",
})  # fmt: skip
MEDIA_EXTENSIONS = AUDIO_EXTENSIONS | VIDEO_EXTENSIONS

_HASH_BLOCK_BYTES = 1024 * 1024
# systems put these into folders by themselves: no person misses them
_OF_THE_SYSTEM = frozenset({"desktop.ini", "thumbs.db"})
_NAMED_KINDS = 3
_LONGEST_KIND = 6  # characters; a longer "ending" is a part of a name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that the system does not let us look at.

    Attributes:
        path: as text.
        reason: what the system says, such as "Permission denied".
    """

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a search for recordings left out; `+` adds what another one did.

    Attributes:
        others: files of other kinds, as (ending, number), the most frequent ending first; "" if it has none.
        unreadable: what could not be looked at, in the order met.
    """

    others: tuple[tuple[str, int], ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    def __add__(self, more: LeftOut) -> LeftOut:
        others = Counter(dict(self.others))
        others.update(dict(more.others))
        return LeftOut(tuple(others.most_common()), self.unreadable + more.unreadable)

    @property
    def number(self) -> int:
        """How many files of other kinds."""
        return sum(number for _, number in self.others)

    @property
    def kinds(self) -> str:
        """The most frequent endings with their numbers, such as "3 .ds2, 1 .txt"."""
        named = [f"{number} {ending}" for ending, number in self.others if 1 < len(ending) <= _LONGEST_KIND]
        more = ["…"] if len(named) > _NAMED_KINDS or len(named) < len(self.others) else []
        return ", ".join(named[:_NAMED_KINDS] + more)


NOTHING_LEFT_OUT = LeftOut()


NOT_THERE = "it is not there"
NOT_A_FILE = "it is a device or a pipe, and not a file"
NO_ANSWER = "the drive it is on does not answer"


class Tally:
    """Counts what a search leaves out."""

    def __init__(self, looked: Callable[[], None] = lambda: None) -> None:
        """Prepare; `looked` is called at each entry of a folder, and may raise to stop the search."""
        self.looked = looked
        self._others: Counter[str] = Counter()
        self._unreadable: list[Unreadable] = []

    def other(self, name: str) -> None:
        """Count a file of another kind."""
        if name.lower() not in _OF_THE_SYSTEM:
            self._others[_ending(name)] += 1

    def refused(self, path: str, error: OSError | ValueError) -> None:
        """Note what could not be looked at, unless it is simply not there any more."""
        if not isinstance(error, FileNotFoundError):
            reason = getattr(error, "strerror", None) or type(error).__name__
            self.leave_out(path, reason)

    def leave_out(self, path: str, reason: str) -> None:
        """Note what a person named and cannot be taken."""
        self._unreadable.append(Unreadable(path, reason))

    def left_out(self) -> LeftOut:
        """Return what was counted so far."""
        return LeftOut(tuple(self._others.most_common()), tuple(self._unreadable))


def media_files(paths: Iterable[Path], tally: Tally) -> Iterator[Path]:
    """Yield the recordings among `paths`, each once, in the order given and sorted inside each folder.

    A file that is named itself is taken whatever its ending: what it is, is for the decoder to tell. Folders
    are walked; in them hidden entries are passed over, and `tally` counts files of other kinds. What the
    system refuses is noted there too, and the rest is taken; so are named paths that do not exist, or lead to
    a pipe or a device.
    """
    seen: set[str] = set()
    for path in paths:
        try:
            for file, real in _found(path, tally):
                if real not in seen:
                    seen.add(real)
                    yield Path(file)
        except (OSError, ValueError) as error:  # ValueError: no system has such a name
            tally.refused(str(path), error)


def recordings_below(folder: str, tally: Tally, *, subfolders: bool) -> Iterator[str]:
    """Yield the recordings in a folder; links to folders are not followed.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    for entry, _ in _walk(folder, tally, subfolders=subfolders, links=False, ordered=False):
        yield entry.path


def nothing_found(left_out: LeftOut) -> UserError:
    """Return why a search found no recording: submit.unreadable, submit.other_kinds or submit.nothing."""
    if left_out.unreadable:
        first = left_out.unreadable[0]
        return UserError(
            "submit.unreadable",
            "Nothing was added: {path} cannot be read ({reason}).",
            path=one_line(first.path),
            reason=first.reason,
        )
    if left_out.others:
        return UserError(
            "submit.other_kinds",
            "No audio or video was found there, only files of other kinds ({kinds}).",
            kinds=one_line(left_out.kinds),
        )
    return UserError("submit.nothing", "No audio or video was found there.")


class NotAFileError(OSError):
    """The path leads to a folder, a pipe or a device."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading; never wait for the other end of a pipe, never wake a device.

    Raises:
        NotAFileError: it is not a regular file.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotAFileError(errno.EINVAL, "not a regular file")
    # non-blocking: it may have become a pipe since it was looked at
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotAFileError(errno.EINVAL, "not a regular file")
    return os.fdopen(handle, "rb")


def source_sha256(path: Path, *, check: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of a file's bytes, hex, read block by block.

    check: called before each block; may raise to stop.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with open_regular(path) as file:
        check()
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
            check()
    return digest.hexdigest()


def _found(path: Path, tally: Tally) -> Iterable[tuple[str, str]]:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        tally.leave_out(str(path), NOT_THERE)
        return ()
    if stat.S_ISDIR(mode):
        found = _walk(str(path), tally, subfolders=True, links=True, ordered=True)
        return ((entry.path, _real(entry, folder)) for entry, folder in found)
    if not stat.S_ISREG(mode):
        tally.leave_out(str(path), NOT_A_FILE)
        return ()
    return ((str(path), os.path.realpath(path)),)


def _walk(
    folder: str, tally: Tally, *, subfolders: bool, links: bool, ordered: bool
) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield each recording with the real folder that it is in.

    No recursion: folders may be nested a thousand deep.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    above = [os.path.realpath(folder)]  # the real folders that lead here; a link to one goes round for ever
    open_folders = [iter(_listed(folder, ordered))]
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
            above.pop()
            continue
        tally.looked()
        try:
            if entry.is_dir(follow_symlinks=links):
                real = _real(entry, above[-1])
                if subfolders and real not in above:
                    open_folders.append(iter(_listed(entry.path, ordered)))
                    above.append(real)
            elif entry.is_file():
                if _ending(entry.name) in MEDIA_EXTENSIONS:
                    yield entry, above[-1]
                else:
                    tally.other(entry.name)
        except OSError as error:
            tally.refused(entry.path, error)


def _listed(folder: str, ordered: bool) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        shown = [entry for entry in entries if not entry.name.startswith(".")]
    if ordered:
        shown.sort(key=lambda entry: (entry.name.casefold(), entry.name))
    return shown


def _real(entry: os.DirEntry[str], folder: str) -> str:
    # asking the system of every path would take a second where folders are nested a thousand deep;
    # Windows has links (junctions) that Python does not know as such
    if os.name == "nt" or entry.is_symlink():
        return os.path.realpath(entry.path)
    return os.path.join(folder, entry.name)  # noqa: PTH118 - ten thousand names are plain text here


def _ending(name: str) -> str:
    stem, point, ending = name.rpartition(".")
    return f".{ending.lower()}" if stem and point else ""
