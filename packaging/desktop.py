"""Files for Linux desktops: menu entry, icons, AppStream metadata, man page."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import about

TEMPLATES = about.ROOT / "packaging" / "linux"
_ICON_SIZES = (48, 64, 128, 256)


def desktop_entry() -> str:
    """Return the menu entry."""
    types = "".join(f"{name};" for name in about.MIME_TYPES)
    return about.render(TEMPLATES / "fi-desktop.desktop.in", mime_types=types)


def metainfo() -> str:
    """Return the AppStream component."""
    types = "\n    ".join(f"<mediatype>{name}</mediatype>" for name in about.MIME_TYPES)
    return about.render(TEMPLATES / "metainfo.xml.in", mediatypes=types)


def man_page() -> str:
    """Return the man page."""
    return about.render(TEMPLATES / "fi-desktop.1.in")


def lay_out(prefix: Path, drawn: Path) -> None:
    """Write all files below `prefix`/share; `drawn` holds the icons from `icons.make`."""
    share = prefix / "share"
    _write(share / "applications" / f"{about.DESKTOP_ENTRY}.desktop", desktop_entry().encode())
    _write(share / "metainfo" / f"{about.APP_ID}.metainfo.xml", metainfo().encode())
    _write(share / "man" / "man1" / f"{about.PROGRAM}.1.gz", gzip.compress(man_page().encode(), 9, mtime=0))
    themed = share / "icons" / "hicolor"
    svg = about.ROOT / "resources" / "icons" / "fi-desktop.svg"
    _write(themed / "scalable" / "apps" / f"{about.DESKTOP_ENTRY}.svg", svg.read_bytes())
    for size in _ICON_SIZES:
        target = themed / f"{size}x{size}" / "apps" / f"{about.DESKTOP_ENTRY}.png"
        target.parent.mkdir(parents=True)
        shutil.copyfile(drawn / f"{size}.png", target)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
