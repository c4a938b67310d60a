"""Build the packages for this system: `make package`, or

python packaging/build.py --flavour light --flavour full --model base --out .

With --model, a package includes a model pack of this computer, so that it transcribes without network. Frozen
folders and packages go to OUT/dist, everything else to OUT/build.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import about
import freeze
import model_packs
import sbom


def main() -> int:
    """Build the requested flavours; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--flavour", action="append", choices=about.FLAVOURS, help="default: all")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a model pack of this computer to include",
    )
    parser.add_argument("--out", type=Path, default=about.ROOT)
    parser.add_argument("--version", default="", help="to test an upgrade; default: the program's")
    parser.add_argument(
        "--level", type=int, default=6, help="xz compression level, 0 to 9; 0 for a test build"
    )
    parser.add_argument("--freeze", action=argparse.BooleanOptionalAction, default=True)
    given = parser.parse_args()
    out: Path = given.out.absolute()
    try:
        packs = model_packs.choose(given.model, model_packs.default_roots())
        staged = model_packs.stage(packs, out / "build" / "models") if packs else None
    except model_packs.UnavailablePackError as error:
        print(f"build: {error}", file=sys.stderr)
        return 1
    models = tuple(model_packs.short(pack.name) for pack in packs)
    for flavour in given.flavour or about.FLAVOURS:
        frozen = out / "dist" / about.package(flavour, models)
        if given.freeze:
            freeze.freeze(flavour, frozen, out, staged)
            sbom.write(frozen, freeze.collected(flavour, out))
        print(f"{frozen}: {freeze.size_mb(frozen):.0f} MB")
        version = given.version or about.version()
        for package in _packages(flavour, models, frozen, out, version, given.level):
            print(f"{package}: {package.stat().st_size / 1e6:.0f} MB")
    return 0


def _packages(
    flavour: str, models: tuple[str, ...], frozen: Path, out: Path, version: str, level: int
) -> list[Path]:
    name = about.package(flavour, models)
    if sys.platform == "win32":
        import windows

        return [windows.build(name, frozen, out)]
    if sys.platform == "darwin":
        script = about.ROOT / "packaging" / "macos" / "make_dmg.sh"
        dmg = out / "dist" / f"{name}-{version}.dmg"
        subprocess.run(["bash", str(script), str(out / "dist" / f"{about.NAME}.app"), str(dmg)], check=True)
        return [dmg]
    import tarball

    made = [tarball.build(name, frozen, out / "dist", version=version, level=level)]
    if shutil.which("dpkg-deb"):
        import deb

        made.append(deb.build(flavour, frozen, out / "dist", models=models, version=version, level=level))
    return made


if __name__ == "__main__":
    sys.exit(main())
