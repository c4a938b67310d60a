"""The table of workers: a sign and a word for the state, recording over stage, a curve beside the CPU."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.table import ICON
from fi_desktop.gui.monitor.words import NOTHING, STATE_ICONS, STATE_TONES
from fi_desktop.gui.monitor.workers_model import REMEMBERED, WorkerColumn, WorkerRow, WorkersModel
from fi_desktop.gui.widgets import (
    PAD,
    ReadOnlyTable,
    StretchedColumn,
    draw_text,
    paint_background,
    paint_focus,
)
from fi_desktop.jobs.queue_events import WorkerState

_CURVE = 76  # pixels
_NAME_CHARS = 24  # of a recording's name can always be read
_LONG_UP_S = 23 * 3600.0 + 59 * 60
_FULL_PERCENT = 100.0  # a curve of less is not blown up to the full height


class WorkersTable(ReadOnlyTable):
    """Shows the workers."""

    def __init__(self, model: WorkersModel, parent: QWidget | None = None) -> None:
        super().__init__("", 0, parent)
        self.setAccessibleName(self.tr("Workers"))
        self._workers = model
        self.setModel(model)
        self.setItemDelegate(_WorkerDelegate(self, model))
        self.verticalHeader().setDefaultSectionSize(2 * self.fontMetrics().height() + 16)
        words, width_of = model.words, partial(theme.digits_width, self.font())
        states = [words.state(state) for state in (None, *WorkerState)]
        names = [model.job_words.worker(name) for name in ("in-app", "worker-10")]
        widest = {
            WorkerColumn.WORKER: (max(names, key=width_of), PAD),
            WorkerColumn.STATE: (max(states, key=width_of), ICON + 7),
            WorkerColumn.CPU: ("1,000 %", _CURVE + PAD),
            WorkerColumn.MEMORY: ("00.0 GB", 0),
            WorkerColumn.GPU: ("00.0 GB", 0),
            WorkerColumn.DONE: ("00,000", 0),
            WorkerColumn.FAILED: ("00,000", 0),
            WorkerColumn.UPTIME: (words.span(_LONG_UP_S), 6),
        }
        header = self.horizontalHeader()
        for column, (text, more) in widest.items():
            heading = width_of(model.headings[column].text) + 6
            width = max(width_of(text) + more, heading)
            header.resizeSection(column, width + 2 * PAD + 6)
        StretchedColumn(self, WorkerColumn.JOB, min_chars=_NAME_CHARS)
        self.show_gpu()

    def show_gpu(self) -> None:
        """Show GPU memory where there is a worker on a GPU at all."""
        self.setColumnHidden(WorkerColumn.GPU, not self._workers.on_gpu)


class _WorkerDelegate(QStyledItemDelegate):
    """Paints a worker's cells."""

    def __init__(self, view: WorkersTable, model: WorkersModel) -> None:
        super().__init__(view)
        self._view = view
        self._model = model

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        row, column = self._model.worker(index), index.column()
        painter.save()
        paint_background(painter, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        match column:
            case WorkerColumn.WORKER | WorkerColumn.JOB:
                self._paint_lines(painter, option, str(index.data()), self._model.detail(row, column), column)
            case WorkerColumn.STATE:
                self._paint_state(painter, option, row)
            case WorkerColumn.CPU:
                self._paint_cpu(painter, option, row, str(index.data()))
            case _:
                self._paint_figures(painter, option, row, column, str(index.data()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        paint_focus(painter, option, self._view, index.row())
        painter.restore()

    def _paint_lines(
        self, painter: QPainter, option: QStyleOptionViewItem, text: str, detail: str, column: int
    ) -> None:
        first = PAD // 2 if column == WorkerColumn.WORKER else 0
        area = option.rect.adjusted(PAD + first, 7, -PAD, -8)
        quiet = theme.quiet(option.palette)
        colour = quiet if text == NOTHING else option.palette.color(QPalette.ColorRole.Text)
        height = QFontMetrics(option.font).height()
        top = QRect(area.left(), area.top(), area.width(), height if detail else area.height())
        draw_text(painter, top, text, option.font, colour, elide=Qt.TextElideMode.ElideMiddle)
        below = QRect(area.left(), top.bottom() + 2, area.width(), area.bottom() - top.bottom())
        draw_text(painter, below, detail, theme.tabular(theme.scaled(option.font, 0.9)), quiet)

    def _paint_state(self, painter: QPainter, option: QStyleOptionViewItem, row: WorkerRow) -> None:
        colour = theme.tone(STATE_TONES[row.state], option.palette)
        area = option.rect.adjusted(PAD, 0, -4, 0)
        drawing = theme.pixmap(STATE_ICONS[row.state], ICON, colour, self._view.devicePixelRatioF())
        painter.drawPixmap(area.left(), area.center().y() - ICON // 2 + 1, drawing)
        draw_text(
            painter, area.adjusted(ICON + 7, 0, 0, 0), self._model.words.state(row.state), option.font, colour
        )

    def _paint_cpu(self, painter: QPainter, option: QStyleOptionViewItem, row: WorkerRow, text: str) -> None:
        area = option.rect.adjusted(PAD, 0, -PAD, 0)
        curve = QRectF(area.left(), area.top() + 10, _CURVE, area.height() - 21)
        if text != NOTHING:
            _paint_curve(painter, curve, row.cpus, option.palette)
        colour = option.palette.color(QPalette.ColorRole.Text) if text != NOTHING else None
        figures = theme.tabular(option.font)
        draw_text(painter, area, text, figures, colour or theme.quiet(option.palette), right=True)

    def _paint_figures(
        self, painter: QPainter, option: QStyleOptionViewItem, row: WorkerRow, column: int, text: str
    ) -> None:
        failed = column == WorkerColumn.FAILED and row.failed > 0
        weak = text in (NOTHING, "0")
        colour = theme.quiet(option.palette) if weak else option.palette.color(QPalette.ColorRole.Text)
        if failed:
            colour = theme.tone("bad", option.palette)
        area = option.rect.adjusted(4, 0, -PAD, 0)
        draw_text(painter, area, text, theme.tabular(option.font), colour, right=True)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return two lines' height."""
        return QSize(60, self._view.verticalHeader().defaultSectionSize())


def _paint_curve(painter: QPainter, area: QRectF, values: tuple[float, ...], palette: QPalette) -> None:
    """Paint a curve whose right end is now; it is as long as what is known."""
    highest = max(_FULL_PERCENT, *values)
    step = area.width() / (REMEMBERED - 1)
    left = area.right() - step * (len(values) - 1)
    points = [
        QPointF(left + step * place, area.bottom() - area.height() * value / highest)
        for place, value in enumerate(values)
    ]
    floor = QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5)
    painter.setPen(QPen(theme.hairline(palette), 1))
    painter.drawLine(*floor)
    colour = theme.tone("info", palette)
    line = QPainterPath(points[0])
    for point in points[1:]:
        line.lineTo(point)
    filled = QPainterPath(line)
    filled.lineTo(area.right(), area.bottom())
    filled.lineTo(points[0].x(), area.bottom())
    ground = theme.mix(palette.color(QPalette.ColorRole.Base), colour, 0.18)
    painter.fillPath(filled, ground)
    painter.setPen(
        QPen(colour, 1.3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    )
    painter.drawPath(line)
