"""The model packs on this computer: in the data folder, and in the app's bundle.

A pack is `<root>/<name>/manifest.json` with its files. Folders without a manifest, or whose name starts with
a dot, are not packs. Packs are added and removed by a single rename, so none is ever incomplete; downloads
and imports use `<root>/.partial` until then.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models import catalog, manifest
from fi_desktop.models.manifest import Pack, PackFile, PackKind
from fi_desktop.models.structure import CONFIG, MAX_CONFIG_BYTES, check_structure, incomplete
from fi_desktop.system import log
from fi_desktop.system.files import resource

Report = Callable[[int, int], None]
"""Called with the bytes done and the total; may raise `CancelledByUser` to stop the work."""

_BLOCK_BYTES = 1 << 20
# The program's own models are no packs: they have another kind of manifest, or none.
_BUNDLED = frozenset(resource("models", name) for name in ("builtin", "voices", "words"))
_PARTIAL = ".partial"
_REMOVED = "removed-"
_SPARE_BYTES = 200_000_000  # left free for others


def installed(roots: tuple[Path, ...]) -> tuple[Pack, ...]:
    """Return the packs below the roots; of two with the same name, the one in the earlier root."""
    packs: dict[str, Pack] = {}
    for root in roots:
        for folder in _folders(root):
            try:
                pack = manifest.read(folder)
            except FileNotFoundError:
                continue
            except OSError as error:
                log.event("MODELS_UNREADABLE", level=logging.INFO, error=type(error).__name__)
            except UserError as error:
                log.event("MODELS_BAD_MANIFEST", level=logging.INFO, code=error.code)
            else:
                packs.setdefault(pack.name, pack)
    return tuple(packs.values())


def find(name: str, roots: tuple[Path, ...]) -> Pack | None:
    """Return the pack of this name; None if it is not installed."""
    return next((pack for pack in installed(roots) if pack.name == name), None)


def best(kind: PackKind, roots: tuple[Path, ...]) -> Pack | None:
    """Return the best installed pack of this kind, custom packs last; None if there is no such pack."""
    packs = (pack for pack in installed(roots) if pack.kind is kind)
    return min(packs, key=lambda pack: catalog.rank(pack.name), default=None)


def check(pack: Pack) -> None:
    """Check by file sizes, without reading weights, that a pack can be loaded offline.

    Raises:
        UserError: models.missing, models.incomplete, models.bad_config.
    """
    _check_sizes(pack)
    _check_structure(pack)


def verify(pack: Pack, report: Report = lambda _done, _total: None) -> None:
    """Check each byte of a pack against its manifest.

    Raises:
        UserError: models.changed; and as `check`.
    """
    folder = _check_sizes(pack)
    done = 0

    def report_read(read: int) -> None:
        report(done + read, pack.size_bytes)

    for file in pack.files:
        if hash_file(folder / file.path, report_read) != file.sha256:
            raise changed(pack.name, file)
        done += file.size
    _check_structure(pack)


def remove(name: str, root: Path, *, bundled: tuple[Path, ...] = ()) -> None:
    """Delete a pack below `root`.

    Raises:
        UserError: models.missing, models.bundled, models.in_use.
    """
    pack = find(name, (root,))
    if pack is None or pack.folder is None:
        if find(name, bundled) is not None:
            raise UserError(messages.MODELS_BUNDLED, name=name)
        raise missing(name)
    shutil.rmtree(_set_aside(pack.folder), ignore_errors=True)


def missing(name: str) -> UserError:
    """Return the error of a pack that is not installed."""
    return UserError(messages.MODELS_MISSING, name=name)


def changed(name: str, file: PackFile) -> UserError:
    """Return the error of a pack that differs from its manifest."""
    return UserError(messages.MODELS_CHANGED, name=name, file=file.path)


def hash_file(path: Path, report: Callable[[int], None] = lambda _read: None) -> str:
    """Return a file's SHA-256, hex; `report` is called with the bytes read so far."""
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            read += len(block)
            report(read)
    return digest.hexdigest()


def partial_folder(root: Path, name: str) -> Path:
    """Return the folder of a pack that is being downloaded or imported."""
    return root / _PARTIAL / name


@contextmanager
def locked_partial_folder(root: Path, name: str) -> Iterator[Path]:
    """Create the folder of `partial_folder`, and lock it against other processes.

    Raises:
        UserError: models.busy, models.unwritable.
    """
    folder = partial_folder(root, name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.parent.glob(f"{_REMOVED}*"):  # by a program that was killed
            shutil.rmtree(left, ignore_errors=True)
        with FileLock(folder.with_name(f"{name}.lock"), timeout=0):
            try:
                yield folder
            finally:
                with suppress(OSError):  # not empty: kept to be continued
                    folder.rmdir()
    except Timeout:
        raise UserError(messages.MODELS_BUSY, name=name) from None
    except PermissionError as error:
        raise UserError(messages.MODELS_UNWRITABLE, root=str(root)) from error


def check_name_is_free(root: Path, name: str) -> None:
    """Check that neither a pack nor another folder has this name.

    Raises:
        UserError: models.already.
    """
    if (root / name).exists():
        raise UserError(messages.MODELS_ALREADY, name=name)


def check_disk_space(root: Path, wanted_bytes: int) -> None:
    """Check that the disk has space for this many more bytes.

    Raises:
        UserError: models.no_room.
    """
    free = shutil.disk_usage(root).free
    if wanted_bytes + _SPARE_BYTES > free:
        raise UserError(messages.MODELS_NO_ROOM, wanted=wanted_bytes, free=free)


def add(folder: Path, target: Path) -> None:
    """Move a complete pack to `target`, replacing an installed one.

    Raises:
        UserError: models.in_use.
    """
    replaced = _set_aside(target) if target.exists() else None
    folder.rename(target)
    _sync(target.parent)
    if replaced is not None:
        shutil.rmtree(replaced, ignore_errors=True)


def _set_aside(folder: Path) -> Path:
    aside = partial_folder(folder.parent, f"{_REMOVED}{secrets.token_hex(8)}")
    aside.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        return folder.rename(aside)
    except OSError as error:  # Windows: a worker has files open
        raise UserError(messages.MODELS_IN_USE, name=folder.name) from error


def _sync(folder: Path) -> None:
    """Make a rename durable."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(folder for folder in root.iterdir() if _may_be_pack(folder))
    except OSError:  # nothing has been installed in this root yet
        return []


def _may_be_pack(folder: Path) -> bool:
    return folder.name[0] != "." and folder not in _BUNDLED and folder.is_dir()


def _check_sizes(pack: Pack) -> Path:
    if pack.folder is None:
        raise missing(pack.name)
    for file in pack.files:
        path = pack.folder / file.path
        if not path.is_file():
            raise incomplete(pack.name, messages.PACK_FILE_MISSING(file=file.path))
        if (size := path.stat().st_size) != file.size:
            reason = messages.PACK_WRONG_SIZE(file=file.path, number=size, wanted=file.size)
            raise incomplete(pack.name, reason)
    return pack.folder


def _check_structure(pack: Pack) -> None:
    paths = {file.path for file in pack.files}
    config = b""
    if pack.folder is not None and pack.kind is PackKind.PYANNOTE and CONFIG in paths:
        with (pack.folder / CONFIG).open("rb") as file:
            config = file.read(MAX_CONFIG_BYTES + 1)
    check_structure(pack.kind, pack.name, paths, config)
