"""Jobs that are done again: those that have a result are asked about, and there is a way back.

A job keeps its result until there is another, so the way back is to cancel the retry.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from fi_desktop.gui.message_bar import MessageBar, Offer
from fi_desktop.gui.plain import message_box
from fi_desktop.viewmodel.rows import Row

Command = Callable[[list[int]], None]


class Redo(QObject):
    """Does jobs again.

    Attributes:
        box: the question that is open; None: none is.
    """

    def __init__(self, window: QWidget, message: MessageBar, retry: Command, cancel: Command) -> None:
        """Prepare.

        Args:
            window: over which the question is asked.
            message: where the way back is offered.
            retry: does jobs (ids) again.
            cancel: cancels them.
        """
        super().__init__(window)
        self._window = window
        self._message = message
        self._retry = retry
        self._cancel = cancel
        self.box: QMessageBox | None = None

    def ask(self, rows: Sequence[Row]) -> None:
        """Do these jobs again; ask first if more than one of them has a result."""
        done = [row.id for row in rows if row.exportable]
        others = [row.id for row in rows if not row.exportable]
        if len(done) < 2:
            self._do(done, others)
        elif self.box is None:
            self._ask(done, others)

    def _ask(self, done: list[int], others: list[int]) -> None:
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Retry"),
            self.tr("Process %Ln finished recording(s) again?", "", len(done)),
            self.tr("Each keeps its result until the new one is ready. It may take a long time."),
        )
        again = box.addButton(self.tr("Process again"), QMessageBox.ButtonRole.AcceptRole)
        again.clicked.connect(lambda: self._do(done, others))
        if others:
            only = self.tr("Only the %Ln without a result", "", len(others))
            rest = box.addButton(only, QMessageBox.ButtonRole.AcceptRole)
            rest.clicked.connect(lambda: self._do([], others))
        keep = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(keep)
        box.setDefaultButton(keep)
        box.finished.connect(self._on_finished)
        self.box = box
        box.open()

    def _do(self, done: list[int], others: list[int]) -> None:
        self._retry([*done, *others])
        if done:
            sentence = self.tr("%Ln finished recording(s) will be processed again", "", len(done))
            self._message.say(sentence, "info", Offer(self.tr("Undo"), lambda: self._cancel(done)))

    @Slot()
    def _on_finished(self) -> None:
        if self.box is not None:
            self.box.deleteLater()
        self.box = None
