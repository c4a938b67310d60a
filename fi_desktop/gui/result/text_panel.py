"""The text of a transcript, with a find bar above it and a legend below."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QSignalBlocker, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QFont,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextLayout,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.result.find_bar import FindBar
from fi_desktop.gui.result.segments import SegmentsModel, below, italic, paint_dots
from fi_desktop.gui.result.segments_table import SegmentsTable
from fi_desktop.viewmodel.result import Match

_PAD_X, _PAD_Y = 16, 7  # of the legend, pixels
_BETWEEN = "   "  # its sentences


class TextPanel(QWidget):
    """Shows the text of a transcript.

    Attributes:
        table: the segments.
        bar: the find bar; hidden until it is opened.
        find_actions: find, find next, find previous and replace, for the window's shortcuts.
        legend: explains the marks.

    Signals:
        replace_asked: replace a `Match` by a text.
        replace_all_asked: replace all matches, by a text.
    """

    replace_asked = Signal(object, str)
    replace_all_asked = Signal(list, str)

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = SegmentsModel(transcript, self)
        self._matches: list[Match] = []
        self._current = 0
        self.table = SegmentsTable(self._model, self)
        self.bar = FindBar(self)
        self.bar.hide()
        self._find_button = QToolButton(self)
        self.find_actions = [
            self._find_action(self.tr("&Find…"), QKeySequence.StandardKey.Find, self._on_find_asked),
            self._find_action(self.tr("Find &next"), QKeySequence.StandardKey.FindNext, self._on_next_asked),
            self._find_action(
                self.tr("Find &previous"), QKeySequence.StandardKey.FindPrevious, self._on_previous_asked
            ),
            self._find_action(self.tr("&Replace…"), QKeySequence("Ctrl+H"), self._on_replace_opened),
        ]
        self.table.addAction(self.find_actions[0])
        self.setFocusProxy(self.table)
        self._lay_out()
        self._apply_theme()
        self.bar.query_changed.connect(self._on_query_changed)
        self.bar.next_asked.connect(self._on_next_asked)
        self.bar.previous_asked.connect(self._on_previous_asked)
        self.bar.closed.connect(self.close_find_bar)
        self.bar.replace_asked.connect(self._on_replace_asked)
        self.bar.replace_all_asked.connect(self._on_replace_all_asked)

    @property
    def query(self) -> str | None:
        """Text in the find bar; None if it is closed."""
        return None if self.bar.isHidden() else self.bar.field.text()

    def search(self, text: str) -> None:
        """Open the find bar with a query."""
        self.bar.open()
        self.bar.field.setText(text)

    def text_of(self, row: int) -> str:
        """Return a segment's text as it is shown."""
        return self._model.texts[row].text

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected; the current row stays."""
        row = self.table.currentIndex().row()
        with QSignalBlocker(self.table.selectionModel()):  # rows of the old numbers mean nothing any more
            self._model.show_transcript(transcript)
        if not self.bar.isHidden():
            self._matches = self._model.find(self.bar.field.text())
            self._current = min(self._current, max(0, len(self._matches) - 1))
            self.table.show_matches(self._matches, None)
            self.bar.show_count(self._current + 1, len(self._matches))
        if row >= 0 and not self.table.currentIndex().isValid():
            self.table.choose(min(row, self._model.rowCount() - 1))

    def show_replaced(self, count: int, behind: Match | None = None) -> None:
        """Tell how many matches were replaced, and go to the first one behind a place, if it is given."""
        self.bar.show_outcome(self.tr("%Ln replaced", "", count))
        if behind is not None:
            here = (behind.row, behind.start + behind.length)
            later = (n for n, match in enumerate(self._matches) if (match.row, match.start) >= here)
            self._go_to(next(later, 0))

    @Slot()
    def close_find_bar(self) -> None:
        """Close the find bar."""
        self.bar.close_bar()
        self._matches = []
        self.table.show_matches((), None)
        self.table.setFocus()

    def _lay_out(self) -> None:
        title = QLabel(self.tr("What was said"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        shown = QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText)
        self._find_button.setObjectName("small")
        self._find_button.setIconSize(QSize(18, 18))
        self._find_button.setAccessibleName(self.tr("Find in the text"))
        self._find_button.setToolTip(f"{self.tr('Find in the text')} ({shown})")
        self._find_button.clicked.connect(self._on_find_asked)
        head = QHBoxLayout()
        head.setContentsMargins(16, 6, 12, 2)
        head.addWidget(title, 1)
        head.addWidget(self._find_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.table, 1)
        doubtful, overlap = bool(self._model.doubtful), bool(self._model.overlapping)
        self.legend = Legend(self, doubtful=doubtful, overlap=overlap)
        self.legend.setVisible(self.legend.needed)
        column.addWidget(self.legend)

    def _find_action(
        self, text: str, key: QKeySequence | QKeySequence.StandardKey, on_triggered: object
    ) -> QAction:
        action = QAction(text, self)
        if isinstance(key, QKeySequence):
            action.setShortcut(key)
        else:
            action.setShortcuts(key)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(on_triggered)
        return action

    def _go_to(self, number: int) -> None:
        """Show a match; the first one follows the last."""
        if self._matches:
            self._current = number % len(self._matches)
            self.table.show_matches(self._matches, self._matches[self._current])
        else:
            self.table.show_matches((), None)
        self.bar.show_count(self._current + 1, len(self._matches))

    @Slot(str)
    def _on_query_changed(self, query: str) -> None:
        # from the current match or row, so that typing on does not skip matches
        here = self._matches[self._current] if self._matches else None
        row, start = (here.row, here.start) if here else (max(0, self.table.currentIndex().row()), 0)
        self._matches = self._model.find(query)
        following = (n for n, match in enumerate(self._matches) if (match.row, match.start) >= (row, start))
        self._current = 0
        self._go_to(next(following, 0))

    @Slot()
    def _on_find_asked(self) -> None:
        self.bar.open()
        self._on_query_changed(self.bar.field.text())

    @Slot()
    def _on_replace_opened(self) -> None:
        self.bar.open_to_replace()
        self._on_query_changed(self.bar.field.text())

    @Slot()
    def _on_replace_asked(self) -> None:
        if self._matches:
            self.replace_asked.emit(self._matches[self._current], self.bar.replacement.text())

    @Slot()
    def _on_replace_all_asked(self) -> None:
        if self._matches:
            self.replace_all_asked.emit(self._matches, self.bar.replacement.text())

    @Slot()
    def _on_next_asked(self) -> None:
        self._step(+1)

    @Slot()
    def _on_previous_asked(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.bar.isHidden():
            self._on_find_asked()
        else:
            self._go_to(self._current + by)

    def _apply_theme(self) -> None:
        self._find_button.setIcon(theme.icon("find", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_find_button"):
            self._apply_theme()


class Legend(QWidget):
    """Explains the marks that occur in the text, with examples of them.

    Attributes:
        needed: whether there are any.
    """

    def __init__(self, parent: QWidget | None = None, *, doubtful: bool, overlap: bool) -> None:
        super().__init__(parent)
        # the words in brackets carry the mark; a translation may move them
        sentences = []
        if doubtful:
            sentences.append((self.tr("[Underlined words] were hard to hear: listen again."), True))
        if overlap:
            sentences.append((self.tr("[Words in italics] were said while someone else spoke."), False))
        self._text = ""
        self._samples: list[tuple[int, int, bool]] = []  # (start, length, dotted)
        for sentence, dotted in sentences:
            self._text += _BETWEEN if self._text else ""
            before, _, rest = sentence.partition("[")
            sample, _, after = rest.partition("]")
            self._samples.append((len(self._text) + len(before), len(sample), dotted))
            self._text += before + sample + after
        self.needed = bool(sentences)
        self._layout = QTextLayout()
        self._height = 0
        self.setAccessibleName(self.tr("Legend"))
        self.setAccessibleDescription(self._text)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._lay_out()

    def _lay_out(self) -> None:
        self._layout = QTextLayout(self._text, theme.scaled(self.font(), 0.92))
        self._layout.setFormats(
            [italic(start, length) for start, length, dotted in self._samples if not dotted]
        )
        self._layout.beginLayout()
        y = 0.0
        while (line := self._layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width() - 2 * _PAD_X))
            line.setPosition(QPointF(0, y))
            y += line.height()
        self._layout.endLayout()
        dotted_samples = [(start, length) for start, length, dotted in self._samples if dotted]
        self._dots = [line for sample in dotted_samples for line in below(self._layout, *sample)]
        height = round(y) + 2 * _PAD_Y
        if height != self._height:
            self._height = height
            self.setFixedHeight(height)

    def sizeHint(self) -> QSize:
        """Return room for the lines."""
        return QSize(200, self._height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the lines at the new width."""
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        """Follow font and palette."""
        super().changeEvent(event)
        relevant = event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange)
        if relevant and hasattr(self, "_samples"):
            self._lay_out()
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the text, and a hairline above it."""
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), 1, theme.hairline(self.palette()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.quiet(self.palette()))
        self._layout.draw(painter, QPointF(_PAD_X, _PAD_Y))
        dots = [line.translated(_PAD_X, _PAD_Y) for line in self._dots]
        paint_dots(painter, dots, theme.tone("warn", self.palette()))
