"""The figures of a conversation, next to the result: who speaks how long, and who interrupts."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, Qt, QTimer, Slot
from PySide6.QtGui import QAction, QColor, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.figures import SHARE_COLUMN, FigureRow, WrittenFigures, figures_of
from fi_desktop.gui import theme
from fi_desktop.gui.labels import export_labels
from fi_desktop.gui.monitor.monitor_widgets import (
    Cell,
    CellsModel,
    ColumnHeading,
    FiguresDelegate,
    FiguresTable,
)
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.widgets import PAD, draw_text, paint_background, paint_focus
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.viewmodel.result import speaker_number

_KEY = "F7"
_DELAY_MS = 120  # after a correction: typing must not wait for figures
_SWATCH = 10  # pixels
_BAR = 12
_NAME_WIDTH = 220  # at most
_SHARE = "100\u00a0%"
_MARGIN, _LEAST_WIDTH = 18, 760
_MOST_ROWS = 9  # more of them scroll


@dataclass(frozen=True, slots=True)
class SpeakerCell(Cell):
    """A cell in a speaker's colour: a name, or a bar if it has a share.

    Attributes:
        colour: number of the colour; None for several speakers.
        share: length of the bar, 0 to 1; None for a name.
    """

    colour: int | None = None
    share: float | None = None


class FiguresDialog(QDialog):
    """Shows the figures of a result, and follows its corrections.

    Attributes:
        table: a row for each speaker, and for roles of several speakers.
        facts: figures of the whole conversation, by name.
        notes: what the figures count.
    """

    def __init__(self, session: ReviewSession, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._fitted = 0  # rows
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        figures = _figures(session.transcript)
        title = figures.title if figures is not None else ""
        headings = figures.headings if figures is not None else ()
        self.setWindowTitle(title)
        tips = {export_labels().names["interruptions"]: export_labels().interruption}
        tips |= {export_labels().names["turns"]: export_labels().turn}
        tips |= {export_labels().names["pause"]: export_labels().pause}
        self.model = CellsModel(
            [
                ColumnHeading(text, tips.get(text, ""), figures=column not in (0, SHARE_COLUMN))
                for column, text in enumerate(headings)
            ],
            self,
        )
        widest = {column: "0:00:00" for column in range(len(headings)) if column != SHARE_COLUMN}
        self.table = FiguresTable(title, self.model, widest, self, min_chars=18)
        self.table.setItemDelegate(_BarDelegate(self.table, self.model))
        self.facts: dict[str, QLabel] = {}
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(28)
        self._grid.setVerticalSpacing(2)
        self.notes = QLabel(self)
        self.notes.setObjectName("quiet")
        self.notes.setWordWrap(True)
        self.close_button = QPushButton(self.tr("Close"), self)
        self.close_button.setObjectName("plain")
        self.close_button.setDefault(True)
        self.close_button.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(_MARGIN, 16, _MARGIN, 14)
        column.setSpacing(14)
        column.addLayout(self._grid)
        column.addWidget(self.table)
        column.addWidget(self.notes)
        column.addStretch(1)
        column.addLayout(buttons)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_DELAY_MS)
        self._later.timeout.connect(self.refresh)
        session.changed.connect(self._on_changed)
        self.refresh()
        width = max(_LEAST_WIDTH, self.table.horizontalHeader().length() + 2 * _MARGIN)
        resize_to_screen(self, (width, self.heightForWidth(width)))

    @Slot()
    def refresh(self) -> None:
        """Show the figures of the transcript as it is now."""
        transcript = self._session.transcript
        figures = _figures(transcript)
        if figures is None:
            self.close()
            return
        self._show_facts(figures)
        self.model.show_rows([self._cells(row, transcript) for row in figures.rows])
        self._fit(len(figures.rows))
        name_width = max(theme.text_width(self.font(), row.cells[0]) for row in figures.rows)
        self.table.horizontalHeader().resizeSection(
            0, min(name_width, _NAME_WIDTH) + _SWATCH + 8 + 2 * PAD + PAD // 2
        )
        self.notes.setText("\n".join(figures.notes))

    def _fit(self, rows: int) -> None:
        if rows == self._fitted:
            return
        self._fitted = rows
        self.table.fit_rows(min(rows, _MOST_ROWS))
        if rows > _MOST_ROWS:
            self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)

    def _show_facts(self, figures: WrittenFigures) -> None:
        for name, value in figures.facts:
            if name not in self.facts:
                heading, label = QLabel(name, self), QLabel(self)
                heading.setObjectName("quiet")
                label.setFont(theme.tabular(self.font()))
                column = len(self.facts)
                self._grid.addWidget(heading, 0, column)
                self._grid.addWidget(label, 1, column)
                self._grid.setColumnStretch(column, 0)
                self._grid.setColumnStretch(column + 1, 1)
                self.facts[name] = label
            self.facts[name].setText(value)
            self.facts[name].setAccessibleName(f"{name}: {value}")

    def _cells(self, row: FigureRow, transcript: Transcript) -> tuple[Cell, ...]:
        colour = None if row.speaker is None else speaker_number(row.speaker, transcript.speakers)
        headings = (each.text for each in self.model.headings)
        told = [f"{heading}: {text}" for heading, text in zip(headings, row.cells, strict=False)]
        cells = [Cell(text, spoken=spoken) for text, spoken in zip(row.cells, told, strict=False)]
        cells[0] = SpeakerCell(row.cells[0], colour=colour)
        cells[SHARE_COLUMN] = SpeakerCell(
            row.cells[SHARE_COLUMN], spoken=told[SHARE_COLUMN], colour=colour, share=row.share
        )
        return tuple(cells)

    @Slot()
    def _on_changed(self) -> None:
        if self.isVisible():
            self._later.start()


class FiguresAction(QAction):
    """Opens the figures of a result.

    Attributes:
        dialog: the figures; None until they are asked for.
    """

    def __init__(self, session: ReviewSession, over: QWidget) -> None:
        """over: the result; the key works in its window."""
        super().__init__(over)
        self.dialog: FiguresDialog | None = None
        self._session, self._over = session, over
        self.setText(self.tr("Figures of the conversation"))
        self.setShortcut(QKeySequence(_KEY))
        self.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        self.setEnabled(bool(session.transcript.turns))
        self.triggered.connect(self._on_triggered)
        over.addAction(self)

    @Slot()
    def _on_triggered(self) -> None:
        if self.dialog is None:
            self.dialog = FiguresDialog(self._session, self._over)
        else:
            self.dialog.refresh()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()


def _figures(transcript: Transcript) -> WrittenFigures | None:
    return figures_of(transcript, ExportOptions(export_labels(), reviewed=ReviewedTranscript(transcript)))


class _BarDelegate(FiguresDelegate):
    """Paints names after a square in the speaker's colour, and shares as bars."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        cell = self._model.cell(index)
        if not isinstance(cell, SpeakerCell):
            super().paint(painter, option, index)
            return
        palette = option.palette
        colour = theme.quiet(palette) if cell.colour is None else theme.speaker_colour(cell.colour, palette)
        font = theme.tabular(option.font)
        painter.save()
        paint_background(painter, option)
        area = option.rect.adjusted(PAD, 0, -PAD, 0)
        if cell.share is None:
            area = self._paint_swatch(painter, area.adjusted(PAD // 2, 0, 0, 0), colour, cell.colour is None)
        else:
            area = self._paint_bar(painter, area, colour, cell.share, theme.text_width(font, _SHARE))
        draw_text(painter, area, cell.text, font, palette.color(QPalette.ColorRole.Text))
        paint_focus(painter, option, self._view, index.row())
        painter.restore()

    def _paint_swatch(self, painter: QPainter, area: QRect, colour: QColor, several: bool) -> QRect:
        """Paint the square, and return where the name goes."""
        if not several:
            top = area.center().y() - _SWATCH / 2 + 1
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colour)
            painter.drawRoundedRect(QRectF(area.left(), top, _SWATCH, _SWATCH), 2, 2)
        return area.adjusted(_SWATCH + 8, 0, 0, 0)

    def _paint_bar(self, painter: QPainter, area: QRect, colour: QColor, share: float, text: int) -> QRect:
        """Paint the bar, and return where its number goes. text: width of the number, pixels."""
        room = max(0, area.width() - text - 8)
        top = area.center().y() - _BAR / 2 + 1
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.hairline(self._view.palette()))
        painter.drawRoundedRect(QRectF(area.left() + text + 8, top, room, _BAR), 3, 3)
        painter.setBrush(colour)
        painter.drawRoundedRect(QRectF(area.left() + text + 8, top, max(2.0, room * share), _BAR), 3, 3)
        return QRect(area.left(), area.top(), text, area.height())
