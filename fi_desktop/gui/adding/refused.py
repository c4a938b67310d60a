"""Recordings that the queue did not take: told until a person dismisses it, with a way to try again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.names import one_line
from fi_desktop.gui import errors
from fi_desktop.gui.message_bar import MessageBar, Offer
from fi_desktop.watch.profiles import Choice

Paths = tuple[Path, ...]
Refusal = tuple[Paths, Choice, ErrorInfo]
HandIn = Callable[[Paths, Choice], None]


class RefusedRecordings(QObject):
    """Keeps what was refused, with the options that it was handed in with.

    Attributes:
        bar: tells of it; no other message takes its place.
        held: what was handed in together, how it is to be done, and why it was refused; in order.
    """

    def __init__(self, parent: QWidget | None, hand_in: HandIn) -> None:
        """Prepare; `hand_in`: hands recordings and folders in again."""
        super().__init__(parent)
        self.bar = MessageBar(parent)
        self.bar.setAccessibleName(self.tr("Recordings that were not added"))
        self.bar.dismissed.connect(self._on_dismissed)
        self.held: list[Refusal] = []
        self._hand_in = hand_in

    def hold(self, *refusals: Refusal) -> None:
        """Tell that these were refused, along with what is held already."""
        self.held += refusals
        if not self.held:
            return
        paths, _, error = self.held[-1]
        number = sum(len(paths) for paths, _, _ in self.held)
        if number == 1:
            told = self.tr("“{name}” was not added.").format(name=one_line(paths[0].name))
        else:
            told = self.tr("%Ln recording(s) or folder(s) not added.", "", number)
        self.bar.say(f"{told} {errors.sentence(error)}", "bad", Offer(self.tr("Retry"), self.retry))

    def retry(self) -> None:
        """Hand in again what is held."""
        held, self.held = self.held, []
        self.bar.dismiss()
        for paths, choice, _ in held:
            self._hand_in(paths, choice)

    def _on_dismissed(self) -> None:
        self.held.clear()
