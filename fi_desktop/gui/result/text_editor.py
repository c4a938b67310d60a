"""Edits the text of one segment, where it stands."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QTextBlockFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QTextEdit, QWidget

from fi_desktop.viewmodel.result import NOTHING

_MARGIN = 4  # Qt's document margin, pixels


class TextEditor(QTextEdit):
    """A field over a segment's text; it grows with what is typed.

    Attributes:
        row: the segment that is edited; -1 while it is closed.

    Signals:
        finished: the segment, its text, and whether to go on to the next doubt.
        closed: nothing is edited any more.
    """

    finished = Signal(int, str, bool)
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.row = -1
        self.setObjectName("inPlace")
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.document().setDocumentMargin(_MARGIN)
        self.setAccessibleName(self.tr("Text of the segment"))
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setTabChangesFocus(False)
        self.textChanged.connect(self._grow)
        self.hide()

    def open(
        self,
        row: int,
        text: str,
        offset: int,
        area: QRect,
        font: QFont,
        line_height: int,
        *,
        selected: int = 0,
    ) -> None:
        """Edit a segment's text, with the caret at a character or, if -1, at its end.

        selected: how many characters from the caret on to select.
        area, font, line_height: where and how the text is painted, pixels.
        """
        self.row = row
        slack = (line_height - QFontMetrics(font).height()) // 2  # fixed lines have all of it above the text
        self._area = area.translated(0, -slack)
        self.setFont(font)
        self.setPlainText("" if text == NOTHING else text)
        lines = QTextBlockFormat()
        lines.setLineHeight(line_height, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        cursor = self.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.mergeBlockFormat(lines)
        self.document().clearUndoRedoStacks()
        if offset < 0:
            cursor.movePosition(QTextCursor.MoveOperation.End)
        else:
            last = len(self.toPlainText())
            cursor.setPosition(min(offset, last))
            cursor.setPosition(min(offset + selected, last), QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)
        self._grow()
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def commit(self, *, go_on: bool = False) -> None:
        """Close, and tell the text."""
        if self.row >= 0:
            row, self.row = self.row, -1
            self.hide()
            self.finished.emit(row, " ".join(self.toPlainText().split()), go_on)
            self.closed.emit()

    def cancel(self) -> None:
        """Close, and leave the text as it was."""
        if self.row >= 0:
            self.row = -1
            self.hide()
            self.closed.emit()

    @Slot()
    def _grow(self) -> None:
        if self.row < 0:
            return
        # the text stays where it was painted
        area = self._area.adjusted(-_MARGIN - 1, -_MARGIN - 1, _MARGIN + 2, 0)
        self.document().setTextWidth(area.width() - 2)
        area.setHeight(max(self._area.height() + 2 * _MARGIN, round(self.document().size().height())) + 2)
        self.setGeometry(area)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Tab end the edit, Escape drops it."""
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.commit()
            case Qt.Key.Key_Tab:
                self.commit(go_on=True)
            case Qt.Key.Key_Escape:
                self.cancel()
            case _:
                super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Keep what was typed when the person goes elsewhere."""
        super().focusOutEvent(event)
        if event.reason() not in (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason):
            self.commit()

    def event(self, event: QEvent) -> bool:
        """Take keys that are shortcuts of the window as well, such as undo."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
            if plain and not Qt.Key.Key_F1 <= event.key() <= Qt.Key.Key_F35:
                event.accept()
                return True
        return super().event(event)
