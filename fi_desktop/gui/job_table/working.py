"""What is worked on now, in one line above the table: in sight wherever the table is scrolled."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from fi_desktop.gui import plain, theme
from fi_desktop.gui.job_table.cells import Cells
from fi_desktop.viewmodel.rows import Row

_TICK_MS = 1000
_MOST = 4  # jobs that are named
_LEAST_WIDTH = 180  # pixels for one of them
_AROUND = 34  # the padding and border of a button, and a pixel for each part of its text
_MARGIN = 12


class WorkingLine(QWidget):
    """Names the jobs that run, with how far they are; a click goes to one.

    Attributes:
        buttons: of the jobs, those that are shown first.
        more: says how many others run.

    Signals:
        chosen: the person wants to see this job (its id).
    """

    chosen = Signal(int)

    def __init__(self, cells: Cells, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells = cells
        self._rows: list[Row] = []
        self._now = 0.0
        self._waiting: list[Row] | None = None  # what is to be shown with the next tick
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self.setAccessibleName(self.tr("In progress"))
        title = QLabel(self.tr("In progress:"), self)
        title.setObjectName("quiet")
        self.buttons = [self._button(place) for place in range(_MOST)]
        self.more = QLabel(self)
        self.more.setObjectName("quiet")
        line = QHBoxLayout(self)
        line.setContentsMargins(_MARGIN + 4, 0, _MARGIN, 6)
        line.setSpacing(8)
        line.addWidget(title)
        for button in self.buttons:
            line.addWidget(button, 1)
        line.addWidget(self.more)
        line.addStretch()
        self.hide()

    def show_rows(self, rows: list[Row], now: float) -> None:
        """Show these jobs: other jobs at once, how far they are once a second."""
        self._waiting, self._now = rows, now
        if [row.id for row in rows] != [row.id for row in self._rows]:
            self._on_tick()

    def _button(self, place: int) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName("plain")
        button.setAccessibleName(self.tr("In progress"))
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setMaximumWidth(_LEAST_WIDTH * 2)
        button.clicked.connect(partial(self._on_clicked, place))
        button.hide()
        return button

    @Slot()
    def _on_tick(self) -> None:
        if self._waiting is not None:
            self._rows, self._waiting = self._waiting, None
            self._fill()

    def _fill(self) -> None:
        room = max(1, self.width() // _LEAST_WIDTH - 1)
        named = self._rows[: min(_MOST, room)]
        for button, row in zip(self.buttons, [*named, *[None] * _MOST], strict=False):
            button.setVisible(row is not None)
            if row is not None:
                self._say(button, row)
        others = len(self._rows) - len(named)
        self.more.setText(self.tr("and %Ln more", "", others) if others else "")
        self.more.setVisible(others > 0)

    def _say(self, button: QPushButton, row: Row) -> None:
        figures = f"{row.share:.0%} · {self._cells.left(row, self._now)}"
        metrics = button.fontMetrics()
        room = button.width() - _AROUND - theme.text_width(button.font(), f"  {figures}")
        name = metrics.elidedText(row.name, Qt.TextElideMode.ElideMiddle, max(room, 40))
        button.setText(f"{name}  {figures}".replace("&", "&&"))
        told = f"{row.name}: {self._cells.words.stage(row.stage)}, {figures}"
        button.setAccessibleName(told)
        button.setToolTip(plain.tip(told))

    def _on_clicked(self, place: int, _checked: bool = False) -> None:
        if place < len(self._rows):
            self.chosen.emit(self._rows[place].id)

    def minimumSizeHint(self) -> QSize:
        """Never widen the window."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Name as many as there is room for."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fill)

    def showEvent(self, event: QShowEvent) -> None:
        """Follow the jobs."""
        super().showEvent(event)
        self._tick.start()
        QTimer.singleShot(0, self, self._fill)

    def hideEvent(self, event: QHideEvent) -> None:
        """Follow them no more."""
        super().hideEvent(event)
        self._tick.stop()
