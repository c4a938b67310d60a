"""A slim bar to find something in a text: a field, how often it is there, the next one and the one before."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.widgets import SearchField


class FindBar(QWidget):
    """Asks what to find; who owns the text finds it.

    Attributes:
        field: where it is typed.

    Signals:
        sought: what is to be found now; "" for nothing.
        next_asked, previous_asked: go on, go back.
        closed: the person is done.
    """

    sought = Signal(str)
    next_asked = Signal()
    previous_asked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = SearchField(self.tr("Find in the text"), self)
        self.field.setMinimumWidth(120)
        self.field.setMaximumWidth(320)
        self.field.textChanged.connect(self.sought)
        self._count = QLabel(self)
        self._count.setObjectName("quiet")
        self._count.setFont(theme.tabular(self.font()))
        self._buttons: list[tuple[QToolButton, str]] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 12, 4)
        row.setSpacing(4)
        row.addWidget(self.field, 1)
        row.addSpacing(6)
        row.addWidget(self._count)
        row.addStretch()
        row.addWidget(self._button("previous", self.tr("Previous"), "Shift+F3", self.previous_asked))
        row.addWidget(self._button("next", self.tr("Next"), "F3", self.next_asked))
        row.addWidget(self._button("close", self.tr("Close"), "Esc", self.closed))
        self._dress()

    @property
    def told(self) -> str:
        """What it says of how often the text is there."""
        return self._count.text()

    def open(self) -> None:
        """Show it, ready to be typed into."""
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def tell(self, number: int, count: int) -> None:
        """Say which of how many is shown; `number` from 1."""
        if not self.field.text():
            said = ""
        elif not count:
            said = self.tr("Not found")
        else:
            said = self.tr("{number} of {count}").format(number=number, count=count)
        self._count.setText(said)
        self.field.setAccessibleDescription(said)
        for button, icon in self._buttons:
            button.setEnabled(bool(count) or icon == "close")

    def _button(self, icon: str, name: str, key: str, pressed: object) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("small")
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({key})")
        button.clicked.connect(pressed)
        self._buttons.append((button, icon))
        return button

    def _dress(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(theme.icon(icon, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_buttons"):
            self._dress()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go on with Enter, back with Shift+Enter, and be done with Escape."""
        back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            (self.previous_asked if back else self.next_asked).emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
