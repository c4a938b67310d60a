"""The list of results at the left of a result window."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QAction, QFont, QFontMetrics, QKeyEvent, QKeySequence, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import theme
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.result.results_model import ResultsModel
from fi_desktop.gui.widgets import (
    ReadOnlyTable,
    SearchField,
    action_button,
    draw_text,
    paint_background,
    separator,
)

_PAD_X, _PAD_Y, _LINE_GAP = 12, 7, 3
_LEAST_CHARS = 24
_ICON = 14
_BAR = 3  # at the left edge of the result that is shown
_Index = QModelIndex | QPersistentModelIndex


class ResultDelegate(QStyledItemDelegate):
    """Paints a result: its name above, how far it is checked, when and how long below.

    Attributes:
        row_height: height of two lines of text, pixels.
    """

    def __init__(self, view: QTableView, model: ResultsModel) -> None:
        super().__init__(view)
        self._view, self._model = view, model
        self._labels = UiLabels(self)
        self.set_font(view.font())

    def set_font(self, font: QFont) -> None:
        """Measure for this font."""
        self._name_font = theme.scaled(font, 1.0, QFont.Weight.Medium)
        self._fact_font = theme.tabular(theme.scaled(font, 0.9))
        self._name_height = QFontMetrics(self._name_font).height()
        self._fact_height = max(_ICON, QFontMetrics(self._fact_font).height())
        self.row_height = 2 * _PAD_Y + self._name_height + _LINE_GAP + self._fact_height + 1

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a result."""
        row = self._model.row(index)
        if row is None:
            return
        painter.save()
        paint_background(painter, option)
        palette, whole = option.palette, option.rect
        accent = palette.color(QPalette.ColorRole.Highlight)
        if self._view.selectionModel().isSelected(index):
            painter.fillRect(QRect(whole.left(), whole.top(), _BAR, whole.height() - 1), accent)
        area = whole.adjusted(_PAD_X, _PAD_Y, -_PAD_X, -_PAD_Y)
        name = QRect(area.left(), area.top(), area.width(), self._name_height)
        text = palette.color(QPalette.ColorRole.Text)
        title = self._model.title(row)
        draw_text(painter, name, title, self._name_font, text, elide=Qt.TextElideMode.ElideMiddle)
        below = QRect(area.left(), name.bottom() + 1 + _LINE_GAP, area.width(), self._fact_height)
        tone = theme.tone(theme.REVIEW_TONES[row.review], palette)
        icon = theme.pixmap(f"review-{row.review.value}", _ICON, tone, self._view.devicePixelRatioF())
        painter.drawPixmap(below.left(), below.center().y() - _ICON // 2 + 1, icon)
        below.setLeft(below.left() + _ICON + 5)
        state = self._labels.review_state(row.review)
        draw_text(painter, below, state, self._fact_font, tone)
        below.setLeft(below.left() + theme.text_width(self._fact_font, state))
        facts = f" · {self._model.facts(row)}"
        draw_text(painter, below, facts, self._fact_font, theme.quiet(palette))
        if self._view.hasFocus() and self._view.currentIndex() == index:
            painter.setPen(accent)
            painter.drawRect(whole.adjusted(0, 0, -1, -2))
        painter.restore()


class ResultLines(ReadOnlyTable):
    """The lines: arrow keys move between them, Enter and a click choose one; the selected one is shown.

    A table with one column: a `QListView` asks the model for every line whenever one changes.

    Signals:
        chosen: id of the job to show.
    """

    chosen = Signal(int)

    def __init__(self, name: str, model: ResultsModel, parent: QWidget | None = None) -> None:
        """Show the results. name: for screen readers."""
        super().__init__(name, 0, parent)
        self._model = model
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setModel(model)
        self._delegate = ResultDelegate(self, model)
        self.setItemDelegate(self._delegate)
        self.verticalHeader().setDefaultSectionSize(self._delegate.row_height)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().hide()
        self.clicked.connect(self._on_clicked)

    def show_current(self, job_id: int) -> None:
        """Mark the result that is shown, and bring it into view."""
        index = self._model.index_of(job_id)
        selection = self.selectionModel()
        if index.isValid():
            flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
            selection.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
            selection.select(index, flag)
            self.scrollTo(index)
        else:
            selection.clearSelection()

    @Slot(QModelIndex)
    def _on_clicked(self, index: QModelIndex) -> None:
        self.chosen.emit(self._model.job_at(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the current result; letters go to the window, not to Qt's search by first letter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.chosen.emit(self._model.job_at(self.currentIndex().row()))
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            last = event.key() == Qt.Key.Key_End
            self.setCurrentIndex(self._model.index(self._model.rowCount() - 1 if last else 0))
        elif event.text().isprintable() and event.text() and not event.modifiers():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_delegate"):
            self._delegate.set_font(self.font())
            self.verticalHeader().setDefaultSectionSize(self._delegate.row_height)


class ResultList(QWidget):
    """The results, with a field to narrow them down and keys to go through them.

    Attributes:
        model: the results.
        view: their lines.
        field: narrows them down.
        previous, next: show the result above or below, for the window's shortcuts.

    Signals:
        chosen: id of the job to show.
    """

    chosen = Signal(int)

    def __init__(self, jobs: JobsModel, job_id: int, toggle: QAction, parent: QWidget | None = None) -> None:
        """Show the results. job_id: of the one that is shown; toggle: shows and hides the list."""
        super().__init__(parent)
        self._shown = job_id
        self.model = ResultsModel(jobs, self)
        self.view = ResultLines(self.tr("Results"), self.model, self)
        self.field = SearchField(self.tr("Filter results"), self)
        self.field.setToolTip(self.tr("A name of a file, speaker or role; or draft, reviewed, signed"))
        self.field.setMinimumWidth(_LEAST_CHARS * self.fontMetrics().averageCharWidth())
        self.field.textChanged.connect(self.model.filter)
        self.field.installEventFilter(self)
        self.previous = self._action(self.tr("Previous result"), "Alt+Up", "Ctrl+PgUp", -1)
        self.next = self._action(self.tr("Next result"), "Alt+Down", "Ctrl+PgDown", +1)
        self._count = QLabel(self)
        self._count.setObjectName("quiet")
        self._count.setFont(theme.tabular(self.font()))
        above, below = action_button(self.previous, self), action_button(self.next, self)
        self.previous.enabledChanged.connect(above.setEnabled)
        self.next.enabledChanged.connect(below.setEnabled)
        self._buttons = [
            (above, "previous"),
            (below, "next"),
            (action_button(toggle, self), "results"),
        ]
        self._none = QLabel(self.tr("No result matches"), self)
        self._none.setObjectName("quiet")
        self._none.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._none.setWordWrap(True)
        self._none.setMargin(_PAD_X)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._lay_out()
        for one, other in pairwise((*(button for button, _icon in self._buttons), self.field, self.view)):
            self.setTabOrder(one, other)
        self._apply_theme()
        self.view.chosen.connect(self.chosen)
        for changed in (self.model.modelReset, self.model.rowsInserted, self.model.rowsRemoved):
            changed.connect(self._on_lines_changed)
        self.show_current(job_id)

    def show_current(self, job_id: int) -> None:
        """Mark the result that is shown."""
        self._shown = job_id
        self.view.show_current(job_id)
        self._show_count()

    def _action(self, text: str, key: str, other_key: str, by: int) -> QAction:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key), QKeySequence(other_key)])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(lambda: self._step(by))
        return action

    def _step(self, by: int) -> None:
        job_id = self.model.neighbour(self._shown, by)
        if job_id is not None:
            self.chosen.emit(job_id)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Results"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        title.setBuddy(self.view)
        head = QHBoxLayout()
        head.setContentsMargins(_PAD_X, 8, 6, 6)
        head.setSpacing(6)
        head.addWidget(title)
        head.addWidget(self._count, 1)
        for button, _icon in self._buttons:
            head.addWidget(button)
        search = QHBoxLayout()
        search.setContentsMargins(_PAD_X, 0, _PAD_X, 8)
        search.addWidget(self.field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(search)
        column.addWidget(separator(self))
        column.addWidget(self._none, 1)
        column.addWidget(self.view, 1)

    @Slot()
    def _on_lines_changed(self) -> None:
        """Mark the shown result again: it may be new, or the lines others."""
        selected = self.view.selectionModel().selectedIndexes()
        if not selected or self.model.job_at(selected[0].row()) != self._shown:
            self.view.show_current(self._shown)
        self._show_count()

    def _show_count(self) -> None:
        count = self.model.rowCount()
        self._count.setText(self.locale().toString(count))
        self._none.setVisible(not count)
        self.view.setVisible(bool(count))
        for action, by in ((self.previous, -1), (self.next, +1)):
            action.setEnabled(self.model.neighbour(self._shown, by) is not None)

    def _apply_theme(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(theme.icon(icon, self.palette()))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the field, Escape clears it; Enter and Down go to the lines."""
        if watched is self.field and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.field.text():
                self.field.clear()
                return True
            if (
                event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down)
                and not event.modifiers()
            ):
                if not self.view.currentIndex().isValid():
                    self.view.setCurrentIndex(self.model.index(0))
                self.view.setFocus()
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_none"):
            self._apply_theme()
