"""Three plots over one axis of time, read off by mouse and keys: depth, throughput and run time."""

from __future__ import annotations

from PySide6.QtCore import QDateTime, QEvent, QLocale, QRectF, QSize, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from fi_desktop.gui.monitor.strip import ABOVE, GUTTER, Strip, StripPainter
from fi_desktop.gui.monitor.words import NOTHING, MonitorWords
from fi_desktop.jobs.metrics import History
from fi_desktop.viewmodel.plot_scale import top, top_span

_RIGHT = 20
_TOP = 6
_DAY_S = 86_400
_KEYS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class MonitorPlots(QWidget):
    """Paints the history of the queue; mouse and arrow keys read it off.

    Attributes:
        strips: the plots, from the top.
        reading: the step that is read off; None: none is.
    """

    def __init__(self, words: MonitorWords, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = words
        self._history: History | None = None
        self.strips: tuple[Strip, ...] = ()
        self.reading: int | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("How it went: waiting, done and run time over time"))

    def show_history(self, history: History) -> None:
        """Show how a window went."""
        words = self._words
        per_s, runs = history.per_s, [run for run in history.run_s if run is not None]
        self._history = history
        self.strips = (
            Strip(
                self.tr("Recordings waiting"),
                tuple(float(depth) for depth in history.depth),
                top(max(history.depth), least=5),
                lambda value: words.number(value, 0),
                "info",
            ),
            Strip(self.tr("Attempts ended, a second"), per_s, top(max(per_s)), words.rate, "good"),
            Strip(
                self.tr("Run time of an attempt, median"),
                history.run_s,
                top_span(max(runs, default=0.0)),
                words.short,
                "warn",
                marks=True,
            ),
        )
        self._tell()

    def _tell(self) -> None:
        self.update()
        told = f"{self._when()}: " if self.reading is not None else ""
        told += ", ".join(f"{strip.title} {self._said(strip)}" for strip in self.strips)
        if told != self.accessibleDescription():
            self.setAccessibleDescription(told)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    def _said(self, strip: Strip) -> str:
        """Return what is said of a plot: the value that is read off, or the highest."""
        if self.reading is not None:
            value = strip.values[self.reading]
            return NOTHING if value is None else strip.text(value)
        known = [value for value in strip.values if value is not None]
        return self.tr("at most {value}").format(value=strip.text(max(known))) if known else NOTHING

    def _when(self) -> str:
        if self._history is None or self.reading is None:
            return ""
        start = self._history.start + self.reading * self._history.step_s
        both = (self._moment(start), self._moment(start + self._history.step_s))
        return both[0] if both[0] == both[1] else " – ".join(both)

    def _moment(self, at: float) -> str:
        """Return a time of the day, with its day where the window is longer than one."""
        assert self._history is not None
        moment, locale = QDateTime.fromSecsSinceEpoch(round(at)), QLocale()
        time = locale.toString(moment.time(), QLocale.FormatType.ShortFormat)
        long = self._history.step_s * len(self._history.depth) > _DAY_S + 1
        return f"{locale.toString(moment.date(), 'd MMM')} {time}" if long else time

    # ---- where things are

    def _plots(self) -> list[QRectF]:
        """Return the area of each plot, without its title."""
        line = self.fontMetrics().height()
        each = (self.height() - _TOP - line - 10) / max(1, len(self.strips))
        return [
            QRectF(
                GUTTER, _TOP + each * place + line + ABOVE, self.width() - GUTTER - _RIGHT, each - line - 22
            )
            for place in range(len(self.strips))
        ]

    def _step_at(self, x: float) -> int | None:
        if self._history is None:
            return None
        steps = len(self._history.depth)
        place = int((x - GUTTER) / max(1.0, self.width() - GUTTER - _RIGHT) * steps)
        return place if 0 <= place < steps and x >= GUTTER else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the plots."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
        if self._history is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        brush, areas = StripPainter(painter, self.palette(), self.font()), self._plots()
        for strip, area in zip(self.strips, areas, strict=True):
            brush.strip(strip, area, self._said(strip), strong=self.reading is not None)
        brush.axis(self._history, areas[-1], self.width())
        if self.reading is not None:
            step = areas[0].width() / len(self._history.depth)
            brush.reading(areas[0].left() + (self.reading + 0.5) * step, areas, self._when())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    # ---- reading off

    def read(self, step: int | None) -> None:
        """Read a step off; None: none."""
        if step != self.reading:
            self.reading = step
            self._tell()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Read off what is below the mouse."""
        self.read(self._step_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Read nothing off."""
        self.read(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from step to step with the arrow keys; Escape leaves."""
        if self._history is None:
            super().keyPressEvent(event)
            return
        last = len(self._history.depth) - 1
        here = last if self.reading is None else self.reading
        match event.key():
            case Qt.Key.Key_Home:
                self.read(0)
            case Qt.Key.Key_End:
                self.read(last)
            case Qt.Key.Key_Escape if self.reading is not None:
                self.read(None)
            case key if key in _KEYS:
                by = _KEYS[Qt.Key(key)]
                self.read(last if self.reading is None else max(0, min(last, here + by)))
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show where the keyboard is."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Read nothing off."""
        super().focusOutEvent(event)
        self.read(None)
        self.update()

    def sizeHint(self) -> QSize:
        """Return a size in which the plots can be read."""
        return QSize(640, 340)

    def minimumSizeHint(self) -> QSize:
        """Return the least of such sizes."""
        return QSize(420, 240)
