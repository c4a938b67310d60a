"""Freeze the program into a folder that needs no Python: PyInstaller, then strip and file modes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import about
import ffmpeg
import icons

_ELF = b"\x7fELF"


def freeze(flavour: str, folder: Path, out: Path, models: Path | None = None) -> None:
    """Freeze a flavour into `folder`, a new folder of `out`/dist, with the model packs below `models`."""
    work = out / "build" / flavour
    icons.make(out / "build" / "icons")
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(out / "dist"), "--workpath", str(work)]
    command += [str(about.ROOT / "packaging" / "fi_desktop.spec"), "--", "--flavour", flavour]
    command += ["--name", folder.name, *(["--models", str(models)] if models else [])]
    environment = dict(os.environ)
    if ffmpeg.is_built(ffmpeg.INTO):
        environment["PYTHONPATH"] = str(ffmpeg.INTO / "site")  # before the wheel
    subprocess.run(command, check=True, cwd=about.ROOT, env=environment)
    if sys.platform == "linux":
        strip(folder)
        normalize_modes(folder)


def collected(flavour: str, out: Path) -> Path:
    """Return the list of files that went into the frozen program; the recipe writes it."""
    # PyInstaller creates a folder named after the recipe in the work folder
    return out / "build" / flavour / "fi_desktop" / "collected.json"


def strip(folder: Path) -> None:
    """Remove debug symbols from libraries: a quarter of the program, and nothing reads them.

    auditwheel rearranges the sections of the libraries it bundles (`*.libs`), and `strip` can break those:
    https://github.com/pypa/auditwheel/issues/103. One that does not load afterwards is restored.
    """
    for file in sorted(folder.rglob("*.so*")):
        if not is_library(file):
            continue
        before = file.read_bytes()
        subprocess.run(["strip", "--strip-unneeded", str(file)], check=True, capture_output=True)
        if file.parent.name.endswith(".libs") and not _loads(file):
            file.write_bytes(before)


def is_library(file: Path) -> bool:
    """Whether this is an ELF file, and not a link to one."""
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(_ELF)) == _ELF


def _loads(library: Path) -> bool:
    command = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", str(library)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def normalize_modes(folder: Path) -> None:
    """Set file modes that do not depend on the builder's umask or the wheels."""
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
    """Return the total size of a folder's files, in MB (10⁶ bytes)."""
    files = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in files) / 1e6
