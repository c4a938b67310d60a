"""Files as addresses (`file://…`), byte for byte: Qt makes another name of one that is not UTF-8."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from PySide6.QtCore import QUrl

_THIS_COMPUTER = ("", "localhost")


def path_of(url: QUrl) -> Path | None:
    """Return the file or folder of this computer at an address; None: it is another address."""
    if not url.isLocalFile():
        return None
    if os.name == "nt":
        return Path(url.toLocalFile())  # a host is a share's
    if url.host().lower() not in _THIS_COMPUTER:
        return None
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    path = os.fsdecode(unquote_to_bytes(encoded))
    return Path(path) if path and "\0" not in path else None


def url_of(path: Path) -> QUrl:
    """Return the address of a file or folder of this computer."""
    if os.name == "nt":
        return QUrl.fromLocalFile(str(path))
    return QUrl.fromEncoded(b"file://" + quote_from_bytes(os.fsencode(path)).encode("ascii"))
