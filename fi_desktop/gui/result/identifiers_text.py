"""The text of a result with what identifies people marked, or the text of the copy."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtGui import QFont, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from fi_desktop.core.text import one_line
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.deidentified.identifiers import IdentifierKind, Place
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.gui import theme
from fi_desktop.gui.result.identifiers_tree import kind_colour

_TINT = 0.72  # how much of the background a mark's colour lets through


class IdentifiersText(QPlainTextEdit):
    """A line for each segment; identifiers are marked in the colour of their kind.

    Signals:
        text_selected: the text that a person selected; "" for none.
    """

    text_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setAccessibleName(self.tr("Text"))
        self._heads: list[int] = []  # characters before each segment's text in its line
        self._marks: tuple[tuple[Place, IdentifierKind, bool], ...] = ()
        self.selectionChanged.connect(self._on_selection_changed)

    def show_transcript(self, transcript: Transcript, options: ExportOptions) -> None:
        """Show a transcript without marks. options: how speakers are called."""
        lines, self._heads = [], []
        for segment in transcript.segments:
            head = f"{one_line(options.speaker(segment.speaker))}: "
            text = one_line(segment.text) or (options.missing(segment) if segment.missing else "–")
            self._heads.append(len(head))
            lines.append(head + text)
        scrolled = self.verticalScrollBar().value()
        self._marks = ()
        self.setExtraSelections([])
        self.setPlainText("\n".join(lines))
        self.verticalScrollBar().setValue(scrolled)

    def show_marks(self, marks: tuple[tuple[Place, IdentifierKind, bool], ...]) -> None:
        """Mark places; the last value of each says whether it stays in the copy."""
        self._marks = marks
        selections = []
        base = self.palette().base().color()
        for place, kind, kept in marks:
            selection = QTextEdit.ExtraSelection()
            selection.cursor = self._cursor(place)
            colour = kind_colour(kind, self.palette())
            style = QTextCharFormat()
            if kept:
                style.setUnderlineColor(colour)
                style.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            else:
                style.setBackground(theme.mix(colour, base, _TINT))
                style.setFontWeight(QFont.Weight.DemiBold)
            selection.format = style
            selections.append(selection)
        self.setExtraSelections(selections)

    def show_place(self, place: Place) -> None:
        """Scroll to a place and select it."""
        self.setTextCursor(self._cursor(place))
        self.centerCursor()

    def _cursor(self, place: Place) -> QTextCursor:
        line = self.document().findBlockByNumber(place.segment)
        head = self._heads[place.segment]
        cursor = QTextCursor(line)
        cursor.setPosition(line.position() + _units(line.text(), head + place.start))
        end = line.position() + _units(line.text(), head + place.end)
        cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        return cursor

    @Slot()
    def _on_selection_changed(self) -> None:
        self.text_selected.emit(self.textCursor().selectedText().strip())

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_marks"):
            self.show_marks(self._marks)


def _units(text: str, characters: int) -> int:
    """Return how Qt counts characters: in units of UTF-16."""
    return len(text[:characters].encode("utf-16-le", "surrogatepass")) // 2
