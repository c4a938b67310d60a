"""The vocabulary of recordings: lists by specialty, and one's own words."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.window_state import resize_to_screen

_COLUMNS = 2


class TermListBoxes(QWidget):
    """A check box for each vocabulary list.

    Signals:
        changed: another choice was made.
    """

    changed = Signal()

    def __init__(self, available: Iterable[str], parent: QWidget | None = None) -> None:
        """Offer these lists."""
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._boxes: dict[str, QCheckBox] = {}
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(4)
        for name in available:
            self._add(name)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the chosen lists, in the order in which they are offered."""
        return tuple(name for name, box in self._boxes.items() if box.isChecked())

    def choose(self, names: Iterable[str]) -> None:
        """Choose these lists, adding those that are not on offer."""
        names = tuple(names)
        for name in names:
            if name not in self._boxes:
                self._add(name)
        for name, box in self._boxes.items():
            box.setChecked(name in names)

    def box(self, name: str) -> QCheckBox:
        """Return the check box of a list."""
        return self._boxes[name]

    def _add(self, name: str) -> None:
        box = QCheckBox(self._labels.term_list(name).replace("&", "&&"), self)
        box.toggled.connect(self.changed)
        row, column = divmod(len(self._boxes), _COLUMNS)
        self._boxes[name] = box
        self._grid.addWidget(box, row, column)
        if len(self._boxes) == 1:
            self.setFocusProxy(box)


class VocabularyDialog(QDialog):
    """Chooses vocabulary lists, and edits further words, one per line.

    Attributes:
        boxes: the lists.
        field: the words.
    """

    def __init__(
        self,
        vocabulary: tuple[str, ...],
        lists: tuple[str, ...],
        available: Iterable[str],
        parent: QWidget | None = None,
    ) -> None:
        """Show the words and the chosen lists. available: names of the lists on offer."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Vocabulary"))
        heading = QLabel(self.tr("Drugs, tests and abbreviations of:"), self)
        self.boxes = TermListBoxes(available, self)
        self.boxes.choose(lists)
        label = QLabel(self.tr("&Drug names, places or people in the recordings, one per line:"), self)
        label.setWordWrap(True)
        self.field = QPlainTextEdit("\n".join(vocabulary), self)
        self.field.setAccessibleName(self.tr("Vocabulary"))
        self.field.setAccessibleDescription(self.tr("One per line"))
        self.field.setPlaceholderText("sumatriptán\nlorazepam")
        self.field.setTabChangesFocus(True)
        label.setBuddy(self.field)
        hint = QLabel(
            self.tr(
                "Terms of a list are only written where something similar was heard. If none is chosen, all"
                " lists of the program are used."
            ),
            self,
        )
        hint.setObjectName("quiet")
        hint.setWordWrap(True)
        use, cancel = QPushButton(self.tr("Use these words"), self), QPushButton(self.tr("Cancel"), self)
        use.setObjectName("primary")
        cancel.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(use, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        use.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(heading)
        column.addWidget(self.boxes)
        column.addWidget(label)
        column.addWidget(self.field, 1)
        column.addWidget(hint)
        column.addWidget(buttons)
        resize_to_screen(self, (460, 440))

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The words without duplicates, in the order they were typed."""
        lines = (" ".join(line.split()) for line in self.field.toPlainText().splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))
