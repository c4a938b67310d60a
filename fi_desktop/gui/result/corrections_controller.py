"""What a person does in a result, by mouse, menu and keys: hear, correct, assign, check."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from fi_desktop.core.revision import Check, Edit, Split
from fi_desktop.core.transcript import Segment
from fi_desktop.gui.result.player import LEAD_S, Player
from fi_desktop.gui.result.player_bar import PlayerBar
from fi_desktop.gui.result.review_bar import ReviewBar
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.speaker_corrections import Selected, SpeakerCorrections
from fi_desktop.gui.result.speaker_dialog import SpeakerNaming
from fi_desktop.gui.result.text_editor import TextEditor
from fi_desktop.gui.result.text_panel import TextPanel
from fi_desktop.viewmodel.corrections import replacement, spoken_at, text_edits, word_at, word_span
from fi_desktop.viewmodel.doubts import Doubt, next_doubt
from fi_desktop.viewmodel.result import Match


class CorrectionsController(QObject):
    """Turns what a person does in the text into edits and sound.

    Attributes:
        editor: the field in which text is edited.
        speakers: who says the selected segments.
    """

    def __init__(
        self,
        session: ReviewSession,
        text: TextPanel,
        player: Player,
        controls: PlayerBar,
        review: ReviewBar,
        naming: SpeakerNaming,
    ) -> None:
        super().__init__(text)
        self._session = session
        self._panel, self._table = text, text.table
        self._player, self._controls = player, controls
        self._review = review
        self._doubt: Doubt | None = None
        self._spoken: tuple[int, int] | None = None
        self.editor = TextEditor(self._table.viewport())
        self.editor.finished.connect(self._on_edited)
        self.editor.closed.connect(self._table.setFocus)
        self.speakers = SpeakerCorrections(session, naming, self._table, self._selected, self.editor.commit)
        self._table.word_clicked.connect(self._on_word_clicked)
        self._table.time_clicked.connect(self._on_time_clicked)
        self._table.edit_asked.connect(self._on_edit_asked)
        self._table.menu_asked.connect(self._on_menu_asked)
        self._table.verticalScrollBar().valueChanged.connect(self._on_scrolled)
        text.replace_asked.connect(self._on_replace)
        text.replace_all_asked.connect(self._on_replace_all)
        review.next_asked.connect(self._on_next)
        review.previous_asked.connect(self._on_previous)
        review.accept_asked.connect(self._on_accept)
        player.moved.connect(self._on_moved)
        player.changed.connect(self._on_player_changed)
        controls.repeat_changed.connect(self._on_repeat)
        session.changed.connect(self._on_changed)
        self._add_keys()

    # ---- keys

    def _add_keys(self) -> None:
        self._key("Space", self._player.toggle)
        self._key("F2", self._on_edit_key)
        self._key("Return", self._on_return)
        self._key("Enter", self._on_return)
        # only while a doubt is checked: otherwise Tab leaves the table
        self._doubt_keys = [
            self._key("Tab", self._on_accept),
            self._key("Left", partial(self._move_to_neighbour, -1)),
            self._key("Right", partial(self._move_to_neighbour, +1)),
        ]
        self._hold_doubt(None)

    def _key(self, key: str, on_pressed: object) -> QAction:
        action = QAction(self._table)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(on_pressed)
        self._table.addAction(action)
        return action

    def _hold_doubt(self, doubt: Doubt | None) -> None:
        self._doubt = doubt
        for action in self._doubt_keys:
            action.setEnabled(doubt is not None)

    # ---- sound

    @Slot(int, int)
    def _on_word_clicked(self, row: int, offset: int) -> None:
        segment = self._segment(row)
        word = word_at(segment, self._panel.text_of(row), offset)
        if word is not None:
            self._player.play(max(0.0, segment.words[word].start - LEAD_S))

    @Slot(int)
    def _on_time_clicked(self, row: int) -> None:
        self._player.play(max(0.0, self._segment(row).start - LEAD_S))

    @Slot(float)
    def _on_moved(self, moment_s: float) -> None:
        near = self._spoken[0] if self._spoken is not None else 0
        spoken = spoken_at(self._session.transcript, moment_s, near)
        if spoken != self._spoken:
            self._spoken = spoken
            follow = self._controls.follow.isChecked() and self._player.playing and self.editor.row < 0
            self._table.show_spoken(self._match(*spoken) if spoken is not None else None, follow=follow)

    @Slot()
    def _on_player_changed(self) -> None:
        if self._player.loop is None and self._controls.repeat.isChecked():
            self._controls.repeat.setChecked(False)

    @Slot(bool)
    def _on_repeat(self, repeat: bool) -> None:
        row = self._row
        if not repeat or row < 0:
            self._player.set_loop(None)
        else:
            segment = self._segment(row)
            self._player.set_loop((segment.start, segment.end))
            if not self._player.playing:
                self._player.play(segment.start)

    # ---- text

    @property
    def _row(self) -> int:
        return self._table.currentIndex().row()

    def _segment(self, row: int) -> Segment:
        return self._session.transcript.segments[row]

    def _match(self, row: int, word: int) -> Match | None:
        segment = self._segment(row)
        span = word_span(segment, self._panel.text_of(row), word) if word < len(segment.words) else None
        return None if span is None else Match(row, *span)

    @Slot(int, int)
    def _on_edit_asked(self, row: int, offset: int) -> None:
        self._edit(row, offset)

    def _edit(self, row: int, offset: int, selected: int = 0) -> None:
        if not self._session.may_change():
            return
        segment = self._segment(row)
        text = "" if segment.missing else self._panel.text_of(row)
        self._table.choose(row)
        paragraphs = self._table.paragraphs
        area, line = self._table.text_rect(row), paragraphs.line_height
        self.editor.open(row, text, offset, area, paragraphs.font, line, selected=selected)

    @Slot()
    def _on_edit_key(self) -> None:
        """Edit the selected segment; its doubt, if one is checked, is selected."""
        if self._row < 0:
            return
        match = self._doubt_match(self._doubt) if self._doubt is not None else None
        if match is not None and match.row == self._row:
            self._edit(self._row, match.start, match.length)
        else:
            self._edit(self._row, -1)

    @Slot()
    def _on_return(self) -> None:
        if self._doubt is not None:
            self._on_accept()
        else:
            self._on_edit_key()

    @Slot(int, str, bool)
    def _on_edited(self, row: int, text: str, go_on: bool) -> None:
        edits: tuple[Edit, ...] = text_edits(row, self._segment(row), text)
        if edits:
            self._session.edit(*edits)
        if go_on:
            self._on_next()

    @Slot(object, str)
    def _on_replace(self, match: Match, text: str) -> None:
        count = self._replace([match], text)
        self._panel.show_replaced(count, Match(match.row, match.start, len(" ".join(text.split()))))

    @Slot(list, str)
    def _on_replace_all(self, matches: list[Match], text: str) -> None:
        self._panel.show_replaced(self._replace(matches, text))

    def _replace(self, matches: list[Match], text: str) -> int:
        replaced = replacement(self._session.transcript, matches, " ".join(text.split()))
        if replaced.edits:
            self._session.edit(*replaced.edits)
        return replaced.count

    def _selected(self) -> list[Selected]:
        rows = sorted(index.row() for index in self._table.selectionModel().selectedRows()) or [self._row]
        return [Selected(self._segment(row).speaker, row) for row in rows if row >= 0]

    def _move_to_neighbour(self, by: int) -> None:
        if self._row >= 0:
            self.speakers.assign_neighbour(self._row, by)

    # ---- the menu

    @Slot(int, int, QPoint)
    def _on_menu_asked(self, row: int, offset: int, place: QPoint) -> None:
        menu = self.menu(row, offset)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def menu(self, row: int, offset: int) -> QMenu:
        """Return the menu of a segment, opened at a character of its text or -1."""
        segment, menu = self._segment(row), QMenu(self._table)
        word = word_at(segment, self._panel.text_of(row), offset) if offset >= 0 else None
        start_s = segment.start if word is None else segment.words[word].start
        menu.addAction(self.tr("Play from here"), partial(self._player.play, max(0.0, start_s - LEAD_S)))
        if self._session.read_only:
            menu.addAction(self._table.copy)
            return menu
        menu.addAction(self.tr("Edit text"), partial(self._on_edit_asked, row, offset))
        menu.addAction(self._table.copy)
        menu.addSeparator()
        self.speakers.add_speakers(menu, Selected(segment.speaker, row))
        menu.addSeparator()
        split = menu.addAction(self.tr("Split before this word"))
        split.setEnabled(bool(word))
        split.triggered.connect(partial(self.speakers.edit, Split(row, word or 0)))
        self.speakers.add_join(menu, row)
        return menu

    # ---- doubts

    @Slot()
    def _on_next(self) -> None:
        self._go_to_doubt(back=False)

    @Slot()
    def _on_previous(self) -> None:
        self._go_to_doubt(back=True)

    def _go_to_doubt(self, *, back: bool) -> None:
        self.editor.commit()
        row, word = (self._doubt.segment, self._doubt.first) if self._doubt else (max(0, self._row), -1)
        self.go_to(next_doubt(self._review.doubts, row, word, back=back))

    @Slot(object)
    def go_to(self, doubt: Doubt | None) -> None:
        """Show a doubt and play it, or end the check with None."""
        self.editor.commit()
        self._show_doubt(doubt if doubt in self._review.doubts else None)
        if self._doubt is not None:
            self._player.play(max(0.0, self._doubt.start_s - LEAD_S))

    def _show_doubt(self, doubt: Doubt | None) -> None:
        self._hold_doubt(doubt)
        if doubt is None:
            self._table.show_doubt(None)
            return
        self._table.show_doubt(self._doubt_match(doubt))
        self._table.setFocus()

    def _doubt_match(self, doubt: Doubt) -> Match:
        """Return where a doubt stands in the text."""
        text = self._panel.text_of(doubt.segment)
        if doubt.end:
            segment = self._segment(doubt.segment)
            first, last = (word_span(segment, text, at) for at in (doubt.first, doubt.end - 1))
            if first is not None and last is not None:
                return Match(doubt.segment, first[0], last[0] + last[1] - first[0])
        return Match(doubt.segment, 0, len(text))

    @Slot()
    def _on_accept(self) -> None:
        if self._doubt is None:
            self._go_to_doubt(back=False)
            return
        doubt = self._doubt
        self._session.edit(Check(doubt.segment, doubt.first, doubt.end))
        self._hold_doubt(doubt)  # the next one is looked for behind it
        self._go_to_doubt(back=False)

    @Slot()
    def _on_changed(self) -> None:
        """Let go of a doubt that an edit resolved or moved."""
        if self._doubt is not None and self._doubt not in self._review.doubts:
            self._hold_doubt(None)
            self._table.show_doubt(None)
        self._spoken = None

    @Slot()
    def _on_scrolled(self) -> None:
        self.editor.commit()
