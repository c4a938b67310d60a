"""Find the model packs on this computer that a package is to include: `make package MODELS=base`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import about

sys.path.insert(0, str(about.ROOT))

from fi_desktop import settings
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.models import Pack, catalog, find, verify
from fi_desktop.models.importing import import_pack
from fi_desktop.models.manifest import UNKNOWN_LICENCE

BUILT = about.ROOT / "build" / "real" / "models"
"""Where `make real` stores Whisper base."""

LICENCES = {"faster-whisper-": about.ROOT / "packaging" / "licences" / "whisper.txt"}
"""Texts of the packs' licences, by the beginning of the pack's name."""


class UnavailablePackError(Exception):
    """A pack cannot be included; the message says why in one sentence."""


def default_roots() -> tuple[Path, ...]:
    """Return the folders that are searched: of `make real`, and of this person."""
    return BUILT, *settings.load().model_roots


def choose(names: Iterable[str], roots: tuple[Path, ...]) -> tuple[Pack, ...]:
    """Return the packs with these names, each once and checked byte by byte.

    names: full or short, such as "base".

    Raises:
        UnavailablePackError: a pack is missing or damaged, or may not be given away.
    """
    return tuple(_choose(name, roots) for name in dict.fromkeys(map(_full_name, names)))


def _full_name(name: str) -> str:
    with suppress(UserError):  # not in the catalog: the full name of an imported pack
        return catalog.find_entry(name).name
    return name


def _choose(name: str, roots: tuple[Path, ...]) -> Pack:
    pack = find(name, roots)
    if pack is None:
        folders = " or ".join(map(str, roots))
        raise UnavailablePackError(f"The model pack {name} is not on this computer: it is not in {folders}.")
    if pack.licence == UNKNOWN_LICENCE or licence_text(pack.name) is None:
        raise UnavailablePackError(
            f"The model pack {name} is not included: the text of its licence is not known."
        )
    try:
        verify(pack)
    except UserError as error:
        raise UnavailablePackError(error.message) from error
    return pack


def licence_text(name: str) -> Path | None:
    """Return the file with a pack's licence and copyright notices; None if it is not known."""
    return next((text for start, text in LICENCES.items() if name.startswith(start)), None)


def short(name: str) -> str:
    """Return a pack's name as a part of a package's name."""
    entry = catalog.entry_of(name)
    return (entry.short if entry else name).replace("_", "-")


def stage(packs: Iterable[Pack], root: Path) -> Path:
    """Copy the packs below `root`, for the recipe; return `root`.

    Raises:
        UnavailablePackError: a pack cannot be copied.
    """
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    for pack in packs:
        if pack.folder is None:
            continue
        try:
            import_pack(pack.folder, root, report=lambda _done, _total: None, approved=True)
        except (UserError, TransientError) as error:
            raise UnavailablePackError(error.message) from error
    shutil.rmtree(root / ".partial", ignore_errors=True)
    return root
