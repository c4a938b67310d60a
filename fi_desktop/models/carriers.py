"""What a pack is carried in: a folder or a zip archive. Neither is trusted."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models.names import check_distinct, check_path

LARGEST_BYTES = 20_000_000_000
"""Larger than any pack is; the largest known one has 3 GB."""

_MOST_ENTRIES = 5_000
_ENTRY_BYTES = 1_000  # of the directory, for one file: its name and what systems add
_STEEPEST = 200  # weights hardly shrink; text of zeros shrinks a thousandfold
_SMALL_BYTES = 1_000_000  # is no bomb, however well it shrank
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class Carrier(Protocol):
    """Something that holds a pack.

    Attributes:
        name: what it is called, without its ending.
        sizes: bytes of each file, by its path below the pack's folder.
    """

    name: str
    sizes: dict[str, int]

    def open(self, path: str) -> IO[bytes]:
        """Open one of its files."""
        ...


@contextmanager
def carrier(path: Path) -> Iterator[Carrier]:
    """Open a folder or zip archive that holds a pack, directly or in its one folder.

    Raises:
        UserError: models.not_there, models.no_pack, models.unsafe_path, models.links, models.encrypted,
            models.too_large, models.damaged_archive.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    try:
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            yield _Archive(path.stem, archive)
    except (FileNotFoundError, PermissionError) as error:
        raise UserError(messages.MODELS_NOT_THERE) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UserError(messages.MODELS_DAMAGED_ARCHIVE) from error


class _Folder:
    """A folder."""

    def __init__(self, folder: Path) -> None:
        found: dict[str, int] = {}
        for path in folder.rglob("*"):
            if path.is_symlink():
                raise UserError(
                    messages.MODELS_LINKS,
                )
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.stat().st_size
            if len(found) > _MOST_ENTRIES:
                raise _too_many_files()
        prefix, self.sizes = _in_one_folder(found)
        self.name = prefix.rstrip("/") or folder.resolve().name
        self._folder = folder / prefix

    def open(self, path: str) -> IO[bytes]:
        """Open one of its files."""
        return (self._folder / path).open("rb")


class _Archive:
    """A zip archive; all that its directory says is looked at before anything is read."""

    def __init__(self, name: str, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for entry in entries:
            _check_entry(entry)
        check_distinct(entry.orig_filename for entry in entries)
        check_total(sum(entry.file_size for entry in entries))
        prefix, self.sizes = _in_one_folder({entry.filename: entry.file_size for entry in entries})
        self.name = prefix.rstrip("/") or name
        self._prefix = prefix

    def open(self, path: str) -> IO[bytes]:
        """Open one of its files."""
        return self._archive.open(self._prefix + path)


def _check_directory(path: Path) -> None:
    """Refuse an archive by its end record: millions of files take a minute and a gigabyte to list."""
    with path.open("rb") as file:
        # zipfile's own reading of the record, so that both see the same; it has no public name
        record = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if record is None:
        raise zipfile.BadZipFile
    entries, directory_bytes = record[4], record[5]
    if entries > _MOST_ENTRIES or directory_bytes > _MOST_ENTRIES * _ENTRY_BYTES:
        raise _too_many_files()


def _too_many_files() -> UserError:
    return UserError(messages.MODELS_TOO_MANY_FILES)


def check_total(total_bytes: int) -> None:
    """Refuse what is larger than any pack.

    Raises:
        UserError: models.too_large.
    """
    if total_bytes > LARGEST_BYTES:
        raise UserError(
            messages.MODELS_TOO_LARGE,
            size=total_bytes,
        )


def _check_entry(entry: zipfile.ZipInfo) -> None:
    check_path(entry.orig_filename)
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UserError(messages.MODELS_LINKS_IN_ARCHIVE)
    if entry.flag_bits & _ENCRYPTED:
        raise UserError(
            messages.MODELS_ENCRYPTED,
        )
    if entry.compress_type not in _METHODS:
        raise UserError(messages.MODELS_ODD_ARCHIVE)
    if entry.file_size > max(_SMALL_BYTES, _STEEPEST * entry.compress_size):
        raise UserError(messages.MODELS_TOO_DENSE)


def _in_one_folder(found: dict[str, int]) -> tuple[str, dict[str, int]]:
    """Return the folder that holds the pack, "" or "name/", and what lies below it."""
    own = {path: size for path, size in found.items() if not path.startswith("__MACOSX/")}
    tops = {path.partition("/")[0] for path in own}
    if len(tops) != 1 or not all("/" in path for path in own):
        return "", own
    prefix = f"{tops.pop()}/"
    return prefix, {path.removeprefix(prefix): size for path, size in own.items()}
