"""Asks twice before the queue is emptied: nothing brings back what a purge forgot."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from fi_desktop.gui.widgets import message_box


class PurgeQuestion(QObject):
    """Asks, and asks again; one question at a time, and the way back is what Enter takes.

    Attributes:
        box: the question that is open; None: none is.

    Signals:
        confirmed: the person said yes both times.
    """

    confirmed = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.box: QMessageBox | None = None

    def ask(self, number: int) -> None:
        """Ask whether so many jobs are to be forgotten."""
        if self.box is not None:
            return
        waiting = self.tr(
            "%Ln recording(s) that wait for a worker or the next attempt are taken off the list.", "", number
        )
        more = self.tr("What is running goes on, and the files of the recordings stay where they are.")
        yes = self.tr("Empty the queue…")
        self._show(self.tr("Empty the queue?"), f"{waiting} {more}", yes, lambda: self._ask_again(number))

    def _ask_again(self, number: int) -> None:
        text = self.tr("Really forget %Ln recording(s) that wait?", "", number)
        more = self.tr("This cannot be undone: what is still wanted would have to be added again.")
        self._show(text, more, self.tr("Forget them"), self.confirmed.emit)

    def _show(self, text: str, more: str, yes: str, then: Callable[[], None]) -> None:
        box = message_box(self._window, QMessageBox.Icon.Warning, self.tr("Empty the queue"), text, more)
        accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(self.tr("Keep"), QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(keep)
        box.setDefaultButton(keep)
        box.finished.connect(self._on_finished)
        accept.clicked.connect(lambda: then())
        self.box = box
        box.open()

    @Slot()
    def _on_finished(self) -> None:
        box = self.sender()
        if isinstance(box, QMessageBox):
            box.deleteLater()
            if box is self.box:  # else the second question has taken its place
                self.box = None
