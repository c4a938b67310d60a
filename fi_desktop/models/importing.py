"""Imports a pack from a folder or a zip archive, such as on a USB stick; neither is trusted.

Files are copied to a temporary folder and checked on the way; then the pack is added to the library.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as with_changes
from pathlib import Path
from typing import IO, Protocol

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import system_reason
from fi_desktop.models import catalog, library, manifest
from fi_desktop.models.library import Report
from fi_desktop.models.manifest import (
    UNKNOWN_LICENCE,
    Pack,
    PackFile,
    PackKind,
    check_distinct,
    check_pack_name,
    check_path,
    pack_name_from,
)
from fi_desktop.models.structure import is_pack_file, recognize
from fi_desktop.system import log
from fi_desktop.system.files import disk_full, is_disk_full

_BLOCK_BYTES = 1 << 20
_IMPORTED = "imported"
_MAX_BYTES = 20_000_000_000  # the largest pack of the catalog has 3 GB
_MAX_ENTRIES = 5_000
_MAX_ENTRY_BYTES = 1_000  # of an archive's directory per file
_MAX_RATIO = 200  # weights hardly compress; a zip bomb does a thousandfold
_SMALL_BYTES = 1_000_000  # any ratio is harmless below this
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1


class PackSource(Protocol):
    """A folder or archive that holds a pack.

    Attributes:
        name: its name without extension.
        sizes: bytes of each file, by path relative to the pack's folder.
    """

    name: str
    sizes: dict[str, int]

    def open(self, path: str) -> IO[bytes]:
        """Open one of the files."""
        ...


def import_pack(
    path: Path,
    root: Path,
    *,
    report: Report,
    name: str | None = None,
    approved: bool = False,
    replace: bool = False,
) -> Pack:
    """Copy the pack at `path` below `root`; return it.

    Args:
        path: a folder or zip archive.
        root: folder of the packs.
        report: called as bytes are copied; an exception from it stops the import without a trace.
        name: name for a pack without a manifest; None to derive it from the file or folder.
        approved: whether the person trusts weights that may execute code when loaded.
        replace: whether to replace a pack of the same name.

    Raises:
        UserError: models.no_pack, models.unapproved, models.already, models.bad_copy, models.no_room,
            models.broken_off; and as `open_source`, `library.check` and `manifest.parse`.
        TransientError: disk.full.
    """
    with open_source(path) as source:
        described = _describe(source, name)
        if described.kind is PackKind.PYANNOTE and not approved:
            raise UserError(messages.MODELS_UNAPPROVED, name=described.name)
        if not replace:
            library.check_name_is_free(root, described.name)
        _check_total(described.size_bytes)
        with library.locked_partial_folder(root, f"import-{described.name}") as folder:
            try:
                library.check_disk_space(root, described.size_bytes)
                pack = _copy(source, described, folder, report)
                library.check(pack)
                manifest.write(pack, folder)
                library.add(folder, root / pack.name)
            except OSError as error:
                if is_disk_full(error):
                    raise disk_full() from error
                raise UserError(messages.MODELS_BROKEN_OFF, reason=system_reason(error)) from error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    log.event("MODELS_IMPORTED", kind=pack.kind.value)
    return with_changes(pack, folder=root / pack.name)


@contextmanager
def open_source(path: Path) -> Iterator[PackSource]:
    """Open a folder or zip archive that holds a pack, directly or in a single folder.

    Raises:
        UserError: models.not_there, models.unsafe_path, models.links, models.links_in_archive,
            models.encrypted, models.odd_archive, models.too_large, models.too_dense, models.too_many_files,
            models.damaged_archive.
    """
    if path.is_dir():
        yield _FolderSource(path)
        return
    try:
        _check_archive_size(path)
        with zipfile.ZipFile(path) as archive:
            yield _ArchiveSource(path.stem, archive)
    except (FileNotFoundError, PermissionError) as error:
        raise UserError(messages.MODELS_NOT_THERE) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UserError(messages.MODELS_DAMAGED_ARCHIVE) from error


class _FolderSource:
    def __init__(self, folder: Path) -> None:
        found: dict[str, int] = {}
        for path in folder.rglob("*"):
            if path.is_symlink():
                raise UserError(messages.MODELS_LINKS)
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.stat().st_size
            if len(found) > _MAX_ENTRIES:
                raise UserError(messages.MODELS_TOO_MANY_FILES)
        prefix, self.sizes = _strip_single_folder(found)
        self.name = prefix.rstrip("/") or folder.resolve().name
        self._folder = folder / prefix

    def open(self, path: str) -> IO[bytes]:
        return (self._folder / path).open("rb")


class _ArchiveSource:
    """A zip archive; its whole directory is checked before anything is read."""

    def __init__(self, name: str, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for entry in entries:
            _check_entry(entry)
        check_distinct(entry.orig_filename for entry in entries)
        _check_total(sum(entry.file_size for entry in entries))
        prefix, self.sizes = _strip_single_folder({entry.filename: entry.file_size for entry in entries})
        self.name = prefix.rstrip("/") or name
        self._prefix = prefix

    def open(self, path: str) -> IO[bytes]:
        return self._archive.open(self._prefix + path)


def _check_archive_size(path: Path) -> None:
    """Refuse an archive by its end record: millions of entries take a minute and a gigabyte to list."""
    with path.open("rb") as file:
        # zipfile's parser, so that both agree; it is not public
        record = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if record is None:
        raise zipfile.BadZipFile
    entries, directory_bytes = record[4], record[5]
    if entries > _MAX_ENTRIES or directory_bytes > _MAX_ENTRIES * _MAX_ENTRY_BYTES:
        raise UserError(messages.MODELS_TOO_MANY_FILES)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    check_path(entry.orig_filename)
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UserError(messages.MODELS_LINKS_IN_ARCHIVE)
    if entry.flag_bits & _ENCRYPTED:
        raise UserError(messages.MODELS_ENCRYPTED)
    if entry.compress_type not in _METHODS:
        raise UserError(messages.MODELS_ODD_ARCHIVE)
    if entry.file_size > max(_SMALL_BYTES, _MAX_RATIO * entry.compress_size):
        raise UserError(messages.MODELS_TOO_DENSE)


def _check_total(total_bytes: int) -> None:
    if total_bytes > _MAX_BYTES:
        raise UserError(messages.MODELS_TOO_LARGE, size=total_bytes)


def _strip_single_folder(found: dict[str, int]) -> tuple[str, dict[str, int]]:
    """Return the pack's folder, "" or "name/", and the sizes of the files in it."""
    sizes = {path: size for path, size in found.items() if not path.startswith("__MACOSX/")}
    tops = {path.partition("/")[0] for path in sizes}
    if len(tops) != 1 or not all("/" in path for path in sizes):
        return "", sizes
    prefix = f"{tops.pop()}/"
    return prefix, {path.removeprefix(prefix): size for path, size in sizes.items()}


def _describe(source: PackSource, name: str | None) -> Pack:
    """Return the pack according to its manifest; without one, recognized by its files, hashes empty."""
    if manifest.MANIFEST in source.sizes:
        with source.open(manifest.MANIFEST) as file:
            pack = manifest.parse(file.read(manifest.MAX_BYTES + 1))
        for wanted in pack.files:
            if source.sizes.get(wanted.path) != wanted.size:
                raise _bad_copy(wanted.path)
        return pack
    kind = recognize(source.sizes)
    if kind is None:
        raise UserError(messages.MODELS_NO_PACK)
    pack_name = check_pack_name(name) if name else pack_name_from(source.name)
    files = tuple(
        PackFile(path, size, "") for path, size in sorted(source.sizes.items()) if is_pack_file(kind, path)
    )
    check_distinct(check_path(file.path) for file in files)
    entry = catalog.entry_of(pack_name)
    licence, attribution = (entry.licence, entry.attribution) if entry else (UNKNOWN_LICENCE, "")
    return Pack(pack_name, kind, _IMPORTED, licence, attribution, (), files)


def _copy(source: PackSource, described: Pack, folder: Path, report: Report) -> Pack:
    done, files = 0, []
    for file in described.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, left = hashlib.sha256(), file.size
        with source.open(file.path) as opened, target.open("wb") as out:
            # asking for one byte more than expected reveals a file that is longer
            while block := opened.read(min(_BLOCK_BYTES, left + 1)):
                left -= len(block)
                if left < 0:
                    raise _bad_copy(file.path)
                out.write(block)
                digest.update(block)
                done += len(block)
                report(done, described.size_bytes)
            out.flush()
            os.fsync(out.fileno())
        if left or (file.sha256 and digest.hexdigest() != file.sha256):
            raise _bad_copy(file.path)
        files.append(PackFile(file.path, file.size, digest.hexdigest()))
    return with_changes(described, files=tuple(files), folder=folder)


def _bad_copy(path: str) -> UserError:
    return UserError(messages.MODELS_BAD_COPY, path=path)
