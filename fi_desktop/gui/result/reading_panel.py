"""What was said, to be read: the list with its heading, a bar to find something, and what the marks mean."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Slot
from PySide6.QtGui import QAction, QFont, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from fi_desktop.core.transcript import Transcript
from fi_desktop.gui import theme
from fi_desktop.gui.result.find_bar import FindBar
from fi_desktop.gui.result.legend import Legend
from fi_desktop.gui.result.reading_model import ReadingModel
from fi_desktop.gui.result.reading_table import ReadingTable
from fi_desktop.viewmodel.finding import Match


class ReadingPanel(QWidget):
    """Shows the text of a transcript.

    Attributes:
        table: the list of segments.
        bar: the bar to find something; hidden until it is asked for.
        commands: find, find next, find previous; for the window's keys.
    """

    def __init__(self, transcript: Transcript, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ReadingModel(transcript, self)
        self._matches: list[Match] = []
        self._at = 0
        self.table = ReadingTable(self._model, self)
        self.bar = FindBar(self)
        self.bar.hide()
        self._find_button = QToolButton(self)
        self.commands = [
            self._command(self.tr("&Find…"), QKeySequence.StandardKey.Find, self._on_find_asked),
            self._command(self.tr("Find &next"), QKeySequence.StandardKey.FindNext, self._on_next_asked),
            self._command(
                self.tr("Find &previous"), QKeySequence.StandardKey.FindPrevious, self._on_previous_asked
            ),
        ]
        self.table.addAction(self.commands[0])
        self.setFocusProxy(self.table)
        self._lay_out()
        self._dress()
        self.bar.sought.connect(self._on_sought)
        self.bar.next_asked.connect(self._on_next_asked)
        self.bar.previous_asked.connect(self._on_previous_asked)
        self.bar.closed.connect(self.stop_finding)

    @property
    def sought(self) -> str | None:
        """What is in the bar; None: it is not open."""
        return None if self.bar.isHidden() else self.bar.field.text()

    def seek(self, text: str) -> None:
        """Open the bar, and find something."""
        self.bar.open()
        self.bar.field.setText(text)

    @Slot()
    def stop_finding(self) -> None:
        """Close the bar."""
        self.bar.hide()
        self._matches = []
        self.table.show_matches((), None)
        self.table.setFocus()

    def _lay_out(self) -> None:
        title = QLabel(self.tr("What was said"), self)
        title.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        shown = QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText)
        self._find_button.setObjectName("small")
        self._find_button.setIconSize(QSize(18, 18))
        self._find_button.setAccessibleName(self.tr("Find in the text"))
        self._find_button.setToolTip(f"{self.tr('Find in the text')} ({shown})")
        self._find_button.clicked.connect(self._on_find_asked)
        head = QHBoxLayout()
        head.setContentsMargins(16, 6, 12, 2)
        head.addWidget(title, 1)
        head.addWidget(self._find_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.table, 1)
        if self._model.doubtful or self._model.overlapping:
            doubtful, overlap = bool(self._model.doubtful), bool(self._model.overlapping)
            column.addWidget(Legend(self, doubtful=doubtful, overlap=overlap))

    def _command(self, text: str, key: QKeySequence.StandardKey, act: object) -> QAction:
        action = QAction(text, self)
        action.setShortcuts(key)
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(act)
        return action

    def _go_to(self, number: int) -> None:
        """Show a match; past the last one comes the first."""
        if self._matches:
            self._at = number % len(self._matches)
            self.table.show_matches(self._matches, self._matches[self._at])
        else:
            self.table.show_matches((), None)
        self.bar.tell(self._at + 1, len(self._matches))

    @Slot(str)
    def _on_sought(self, needle: str) -> None:
        # from where the person is, so that a word typed further does not jump on
        here = self._matches[self._at] if self._matches else None
        row, start = (here.row, here.start) if here else (max(0, self.table.currentIndex().row()), 0)
        self._matches = self._model.find(needle)
        following = (n for n, match in enumerate(self._matches) if (match.row, match.start) >= (row, start))
        self._at = 0
        self._go_to(next(following, 0))

    @Slot()
    def _on_find_asked(self) -> None:
        self.bar.open()
        self._on_sought(self.bar.field.text())

    @Slot()
    def _on_next_asked(self) -> None:
        self._step(+1)

    @Slot()
    def _on_previous_asked(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.bar.isHidden():
            self._on_find_asked()
        else:
            self._go_to(self._at + by)

    def _dress(self) -> None:
        self._find_button.setIcon(theme.icon("find", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_find_button"):
            self._dress()
