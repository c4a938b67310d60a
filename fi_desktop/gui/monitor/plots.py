"""Three plots on one time axis: queue depth, throughput and run time.

Painted with QPainter alone: QtCharts is GPL without a commercial licence, and pyqtgraph would load NumPy into
the window's process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QDateTime, QEvent, QLocale, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QFont,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.monitor.monitor_labels import NOTHING, MonitorLabels
from fi_desktop.jobs.metrics import HOUR_S, History
from fi_desktop.viewmodel.axis import tick_step_s, ticks, top, top_span

_GUTTER = 78  # pixels for the values left of a plot
_MARGIN_RIGHT = 20
_MARGIN_TOP = 6
_TITLE_GAP = 8  # pixels between a plot and its title
_TICK_WIDTH = 110
_DOT = 2.6
_EDGE = 1.5
_DAY_S = 86_400
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class HistoryPlots(QWidget):
    """Paints the queue's history; mouse and arrow keys move a cursor that shows the values.

    Attributes:
        plots: from the top.
        selected_step: the step under the cursor, if any.
    """

    def __init__(self, labels: MonitorLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._history: History | None = None
        self.plots: tuple[Plot, ...] = ()
        self.selected_step: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("History: waiting, finished and run time"))

    def show_history(self, history: History) -> None:
        """Show the history of a time span."""
        labels = self._labels
        per_hour, runs = (
            tuple(HOUR_S * rate for rate in history.per_s),
            [run for run in history.run_s if run is not None],
        )
        self._history = history
        self.plots = (
            Plot(
                self.tr("Recordings waiting"),
                tuple(float(depth) for depth in history.depth),
                top(max(history.depth), least=5),
                lambda value: labels.number(value, 0),
                "info",
            ),
            Plot(self.tr("Attempts finished per hour"), per_hour, top(max(per_hour)), labels.rate, "good"),
            Plot(
                self.tr("Median run time of an attempt"),
                history.run_s,
                top_span(max(runs, default=0.0)),
                labels.duration,
                "warn",
                points=True,
            ),
        )
        self._update()

    def _update(self) -> None:
        self.update()
        text = f"{self._cursor_time()}: " if self.selected_step is not None else ""
        text += ", ".join(f"{plot.title} {self._summary(plot)}" for plot in self.plots)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _summary(self, plot: Plot) -> str:
        """Return the value at the cursor, or the highest one."""
        if self.selected_step is not None:
            value = plot.values[self.selected_step]
            return NOTHING if value is None else plot.text(value)
        known = [value for value in plot.values if value is not None]
        return self.tr("at most {value}").format(value=plot.text(max(known))) if known else NOTHING

    def _cursor_time(self) -> str:
        if self._history is None or self.selected_step is None:
            return ""
        start = self._history.start + self.selected_step * self._history.step_s
        times = (self._time_text(start), self._time_text(start + self._history.step_s))
        return times[0] if times[0] == times[1] else " – ".join(times)

    def _time_text(self, at: float) -> str:
        """Return a time of day, with the date if the history is longer than a day."""
        assert self._history is not None
        moment, locale = QDateTime.fromSecsSinceEpoch(round(at)), QLocale()
        time = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
        long = self._history.step_s * len(self._history.depth) > _DAY_S + 1
        return f"{locale.toString(moment.date(), 'd MMM')} {time}" if long else time

    def _plot_areas(self) -> list[QRectF]:
        """Return the area of each plot, without its title."""
        line = self.fontMetrics().height()
        each = (self.height() - _MARGIN_TOP - line - 10) / max(1, len(self.plots))
        y, width = _MARGIN_TOP + line + _TITLE_GAP, self.width() - _GUTTER - _MARGIN_RIGHT
        return [
            QRectF(_GUTTER, y + each * number, width, each - line - 22) for number in range(len(self.plots))
        ]

    def _step_at(self, x: float) -> int | None:
        if self._history is None:
            return None
        steps = len(self._history.depth)
        number = int((x - _GUTTER) / max(1.0, self.width() - _GUTTER - _MARGIN_RIGHT) * steps)
        return number if 0 <= number < steps and x >= _GUTTER else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plots."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if self._history is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plots, areas = PlotPainter(painter, self.palette(), self.font()), self._plot_areas()
        for plot, area in zip(self.plots, areas, strict=True):
            plots.plot(plot, area, self._summary(plot), emphasized=self.selected_step is not None)
        plots.axis(self._history, areas[-1], self.width())
        if self.selected_step is not None:
            step = areas[0].width() / len(self._history.depth)
            plots.cursor(areas[0].left() + (self.selected_step + 0.5) * step, areas, self._cursor_time())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def select_step(self, step: int | None) -> None:
        """Move the cursor to a step, or remove it."""
        if step != self.selected_step:
            self.selected_step = step
            self._update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the cursor to the pointer."""
        self.select_step(self._step_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Remove the cursor."""
        self.select_step(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor with the arrow keys; Escape removes it."""
        if self._history is None:
            super().keyPressEvent(event)
            return
        last = len(self._history.depth) - 1
        here = last if self.selected_step is None else self.selected_step
        match event.key():
            case Qt.Key.Key_Home:
                self.select_step(0)
            case Qt.Key.Key_End:
                self.select_step(last)
            case Qt.Key.Key_Escape if self.selected_step is not None:
                self.select_step(None)
            case key if key in _KEYS:
                by = _KEYS[Qt.Key(key)]
                self.select_step(last if self.selected_step is None else max(0, min(last, here + by)))
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus frame."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Remove the cursor and the focus frame."""
        super().focusOutEvent(event)
        self.select_step(None)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a comfortable size."""
        return QSize(640, 340)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest readable size."""
        return QSize(420, 240)


@dataclass(frozen=True, slots=True)
class Plot:
    """One of the plots.

    Attributes:
        title: what it shows.
        values: one per step; None if unknown.
        top: the value at its upper edge.
        text: formats a value.
        tone: its colour.
        points: whether to paint dots instead of bars.
    """

    title: str
    values: tuple[float | None, ...]
    top: float
    text: Callable[[float], str]
    tone: str
    points: bool = False


class PlotPainter:
    """Paints plots in a palette and a font."""

    def __init__(self, painter: QPainter, palette: QPalette, font: QFont) -> None:
        self._painter = painter
        self._palette = palette
        self._font = font
        self._figures = theme.tabular(font)
        self._small = theme.tabular(theme.scaled(font, 0.9))

    def plot(self, plot: Plot, area: QRectF, summary: str, *, emphasized: bool) -> None:
        """Paint a plot, with a summary at the right of its title."""
        self._title(plot.title, area, Qt.AlignmentFlag.AlignLeft, self._font, emphasized=True)
        self._title(summary, area, Qt.AlignmentFlag.AlignRight, self._figures, emphasized=emphasized)
        self._painter.setPen(QPen(theme.hairline(self._palette), 1))
        for share in (0.0, 0.5, 1.0):
            y = area.bottom() - area.height() * share
            self._painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        self._painter.setFont(self._small)
        self._painter.setPen(theme.quiet(self._palette))
        height = QFontMetrics(self._small).height()
        for share in (0.0, 1.0):
            y = area.bottom() - area.height() * share
            label = QRectF(0, y - height / 2, _GUTTER - 10, height)
            self._painter.drawText(label, _RIGHT, plot.text(plot.top * share))
        if plot.points:
            self._dots(plot, area)
        else:
            self._bars(plot, area)

    def axis(self, history: History, area: QRectF, width: int) -> None:
        """Paint the time axis below a plot; `width`: of the widget, pixels."""
        span_s = history.step_s * len(history.depth)
        offset_s = QDateTime.fromSecsSinceEpoch(round(history.start)).offsetFromUtc()
        step_s = tick_step_s(span_s, max(2, int(area.width() / _TICK_WIDTH)))
        metrics, locale = QFontMetrics(self._small), QLocale()
        self._painter.setFont(self._small)
        self._painter.setPen(QPen(theme.quiet(self._palette), 1))
        for at in ticks(history.start, history.start + span_s, step_s, offset_s):
            x = area.left() + area.width() * (at - history.start) / span_s
            self._painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4))
            moment = QDateTime.fromSecsSinceEpoch(round(at))
            if step_s < _DAY_S:
                label = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
            else:
                label = locale.toString(moment.date(), "d MMM")
            label_width = metrics.horizontalAdvance(label) + 2.0
            left = min(max(x - label_width / 2, 0.0), width - label_width)
            rect = QRectF(left, area.bottom() + 6, label_width, metrics.height())
            self._painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter, label)

    def cursor(self, x: float, areas: list[QRectF], time_text: str) -> None:
        """Paint the cursor through all plots, with its time above the first."""
        self._painter.setPen(QPen(self._palette.color(QPalette.ColorRole.Highlight), 1))
        for area in areas:
            self._painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._title(time_text, areas[0], Qt.AlignmentFlag.AlignHCenter, self._figures, emphasized=False)

    def _title(
        self, text: str, area: QRectF, side: Qt.AlignmentFlag, font: QFont, *, emphasized: bool
    ) -> None:
        height = QFontMetrics(font).height()
        rect = QRectF(area.left(), area.top() - height - _TITLE_GAP + 2, area.width(), height)
        colour = self._palette.color(QPalette.ColorRole.Text) if emphasized else theme.quiet(self._palette)
        self._painter.setFont(font)
        self._painter.setPen(colour)
        self._painter.drawText(rect, side, text)

    def _dots(self, plot: Plot, area: QRectF) -> None:
        self._painter.setPen(Qt.PenStyle.NoPen)
        self._painter.setBrush(theme.tone(plot.tone, self._palette))
        width = area.width() / len(plot.values)
        for number, value in enumerate(plot.values):
            if value is not None:
                height = area.height() * value / plot.top
                centre = QPointF(area.left() + (number + 0.5) * width, area.bottom() - height)
                self._painter.drawEllipse(centre, _DOT, _DOT)

    def _bars(self, plot: Plot, area: QRectF) -> None:
        colour = theme.tone(plot.tone, self._palette)
        soft = theme.mix(self._palette.color(QPalette.ColorRole.Base), colour, 0.22)
        width = area.width() / len(plot.values)
        for number, value in enumerate(plot.values):
            if not value:
                continue
            height = max(_EDGE, area.height() * value / plot.top)
            bar = QRectF(area.left() + number * width, area.bottom() - height, width, height)
            self._painter.fillRect(bar, soft)
            bar.setHeight(_EDGE)  # a solid top edge: the soft fill alone is too faint
            self._painter.fillRect(bar, colour)
