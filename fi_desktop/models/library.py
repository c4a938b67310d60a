"""The packs on this computer: below the data folder, and in the app's own bundle.

`<root>/<pack's name>/manifest.json` with the files beside it. A folder without manifest is no pack, and so is
one whose name begins with a dot.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models import catalog, manifest, place
from fi_desktop.models.pack import Pack, PackFile, PackKind
from fi_desktop.models.structure import (
    CONFIG,
    LONGEST_CONFIG_BYTES,
    check_structure,
    incomplete,
)
from fi_desktop.system import log

Report = Callable[[int, int], None]
"""Called with the bytes that are done and all of them; it may raise `Cancelled` to stop the work."""

_BLOCK_BYTES = 1 << 20
_OURS = "builtin"  # the built-in engine's model has a manifest of its own kind, and is no pack


def installed(roots: tuple[Path, ...]) -> tuple[Pack, ...]:
    """Return the packs below the roots; where two have one name, that of the earlier root."""
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
    """Return the pack of this name; None where it is not installed."""
    return next((pack for pack in installed(roots) if pack.name == name), None)


def best(kind: PackKind, roots: tuple[Path, ...]) -> Pack | None:
    """Return the pack of this kind with the best results; None where there is none.

    Packs that the catalog does not know come last.
    """
    ranked = sorted(
        (pack for pack in installed(roots) if pack.kind is kind), key=lambda p: catalog.rank(p.name)
    )
    return ranked[0] if ranked else None


def check(pack: Pack) -> None:
    """Make sure that a pack can be loaded without the network; looks at sizes, reads no weights.

    Raises:
        UserError: models.incomplete, models.bad_config; naming what is missing and what to do.
    """
    _check_sizes(pack)
    _check_structure(pack)


def verify(pack: Pack, report: Report = lambda _done, _total: None) -> None:
    """Make sure that a pack is what its manifest says, byte by byte.

    Raises:
        UserError: models.changed, naming the file; and what `check` raises.
    """
    folder = _check_sizes(pack)
    done = 0

    def tell(read: int) -> None:
        report(done + read, pack.size_bytes)

    for file in pack.files:
        if hash_file(folder / file.path, tell) != file.sha256:
            raise changed(pack.name, file)
        done += file.size
    _check_structure(pack)


def remove(name: str, root: Path, *, bundled: tuple[Path, ...] = ()) -> None:
    """Delete a pack that a person added below `root`.

    Raises:
        UserError: models.missing, models.bundled, models.in_use.
    """
    pack = find(name, (root,))
    if pack is None or pack.folder is None:
        if find(name, bundled) is not None:
            raise UserError(
                messages.MODELS_BUNDLED,
                name=name,
            )
        raise missing(name)
    place.delete(pack.folder)


def missing(name: str) -> UserError:
    """Return what is said of a pack that is not there."""
    return UserError(messages.MODELS_MISSING, name=name)


def changed(name: str, file: PackFile) -> UserError:
    """Return what is said of a pack with other bytes than its manifest's."""
    return UserError(
        messages.MODELS_CHANGED,
        name=name,
        file=file.path,
    )


def hash_file(path: Path, report: Callable[[int], None] = lambda _read: None) -> str:
    """Return a file's SHA-256; `report` is called with the bytes read so far."""
    digest, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            read += len(block)
            report(read)
    return digest.hexdigest()


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(folder for folder in root.iterdir() if _may_be_pack(folder))
    except OSError:  # there is no such root: nothing was ever installed there
        return []


def _may_be_pack(folder: Path) -> bool:
    return folder.name[0] != "." and folder.name != _OURS and folder.is_dir()


def _check_sizes(pack: Pack) -> Path:
    if pack.folder is None:
        raise missing(pack.name)
    for file in pack.files:
        path = pack.folder / file.path
        if not path.is_file():
            raise incomplete(pack.name, messages.PACK_FILE_MISSING(file=file.path))
        if (size := path.stat().st_size) != file.size:
            raise incomplete(
                pack.name, messages.PACK_WRONG_SIZE(file=file.path, number=size, wanted=file.size)
            )
    return pack.folder


def _check_structure(pack: Pack) -> None:
    paths = {file.path for file in pack.files}
    config = b""
    if pack.folder is not None and pack.kind is PackKind.PYANNOTE and CONFIG in paths:
        with (pack.folder / CONFIG).open("rb") as file:
            config = file.read(LONGEST_CONFIG_BYTES + 1)
    check_structure(pack.kind, pack.name, paths, config)
