"""What is taken out of libraries on Linux, where leaving whole libraries out does not do.

Wheels are built for everybody: PyAV's FFmpeg links encoders of video, Qt the tables of all languages. What
the program never calls is replaced by a stand-in, a library of the same name whose functions return zero.
Each one has its reason below, and `tests/e2e/test_frozen.py` runs what is left.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import elf
import icu

# Nothing is ever encoded, no video decoded, no device opened, no address fetched: FFmpeg finds in each of
# these what it needs to start (a version, an empty list, "no such thing"), and calls no more of it. VP8,
# VP9 and H.264 streams are looked at by decoders of FFmpeg's own, AV1's by dav1d's, which stays.
_NEVER_CALLED = re.compile(
    r"lib(x264|x265|SvtAv1Enc|aom|vpx|openh264|mp3lame|vorbisenc|webp|webpmux|sharpyuv|vpl|drm"
    r"|asound|gnutls|xcb|xcb-shm|xcb-shape|xcb-xfixes)-[0-9a-f]+\.so"
)


def slim(folder: Path) -> None:
    """Take out of a frozen program's libraries what nothing of ours uses."""
    inside = folder / "_internal"
    for tables in sorted(inside.glob("PySide6/Qt/lib/libicudata.so.*")):
        icu.shrink(tables)
    if (inside / "av.libs").is_dir():
        stand_in(inside / "av.libs", [*inside.glob("av/**/*.so"), *inside.glob("av.libs/*.so*")])
    strip(folder)
    leave_orphans_out(inside)


def stand_in(folder: Path, callers: list[Path]) -> None:
    """Replace what is never called, and give up what only that had asked for."""
    replaced = [file for file in sorted(folder.iterdir()) if _NEVER_CALLED.match(file.name)]
    asked = {each for caller in callers if caller not in replaced for each in elf.wanted(caller)}
    for file in replaced:
        symbols = [symbol for symbol in elf.given(file) if (symbol.name, symbol.version) in asked]
        elf.write_stand_in(file, symbols)


def leave_orphans_out(inside: Path) -> None:
    """Delete libraries that came along for others' sake, and whose callers are gone.

    Those are what a wheel's repair tool has put into a folder of its own, Qt's, and what PyInstaller has
    found on the builder's system; plugins and Python's extensions are loaded by their paths, and stay.
    """
    while True:
        libraries = [file for file in inside.rglob("*.so*") if elf.is_library(file)]
        needed = {name for file in libraries for name in elf.needed(file)}
        orphans = [
            file
            for file in libraries
            if (file.parent in (inside, inside / "PySide6/Qt/lib") or file.parent.name.endswith(".libs"))
            and file.name not in needed
            and not _is_loaded_by_name(file.name)
        ]
        if not orphans:
            return
        for file in orphans:
            file.unlink()
        for link in inside.rglob("*.so*"):
            if link.is_symlink() and not link.exists():
                link.unlink()


def _is_loaded_by_name(name: str) -> bool:
    # Python's extensions at the top, and the interpreter itself
    return re.search(r"\.cpython-|\.abi3\.so$|^libpython3", name) is not None


def strip(folder: Path) -> None:
    """Take symbols for debuggers out of libraries: a quarter of the program, and nothing reads them.

    What a wheel's repair tool has renamed (`*.libs`) has had its sections moved about, and `strip` has broken
    such files before: https://github.com/pypa/auditwheel/issues/103. Those must load afterwards as before, or
    they stay as they were.
    """
    for file in sorted(folder.rglob("*.so*")):
        if not elf.is_library(file):
            continue
        before = file.read_bytes()
        subprocess.run(["strip", "--strip-unneeded", str(file)], check=True, capture_output=True)
        if file.parent.name.endswith(".libs") and not _loads(file):
            file.write_bytes(before)


def _loads(library: Path) -> bool:
    command = [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", str(library)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0
