"""What is dragged out of the window lies in a private folder until the program ends.

The program that it is dropped on may read it much later than the drop: a mail is sent in a minute.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QMimeData

from fi_desktop.exporters import not_written
from fi_desktop.gui.addresses import url_of

_OURS = "application/x-fi-desktop-export"


class Outbox:
    """The folder, below the data folder, for its owner alone."""

    def __init__(self, home: Path) -> None:
        self._root = home / "outgoing"

    def folder(self) -> Path:
        """Make a new folder, so that no drag takes the names of an earlier one.

        Raises:
            UserError: export.not_written.
        """
        try:
            self._root.mkdir(mode=0o700, exist_ok=True)
            return Path(tempfile.mkdtemp(dir=self._root))
        except OSError:
            raise not_written() from None

    def empty(self) -> None:
        """Delete all that was dragged out, of a program that was killed too."""
        shutil.rmtree(self._root, ignore_errors=True)


def data_of(files: Iterable[Path]) -> QMimeData:
    """Return files to be dragged, marked as ours."""
    data = QMimeData()
    data.setUrls([url_of(file) for file in files])
    data.setData(_OURS, b"1")
    return data


def is_ours(data: QMimeData) -> bool:
    """Whether this was dragged out of our own window: no recording, whatever it is called."""
    return data.hasFormat(_OURS)
