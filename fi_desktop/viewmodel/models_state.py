"""What the models dialog shows, as plain data that is read off the GUI thread."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Note
from fi_desktop.models import Pack, PackKind, catalog, check, installed
from fi_desktop.models.download import fetched_bytes


@dataclass(frozen=True, slots=True)
class Shown:
    """One model, installed or not.

    Attributes:
        name: the pack's.
        kind: what it is for.
        size_bytes: as it lies on the disk, or roughly what would be fetched.
        licence, attribution: as in `Pack`.
        languages: ISO 639-1 codes; none: any.
        known: whether the program knows where to get it.
        gated: whether a token is needed for that.
        installed: whether it is there, be it damaged.
        bundled: whether it came with the program, and stays.
        trouble: why it cannot be used; None if it can.
        fetched_bytes: how much lies there of a download that was paused.
        recommended: whether it is the one for this computer, as long as none transcribes.
    """

    name: str
    kind: PackKind
    size_bytes: int
    licence: str
    attribution: str
    languages: tuple[str, ...] = ()
    known: bool = True
    gated: bool = False
    installed: bool = False
    bundled: bool = False
    trouble: Note | None = None
    fetched_bytes: int = 0
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class Shelf:
    """All models, and the room for more.

    Attributes:
        models: the best of each kind first.
        free_bytes: on the disk where models lie.
    """

    models: tuple[Shown, ...]
    free_bytes: int


def look(root: Path, bundle: Path) -> Shelf:
    """Look at what lies below the person's and the program's models folders."""
    packs = {pack.name: pack for pack in installed((bundle, root))}
    models = [_of_pack(pack, root) for pack in packs.values()]
    models += [_of_known(known, root) for known in catalog.KNOWN if known.name not in packs]
    models = _recommended(models)
    order = list(PackKind)
    # what the person brought themselves comes first, where they look for it
    models.sort(
        key=lambda shown: (
            order.index(shown.kind),
            catalog.look_up(shown.name) is not None,
            catalog.rank(shown.name),
            shown.name,
        )
    )
    there = next(folder for folder in (root, *root.parents) if folder.exists())
    return Shelf(tuple(models), shutil.disk_usage(there).free)


def _recommended(models: list[Shown]) -> list[Shown]:
    """Mark the model that a computer like this one should have, if none of its kind is there."""
    if any(shown.installed and shown.kind is PackKind.WHISPER for shown in models):
        return models
    name = catalog.recommended(os.cpu_count() or 1, psutil.virtual_memory().total)
    return [replace(shown, recommended=shown.name == name) for shown in models]


def _of_pack(pack: Pack, root: Path) -> Shown:
    trouble = None
    try:
        check(pack)
    except UserError as error:
        trouble = error.note
    known = catalog.look_up(pack.name)
    return Shown(
        pack.name,
        pack.kind,
        pack.size_bytes,
        pack.licence,
        pack.attribution,
        pack.languages,
        known=known is not None,
        gated=known is not None and known.gated,
        installed=True,
        bundled=pack.folder is not None and pack.folder.parent != root,
        trouble=trouble,
    )


def _of_known(known: catalog.Known, root: Path) -> Shown:
    there = fetched_bytes(known.name, root)
    about = known.about_bytes
    return Shown(
        known.name,
        known.kind,
        about,
        known.licence,
        known.attribution,
        gated=known.gated,
        fetched_bytes=there,
    )
