"""A sentence across the window's top: what went wrong, and never in the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from fi_desktop.core.names import harmless
from fi_desktop.gui import icons, theme


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person can do about a message.

    Attributes:
        label: the button's word.
        take: called when it is pressed.
    """

    label: str
    take: Callable[[], None]


class MessageBar(QWidget):
    """Shows one sentence until it is dismissed, or another one takes its place.

    Attributes:
        offer: the button that does something about it; hidden where there is nothing to do.

    Signals:
        dismissed: the person put the sentence away.
    """

    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None, *, closable: bool = True) -> None:
        """Show nothing yet. `closable`: whether a person can put the sentence away."""
        super().__init__(parent)
        self._tone = "info"
        self._icon = QLabel(self)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # a sentence may hold what a file says
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._close = QToolButton(self)
        self._close.setAutoRaise(True)
        self._close.setAccessibleName(self.tr("Dismiss this message"))
        self._close.setToolTip(self.tr("Dismiss (Esc)"))
        self._close.clicked.connect(self._on_closed)
        self._close.setVisible(closable)
        self.offer = QPushButton(self)
        self.offer.setObjectName("plain")
        self.offer.setAccessibleName(self.tr("Answer to this message"))
        self.offer.clicked.connect(self._on_offer_taken)
        self._taken: Callable[[], None] | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 7, 8, 7)
        row.setSpacing(10)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)
        row.addWidget(self.offer)
        row.addWidget(self._close)
        self.setAccessibleName(self.tr("Message"))
        self.hide()

    @property
    def text(self) -> str:
        """What it says."""
        return self._text.text()

    def say(self, sentence: str, tone: str = "info", offer: Offer | None = None) -> None:
        """Show a sentence, with something to do about it; `tone` is "info", "warn" or "bad"."""
        self._tone = tone
        self._taken = offer.take if offer is not None else None
        if offer is not None:
            self.offer.setText(offer.label)
            self.offer.setAccessibleName(offer.label)
        self.offer.setVisible(offer is not None)
        shown = harmless(sentence)  # names and reasons of the system stand in it
        self._text.setText(shown)
        self.setAccessibleDescription(shown)
        self._dress()
        self.show()
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    @Slot()
    def dismiss(self) -> None:
        """Take the sentence away."""
        self.hide()

    @Slot()
    def _on_closed(self) -> None:
        self.dismiss()
        self.dismissed.emit()

    @Slot()
    def _on_offer_taken(self) -> None:
        taken = self._taken
        self.dismiss()
        if taken is not None:
            taken()

    def _dress(self) -> None:
        colour = theme.tone(self._tone, self.palette())
        name = {"info": "info", "warn": "warning", "bad": "error"}[self._tone]
        self._icon.setPixmap(icons.pixmap(name, 20, colour, self.devicePixelRatioF()))
        self._close.setIcon(icons.icon("close", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self.isVisible():
            self._dress()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint a tinted ground with a line below."""
        painter = QPainter(self)
        colour: QColor = theme.tone(self._tone, self.palette())
        base = self.palette().color(QPalette.ColorRole.Base)
        painter.fillRect(self.rect(), theme.mix(base, colour, 0.12))
        painter.fillRect(self.rect().adjusted(0, self.height() - 1, 0, 0), theme.mix(base, colour, 0.35))
