"""Find in transcripts: a window with the words, who says them and when, and the lines that were found."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from PySide6.QtCore import QByteArray, QDate, QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from fi_desktop.core.transcript import Role
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.find.found_lines import FoundLinesModel
from fi_desktop.gui.find.found_table import FoundTable
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.widgets import SearchField, separator
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.search_query import SearchQuery, period, split_case, start_of, terms_of
from fi_desktop.jobs.transcript_index import IndexPlace
from fi_desktop.jobs.transcript_search import FoundPage, IndexState, TranscriptSearch

_TYPING_MS = 150  # after the last key
_STATE_MS = 1000  # how often it looks how far the index is, until it is complete
_PAGE = 50  # lines: more than any screen shows
_BETWEEN = "between"


@dataclass(frozen=True, slots=True)
class FindChoices:
    """What the window shows, to build it again in another language.

    Attributes:
        words: what is looked for.
        speaker: a name, or the index of a role; days: the index of the period.
        first, last: the days between which recordings were added.
        geometry: of the window.
    """

    words: str
    speaker: str
    days: int
    first: QDate
    last: QDate
    geometry: QByteArray


class FindWindow(QWidget):
    """Finds lines in all transcripts as words are typed.

    Attributes:
        field: the words.
        speaker: who says them: a role, or part of a name; days: when the recordings were added.
        first, last: the days, if they are to be between two.
        lines: what was found; table: shows it.
        status: how much was found, and whether all results were searched.

    Signals:
        line_chosen: a FoundLine to open.
    """

    line_chosen = Signal(object)

    def __init__(
        self,
        place: Callable[[], IndexPlace],
        bridge: Bridge,
        jobs: JobsModel,
        window_state: WindowState,
        parent: QWidget,
    ) -> None:
        """Make the window. place: returns where the index is."""
        super().__init__(parent, Qt.WindowType.Window)
        self._bridge, self._window_state = bridge, window_state
        self._search = TranscriptSearch(place)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="find")
        self._number = 0  # of the search whose lines are shown, or will be
        self._query = SearchQuery()
        self._state = IndexState()
        self._failure = ""
        self._ended = False
        self.setWindowTitle(self.tr("Find in transcripts"))
        self.setWindowIcon(theme.app_icon())
        self.field = SearchField(self.tr('Words, or a "phrase in quotes"'), self)
        self.speaker = self._make_speaker()
        self.days = self._make_days()
        self.first, self.last = self._make_day(self.tr("From")), self._make_day(self.tr("To"))
        self.lines = FoundLinesModel(jobs, self)
        self.table = FoundTable(self.tr("Lines"), self.lines, self)
        self.status = QLabel(self)
        self.status.setObjectName("quiet")
        self.status.setTextFormat(Qt.TextFormat.PlainText)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._looking = QTimer(self)
        self._looking.setInterval(_STATE_MS)
        self._lay_out()
        self._connect()
        window_state.restore("find", self, over=parent)
        self._show_days()

    @property
    def choices(self) -> FindChoices:
        """What the window shows."""
        return FindChoices(
            self.field.text(),
            self.speaker.currentText() if self._role() is None else str(self.speaker.currentIndex()),
            self.days.currentIndex(),
            self.first.date(),
            self.last.date(),
            self.saveGeometry(),
        )

    def restore(self, choices: FindChoices) -> None:
        """Show the same as a window in another language."""
        self.restoreGeometry(choices.geometry)
        self.first.setDate(choices.first)
        self.last.setDate(choices.last)
        self.days.setCurrentIndex(choices.days)
        if choices.speaker.isdecimal():
            self.speaker.setCurrentIndex(int(choices.speaker))
        else:
            self.speaker.setEditText(choices.speaker)
        self.field.setText(choices.words)

    def ask(self) -> None:
        """Show the window, and let the person type."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.field.selectAll()
        self._look()
        self._start()

    # ---- searching

    @Slot()
    def _start(self) -> None:
        """Search for what is asked now; a search that still runs is stopped."""
        self._typing.stop()
        self._number += 1
        self._query = self._wanted()
        self._search.stop()
        self._submit(None)

    @Slot()
    def _on_asked(self) -> None:
        self._typing.start()

    def _submit(self, after: int | None) -> None:
        if self._ended:
            return
        number = self._number
        future = self._executor.submit(self._search.find, self._query, _PAGE, after)
        self._bridge.when_done(
            future, partial(self._on_found, number, after is None), partial(self._on_failed, number)
        )

    def _on_found(self, number: int, first: bool, page: FoundPage) -> None:
        if number != self._number:
            return
        self._failure = ""
        if first:
            self.lines.show_page(page)
            self.table.scrollToTop()
        else:
            self.lines.add_page(page)
        self._show_status()

    def _on_failed(self, number: int, sentence: str) -> None:
        if number == self._number:
            self._failure = sentence
            self.lines.show_page(FoundPage())
            self._show_status()

    @Slot(object)
    def _on_more_asked(self, after: int) -> None:
        self._submit(after)

    @Slot()
    def _look(self) -> None:
        if self._ended:
            return
        self._bridge.when_done(self._executor.submit(self._search.state), self._on_state, self._on_no_state)

    def _on_state(self, state: IndexState) -> None:
        grown = state.indexed != self._state.indexed
        self._state = state
        if state.complete:
            self._looking.stop()
        elif self.isVisible():
            self._looking.start()
        if grown:
            self._start()
        self._show_status()

    @Slot(str)
    def _on_no_state(self, _sentence: str) -> None:
        self._looking.start()  # the search says why

    # ---- what is asked

    def _wanted(self) -> SearchQuery:
        role = self._role()
        speaker = role.value if role is not None else self.speaker.currentText().strip()
        if self.speaker.currentIndex() == 0 and speaker == self.speaker.itemText(0):
            speaker = ""
        since, until = self._bounds()
        words, case = split_case(self.field.text())
        return SearchQuery(terms_of(words, typing=True), speaker, since, until, case)

    def _role(self) -> Role | None:
        index = self.speaker.currentIndex()
        chosen = index > 0 and self.speaker.currentText() == self.speaker.itemText(index)
        return Role(self.speaker.itemData(index)) if chosen else None

    def _bounds(self) -> tuple[float | None, float | None]:
        name = str(self.days.currentData() or "")
        if not name:
            return None, None
        if name == _BETWEEN:
            first, last = (_day_of(edit.date()) for edit in (self.first, self.last))
            return start_of(first), period(last.isoformat(), last)[1]
        return period(name, datetime.now(UTC).astimezone().date())

    # ---- what is shown

    def _show_status(self) -> None:
        parts = [self._failure] if self._failure else []
        asked = bool(self._query.speaker) or any(not term.excluded for term in self._query.terms)
        count = self.lines.rowCount()
        if asked and not self._failure:
            if not count:
                parts.append(self.tr("Nothing was found."))
            elif self.lines.complete:
                parts.append(self.tr("%Ln line(s)", "", count))
            else:
                parts.append(self.tr("The newest %Ln line(s); scroll for more", "", count))
        if self._state.left > 0:
            if self._state.cause:
                parts.append(self.tr("The search index could not be used and is made again."))
            parts.append(self.tr("%Ln result(s) cannot be found yet.", "", self._state.left))
        elif self._state.left < 0:
            parts.append(self.tr("The results are not indexed yet."))
        self.status.setText("  ·  ".join(parts))
        self.table.setAccessibleDescription(self.status.text())

    @Slot()
    def _show_days(self) -> None:
        between = self.days.currentData() == _BETWEEN
        self.first.setVisible(between)
        self.last.setVisible(between)

    def _make_speaker(self) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(self.tr("Who says it"))
        box.setToolTip(self.tr("A role, or part of a name"))
        box.setEditable(True)
        if (edit := box.lineEdit()) is not None:
            edit.setAccessibleName(box.accessibleName())
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.addItem(self.tr("Anybody"), "")
        labels = UiLabels(self)
        for role in Role:
            box.addItem(labels.role(role), role.value)
        return box

    def _make_days(self) -> QComboBox:
        box = QComboBox(self)
        box.setAccessibleName(self.tr("When it was added"))
        for name, title in (
            ("", self.tr("Any day")),
            ("today", self.tr("Today")),
            ("yesterday", self.tr("Yesterday")),
            ("this week", self.tr("This week")),
            ("last week", self.tr("Last week")),
            ("this month", self.tr("This month")),
            ("last month", self.tr("Last month")),
            ("this year", self.tr("This year")),
            (_BETWEEN, self.tr("Between two days")),
        ):
            box.addItem(title, name)
        return box

    def _make_day(self, name: str) -> QDateEdit:
        edit = QDateEdit(QDate.currentDate(), self)
        edit.setAccessibleName(name)
        edit.setToolTip(name)
        edit.setCalendarPopup(True)
        return edit

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(12, 10, 12, 10)
        head.setSpacing(8)
        head.addWidget(self.field, 1)
        for widget in (self.speaker, self.days, self.first, self.last):
            head.addWidget(widget)
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 6, 16, 6)
        foot.addWidget(self.status, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(separator(self))
        column.addWidget(self.table, 1)
        column.addWidget(separator(self))
        column.addLayout(foot)

    def _connect(self) -> None:
        self._typing.timeout.connect(self._start)
        self._looking.timeout.connect(self._look)
        self.field.textChanged.connect(self._on_asked)
        self.field.returnPressed.connect(self.table.open_current)
        self.speaker.currentTextChanged.connect(self._on_asked)
        self.days.currentIndexChanged.connect(self._show_days)
        self.days.currentIndexChanged.connect(self._on_asked)
        self.first.dateChanged.connect(self._on_asked)
        self.last.dateChanged.connect(self._on_asked)
        self.lines.more_asked.connect(self._on_more_asked)
        self.table.opened.connect(self._on_opened)

    @Slot(int)
    def _on_opened(self, row: int) -> None:
        self.line_chosen.emit(self.lines.found_at(row))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Go from the words to the lines with the down key; close with Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        elif event.key() == Qt.Key.Key_Down and self.field.hasFocus() and self.lines.rowCount():
            self.table.setFocus()
            self.table.selectRow(max(0, self.table.currentIndex().row()))
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Search again when the person comes back: results may have been corrected meanwhile."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow() and self.isVisible():
            self._look()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop searching, and save the geometry."""
        self._typing.stop()
        self._looking.stop()
        self._search.stop()
        self._window_state.save("find", self)
        super().closeEvent(event)

    def end(self) -> None:
        """Close the window for good."""
        self._ended = True
        self.close()
        self._executor.shutdown(wait=False, cancel_futures=True)


def _day_of(day: QDate) -> date:
    return date(day.year(), day.month(), day.day())
