"""Lines in which a person writes the case or the date of a recording."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPalette
from PySide6.QtWidgets import QLineEdit, QWidget

from fi_desktop.core.case_labels import LONGEST_CASE, plain_case
from fi_desktop.gui import theme
from fi_desktop.gui.local_dates import read_date, shown_date

_SAMPLE = "2026-11-27T10:30:00"  # a day that is no month


class LabelLine(QLineEdit):
    """A line with a value that can be wrong.

    In place, it is read when a person leaves it or presses Enter, and Escape restores what was there. In a
    dialog, which has buttons for that, it is not.

    Signals:
        committed: the person changed the value in place, and it can be read.
    """

    committed = Signal()

    def __init__(self, parent: QWidget | None = None, *, in_place: bool = False) -> None:
        super().__init__(parent)
        self._shown, self._in_place = "", in_place
        self.textChanged.connect(self._on_changed)
        if in_place:
            self.returnPressed.connect(self.commit)

    @property
    def value(self) -> str | None:
        """What is written, as it is stored; None if it makes no sense."""
        raise NotImplementedError

    @property
    def changed(self) -> bool:
        """Whether the person changed it since it was shown."""
        return self.text() != self._shown

    def show_value(self, value: str) -> None:
        """Show a stored value, unless the person is changing it."""
        if self.hasFocus() and self.changed:
            return
        self._shown = self._text_of(value)
        if self.text() != self._shown:
            self.setText(self._shown)
            self.setCursorPosition(0)

    @Slot()
    def commit(self) -> None:
        """Report what the person wrote, if it can be read."""
        if self.changed and self.value is not None:
            self._shown = self.text()
            self.committed.emit()

    def _text_of(self, value: str) -> str:
        return value

    @Slot()
    def _on_changed(self) -> None:
        bad = self.value is None
        palette = QPalette()
        if bad:
            palette.setColor(QPalette.ColorRole.Text, theme.tone("bad", self.palette()))
        self.setPalette(palette)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape restores the value."""
        if event.key() == Qt.Key.Key_Escape and self.changed and self._in_place:
            self.setText(self._shown)
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Read what was written; what makes no sense is replaced by the value before."""
        super().focusOutEvent(event)
        if not self._in_place or event.reason() is Qt.FocusReason.PopupFocusReason:
            return  # the context menu gives the focus back
        if self.value is None:
            self.setText(self._shown)
        self.commit()


class CaseLine(LabelLine):
    """The case."""

    def __init__(self, parent: QWidget | None = None, *, in_place: bool = False) -> None:
        super().__init__(parent, in_place=in_place)
        self.setMaxLength(LONGEST_CASE)
        self.setPlaceholderText(self.tr("name of the patient or visit"))
        self.setAccessibleName(self.tr("Case"))

    @property
    def value(self) -> str | None:
        """The case; "" for none."""
        return plain_case(self.text())


class DateLine(LabelLine):
    """The date of a recording, with or without a time, as people write it here."""

    def __init__(self, parent: QWidget | None = None, *, in_place: bool = False) -> None:
        super().__init__(parent, in_place=in_place)
        self.setPlaceholderText(shown_date(_SAMPLE))
        self.setAccessibleName(self.tr("Date"))

    @property
    def value(self) -> str | None:
        """The date, see `CaseLabel`; "" for none, None if it is not one."""
        try:
            return read_date(self.text())
        except ValueError:
            return None

    def _text_of(self, value: str) -> str:
        return shown_date(value)
