"""The table of workers: state, recording, CPU history, memory and counts."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import partial
from typing import Any

from PySide6.QtCore import (
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetrics, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QWidget

from fi_desktop.gui import theme, widgets
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.monitor.monitor_labels import NOTHING, STATE_ICONS, STATE_TONES, MonitorLabels
from fi_desktop.gui.monitor.monitor_widgets import ICON, ColumnHeading, Index, RowsModel
from fi_desktop.gui.widgets import (
    PAD,
    ReadOnlyTable,
    StretchedColumn,
    draw_text,
    paint_background,
    paint_focus,
)
from fi_desktop.jobs.queue_events import QueueEvent, WorkerState
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.monitor import MonitorSnapshot
from fi_desktop.viewmodel.worker_rows import CPU_SAMPLES, SILENT_S, WorkerRow, WorkerRows

_CURVE = 44  # pixels
_NAME_CHARS = 18  # of a recording's name are always visible
_LONG_UPTIME_S = 100 * 3600.0
_FULL_PERCENT = 100.0  # lowest top of a CPU curve


class WorkerColumn(IntEnum):
    """The columns, from the left."""

    WORKER = 0
    STATE = 1
    JOB = 2
    CPU = 3
    MEMORY = 4
    GPU = 5
    DONE = 6
    FAILED = 7
    UPTIME = 8
    SILENT = 9


class WorkersModel(RowsModel):
    """The workers, in slot order."""

    def __init__(
        self, labels: MonitorLabels, parent: QObject | None = None, *, speeds: Speeds | None = None
    ) -> None:
        """Make an empty model; `speeds`: measured processing speeds, if known."""
        super().__init__(
            (
                ColumnHeading(self.tr("Worker")),
                ColumnHeading(self.tr("State")),
                ColumnHeading(self.tr("Recording")),
                ColumnHeading(self.tr("CPU"), self.tr("Percent of one core, over the last minute")),
                ColumnHeading(self.tr("Memory"), self.tr("Resident memory"), figures=True),
                ColumnHeading(self.tr("GPU memory"), self.tr("As reported by the GPU driver"), figures=True),
                ColumnHeading(self.tr("Done"), self.tr("Attempts that succeeded"), figures=True),
                ColumnHeading(self.tr("Failed"), self.tr("Attempts that ended in an error"), figures=True),
                ColumnHeading(self.tr("Uptime"), self.tr("Time since the process started"), figures=True),
                ColumnHeading(
                    self.tr("Heard"), self.tr("Time since its last message, while it works"), figures=True
                ),
            ),
            parent,
        )
        self.labels = labels
        self.job_labels = UiLabels(self)
        self._workers = WorkerRows(speeds or Speeds())

    @property
    def on_gpu(self) -> bool:
        """Whether any worker computes on a GPU."""
        return self._workers.on_gpu

    def worker(self, index: Index) -> WorkerRow:
        """Return the worker at an index."""
        row: WorkerRow = self.rows[index.row()]
        return row

    def apply(self, events: Iterable[QueueEvent]) -> None:
        """Apply the queue's events."""
        self._workers.apply(events)
        self.show_rows(self._workers.rows())

    def show_snapshot(self, snapshot: MonitorSnapshot) -> None:
        """Show a snapshot's measurements."""
        self._workers.apply_snapshot(snapshot)
        self.show_rows(self._workers.rows())

    def clear_history(self) -> None:
        """Restart the CPU curves after a break."""
        self._workers.clear_history()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a cell's text, second line or tooltip."""
        if not index.isValid():
            return None
        row = self.worker(index)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, index.column())
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return self.detail(row, index.column()) or None
            case Qt.ItemDataRole.ToolTipRole if index.column() == WorkerColumn.JOB and row.job is not None:
                return widgets.plain_tooltip(
                    "\n".join(filter(None, (row.job.path, self.detail(row, WorkerColumn.JOB))))
                )
            case _:
                return None

    def detail(self, row: WorkerRow, column: int) -> str:
        """Return a cell's second line, or ""."""
        match column:
            case WorkerColumn.WORKER:
                place = row.host or self.job_labels.device(row.device)
                return f"{place} · PID {row.pid}" if row.pid else place
            case WorkerColumn.JOB if row.job is not None and row.job.stage is not None:
                return f"{self.job_labels.stage(row.job.stage)} · {self.labels.share(row.job.share, 0)}"
            case _:
                return ""

    def _text(self, row: WorkerRow, column: int) -> str:
        match column:
            case WorkerColumn.WORKER:
                return row.name if row.host else self.job_labels.worker(row.name)
            case WorkerColumn.STATE:
                return self.labels.state(row.state)
            case WorkerColumn.JOB:
                return self.labels.title(row.job.name, row.job.case) if row.job is not None else NOTHING
            case WorkerColumn.CPU:
                return f"{self.labels.number(row.cpus[-1], 0)} %" if row.cpus and row.rss_bytes else NOTHING
            case WorkerColumn.MEMORY:
                return self.labels.amount(row.rss_bytes)
            case WorkerColumn.GPU:
                return self.labels.amount(row.gpu_bytes)
            case WorkerColumn.DONE:
                return str(row.done)
            case WorkerColumn.FAILED:
                return str(row.failed)
            case WorkerColumn.SILENT:
                return self.labels.duration(row.silent_s)
            case _:
                return self.labels.duration(row.uptime_s)


class WorkersTable(ReadOnlyTable):
    """Shows the workers."""

    def __init__(self, model: WorkersModel, parent: QWidget | None = None) -> None:
        super().__init__("", 0, parent)
        self.setAccessibleName(self.tr("Workers"))
        self._workers = model
        self.setModel(model)
        self.setItemDelegate(_WorkerDelegate(self, model))
        self.verticalHeader().setDefaultSectionSize(2 * self.fontMetrics().height() + 16)
        labels, width_of = model.labels, partial(theme.digits_width, self.font())
        states = [labels.state(state) for state in (None, *WorkerState)]
        names = [model.job_labels.worker("in-app"), f"{model.job_labels.device('cpu')} · PID 00000"]
        widest = {
            WorkerColumn.WORKER: (max(names, key=width_of), PAD),
            WorkerColumn.STATE: (max(states, key=width_of), ICON + 7),
            WorkerColumn.CPU: ("1,000 %", _CURVE + PAD),
            WorkerColumn.MEMORY: ("00.0 GB", 0),
            WorkerColumn.GPU: ("00.0 GB", 0),
            WorkerColumn.DONE: ("00,000", 0),
            WorkerColumn.FAILED: ("00,000", 0),
            WorkerColumn.UPTIME: (labels.duration(_LONG_UPTIME_S), 0),
            WorkerColumn.SILENT: ("00.0 s", 0),
        }
        header = self.horizontalHeader()
        for column, (text, more) in widest.items():
            heading = width_of(model.headings[column].text) + 6
            width = max(width_of(text) + more, heading)
            header.resizeSection(column, width + 2 * PAD + 6)
        StretchedColumn(self, WorkerColumn.JOB, min_chars=_NAME_CHARS)
        self.update_gpu_column()

    def update_gpu_column(self) -> None:
        """Show GPU memory only if a worker uses a GPU."""
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
        indent = PAD // 2 if column == WorkerColumn.WORKER else 0
        area = option.rect.adjusted(PAD + indent, 7, -PAD, -8)
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
        icon = theme.pixmap(STATE_ICONS[row.state], ICON, colour, self._view.devicePixelRatioF())
        painter.drawPixmap(area.left(), area.center().y() - ICON // 2 + 1, icon)
        text = self._model.labels.state(row.state)
        draw_text(painter, area.adjusted(ICON + 7, 0, 0, 0), text, option.font, colour)

    def _paint_cpu(self, painter: QPainter, option: QStyleOptionViewItem, row: WorkerRow, text: str) -> None:
        area = option.rect.adjusted(PAD, 0, -PAD, 0)
        colour = theme.quiet(option.palette)
        if text != NOTHING:
            curve = QRectF(area.left(), area.top() + 10, _CURVE, area.height() - 21)
            _paint_curve(painter, curve, row.cpus, option.palette)
            colour = option.palette.color(QPalette.ColorRole.Text)
        draw_text(painter, area, text, theme.tabular(option.font), colour, right=True)

    def _paint_figures(
        self, painter: QPainter, option: QStyleOptionViewItem, row: WorkerRow, column: int, text: str
    ) -> None:
        colour = option.palette.color(QPalette.ColorRole.Text)
        late = column == WorkerColumn.SILENT and (row.silent_s or 0.0) >= SILENT_S
        if late or (column == WorkerColumn.FAILED and row.failed > 0):
            colour = theme.tone("bad", option.palette)
        elif text in (NOTHING, "0"):
            colour = theme.quiet(option.palette)
        area = option.rect.adjusted(4, 0, -PAD, 0)
        draw_text(painter, area, text, theme.tabular(option.font), colour, right=True)

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the height of two lines."""
        return QSize(60, self._view.verticalHeader().defaultSectionSize())


def _paint_curve(painter: QPainter, area: QRectF, values: tuple[float, ...], palette: QPalette) -> None:
    """Paint a history that ends at the right edge; a short one leaves the left part empty."""
    highest = max(_FULL_PERCENT, *values)
    step = area.width() / (CPU_SAMPLES - 1)
    left = area.right() - step * (len(values) - 1)
    points = [
        QPointF(left + step * number, area.bottom() - area.height() * value / highest)
        for number, value in enumerate(values)
    ]
    painter.setPen(QPen(theme.hairline(palette), 1))
    painter.drawLine(QPointF(area.left(), area.bottom() + 0.5), QPointF(area.right(), area.bottom() + 0.5))
    colour = theme.tone("info", palette)
    line = QPainterPath(points[0])
    for point in points[1:]:
        line.lineTo(point)
    filled = QPainterPath(line)
    filled.lineTo(area.right(), area.bottom())
    filled.lineTo(points[0].x(), area.bottom())
    painter.fillPath(filled, theme.mix(palette.color(QPalette.ColorRole.Base), colour, 0.18))
    pen = QPen(colour, 1.3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPath(line)
