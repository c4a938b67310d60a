"""Who said what, corrected in a list of segments or turns: by keys, and in its menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from fi_desktop.core.revision import Assign, Describe, Edit, Join, Merge, Swap, free_label
from fi_desktop.core.transcript import Role
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.speaker_dialog import SpeakerNaming

_SPEAKER_KEYS = 9


class Selected(NamedTuple):
    """What a row of the list stands for. segment: its number, None if no segment is of this turn."""

    speaker: str | None
    segment: int | None


class SpeakerCorrections(QObject):
    """Gives segments to speakers, and names, roles and turns to speakers as a whole.

    Keys: 1 to 9 for the speakers in order, Alt+1 to Alt+6 for the roles.
    """

    def __init__(
        self,
        session: ReviewSession,
        naming: SpeakerNaming,
        widget: QWidget,
        selected: Callable[[], list[Selected]],
        before_edit: Callable[[], object] = lambda: None,
    ) -> None:
        """Add the keys to a list. selected: what is selected there; before_edit: called before each edit."""
        super().__init__(widget)
        self._session = session
        self._naming = naming
        self._widget = widget
        self._selected = selected
        self._before_edit = before_edit
        self._labels = UiLabels(self)
        for number in range(_SPEAKER_KEYS):
            self._key(str(number + 1), partial(self.assign_number, number))
        for number, role in enumerate(Role):
            self._key(f"Alt+{number + 1}", partial(self._give_role, role))

    def _key(self, key: str, on_pressed: Callable[[], object]) -> None:
        action = QAction(self._widget)
        action.setShortcut(QKeySequence(key))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _checked=False: on_pressed())
        self._widget.addAction(action)

    def speakers(self) -> tuple[str, ...]:
        """Return the labels in the order of their keys."""
        transcript = self._session.transcript
        known = {*transcript.speakers, *(segment.speaker for segment in transcript.segments)}
        return tuple(sorted(label for label in known if label))

    def edit(self, edit: Edit) -> None:
        """Make an edit."""
        self._before_edit()
        self._session.edit(edit)

    def assign_number(self, number: int) -> None:
        """Give what is selected to a speaker; number: by the order of the keys."""
        speakers = self.speakers()
        if number < len(speakers):
            self._assign(speakers[number])

    def assign_neighbour(self, segment: int, by: int) -> None:
        """Give a segment to the previous or the next speaker."""
        speakers = self.speakers()
        if len(speakers) > 1:
            label = self._session.transcript.segments[segment].speaker
            at = speakers.index(label) if label in speakers else 0
            self._session.edit(Assign(segment, speakers[(at + by) % len(speakers)]))

    def _assign(self, label: str, *, onwards: bool = False) -> None:
        self._before_edit()
        segments = self._session.transcript.segments
        rows = sorted({row.segment for row in self._selected() if row.segment is not None})
        if rows and onwards:
            self._session.edit(Assign(rows[0], label, onwards=True))
        elif edits := [Assign(row, label) for row in rows if segments[row].speaker != label]:
            self._session.edit(*edits)

    def _give_role(self, role: Role) -> None:
        label = next((row.speaker for row in self._selected()), None)
        if label:
            person = self._session.transcript.person(label)
            self._session.edit(Describe(label, person.name, None if person.role is role else role))

    # ---- the menu

    def add_speakers(self, menu: QMenu, row: Selected) -> None:
        """Add what can be said about who speaks in a row."""
        others = [label for label in self.speakers() if label != row.speaker]
        here = menu.addMenu(self.tr("This is said by"))
        onwards = menu.addMenu(self.tr("From here on, said by"))
        new = free_label(self._session.transcript)
        for target, from_here in ((here, False), (onwards, True)):
            target.setEnabled(row.segment is not None)
            for label in others:
                target.addAction(self._name(label), partial(self._assign, label, onwards=from_here))
            target.addAction(self.tr("A new speaker"), partial(self._assign, new, onwards=from_here))
        if row.speaker is not None:
            self._add_speaker(menu, row.speaker, others)

    def _add_speaker(self, menu: QMenu, label: str, others: list[str]) -> None:
        name = self._name(label)
        menu.addAction(
            self.tr("Who is {speaker}?…").format(speaker=name), partial(self._naming.rename, label)
        )
        if others:
            merge = menu.addMenu(self.tr("{speaker} is the same person as").format(speaker=name))
            swap = menu.addMenu(self.tr("Swap {speaker} with").format(speaker=name))
            for other in others:
                merge.addAction(self._name(other), partial(self.edit, Merge(label, other)))
                swap.addAction(self._name(other), partial(self.edit, Swap(label, other)))

    def add_join(self, menu: QMenu, segment: int | None) -> None:
        """Add the action that joins a segment with the next one."""
        segments = self._session.transcript.segments
        join = menu.addAction(self.tr("Join with the next"))
        join.setEnabled(
            segment is not None
            and segment + 1 < len(segments)
            and segments[segment + 1].speaker == segments[segment].speaker
        )
        if segment is not None:
            join.triggered.connect(partial(self.edit, Join(segment)))

    def _name(self, label: str) -> str:
        return self._labels.speaker(label, self._session.transcript)
