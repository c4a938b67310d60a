"""Builds the Windows installer with Inno Setup."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import about

SCRIPT = about.ROOT / "packaging" / "windows" / "fi-desktop.iss.in"
_USUAL = r"C:\Program Files (x86)\Inno Setup 6\ISCC.exe"


def script(package: str) -> str:
    """Return the Inno Setup script of a package."""
    key = rf"Software\Classes\Applications\{about.WINDOW_PROGRAM}.exe\SupportedTypes"
    lines = [
        f'Root: HKA; Subkey: "{key}"; ValueType: string; ValueName: "{ending}"; Tasks: associate'
        for ending in about.extensions()
    ]
    return about.render(SCRIPT, package=package, associations="\n".join(lines))


def build(package: str, frozen: Path, out: Path) -> Path:
    """Write the installer into `out`/dist; return it.

    Environment: FI_DESKTOP_SIGN is the command that signs a file, with $f for its name.
    """
    written = out / "build" / f"{package}.iss"
    # with a byte order mark, or Inno Setup assumes the system's code page
    written.write_text(script(package), encoding="utf-8-sig")
    icon = out / "build" / "icons" / "fi-desktop.ico"
    command = [
        shutil.which("iscc") or _USUAL,
        f"/DFrozen={frozen}",
        f"/DIcon={icon}",
        f"/DOutput={out / 'dist'}",
    ]
    if sign := os.environ.get("FI_DESKTOP_SIGN"):
        command += ["/DSign=sign", f"/Ssign={sign}"]
    subprocess.run([*command, str(written)], check=True)
    return out / "dist" / f"{package}-{about.version()}-windows-x64.exe"
