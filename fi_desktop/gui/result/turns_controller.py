"""What a person does in a result without words: hear turns, and correct who speaks in them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from fi_desktop.core.revision import Split
from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Segment
from fi_desktop.gui.result.player import LEAD_S, Player
from fi_desktop.gui.result.player_bar import PlayerBar
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.speaker_corrections import Selected, SpeakerCorrections
from fi_desktop.gui.result.speaker_dialog import SpeakerNaming
from fi_desktop.gui.result.turns_panel import TurnsTable
from fi_desktop.viewmodel.result import SegmentTurnMap


class TurnsController(QObject):
    """Turns what a person does in the list of turns into edits and sound.

    Attributes:
        speakers: who speaks in the selected turn.
        split: cuts the selected turn at the moment that is heard.
    """

    def __init__(
        self,
        session: ReviewSession,
        table: TurnsTable,
        player: Player,
        controls: PlayerBar,
        naming: SpeakerNaming,
    ) -> None:
        super().__init__(table)
        self._session = session
        self._table = table
        self._player, self._controls = player, controls
        self._map: SegmentTurnMap | None = None
        self.speakers = SpeakerCorrections(session, naming, table, self._selected)
        self.split = self._action(self.tr("Split at the moment that is heard"), "S", self._on_split)
        self._action(self.tr("Play or pause"), "Space", player.toggle)
        for key in ("Return", "Enter"):
            self._action(self.tr("Play from here"), key, self._on_play)
        table.play_asked.connect(self._on_play)
        table.menu_asked.connect(self._on_menu_asked)
        controls.repeat_changed.connect(self._on_repeat)
        player.changed.connect(self._on_player_changed)
        session.changed.connect(self._on_changed)

    def _action(self, text: str, key: str, on_triggered: object) -> QAction:
        action = QAction(text, self._table)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(on_triggered)
        self._table.addAction(action)
        return action

    @property
    def _row(self) -> int:
        return self._table.currentIndex().row()

    def _at(self, row: int) -> Selected:
        """Return what a row stands for; a turn may have no segment, such as one of noise."""
        transcript = self._session.transcript
        if self._map is None:
            self._map = SegmentTurnMap(transcript.turns, transcript)
        return Selected(transcript.turns[row].speaker, self._map.segment_of(row))

    def _selected(self) -> list[Selected]:
        return [self._at(self._row)] if self._row >= 0 else []

    @Slot()
    def _on_changed(self) -> None:
        self._map = None

    # ---- sound

    @Slot()
    def _on_play(self) -> None:
        if self._row >= 0:
            self._player.play(max(0.0, self._session.transcript.turns[self._row].start - LEAD_S))

    @Slot(bool)
    def _on_repeat(self, repeat: bool) -> None:
        if not repeat or self._row < 0:
            self._player.set_loop(None)
        else:
            turn = self._session.transcript.turns[self._row]
            self._player.set_loop((turn.start, turn.end))
            if not self._player.playing:
                self._player.play(turn.start)

    @Slot()
    def _on_player_changed(self) -> None:
        if self._player.loop is None and self._controls.repeat.isChecked():
            self._controls.repeat.setChecked(False)

    # ---- edits

    def _cut(self, row: int) -> tuple[int, float] | None:
        """Return the segment of a row, and the moment within it that is heard."""
        number = self._at(row).segment
        if number is None:
            return None
        segment: Segment = self._session.transcript.segments[number]
        at = round(self._player.position_s, 2)
        return (number, at) if segment.start < at < segment.end else None

    @Slot()
    def _on_split(self) -> None:
        cut = self._cut(self._row) if self._row >= 0 else None
        if cut is not None:
            self._session.edit(Split(cut[0], at=cut[1]))

    @Slot(int, QPoint)
    def _on_menu_asked(self, row: int, place: QPoint) -> None:
        menu = self.menu(row)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self, row: int) -> QMenu:
        """Return the menu of a turn."""
        menu, selected, cut = QMenu(self._table), self._at(row), self._cut(row)
        start_s = self._session.transcript.turns[row].start
        menu.addAction(self.tr("Play from here"), partial(self._player.play, max(0.0, start_s - LEAD_S)))
        menu.addSeparator()
        self.speakers.add_speakers(menu, selected)
        menu.addSeparator()
        if cut is None:
            menu.addAction(self.tr("Split at the moment that is heard")).setEnabled(False)
        else:
            text = self.tr("Split at {time}").format(time=clock(cut[1], decimals=1))
            menu.addAction(text, partial(self.speakers.edit, Split(cut[0], at=cut[1])))
        self.speakers.add_join(menu, selected.segment)
        return menu
