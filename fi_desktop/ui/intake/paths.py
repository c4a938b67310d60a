"""What was dropped or pasted, as files and folders of this computer.

File managers give addresses (`file://…`); terminals, editors and Windows' "Copy as path" give text. Nothing
is looked up here: whether there is such a file is asked off the GUI thread.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QMimeData, QUrl

from fi_desktop.core.names import one_line

_QUOTES = ("'", '"')
_THIS_COMPUTER = ("", "localhost")


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
    local = [_local_path(url) for url in urls]
    paths = tuple(Path(path) for path in local if path is not None)
    elsewhere = tuple(_shown(url) for url, path in zip(urls, local, strict=True) if path is None)
    if paths or elsewhere or not data.hasText():
        return Given(paths, elsewhere=elsewhere)
    return Given(paths_in(data.text()), typed=True)


def _local_path(url: QUrl) -> str | None:
    """Return the path of a file on this computer, byte for byte; None: it is another address."""
    if not url.isLocalFile() or (os.name != "nt" and url.host().lower() not in _THIS_COMPUTER):
        return None
    if os.name == "nt":
        return url.toLocalFile()
    # a name that is no UTF-8 is another one once Qt has decoded it
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    path = os.fsdecode(unquote_to_bytes(encoded))
    return path if path and "\0" not in path else None


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
        local = _local_path(QUrl(line))
        if local is None:
            return None
        line = local
    path = Path(os.path.expanduser(line))  # noqa: PTH111 - of a "~" without a home pathlib makes an error
    return path if path.is_absolute() and "\0" not in line else None


def missing(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return those that are not there, or cannot be seen; reads folders."""
    return tuple(path for path in paths if not os.path.lexists(path))
