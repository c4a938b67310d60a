"""Turn a folder of weights into a model pack, with the manifest that an import would write."""

from __future__ import annotations

from pathlib import Path

from fi_desktop.models import Pack, PackFile, PackKind
from fi_desktop.models.library import hash_file
from fi_desktop.models.manifest import write


def install(folder: Path, kind: PackKind) -> Pack:
    """Write the manifest of a folder below a model root; the pack has the folder's name."""
    files = tuple(
        PackFile(path.relative_to(folder).as_posix(), path.stat().st_size, hash_file(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    )
    pack = Pack(folder.name, kind, "test", "none", "made by the tests", (), files, folder)
    write(pack, folder)
    return pack
