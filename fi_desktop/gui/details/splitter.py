"""Puts the details panel next to the table and remembers its visibility and width.

The panel and its module are loaded when it is first shown, so that the window opens sooner.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.window_state import WindowState
from fi_desktop.viewmodel.rows import Row

if TYPE_CHECKING:
    from fi_desktop.gui.details.panel import DetailsPanel

_ROOMY_PX = 1400  # a window this wide shows the details, unless someone has hidden them
_WIDTH_CHARS = 46
_OPEN, _WIDTH = "details/open", "details/width"


class DetailsSplitter(QSplitter):
    """The window's pages on the left, the details of the selected jobs on the right.

    Attributes:
        panel: the details; None before they are first shown.
    """

    def __init__(
        self,
        pages: QStackedWidget,
        jobs: JobsModel,
        action: QAction,
        make_panel: Callable[[QWidget], DetailsPanel],
        window_state: WindowState,
        parent: QWidget,
    ) -> None:
        """Prepare. `action`: shows and hides the details; `make_panel`: makes the panel."""
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._jobs, self._action, self._make, self._window_state = jobs, action, make_panel, window_state
        self._rows: tuple[Row, ...] = ()
        self.panel: DetailsPanel | None = None
        self.setHandleWidth(1)
        self._pages = pages
        self.addWidget(pages)
        self.setCollapsible(0, False)
        self.setStretchFactor(0, 1)
        self._chosen = window_state.number(_OPEN)
        action.setChecked(bool(self._chosen))
        action.triggered.connect(self._on_chosen)
        action.toggled.connect(self._fit)
        jobs.jobs_changed.connect(self._fit)
        self.splitterMoved.connect(self._on_moved)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show the selected jobs."""
        self._rows = tuple(rows)
        if self.panel is not None:
            self.panel.show_rows(rows)

    def save(self) -> None:
        """Save visibility and width."""
        if self._chosen is not None:
            self._window_state.save_number(_OPEN, self._chosen)
        if self.panel is not None and self.panel.isVisible():
            self._window_state.save_number(_WIDTH, self.panel.width())

    @Slot()
    def _fit(self) -> None:
        wanted = self._action.isChecked() and self._jobs.total > 0
        if wanted and self.panel is None:
            self.panel = self._make(self)
            self.addWidget(self.panel)
            self.setStretchFactor(1, 0)
            self._set_width(self._window_state.number(_WIDTH))
            self.panel.show_rows(self._rows)
        elif self.panel is not None and wanted == self.panel.isHidden():
            self._set_visible(wanted)

    def _set_visible(self, wanted: bool) -> None:
        panel = self.panel
        if panel is None:
            return
        focused = self.window().focusWidget()
        if not wanted and focused is not None and panel.isAncestorOf(focused):
            self._pages.setFocus()
        panel.setVisible(wanted)
        if wanted and not self.sizes()[1]:  # it was dragged shut
            self._set_width(None)

    def _set_width(self, width: int | None) -> None:
        """Set the panel's width; None: the default for the font. It is never wider than the table."""
        wanted = width or _WIDTH_CHARS * self.fontMetrics().averageCharWidth()
        wanted = min(wanted, self.width() // 2)
        self.setSizes([self.width() - wanted, wanted])

    @Slot(bool)
    def _on_chosen(self, wanted: bool) -> None:
        self._chosen = int(wanted)

    @Slot(int, int)
    def _on_moved(self, _position: int, _index: int) -> None:
        if self.panel is not None and not self.sizes()[1] and self._action.isChecked():
            self._action.trigger()

    def showEvent(self, event: QShowEvent) -> None:
        """Show the details in a wide window, unless someone has chosen otherwise."""
        super().showEvent(event)
        if self._chosen is None:
            self._action.setChecked(self.window().width() >= _ROOMY_PX)
