"""Build the packages for this system: `make package`, or

python packaging/build.py --flavour light --flavour full --out .

Frozen folders and packages go to OUT/dist, everything else to OUT/build.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import about
import freeze
import sbom


def main() -> None:
    """Build the requested flavours."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--flavour", action="append", choices=about.FLAVOURS, help="default: all")
    parser.add_argument("--out", type=Path, default=about.ROOT)
    parser.add_argument("--version", default="", help="to test an upgrade; default: the program's")
    parser.add_argument(
        "--level", type=int, default=6, help="xz compression level, 0 to 9; 0 for a test build"
    )
    parser.add_argument("--freeze", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    out: Path = given.out.absolute()
    for flavour in given.flavour or about.FLAVOURS:
        frozen = out / "dist" / about.package(flavour)
        if given.freeze:
            frozen = freeze.freeze(flavour, out)
            sbom.write(frozen, freeze.collected(flavour, out))
        print(f"{frozen}: {freeze.size_mb(frozen):.0f} MB")
        for package in _packages(flavour, frozen, out, given.version or about.version(), given.level):
            print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")


def _packages(flavour: str, frozen: Path, out: Path, version: str, level: int) -> list[Path]:
    if sys.platform == "win32":
        import windows

        return [windows.build(flavour, frozen, out)]
    if sys.platform == "darwin":
        script = about.ROOT / "packaging" / "macos" / "make_dmg.sh"
        dmg = out / "dist" / f"{about.package(flavour)}-{version}.dmg"
        subprocess.run(["bash", str(script), str(out / "dist" / f"{about.NAME}.app"), str(dmg)], check=True)
        return [dmg]
    import tarball

    made = [tarball.build(flavour, frozen, out / "dist", version=version, level=level)]
    if shutil.which("dpkg-deb"):
        import deb

        made.append(deb.build(flavour, frozen, out / "dist", version=version, level=level))
    return made


if __name__ == "__main__":
    main()
