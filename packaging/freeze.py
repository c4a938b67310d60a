"""Freeze the program into a folder that needs no Python: PyInstaller, then what it leaves undone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import about
import icons
import slim


def freeze(flavour: str, out: Path) -> Path:
    """Build `out`/dist/<package>; return that folder."""
    work = out / "build" / flavour
    icons.make(out / "build" / "icons")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(out / "dist"), "--workpath", str(work)]
    command += [str(about.ROOT / "packaging" / "fi_desktop.spec"), "--", "--flavour", flavour]
    subprocess.run(command, check=True, cwd=about.ROOT)
    folder = out / "dist" / about.package(flavour)
    if sys.platform == "linux":
        slim.slim(folder)
        settle_modes(folder)
    return folder


def collected(flavour: str, out: Path) -> Path:
    """Return the list of the files that went into the frozen program, which the recipe writes."""
    # PyInstaller puts a folder named like the recipe below the work folder
    return out / "build" / flavour / "fi_desktop" / "collected.json"


def settle_modes(folder: Path) -> None:
    """Make modes the same whatever the builder's umask and the wheels say."""
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        if path.is_dir():
            path.chmod(0o755)
        else:
            library = ".so" in path.name
            path.chmod(0o755 if os.access(path, os.X_OK) and not library else 0o644)
    folder.chmod(0o755)


def size_mb(folder: Path) -> float:
    """Return what a folder's files take, in MB (10⁶ bytes)."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files) / 1e6
