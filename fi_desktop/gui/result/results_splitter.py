"""Puts the list of results next to the result, and remembers its visibility and width."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence, QPalette, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.result.result_list import ResultList
from fi_desktop.gui.widgets import action_button, separator
from fi_desktop.gui.window_state import WindowState, available

_ROOMY_PX = 1040  # a window this wide shows the list, unless someone has hidden it
_WIDTH_CHARS = 36
_KEY = "F4"  # as for the details of the main window
_OPEN, _WIDTH = "results/open", "results/width"


class ResultsSplitter(QWidget):
    """The results at the left, or a strip of buttons instead; neither while there is only one result.

    Attributes:
        list: the results.
        show_list, hide_list: the actions; one of them is enabled at a time.

    Signals:
        focus_released: the list had the focus, and is hidden.
    """

    focus_released = Signal()

    def __init__(
        self,
        jobs: JobsModel,
        job_id: int,
        content: QWidget,
        window_state: WindowState,
        parent: QWidget | None = None,
    ) -> None:
        """Prepare. job_id: of the result that is shown; content: shows it."""
        super().__init__(parent)
        self._window_state, self._content = window_state, content
        self._chosen = window_state.number(_OPEN)
        self.hide_list = self._action(self.tr("Hide the results"), self._on_hide)
        self.show_list = self._action(self.tr("Show the results"), self._on_show)
        self.list = ResultList(jobs, job_id, self.hide_list, self)
        self.addActions([self.list.previous, self.list.next])  # not to the list: hidden, it takes no keys
        self._strip = self._make_strip()
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setHandleWidth(1)
        self._split.setChildrenCollapsible(False)
        self._split.addWidget(self.list)
        self._split.addWidget(content)
        self._split.setStretchFactor(0, 0)
        self._split.setStretchFactor(1, 1)
        self.list.hide()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addWidget(self._strip)
        self._row.addWidget(self._split, 1)
        for changed in (
            self.list.model.modelReset,
            self.list.model.rowsInserted,
            self.list.model.rowsRemoved,
        ):
            changed.connect(self._fit)
        self._apply_theme()
        self._fit()

    def save(self) -> None:
        """Save whether the list is shown, if somebody chose it, and its width."""
        if self._chosen is not None:
            self._window_state.save_number(_OPEN, self._chosen)
        if self.list.isVisible():
            self._window_state.save_number(_WIDTH, self.list.width())

    def _action(self, text: str, on_triggered: object) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(_KEY))
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.triggered.connect(on_triggered)
        self.addAction(action)
        return action

    def _make_strip(self) -> QWidget:
        strip = QWidget(self)
        strip.setAutoFillBackground(True)
        strip.setBackgroundRole(QPalette.ColorRole.Base)
        above, below = action_button(self.list.previous, strip), action_button(self.list.next, strip)
        self._buttons = [
            (action_button(self.show_list, strip), "results"),
            (above, "previous"),
            (below, "next"),
        ]
        column = QVBoxLayout()
        column.setContentsMargins(4, 8, 4, 8)
        column.setSpacing(4)
        for button, _icon in self._buttons:
            column.addWidget(button)
        for action, button in zip((self.list.previous, self.list.next), (above, below), strict=True):
            action.enabledChanged.connect(button.setEnabled)
            button.setEnabled(action.isEnabled())
        column.addStretch(1)
        row = QHBoxLayout(strip)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(column)
        row.addWidget(separator(strip, Qt.Orientation.Vertical))
        return strip

    @Slot()
    def _fit(self) -> None:
        """Show the list or the strip."""
        useful = self.list.model.total > 1
        chosen = self.width() >= _ROOMY_PX if self._chosen is None else bool(self._chosen)
        shown = useful and chosen and self.width() >= self._least_width()
        focused = self.window().focusWidget()
        leaves = not shown and focused is not None and self.list.isAncestorOf(focused)
        self._strip.setVisible(useful and not shown)
        if shown == self.list.isHidden():
            self.list.setVisible(shown)
            if shown:
                self._set_width()
        self.show_list.setEnabled(useful and not shown)
        self.hide_list.setEnabled(shown)
        for action in (self.list.previous, self.list.next):
            action.setVisible(useful)
        if leaves:
            self.focus_released.emit()

    def _set_width(self) -> None:
        self._row.activate()  # otherwise the widths are of the window before it grew
        saved = self._window_state.number(_WIDTH)
        width = saved or _WIDTH_CHARS * self.fontMetrics().averageCharWidth()
        most = min(self.width() // 2, self.width() - self._content.minimumSizeHint().width())
        width = max(self.list.minimumSizeHint().width(), min(width, most))
        self._split.setSizes([width, self.width() - width])

    def _least_width(self) -> int:
        """Return the width below which the list would cover part of the result."""
        sides = self.list.minimumSizeHint().width() + self._content.minimumSizeHint().width()
        return min(sides + self._split.handleWidth(), available(self.window()).width())

    @Slot()
    def _on_show(self) -> None:
        self._chosen = 1
        window = self.window()
        if window.width() < self._least_width():
            window.resize(self._least_width(), window.height())
        self._fit()
        self.list.view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    @Slot()
    def _on_hide(self) -> None:
        self._chosen = 0
        self.save()
        self._fit()

    def _apply_theme(self) -> None:
        for button, icon in self._buttons:
            button.setIcon(theme.icon(icon, self.palette()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show the list if there is room, unless someone has chosen otherwise."""
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_split"):
            self._apply_theme()
