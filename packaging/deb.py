"""Builds a Debian package of the frozen program."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import about
import desktop
import freeze
import sbom

from fi_desktop.models import Pack, installed

INSTALLED = Path("usr/lib") / about.NAME
# for printing; the second is its name since Debian 13 and Ubuntu 24.04
_CUPS = ("libcups2", "libcups2t64")
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)")


def build(
    flavour: str, frozen: Path, out: Path, *, models: tuple[str, ...] = (), version: str = "", level: int = 6
) -> Path:
    """Write `out`/<package>_<version>_<architecture>.deb; return it.

    models: short names of the models in the program. version: empty for the program's; another one to test an
    upgrade. level: xz compression.
    """
    package, version = about.package(flavour, models), version or about.version()
    tree = out.parent / "build" / f"deb-{flavour}"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / INSTALLED).parent.mkdir(parents=True)
    # hard links: a copy would take a gigabyte
    shutil.copytree(frozen, tree / INSTALLED, symlinks=True, copy_function=_link)
    desktop.lay_out(tree / "usr", out.parent / "build" / "icons")
    program = tree / "usr" / "bin" / about.PROGRAM
    program.parent.mkdir()
    program.symlink_to(Path("..") / "lib" / about.NAME / about.PROGRAM)
    _documents(tree, package, version)
    control = tree / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(_control(flavour, models, tree, version), encoding="utf-8")
    (control / "md5sums").write_text(_md5sums(tree), encoding="utf-8")
    for folder, _, files in os.walk(tree):
        Path(folder).chmod(0o755)
        if Path(folder).is_relative_to(tree / INSTALLED):
            continue
        for name in files:
            if not (Path(folder) / name).is_symlink():
                (Path(folder) / name).chmod(0o644)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{package}_{version}_{_architecture()}.deb"
    command = ["dpkg-deb", "--root-owner-group", "-Zxz", f"-z{level}", "--build", str(tree), str(target)]
    subprocess.run(command, check=True)
    return target


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)
    return target


def _architecture() -> str:
    return subprocess.run(
        ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
    ).stdout.strip()


def _control(flavour: str, models: tuple[str, ...], tree: Path, version: str) -> str:
    name = about.package(flavour, models)
    # packages of earlier versions do not provide the virtual one
    plain = [about.package(other) for other in about.FLAVOURS]
    others = ", ".join([about.ANY_PACKAGE, *(other for other in plain if other != name)])
    summary = about.SUMMARY[0].lower() + about.SUMMARY[1:]
    words = about.DESCRIPTION.split()
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) > 76:
            lines.append(line)
            line = ""
        line = f"{line} {word}".strip()
    lines.append(line)
    size_kb = round(freeze.size_mb(tree) * 1e6 / 1024)
    fields = {
        "Package": name,
        "Version": version,
        "Architecture": _architecture(),
        "Maintainer": f"{about.PUBLISHER} <{about.CONTACT}>",
        "Installed-Size": str(size_kb),
        "Section": "sound",
        "Priority": "optional",
        "Depends": ", ".join(depends(tree / INSTALLED)),
        "Recommends": f"fonts-dejavu-core, {' | '.join(_CUPS)}",
        "Provides": about.ANY_PACKAGE,
        "Conflicts": others,
        "Replaces": others,
        "Description": f"{summary} ({about.flavour_summary(flavour, models)})",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items()) + "".join(f" {x}\n" for x in lines)


def depends(frozen: Path) -> list[str]:
    """Return the Debian packages with the system libraries that the program links to.

    Packages are those of the build machine. The C library is required in the lowest version that has every
    symbol.
    """
    files = [file for file in frozen.rglob("*") if file.is_file() and not file.is_symlink()]
    files = [file for file in files if ".so" in file.name or os.access(file, os.X_OK)]
    ours = {file.name for file in files}
    newest, wanted = (0, 0), set()
    for file in files:
        read = subprocess.run(
            ["objdump", "-p", str(file)], check=False, capture_output=True, text=True
        ).stdout
        newest = max([newest, *((int(a), int(b)) for a, b in _GLIBC.findall(read))])
        wanted |= set(re.findall(r"NEEDED\s+(\S+)", read))
    known = subprocess.run(["ldconfig", "-p"], check=True, capture_output=True, text=True).stdout
    paths = dict(re.findall(r"^\s+(\S+) .*x86-64.* => (\S+)$", known, re.MULTILINE))
    packages = set()
    for library in sorted(wanted - ours):
        path = paths.get(library)
        found = (path and _owner(path)) or ""
        if not found:
            print(f"deb: no package here provides {library}: no dependency added")
        packages.add(found)
    packages -= {"", "libc6", *_CUPS}
    # rich uses Debian's default pager
    return [f"libc6 (>= {newest[0]}.{newest[1]})", *sorted(packages | {"sensible-utils"})]


def _owner(path: str) -> str:
    # /lib links to /usr/lib, and dpkg knows files by the name they were installed under
    for name in {path, str(Path(path).resolve()), str(Path(path).resolve()).removeprefix("/usr")}:
        asked = subprocess.run(["dpkg", "-S", name], check=False, capture_output=True, text=True)
        if asked.returncode == 0:
            return asked.stdout.split(":")[0]
    return ""


def _documents(tree: Path, package: str, version: str) -> None:
    folder = tree / "usr" / "share" / "doc" / package
    folder.mkdir(parents=True)
    index = tree / INSTALLED / sbom.LICENCES / sbom.INDEX
    whole = index.read_text(encoding="utf-8").partition("\n")[0]
    licence = (about.ROOT / "LICENSE").read_text(encoding="utf-8").rstrip()
    text = licence.partition("\n\n")[2].partition("\n\n")[2]
    short = "\n".join(f" {line}" if line.strip() else " ." for line in text.splitlines())
    (folder / "copyright").write_text(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        f"Upstream-Name: {about.NAME}\n"
        f"Comment: {whole}\n"
        f" The licences of the bundled libraries are in /{INSTALLED}/licences;\n"
        f" /{INSTALLED}/sbom.cdx.json lists them.\n\n"
        f"Files: *\nCopyright: {about.COPYRIGHT.removeprefix('Copyright (c) ')}\nLicense: Expat\n{short}\n"
        + "".join(map(_weights, installed((tree / INSTALLED / sbom.MODELS,)))),
        encoding="utf-8",
    )
    when = format_datetime(datetime.fromisoformat(about.RELEASED).replace(tzinfo=UTC))
    log = (
        f"{package} ({version}) unstable; urgency=medium\n\n  * See CHANGELOG.md in the source.\n\n"
        f" -- {about.PUBLISHER} <{about.CONTACT}>  {when}\n"
    )
    # no timestamp: reproducible
    (folder / "changelog.gz").write_bytes(gzip.compress(log.encode(), 9, mtime=0))
    overrides = tree / "usr" / "share" / "lintian" / "overrides" / package
    overrides.parent.mkdir(parents=True)
    template = about.ROOT / "packaging" / "linux" / "lintian-overrides.in"
    overrides.write_text(about.render(template, package=package), encoding="utf-8")


def _weights(pack: Pack) -> str:
    """Return a pack's paragraph of the copyright file."""
    return (
        f"\nFiles: {INSTALLED / sbom.MODELS / pack.name}/*\nCopyright: {pack.attribution}\n"
        f"License: {'Expat' if pack.licence == 'MIT' else pack.licence}\n"
        f"Comment: The text is in /{INSTALLED / sbom.LICENCES / pack.name}/LICENSE.\n"
    )


def _md5sums(tree: Path) -> str:
    lines = []
    for file in sorted(tree.rglob("*")):
        if file.is_file() and not file.is_symlink() and not file.is_relative_to(tree / "DEBIAN"):
            with file.open("rb") as opened:
                digest = hashlib.file_digest(opened, "md5").hexdigest()
            lines.append(f"{digest}  {file.relative_to(tree)}\n")
    return "".join(lines)
