"""Moves the borders of turns: dragged in the lanes, or of the selected turn by keys."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from fi_desktop.gui.result.lanes import LanesView
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.viewmodel.borders import Border, border_of, moved, turn_with

_STEP_S = 0.1
KEYS = (
    ("Ctrl+Left", False, -1),
    ("Ctrl+Right", False, +1),
    ("Ctrl+Shift+Left", True, -1),
    ("Ctrl+Shift+Right", True, +1),
)
"""Keys, whether each moves the end of the selected turn or its start, and the direction."""


class BorderController(QObject):
    """Turns a drag, or a key, into an edit; the turn stays selected."""

    def __init__(self, session: ReviewSession, lanes: LanesView, table: QWidget) -> None:
        """table: the text or the turns: it selects turns of the lanes as well."""
        super().__init__(lanes)
        self._session = session
        self._lanes = lanes
        lanes.border_moved.connect(self._on_border_moved)
        for widget in (lanes, table):
            for key, end, direction in KEYS:
                action = QAction(widget)
                action.setShortcut(QKeySequence(key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                action.triggered.connect(partial(self._nudge, end, direction * _STEP_S))
                widget.addAction(action)

    def _nudge(self, end: bool, by_s: float) -> None:
        number, transcript = self._lanes.chosen, self._session.transcript
        if number is not None and transcript.turns:
            border = border_of(transcript, number, end=end)
            if border is not None:
                self._on_border_moved(border, border.near(round(border.at + by_s, 3), 0.0))

    @Slot(object, float)
    def _on_border_moved(self, border: Border, at: float) -> None:
        transcript = self._session.transcript
        if at != border.at and self._session.edit(moved(transcript, border, at)):
            speaker = transcript.turns[border.turn].speaker
            number = turn_with(self._session.transcript.turns, speaker, at, end=border.end)
            if number is not None:
                self._lanes.choose(number)
