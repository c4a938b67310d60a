"""Take a pack from a folder or a zip archive, as it comes on a stick; without any network.

It is copied into a folder of its own and compared on the way; only then it takes its place.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace as with_changes
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.models import catalog, library, manifest, place
from fi_desktop.models.carriers import Carrier, carrier, check_total
from fi_desktop.models.library import Report
from fi_desktop.models.names import check_distinct, check_pack_name, check_path, pack_name_from
from fi_desktop.models.pack import UNKNOWN_LICENCE, Pack, PackFile, PackKind
from fi_desktop.models.structure import belongs, recognise
from fi_desktop.system import log
from fi_desktop.system.files import disk_full, is_disk_full

_BLOCK_BYTES = 1 << 20
_IMPORTED = "imported"


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
        root: where packs lie.
        report: as for a download; what it raises stops the work, and nothing is left of it.
        name: what a pack without manifest is to be called; None: as its file or folder.
        approved: the person trusts weights that may execute code when they are loaded.
        replace: take the place of a pack of the same name.

    Raises:
        UserError: models.no_pack, models.unapproved, models.already, models.changed, models.no_room,
            models.broken_off, and what `carrier`, `check` and `manifest.parse` raise.
        TransientError: disk.full.
    """
    with carrier(path) as found:
        told = _told(found, name)
        if told.kind is PackKind.PYANNOTE and not approved:
            raise _unapproved(told.name)
        if not replace:
            place.check_free(root, told.name)
        check_total(told.size_bytes)
        with place.working(root, f"import-{told.name}") as folder:
            try:
                place.check_room(root, told.size_bytes)
                pack = _copy(found, told, folder, report)
                library.check(pack)
                manifest.write(pack, folder)
                place.put_in(folder, root / pack.name)
            except OSError as error:
                if is_disk_full(error):
                    raise disk_full() from error
                reason = error.strerror or type(error).__name__
                raise UserError(
                    messages.MODELS_BROKEN_OFF,
                    reason=reason,
                ) from error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    log.event("MODELS_IMPORTED", kind=pack.kind.value)
    return with_changes(pack, folder=root / pack.name)


def _told(found: Carrier, name: str | None) -> Pack:
    """Return the pack as its manifest tells it; without one as it looks, its hashes not known yet."""
    if manifest.MANIFEST in found.sizes:
        with found.open(manifest.MANIFEST) as file:
            told = manifest.parse(file.read(manifest.LONGEST_BYTES + 1))
        for wanted in told.files:
            if found.sizes.get(wanted.path) != wanted.size:
                raise _changed(wanted.path)
        return told
    kind = recognise(found.sizes)
    if kind is None:
        raise UserError(
            messages.MODELS_NO_PACK,
        )
    pack_name = check_pack_name(name) if name else pack_name_from(found.name)
    files = tuple(
        PackFile(path, size, "") for path, size in sorted(found.sizes.items()) if belongs(kind, path)
    )
    check_distinct(check_path(file.path) for file in files)
    known = catalog.look_up(pack_name)
    licence, attribution = (known.licence, known.attribution) if known else (UNKNOWN_LICENCE, "")
    return Pack(pack_name, kind, _IMPORTED, licence, attribution, (), files)


def _copy(found: Carrier, told: Pack, folder: Path, report: Report) -> Pack:
    done, files = 0, []
    for file in told.files:
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        digest, left = hashlib.sha256(), file.size
        with found.open(file.path) as source, target.open("wb") as out:
            # a byte more than promised is asked for, and never written: what is longer is found out
            while block := source.read(min(_BLOCK_BYTES, left + 1)):
                left -= len(block)
                if left < 0:
                    raise _changed(file.path)
                out.write(block)
                digest.update(block)
                done += len(block)
                report(done, told.size_bytes)
            out.flush()
            os.fsync(out.fileno())
        if left or (file.sha256 and digest.hexdigest() != file.sha256):
            raise _changed(file.path)
        files.append(PackFile(file.path, file.size, digest.hexdigest()))
    return with_changes(told, files=tuple(files), folder=folder)


def _unapproved(name: str) -> UserError:
    return UserError(
        messages.MODELS_UNAPPROVED,
        name=name,
    )


def _changed(path: str) -> UserError:
    return UserError(
        messages.MODELS_BAD_COPY,
        path=path,
    )
