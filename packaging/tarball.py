"""Builds a tarball for Linux systems without apt: the program, a menu entry and an install script."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

import about
import desktop


def build(package: str, frozen: Path, out: Path, *, version: str, level: int = 6) -> Path:
    """Write `out`/<package>-<version>-linux-<machine>.tar.xz; return it."""
    name = f"{package}-{version}-linux-{platform.machine()}"
    tree = out.parent / "build" / "tarball" / name
    shutil.rmtree(tree.parent, ignore_errors=True)
    tree.parent.mkdir(parents=True)
    shutil.copytree(frozen, tree / "app", symlinks=True, copy_function=_link)
    desktop.lay_out(tree, out.parent / "build" / "icons")
    install = tree / "install.sh"
    install.write_text(about.render(about.ROOT / "packaging" / "linux" / "install.sh.in"), encoding="utf-8")
    install.chmod(0o755)
    target = out / f"{name}.tar.xz"
    command = ["tar", "--create", "--xz", "--file", str(target), "--directory", str(tree.parent)]
    command += ["--owner=0", "--group=0", "--numeric-owner", "--sort=name", name]
    subprocess.run(command, check=True, env={**os.environ, "XZ_OPT": f"-{level} -T2"})
    shutil.rmtree(tree.parent)
    return target


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another disk
        shutil.copy2(source, target)
    return target
