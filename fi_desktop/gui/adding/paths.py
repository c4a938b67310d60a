"""What was dropped or pasted, as files and folders of this computer.

File managers give addresses (`file://…`); terminals, editors and Windows' "Copy as path" give text. Nothing
is looked up here: whether there is such a file is asked off the GUI thread.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QUrl

from fi_desktop.core.names import one_line
from fi_desktop.gui.addresses import path_of

_QUOTES = ("'", '"')


@dataclass(frozen=True, slots=True)
class Given:
    """What a person gave.

    Attributes:
        paths: files and folders, absolute, in the order given.
        typed: they were written as text, so that each may be a slip of the pen.
        elsewhere: addresses of what does not lie on this computer, to be shown.
    """

    paths: tuple[Path, ...]
    typed: bool = False
    elsewhere: tuple[str, ...] = ()


def given_paths(data: QMimeData) -> Given:
    """Return the files and folders that were dropped or pasted; none where there is anything else."""
    urls: list[QUrl] = data.urls()
    local = [path_of(url) for url in urls]
    paths = tuple(path for path in local if path is not None)
    elsewhere = tuple(_shown(url) for url, path in zip(urls, local, strict=True) if path is None)
    if paths or elsewhere or not data.hasText():
        return Given(paths, elsewhere=elsewhere)
    return Given(paths_in(data.text()), typed=True)


def _shown(url: QUrl) -> str:
    """Return an address without names and passwords in it."""
    return one_line(url.scheme() + "://" + url.host() + url.path())


def paths_in(text: str) -> tuple[Path, ...]:
    """Return the paths that a text consists of, one a line; none where a line of it is anything else."""
    lines = [line.strip() for line in text.splitlines()]
    paths = [_path(line) for line in lines if line]
    found = tuple(path for path in paths if path is not None)
    return found if len(found) == len(paths) else ()


def _path(line: str) -> Path | None:
    if len(line) > 1 and line[0] == line[-1] and line[0] in _QUOTES:
        line = line[1:-1]
    if line.lower().startswith("file:"):
        return path_of(QUrl(line))
    path = Path(os.path.expanduser(line))  # noqa: PTH111 - of a "~" without a home pathlib makes an error
    return path if path.is_absolute() and "\0" not in line else None


def missing(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return those that are not there, or cannot be seen; reads folders."""
    return tuple(path for path in paths if not os.path.lexists(path))
