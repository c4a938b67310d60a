"""The bar that finds a text in a transcript, and replaces it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.widgets import SearchField

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class FindBar(QWidget):
    """A search field with the number of matches, and a second line with what replaces them.

    Attributes:
        field: the search field.
        replacement: what replaces a match, on the second line, which is hidden until it is asked for.
        replace, replace_all: the buttons of that line.

    Signals:
        query_changed: the query.
        next_asked: show the next match.
        previous_asked: show the previous match.
        replace_asked: replace the current match.
        replace_all_asked: replace all matches.
        closed: close the bar.
    """

    query_changed = Signal(str)
    next_asked = Signal()
    previous_asked = Signal()
    replace_asked = Signal()
    replace_all_asked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = SearchField(self.tr("Find in the text"), self)
        self.replacement = SearchField(self.tr("Replace with"), self)
        self.field.textChanged.connect(self.query_changed)
        self._count, self._outcome = QLabel(self), QLabel(self)
        for label in (self._count, self._outcome):
            label.setObjectName("quiet")
            label.setFont(theme.tabular(self.font()))
        self._buttons: list[tuple[QToolButton, str]] = []
        self.replace = self._push(self.tr("Replace"), "Enter", self.replace_asked)
        self.replace_all = self._push(self.tr("Replace all"), "Ctrl+Enter", self.replace_all_asked)
        steps = QHBoxLayout()
        steps.setSpacing(4)
        steps.addWidget(self._count)
        steps.addStretch()
        steps.addWidget(self._button("previous", self.tr("Previous"), "Shift+F3", self.previous_asked))
        steps.addWidget(self._button("next", self.tr("Next"), "F3", self.next_asked))
        steps.addWidget(self._button("close", self.tr("Close"), "Esc", self.closed))
        changes = QHBoxLayout()
        changes.setSpacing(8)
        for widget in (self.replace, self.replace_all, self._outcome):
            changes.addWidget(widget)
        changes.addStretch()
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 4, 12, 4)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (field, others) in enumerate(((self.field, steps), (self.replacement, changes))):
            field.setMinimumWidth(120)
            field.setMaximumWidth(320)
            grid.addWidget(field, row, 0)
            grid.addLayout(others, row, 1)
        grid.setColumnMinimumWidth(0, 200)
        self.setTabOrder(self.field, self.replacement)
        self.setTabOrder(self.replacement, self.replace)
        self.setTabOrder(self.replace, self.replace_all)
        self._show_replacing(False)
        self._apply_theme()

    @property
    def count_text(self) -> str:
        """The number of matches as shown."""
        return self._count.text()

    @property
    def outcome_text(self) -> str:
        """How many matches were replaced, as shown."""
        return self._outcome.text()

    @property
    def replacing(self) -> bool:
        """Whether the second line is shown."""
        return not self.replacement.isHidden()

    def open(self) -> None:
        """Show the bar and focus its field."""
        self.show()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()

    def open_to_replace(self) -> None:
        """Show the bar with its second line, and focus the first field that lacks a text."""
        self.show_outcome("")
        self._show_replacing(True)
        self.open()
        if self.field.text():
            self.replacement.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.replacement.selectAll()

    def close_bar(self) -> None:
        """Hide the bar; it opens without its second line."""
        self.hide()
        self._show_replacing(False)

    def show_count(self, number: int, count: int) -> None:
        """Show which match is the current one; `number` from 1."""
        if not self.field.text():
            text = ""
        elif not count:
            text = self.tr("Not found")
        else:
            text = self.tr("{number} of {count}").format(number=number, count=count)
        self._count.setText(text)
        self.field.setAccessibleDescription(text)
        for button, icon in self._buttons:
            button.setEnabled(bool(count) or icon == "close")
        for push in (self.replace, self.replace_all):
            push.setEnabled(bool(count))

    def show_outcome(self, text: str) -> None:
        """Show how many matches were replaced."""
        self._outcome.setText(text)
        self.replacement.setAccessibleDescription(text)

    def _show_replacing(self, shown: bool) -> None:
        for widget in (self.replacement, self.replace, self.replace_all, self._outcome):
            widget.setVisible(shown)

    def _push(self, text: str, key: str, asked: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAccessibleName(text)
        button.setToolTip(f"{text} ({key})")
        button.setAutoDefault(False)
        button.clicked.connect(asked)
        return button

    def _button(self, icon: str, name: str, key: str, on_clicked: object) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("small")
        button.setIconSize(QSize(18, 18))
        button.setAccessibleName(name)
        button.setToolTip(f"{name} ({key})")
        button.clicked.connect(on_clicked)
        self._buttons.append((button, icon))
        return button

    def _apply_theme(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(theme.icon(icon, self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_buttons"):
            self._apply_theme()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Next match with Enter, previous with Shift+Enter; replace on the second line; Escape closes."""
        back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        every = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if event.key() in _ENTER and self.replacing and every:
            self.replace_all_asked.emit()
        elif event.key() in _ENTER and self.replacement.hasFocus():
            self.replace_asked.emit()
        elif event.key() in _ENTER:
            (self.previous_asked if back else self.next_asked).emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
