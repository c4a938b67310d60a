"""How the next recordings are to be done: the number of speakers, and below "more" the engine."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from fi_desktop.core.job import JobOptions
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.engines import registry
from fi_desktop.ui import icons
from fi_desktop.ui.words import Words

_COUNTS = ("1", "2", "3", "4", "5", "2-4", "auto")


class OptionsBar(QWidget):
    """The options of the next drop."""

    def __init__(self, speakers: str, engine: str, parent: QWidget | None = None) -> None:
        """Offer the choices; `speakers` and `engine` are chosen at the start."""
        super().__init__(parent)
        self._words = Words(self)
        self.setAccessibleName(self.tr("Options of the next recordings"))
        self.speakers = QComboBox(self)
        for count in dict.fromkeys((*_COUNTS, speakers)):
            self.speakers.addItem(self._words.speakers_asked(count), count)
        self.speakers.setCurrentIndex(self.speakers.findData(speakers))
        self.speakers.setAccessibleName(self.tr("Number of speakers in the next recordings"))
        self.speakers.setToolTip(self.tr("How many people speak in the recordings that you add next"))
        label = QLabel(self.tr("&Speakers"), self)
        label.setBuddy(self.speakers)
        self.more = QToolButton(self)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setIconSize(QSize(20, 20))
        self.more.setAccessibleName(self.tr("More options of the next recordings"))
        self.more.setToolTip(self.tr("More options of the recordings that you add next"))
        self.more.setMenu(self._engine_menu(engine))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.speakers)
        row.addWidget(self.more)
        self._dress()

    def options(self) -> JobOptions:
        """Return what is chosen."""
        chosen = self._engines.checkedAction()
        return JobOptions(SpeakerCount.parse(self.speakers.currentData()), chosen.data())

    def _engine_menu(self, engine: str) -> QMenu:
        menu = QMenu(self)
        menu.addSection(self.tr("How voices are told apart"))
        self._engines = QActionGroup(menu)
        for name in dict.fromkeys((*registry.NAMES, engine)):
            action = QAction(self._words.engine(name), menu, checkable=True)
            action.setData(name)
            action.setChecked(name == engine)
            self._engines.addAction(action)
            menu.addAction(action)
        return menu

    def _dress(self) -> None:
        self.more.setIcon(icons.icon("more", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._dress()
