"""Files that hold recordings: finding them in folders, hashing them, and the bundled samples.

Used by the window and the queue, so it imports no decoder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Note, system_reason
from fi_desktop.core.text import one_line
from fi_desktop.system.files import resource

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
# created by systems themselves
_SYSTEM_FILES = frozenset({"desktop.ini", "thumbs.db"})
_NAMED_KINDS = 3
_LONGEST_KIND = 6  # characters; a longer "extension" is part of the name


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file or folder that cannot be read.

    Attributes:
        path: as text.
        reason: why, such as "Permission denied".
    """

    path: str
    reason: Note


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a search for recordings skipped; `+` combines two searches.

    Attributes:
        others: files of other kinds, as (extension, count), most frequent first; "" for no extension.
        unreadable: what could not be read, in the order found.
    """

    others: tuple[tuple[str, int], ...] = ()
    unreadable: tuple[Unreadable, ...] = ()

    def __add__(self, more: LeftOut) -> LeftOut:
        others = Counter(dict(self.others))
        others.update(dict(more.others))
        return LeftOut(tuple(others.most_common()), self.unreadable + more.unreadable)

    @property
    def number(self) -> int:
        """Number of files of other kinds."""
        return sum(number for _, number in self.others)

    @property
    def kinds(self) -> str:
        """The most frequent extensions with their counts, such as "3 .ds2, 1 .txt"."""
        named = [f"{count} {kind}" for kind, count in self.others if 1 < len(kind) <= _LONGEST_KIND]
        more = ["…"] if len(named) > _NAMED_KINDS or len(named) < len(self.others) else []
        return ", ".join(named[:_NAMED_KINDS] + more)


NOTHING_LEFT_OUT = LeftOut()


CONSULTATION = ("samples", "consulta.flac")

HEAD_BYTES = 128
"""Bytes of a file that `unsupported_error` needs."""

_SHELL_LINK = b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F"  # MS-SHLLINK, 2.1
_SIGNATURES = (
    ((0, b"\x03ds2"), messages.AUDIO_DICTATION),  # Digital Speech Standard Pro; FFmpeg reads the older .dss
    ((0, b"\x03enc"), messages.AUDIO_DICTATION_LOCKED),
    ((0, b"MS_VOICE"), messages.AUDIO_DICTATION),  # Sony .dvf and .msv
    ((68, b"AUDY"), messages.AUDIO_PROJECT),  # .aup3, an SQLite file; this is its application id
    ((0, _SHELL_LINK), messages.AUDIO_SHORTCUT),  # .lnk
    ((0, b"[InternetShortcut]"), messages.AUDIO_SHORTCUT),  # .url
    ((0, b"[Desktop Entry]"), messages.AUDIO_SHORTCUT),
    ((0, b"book\x00\x00\x00\x00mark"), messages.AUDIO_SHORTCUT),  # an alias of macOS
)


class Tally:
    """Counts what a search skips."""

    def __init__(
        self, visit: Callable[[], None] = lambda: None, *, ignored: frozenset[str] = frozenset()
    ) -> None:
        """Start counting.

        Args:
            visit: called at each folder entry; may raise to stop the search.
            ignored: extensions, such as ".docx", of files that are not counted.
        """
        self.visit = visit
        self._ignored = ignored
        self._others: Counter[str] = Counter()
        self._unreadable: list[Unreadable] = []

    def other(self, name: str) -> None:
        """Count a file of another kind."""
        if name.lower() not in _SYSTEM_FILES and _extension(name) not in self._ignored:
            self._others[_extension(name)] += 1

    def refused(self, path: str, error: OSError | ValueError) -> None:
        """Note what could not be read, unless it has merely disappeared."""
        if not isinstance(error, FileNotFoundError):
            self.leave_out(path, system_reason(error))

    def leave_out(self, path: str, reason: Note) -> None:
        """Note a path that the person named and that cannot be used."""
        self._unreadable.append(Unreadable(path, reason))

    def left_out(self) -> LeftOut:
        """Return the counts so far."""
        return LeftOut(tuple(self._others.most_common()), tuple(self._unreadable))


def media_files(paths: Iterable[Path], tally: Tally) -> Iterator[Path]:
    """Yield the recordings among `paths`, each once, in the given order, sorted within folders.

    A file named directly is accepted whatever its extension: the decoder decides. Folders are walked without
    hidden entries; `tally` counts their files of other kinds. It also records what cannot be read, does not
    exist, or is a pipe or a device; the search goes on.
    """
    seen: set[str] = set()
    for path in paths:
        try:
            for file, real in _found(path, tally):
                if real not in seen:
                    seen.add(real)
                    yield Path(file)
        except (OSError, ValueError) as error:  # ValueError: an impossible name
            tally.refused(str(path), error)


def recordings_below(folder: str, tally: Tally, *, subfolders: bool) -> Iterator[str]:
    """Yield the recordings in a folder; symbolic links to folders are not followed.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    for entry, _ in _walk(folder, tally, subfolders=subfolders, links=False, ordered=False):
        yield entry.path


def nothing_found(left_out: LeftOut) -> UserError:
    """Return why a search found nothing: submit.unreadable, submit.other_kinds or submit.nothing."""
    if left_out.unreadable:
        first = left_out.unreadable[0]
        return UserError(
            messages.SUBMIT_UNREADABLE,
            path=one_line(first.path),
            reason=first.reason,
        )
    if left_out.others:
        return UserError(
            messages.SUBMIT_OTHER_KINDS,
            kinds=one_line(left_out.kinds),
        )
    return UserError(messages.SUBMIT_NOTHING)


class NotAFileError(OSError):
    """The path is a folder, a pipe or a device."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading, without waiting for a pipe or waking a device.

    Raises:
        NotAFileError: it is not a regular file.
        OSError: it cannot be opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise NotAFileError(errno.EINVAL, "not a regular file")
    # non-blocking: it may have become a pipe in the meantime
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise NotAFileError(errno.EINVAL, "not a regular file")
    return os.fdopen(handle, "rb")


def source_sha256(path: Path, *, check: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of a file's bytes, hex.

    check: called before each block; may raise to stop.

    Raises:
        OSError: it cannot be read.
    """
    with open_regular(path) as file:
        return sha256_of(file, check=check)


def sha256_of(file: BinaryIO, *, check: Callable[[], None] = lambda: None) -> str:
    """Return the SHA-256 of an open file from its position on; see `source_sha256`."""
    digest = hashlib.sha256()
    check()
    while block := file.read(_HASH_BLOCK_BYTES):
        digest.update(block)
        check()
    return digest.hexdigest()


def _found(path: Path, tally: Tally) -> Iterable[tuple[str, str]]:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        tally.leave_out(str(path), messages.PATH_MISSING())
        return ()
    if stat.S_ISDIR(mode):
        found = _walk(str(path), tally, subfolders=True, links=True, ordered=True)
        return ((entry.path, _real(entry, folder)) for entry, folder in found)
    if not stat.S_ISREG(mode):
        tally.leave_out(str(path), messages.PATH_NOT_A_FILE())
        return ()
    return ((str(path), os.path.realpath(path)),)


def _walk(
    folder: str, tally: Tally, *, subfolders: bool, links: bool, ordered: bool
) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield each recording with the real path of its folder.

    Iterative: folders may be nested a thousand deep.

    Raises:
        OSError: the folder itself cannot be listed.
    """
    above = [os.path.realpath(folder)]  # ancestors; a link to one of them would loop
    open_folders = [iter(_listed(folder, ordered))]
    while open_folders:
        entry = next(open_folders[-1], None)
        if entry is None:
            open_folders.pop()
            above.pop()
            continue
        tally.visit()
        try:
            if entry.is_dir(follow_symlinks=links):
                real = _real(entry, above[-1])
                if subfolders and real not in above:
                    open_folders.append(iter(_listed(entry.path, ordered)))
                    above.append(real)
            elif entry.is_file():
                if _extension(entry.name) in MEDIA_EXTENSIONS:
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
    # realpath() of every entry takes a second for folders nested a thousand deep; on Windows, Python does not
    # recognize junctions as links
    if os.name == "nt" or entry.is_symlink():
        return os.path.realpath(entry.path)
    return os.path.join(folder, entry.name)  # noqa: PTH118 - faster than Path for ten thousand names


def _extension(name: str) -> str:
    stem, point, extension = name.rpartition(".")
    return f".{extension.lower()}" if stem and point else ""


def unsupported_error(head: bytes) -> UserError | None:
    """Return the error for a file that people mistake for a recording; None if it may be one.

    head: the file's first `HEAD_BYTES` bytes.
    """
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for (offset, signature), message in _SIGNATURES:
        if head.startswith(signature, offset) or (signature.startswith(b"[") and text.startswith(signature)):
            return UserError(message)
    return None


def sample_recording() -> Path:
    """Return a recording of two people: a 30 s phone call if pyannote.audio is installed, else our own.

    Located without importing pyannote.audio, which would load torch into the window's process.
    """
    return phone_call() or resource(*CONSULTATION)


def phone_call() -> Path | None:
    """Return the phone call in pyannote.audio's package; its reference is sample.rttm in the same folder."""
    namespace = find_spec("pyannote")
    for folder in (namespace and namespace.submodule_search_locations) or ():
        path = Path(folder) / "audio" / "sample" / "sample.wav"
        if path.is_file():
            return path
    return None
