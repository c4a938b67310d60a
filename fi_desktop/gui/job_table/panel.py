"""The jobs as the main window shows them: states and search above, the table below, and what to do where
nothing matches.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QPalette, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.core.job import JobState
from fi_desktop.gui import errors, theme, widgets
from fi_desktop.gui.job_table.chips import StateChips
from fi_desktop.gui.job_table.columns import Cells
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.viewmodel.rows import Row
from fi_desktop.viewmodel.search import KEYS, Query, combine, parse

_AT_ONCE = 5000  # up to so many jobs every key shows its effect at once
_PAUSE_MS = 120  # else after so long without another key
_COUNT_MS = 200  # another number is another layout of the window
_SEARCH_WIDTH = 300
_LEAST_CHIPS = 280
_MARGIN = 12
_TICK_MS = 1000
_MOST = 4  # jobs that are named
_LEAST_WIDTH = 180  # pixels for one of them
_AROUND = 34  # the padding and border of a button, and a pixel for each part of its text
_MARGIN = 12


def _find_key() -> str:
    return QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText)


class JobsPanel(QWidget):
    """Finds and shows jobs.

    Attributes:
        table: the jobs.
        chips: their states.
        search: where one types what to look for.
        working: the jobs that run, where the table does not show all jobs at once.
        clear: shows all jobs again, where none matches.
    """

    def __init__(self, jobs: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.table = JobsTable(jobs, self)
        self.chips = StateChips(jobs.cells.words, self)
        self.chips.setMinimumWidth(_LEAST_CHIPS)  # they are narrow where the window is, and never widen it
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search ({key})").format(key=_find_key()))
        self.search.setAccessibleName(self.tr("Search recordings"))
        self.search.setToolTip(self._help())
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(_SEARCH_WIDTH)
        self.search.setMinimumWidth(150)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.installEventFilter(self)
        self._find_sign = self.search.addAction(
            theme.icon("find", self.palette()), QLineEdit.ActionPosition.LeadingPosition
        )
        names = (self.tr("Clear the search"), self.tr("Search"))
        for button, name in zip(self.search.findChildren(QToolButton), names, strict=True):
            button.setAccessibleName(name)
        self._doubt = QLabel(self)
        self._doubt.setTextFormat(Qt.TextFormat.PlainText)
        self._doubt.setWordWrap(True)
        self._doubt.setContentsMargins(_MARGIN + 4, 0, _MARGIN, 6)
        self._doubt.setAccessibleName(self.tr("What the search does not understand"))
        self._doubt.hide()
        self.working = ActiveJobsBar(jobs.cells, self)
        self.working.chosen.connect(self._on_working_chosen)
        self._waiting = QTimer(self)
        self._waiting.setSingleShot(True)
        self._waiting.setInterval(_PAUSE_MS)
        self._waiting.timeout.connect(self.apply)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNT_MS)
        self._counting.timeout.connect(self._on_counted)
        self._lay_out()
        self.setFocusProxy(self.table)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self._on_find_asked)
        self.search.textChanged.connect(self._on_typed)
        self.chips.chosen.connect(self._on_chosen)
        jobs.jobs_changed.connect(self._on_jobs_changed)

    @property
    def doubt(self) -> str:
        """What is said of terms that are not understood; "" where all are."""
        return self._doubt.text() if self._doubt.isVisibleTo(self) else ""

    @Slot()
    def apply(self) -> None:
        """Show the jobs that match what is typed and chosen."""
        self._waiting.stop()
        words = self._jobs.cells.words
        states = {words.state(state): state for state in JobState}
        query = parse(self.search.text(), states, self._keys(), sentence=errors.sentence)
        self._say_doubt(query)
        self._jobs.show_only(combine(query.tests, self.chips.states))
        self._show_page()

    @Slot()
    def show_all(self) -> None:
        """Let go of what is typed and chosen."""
        self.search.clear()
        self.chips.show_all()
        self.apply()
        self.table.setFocus()

    def _lay_out(self) -> None:
        self._nothing = QWidget(self)
        self._nothing.setAutoFillBackground(True)
        self._nothing.setBackgroundRole(QPalette.ColorRole.Base)
        title = QLabel(self.tr("No job matches"), self._nothing)
        title.setFont(theme.scaled(self.font(), 1.4))
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._why = QLabel(self._nothing)
        self._why.setObjectName("quiet")
        self._why.setTextFormat(Qt.TextFormat.PlainText)
        self._why.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._why.setWordWrap(True)
        self.clear = QPushButton(self.tr("Clear"), self._nothing)
        self.clear.setObjectName("plain")
        self.clear.setAccessibleName(self.tr("Show all jobs"))
        self.clear.setAutoDefault(True)
        self.clear.clicked.connect(self.show_all)
        empty = QVBoxLayout(self._nothing)
        empty.setContentsMargins(48, 24, 48, 24)
        empty.setSpacing(10)
        empty.addStretch(2)
        empty.addWidget(title)
        empty.addWidget(self._why)
        empty.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignHCenter)
        empty.addStretch(3)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._nothing)
        self._bar = bar = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        bar.setContentsMargins(_MARGIN, 7, _MARGIN, 7)
        bar.setSpacing(8)
        bar.addWidget(self.chips)
        bar.addStretch()
        bar.addWidget(self.search)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self._doubt)
        column.addWidget(self.working)
        column.addWidget(self._pages, 1)

    def _help(self) -> str:
        return self.tr(
            "Words of the file's name, or state:failed, speaker:3, language:es, engine:…, error:…, batch:12, "
            'after:2026-11-01, before:2026-12-01. "Quotes" keep words together; -word leaves out.'
        )

    def _keys(self) -> dict[str, str]:
        """Return what can be searched by, in the person's language."""
        words = (
            self.tr("state", "a term of the search, without spaces"),
            self.tr("speaker", "a term of the search, without spaces"),
            self.tr("language", "a term of the search, without spaces"),
            self.tr("engine", "a term of the search, without spaces"),
            self.tr("error", "a term of the search, without spaces"),
            self.tr("batch", "a term of the search, without spaces"),
            self.tr("before", "a term of the search, without spaces"),
            self.tr("after", "a term of the search, without spaces"),
        )
        return dict(zip(words, KEYS, strict=True))

    def _say_doubt(self, query: Query) -> None:
        said = []
        if query.unknown:
            said.append(
                self.tr("“{terms}” is nothing to search by; there are {keys}.").format(
                    terms=", ".join(query.unknown), keys=", ".join(f"{key}:" for key in self._keys())
                )
            )
        if query.wrong:
            said.append(self.tr("“{terms}” makes no sense.").format(terms=", ".join(query.wrong)))
        self._doubt.setText(" ".join(said))
        self._doubt.setVisible(bool(said))

    def _show_page(self) -> None:
        nothing = self._jobs.total > 0 and self._jobs.rowCount() == 0
        asked = [self._jobs.cells.words.state(state) for state in self.chips.states]
        self._why.setText(" · ".join(filter(None, (", ".join(asked), self.search.text().strip()))))
        page = self._nothing if nothing else self.table
        if self._pages.currentWidget() is not page:
            had_focus = self._pages.isAncestorOf(self.focusWidget())
            self._pages.setCurrentWidget(page)
            if had_focus:
                (self.clear if nothing else self.table).setFocus()

    @Slot()
    def _on_typed(self) -> None:
        if self._jobs.total <= _AT_ONCE:
            self.apply()
        else:
            self._waiting.start()

    @Slot(object)
    def _on_chosen(self, _states: frozenset[JobState]) -> None:
        self.apply()

    @Slot(object)
    def _on_jobs_changed(self, _ids: frozenset[int]) -> None:
        if not self._counting.isActive():
            self._counting.start()
        self._show_page()
        running = self._jobs.running
        in_view = self._jobs.rowCount() <= self.table.lines_in_view()
        in_view = in_view and all(self._jobs.place_of(row.id).isValid() for row in running)
        self.working.setVisible(bool(running) and not in_view)
        if running:
            self.working.show_rows(running, self._jobs.now())

    @Slot(int)
    def _on_working_chosen(self, job_id: int) -> None:
        if not self._jobs.place_of(job_id).isValid():
            self.show_all()  # what is searched for leaves it out
        self.table.select(job_id)
        self.table.setFocus()

    @Slot()
    def _on_counted(self) -> None:
        self.chips.show_counts(self._jobs.counts)
        self._fit()

    @Slot()
    def _on_find_asked(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _fit(self) -> None:
        room = self.width() - 2 * _MARGIN
        beside = room - self.search.minimumWidth() - 2 * self._bar.spacing()
        below = self.chips.least_width() > beside
        direction = QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight
        if direction is not self._bar.direction():
            self._bar.setDirection(direction)
        self.chips.fit(room if below else beside)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Clear the search with Escape, go to the table with Enter or Down."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
            if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
                self.apply()
                self.table.setFocus()
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use the room there is."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_find_sign"):
            self._find_sign.setIcon(theme.icon("find", self.palette()))


class ActiveJobsBar(QWidget):
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
        button.setToolTip(widgets.plain_tooltip(told))

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
