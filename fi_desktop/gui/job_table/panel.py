"""The job table and what surrounds it: state chips, search field, active jobs, no-match hint."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QPalette,
    QResizeEvent,
    QShortcut,
    QShowEvent,
)
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
from fi_desktop.core.text import percent
from fi_desktop.gui import labels, theme, widgets
from fi_desktop.gui.job_table.chips import StateChips
from fi_desktop.gui.job_table.columns import CellTexts
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.table import JobsTable
from fi_desktop.gui.local_dates import read_date
from fi_desktop.viewmodel.rows import Row
from fi_desktop.viewmodel.search import KEYS, Query, Shown, combine, parse

_SEARCH_AT_ONCE = 5000  # jobs up to which each keystroke is applied immediately
_SEARCH_PAUSE_MS = 120  # without another keystroke, if there are more
_COUNT_MS = 200  # chips with other numbers change the layout
_SEARCH_WIDTH = 300
_LEAST_CHIPS = 280
_MARGIN = 12
_TICK_MS = 1000
_MOST_ACTIVE = 4  # jobs shown by name
_ACTIVE_WIDTH = 180  # least width of one, pixels
_BUTTON_FRAME = 34  # a button's padding and border, and a pixel for each part of its text


class ActiveJobsBar(QWidget):
    """Running jobs with their progress, in one line; a click goes to the job.

    Attributes:
        buttons: one for each job shown by name.
        more: number of further jobs.

    Signals:
        chosen: id of the job to show.
    """

    chosen = Signal(int)

    def __init__(self, texts: CellTexts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts = texts
        self._rows: list[Row] = []
        self._now = 0.0
        self._next: list[Row] | None = None  # shown at the next tick
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self.setAccessibleName(self.tr("In progress"))
        title = QLabel(self.tr("In progress:"), self)
        title.setObjectName("quiet")
        self.buttons = [self._make_button(position) for position in range(_MOST_ACTIVE)]
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
        """Show these jobs: other jobs at once, progress once a second."""
        self._next, self._now = rows, now
        if [row.id for row in rows] != [row.id for row in self._rows]:
            self._on_tick()

    def _make_button(self, position: int) -> QPushButton:
        button = QPushButton(self)
        button.setObjectName("plain")
        button.setAccessibleName(self.tr("In progress"))
        button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        button.setMaximumWidth(_ACTIVE_WIDTH * 2)
        button.clicked.connect(partial(self._on_clicked, position))
        button.hide()
        return button

    @Slot()
    def _on_tick(self) -> None:
        if self._next is not None:
            self._rows, self._next = self._next, None
            self._fill()

    def _fill(self) -> None:
        fitting = max(1, self.width() // _ACTIVE_WIDTH - 1)
        named = self._rows[: min(_MOST_ACTIVE, fitting)]
        for button, row in zip(self.buttons, [*named, *[None] * _MOST_ACTIVE], strict=False):
            button.setVisible(row is not None)
            if row is not None:
                self._set_text(button, row)
        others = len(self._rows) - len(named)
        self.more.setText(self.tr("and %Ln more", "", others) if others else "")
        self.more.setVisible(others > 0)

    def _set_text(self, button: QPushButton, row: Row) -> None:
        progress = f"{percent(row.share)} · {self._texts.time_left(row, self._now)}"
        width = button.width() - _BUTTON_FRAME - theme.text_width(button.font(), f"  {progress}")
        title = self._texts.title(row)
        name = button.fontMetrics().elidedText(title, Qt.TextElideMode.ElideMiddle, max(width, 40))
        button.setText(f"{name}  {progress}".replace("&", "&&"))
        whole = f"{title}: {self._texts.labels.stage(row.stage)}, {progress}"
        button.setAccessibleName(whole)
        button.setToolTip(widgets.plain_tooltip(whole))

    def _on_clicked(self, position: int, _checked: bool = False) -> None:
        if position < len(self._rows):
            self.chosen.emit(self._rows[position].id)

    def minimumSizeHint(self) -> QSize:
        """Never widen the window."""
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many jobs as fit."""
        super().resizeEvent(event)
        QTimer.singleShot(0, self, self._fill)

    def showEvent(self, event: QShowEvent) -> None:
        """Start updating."""
        super().showEvent(event)
        self._tick.start()
        QTimer.singleShot(0, self, self._fill)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop updating."""
        super().hideEvent(event)
        self._tick.stop()


class JobsPanel(QWidget):
    """Searches, filters and shows jobs.

    Attributes:
        table: the jobs.
        chips: filters by state.
        search: the search field.
        active: running jobs, unless the table shows all jobs anyway.
        clear: shows all jobs again, if none matches.
    """

    def __init__(self, jobs: JobsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.table = JobsTable(jobs, self)
        self.chips = StateChips(jobs.texts.labels, self)
        self.chips.setMinimumWidth(_LEAST_CHIPS)  # chips shrink in a narrow window and never widen it
        self._make_search()
        self._warning = QLabel(self)
        self._warning.setTextFormat(Qt.TextFormat.PlainText)
        self._warning.setWordWrap(True)
        self._warning.setContentsMargins(_MARGIN + 4, 0, _MARGIN, 6)
        self._warning.setAccessibleName(self.tr("Search terms not understood"))
        self._warning.hide()
        self.active = ActiveJobsBar(jobs.texts, self)
        self.active.chosen.connect(self._on_active_job_chosen)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_SEARCH_PAUSE_MS)
        self._typing.timeout.connect(self.apply)
        self._counting = QTimer(self)
        self._counting.setSingleShot(True)
        self._counting.setInterval(_COUNT_MS)
        self._counting.timeout.connect(self._on_counted)
        self._lay_out()
        self.setFocusProxy(self.table)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self, self._on_find_requested)
        self.search.textChanged.connect(self._on_typed)
        self.chips.chosen.connect(self._on_chosen)
        jobs.jobs_changed.connect(self._on_jobs_changed)

    @property
    def warning(self) -> str:
        """What is shown about terms that are not understood; "" if all are."""
        return self._warning.text() if self._warning.isVisibleTo(self) else ""

    @Slot()
    def apply(self) -> None:
        """Show the jobs that match the search and the chips."""
        self._typing.stop()
        states = {self._jobs.texts.labels.state(state): state for state in JobState}
        reviews = self._jobs.texts.labels.reviews()
        query = parse(
            self.search.text(),
            states,
            self._keys(),
            reviews,
            error_text=labels.sentence,
            read_date=read_date,
        )
        self._show_warning(query)
        self._jobs.filter(combine(query.tests, self.chips.states))
        self._show_page()

    @Slot()
    def show_all(self) -> None:
        """Clear the search and the chips."""
        self.search.clear()
        self.chips.show_all()
        self.apply()
        self.table.setFocus()

    def _make_search(self) -> None:
        find = QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText)
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search ({key})").format(key=find))
        self.search.setAccessibleName(self.tr("Search recordings"))
        self.search.setToolTip(
            self.tr(
                "Words of the file name, the case, a speaker's name or role, draft, reviewed or signed; or "
                "case:0042, date:2026-11-29, date:2026-11, state:failed, speaker:3, language:es, engine:…, "
                "error:…, batch:12, after:2026-11-01, before:2026-12-01. "
                '"Quotes" search for a phrase; -word excludes it.'
            )
        )
        self.search.setClearButtonEnabled(True)
        self.search.setMaximumWidth(_SEARCH_WIDTH)
        self.search.setMinimumWidth(150)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.installEventFilter(self)
        self._find_icon = self.search.addAction(
            theme.icon("find", self.palette()), QLineEdit.ActionPosition.LeadingPosition
        )
        names = (self.tr("Clear search"), self.tr("Search"))
        for button, name in zip(self.search.findChildren(QToolButton), names, strict=True):
            button.setAccessibleName(name)

    def _lay_out(self) -> None:
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.table)
        self._no_match = self._make_no_match()
        self._pages.addWidget(self._no_match)
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
        column.addWidget(self._warning)
        column.addWidget(self.active)
        column.addWidget(self._pages, 1)

    def _make_no_match(self) -> QWidget:
        page = QWidget(self)
        page.setAutoFillBackground(True)
        page.setBackgroundRole(QPalette.ColorRole.Base)
        title = QLabel(self.tr("No recording matches"), page)
        title.setFont(theme.scaled(self.font(), 1.4))
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._criteria = QLabel(page)
        self._criteria.setObjectName("quiet")
        self._criteria.setTextFormat(Qt.TextFormat.PlainText)
        self._criteria.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._criteria.setWordWrap(True)
        self.clear = QPushButton(self.tr("Clear"), page)
        self.clear.setObjectName("plain")
        self.clear.setAccessibleName(self.tr("Show all recordings"))
        self.clear.setAutoDefault(True)
        self.clear.clicked.connect(self.show_all)
        column = QVBoxLayout(page)
        column.setContentsMargins(48, 24, 48, 24)
        column.setSpacing(10)
        column.addStretch(2)
        column.addWidget(title)
        column.addWidget(self._criteria)
        column.addWidget(self.clear, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
        return page

    def _keys(self) -> dict[str, str]:
        """Return `KEYS` by their words in the window's language."""
        words = (
            self.tr("state", "a term of the search, without spaces"),
            self.tr("speaker", "a term of the search, without spaces"),
            self.tr("language", "a term of the search, without spaces"),
            self.tr("engine", "a term of the search, without spaces"),
            self.tr("error", "a term of the search, without spaces"),
            self.tr("batch", "a term of the search, without spaces"),
            self.tr("before", "a term of the search, without spaces"),
            self.tr("after", "a term of the search, without spaces"),
            self.tr("review", "a term of the search, without spaces"),
            self.tr("case", "a term of the search, without spaces"),
            self.tr("date", "a term of the search, without spaces"),
        )
        return dict(zip(words, KEYS, strict=True))

    def _show_warning(self, query: Query) -> None:
        sentences = []
        if query.unknown:
            sentence = self.tr("Unknown filter “{terms}”. Available: {keys}.")
            keys = ", ".join(f"{key}:" for key in self._keys())
            sentences.append(sentence.format(terms=", ".join(query.unknown), keys=keys))
        if query.invalid:
            sentences.append(self.tr("Invalid filter “{terms}”.").format(terms=", ".join(query.invalid)))
        self._warning.setText(" ".join(sentences))
        self._warning.setVisible(bool(sentences))

    def _show_page(self) -> None:
        no_match = self._jobs.total > 0 and self._jobs.rowCount() == 0
        states = map(self.chips.label, self.chips.states)
        self._criteria.setText(" · ".join(filter(None, (", ".join(states), self.search.text().strip()))))
        page = self._no_match if no_match else self.table
        if self._pages.currentWidget() is not page:
            had_focus = self._pages.isAncestorOf(self.focusWidget())
            self._pages.setCurrentWidget(page)
            if had_focus:
                (self.clear if no_match else self.table).setFocus()

    @Slot()
    def _on_typed(self) -> None:
        if self._jobs.total <= _SEARCH_AT_ONCE:
            self.apply()
        else:
            self._typing.start()

    @Slot(object)
    def _on_chosen(self, _shown: frozenset[Shown]) -> None:
        self.apply()

    @Slot(object)
    def _on_jobs_changed(self, _ids: frozenset[int]) -> None:
        if not self._counting.isActive():
            self._counting.start()
        self._show_page()
        running = self._jobs.running
        all_visible = self._jobs.rowCount() <= self.table.visible_lines()
        all_visible = all_visible and all(self._jobs.index_of_job(row.id).isValid() for row in running)
        self.active.setVisible(bool(running) and not all_visible)
        if running:
            self.active.show_rows(running, self._jobs.now())

    @Slot(int)
    def _on_active_job_chosen(self, job_id: int) -> None:
        if not self._jobs.index_of_job(job_id).isValid():
            self.show_all()  # it is filtered out
        self.table.select(job_id)
        self.table.setFocus()

    @Slot()
    def _on_counted(self) -> None:
        self.chips.show_counts(self._jobs.counts, self._jobs.to_review)
        self._fit()

    @Slot()
    def _on_find_requested(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _fit(self) -> None:
        """Put the search field below the chips if the window is narrow."""
        width = self.width() - 2 * _MARGIN
        chips_width = width - self.search.minimumWidth() - 2 * self._bar.spacing()
        stacked = self.chips.least_width() > chips_width
        direction = QBoxLayout.Direction.TopToBottom if stacked else QBoxLayout.Direction.LeftToRight
        if direction is not self._bar.direction():
            self._bar.setDirection(direction)
        self.chips.fit(width if stacked else chips_width)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Escape clears the search; Enter and Down go to the table."""
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
        """Use the available width."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the search icon when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_find_icon"):
            self._find_icon.setIcon(theme.icon("find", self.palette()))
