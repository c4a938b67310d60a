"""Find in transcripts; this module opens the window, and what was found in it.

The window's own modules are imported when it is opened: the main window starts faster.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Slot
from PySide6.QtWidgets import QWidget

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.result import JobWindows
from fi_desktop.gui.window_state import WindowState

if TYPE_CHECKING:
    from fi_desktop.gui.find.find_window import FindChoices, FindWindow
    from fi_desktop.gui.result.window import JobWindow
    from fi_desktop.jobs.transcript_index import IndexPlace
from fi_desktop.jobs.transcript_search import FoundLine


class TranscriptFinder(QObject):
    """Opens the window, and results at what was found.

    Attributes:
        window: the window; None before it was opened.
    """

    def __init__(
        self,
        place: Callable[[], IndexPlace],
        bridge: Bridge,
        jobs: JobsModel,
        windows: JobWindows,
        window_state: WindowState,
        parent: QWidget,
    ) -> None:
        """Prepare. place: returns where the index is."""
        super().__init__(parent)
        self.window: FindWindow | None = None
        self._parent = parent
        self._place, self._bridge, self._jobs = place, bridge, jobs
        self._windows, self._window_state = windows, window_state

    @property
    def choices(self) -> FindChoices | None:
        """What the window shows; None if it is closed."""
        return self.window.choices if self.window is not None and self.window.isVisible() else None

    @Slot()
    def open(self) -> FindWindow:
        """Show the window, and let the person type."""
        if self.window is None:
            from fi_desktop.gui.find.find_window import FindWindow

            window = FindWindow(self._place, self._bridge, self._jobs, self._window_state, self._parent)
            window.line_chosen.connect(self._on_line_chosen)
            self.window = window
        self._bridge.record(Act(ActKind.SEARCHED))  # once each time it is opened, not for each letter
        self.window.ask()
        return self.window

    def restore(self, choices: FindChoices) -> None:
        """Open the window with what another one showed."""
        self.open().restore(choices)

    def end(self) -> None:
        """Close the window for good."""
        if self.window is not None:
            self.window.end()

    @Slot(object)
    def _on_line_chosen(self, found: FoundLine) -> None:
        window = self._windows.open(found.job)
        if window.result is not None:
            self._show(window, found)
        else:
            window.result_shown.connect(
                partial(self._show, window, found), Qt.ConnectionType.SingleShotConnection
            )

    def _show(self, window: JobWindow, found: FoundLine) -> None:
        # after the window restored where it was when it was last open
        QTimer.singleShot(0, window, partial(_show_place, window, found))


def _show_place(window: JobWindow, found: FoundLine) -> None:
    """Select the line in the result, and play from the word that was found."""
    from fi_desktop.gui.result.player import LEAD_S
    from fi_desktop.viewmodel.found import place_of

    result = window.result
    if result is None or window.job_id != found.job or result.text is None:
        return
    segment, moment_s = place_of(result.session.transcript, found)
    result.text.table.selectRow(segment)
    result.text.table.choose(segment)
    result.text.table.setFocus()
    start_s = max(0.0, moment_s - LEAD_S)
    if not result.player.playing:
        result.player.seek(start_s)  # without a device too, the moment is shown
    result.player.play(start_s)
