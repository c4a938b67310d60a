"""Plugins: objects that other installed packages declare as entry points."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_DECLARATION = b"[fi_desktop."


def entry_points(group: str) -> Iterator[EntryPoint]:
    """Yield the entry points of a group, such as "fi_desktop.exporters"."""
    if _any_declared(tuple(sys.path)):
        # importing it and parsing every package's metadata takes 30 to 50 ms, which most starts do not need
        from importlib import metadata

        yield from metadata.entry_points(group=group)


@cache
def _any_declared(path: tuple[str, ...]) -> bool:
    """Return whether a package on this `sys.path` declares a plugin of any group."""
    for folder in path:
        with suppress(OSError):
            for name in os.listdir(folder or "."):  # noqa: PTH208 - a Path for each of thousands of names is slow
                if name.endswith((".dist-info", ".egg-info")):
                    with suppress(OSError):
                        if _DECLARATION in (Path(folder) / name / "entry_points.txt").read_bytes():
                            return True
    return False
