"""What a person is asked before the program ends while jobs are under way."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from fi_desktop.gui.plain import message_box


class CloseQuestion(QObject):
    """Asks whether to go on in the background or to stop; one question at a time.

    Signals:
        keep_chosen: go on in the background.
        stop_chosen: give running jobs back to the queue, and end.
    """

    keep_chosen = Signal()
    stop_chosen = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.box: QMessageBox | None = None

    def ask(self, running: int, waiting: int, *, tray: bool) -> None:
        """Ask. `tray`: the program can go on in the tray, else as a minimised window."""
        if self.box is not None:
            self.box.raise_()
            self.box.activateWindow()
            return
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Close fi-desktop"),
            self.tr("Work is under way: {running} running, {waiting} waiting.").format(
                running=running, waiting=waiting
            ),
            self.tr(
                "Nothing is lost if you stop: the recordings go back to the queue, and are done when you "
                "open fi-desktop again."
            ),
        )
        keep_text = self.tr("Keep running in the background") if tray else self.tr("Keep running, minimised")
        keep = box.addButton(keep_text, QMessageBox.ButtonRole.AcceptRole)
        stop = box.addButton(self.tr("Stop safely"), QMessageBox.ButtonRole.DestructiveRole)
        box.setEscapeButton(box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
        box.setDefaultButton(keep)
        keep.clicked.connect(self.keep_chosen)
        stop.clicked.connect(self.stop_chosen)
        box.finished.connect(self._on_finished)
        self.box = box
        box.open()

    @Slot()
    def _on_finished(self) -> None:
        if self.box is not None:
            self.box.deleteLater()
            self.box = None
