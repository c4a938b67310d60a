"""The welcome: one calm page, which asks for nothing."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QFont, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import icons, plain, room, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.elided_label import ElidedLabel
from fi_desktop.gui.language import SYSTEM
from fi_desktop.settings import Settings
from fi_desktop.viewmodel.computer import Facts, find_facts

_PICTURE = 52


class WelcomeDialog(QDialog):
    """Says where data lies and what does the work.

    Attributes:
        language: what the window speaks.
        folder, models, sample, begin: the buttons.
        computer, known: what was found: the device, and the models.

    Signals:
        language_asked: "system", or a language.
        models_asked: the person wants to see the models.
        sample_asked: the person wants to try the sample; the dialog closes.
    """

    language_asked = Signal(str)
    models_asked = Signal()
    sample_asked = Signal()

    def __init__(self, settings: Settings, language: str, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings, self._bridge = settings, bridge
        self.setWindowTitle(self.tr("Welcome"))
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.language = QComboBox(self)
        for choice, name in ((SYSTEM, self.tr("As the system")), ("en", "English"), ("es", "Español")):
            self.language.addItem(name, choice)
        self.language.setCurrentIndex(max(0, self.language.findData(language)))
        self.language.activated.connect(self._on_language_chosen)
        self.language.setAccessibleName(self.tr("Language"))
        home = ElidedLabel(str(settings.home), self)
        home.setToolTip(plain.tip(str(settings.home)))
        self.folder = self._button(self.tr("Show in folder"))
        here = QUrl.fromLocalFile(str(settings.home))
        self.folder.clicked.connect(partial(QDesktopServices.openUrl, here))
        self.computer = self._line(self.tr("Looking…"))
        self.known = self._line(self.tr("Looking…"))
        self.models = self._button(self.tr("Models…"))
        self.models.clicked.connect(self.models_asked)
        self.sample = self._button(self.tr("Try the sample"))
        self.sample.setToolTip(self.tr("A short conversation of two people comes with the program"))
        self.sample.clicked.connect(self._on_sample_asked)
        self.begin = QPushButton(self.tr("Begin"), self)
        self.begin.setObjectName("primary")
        self.begin.setDefault(True)
        self.begin.clicked.connect(self.accept)
        for button in (self.folder, self.models, self.sample, self.begin):
            button.setAccessibleName(button.text().removesuffix("…"))
        self._rows = QGridLayout()
        self._add_row(self.tr("Language"), self.language, None)
        self._add_row(self.tr("Your data"), home, self.folder)
        self._add_row(self.tr("This computer"), self.computer, None)
        self._add_row(self.tr("Models"), self.known, self.models)
        self._lay_out()
        self.begin.setFocus()
        self.look()

    @Slot()
    def look(self) -> None:
        """Look again what there is on this computer."""
        self._bridge.work(partial(find_facts, self._settings.model_roots), self._on_found, self._on_not_found)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName("plain")
        button.setAutoDefault(False)
        return button

    def _line(self, text: str) -> QLabel:
        line = QLabel(text, self)
        line.setWordWrap(True)
        line.setTextFormat(Qt.TextFormat.PlainText)
        return line

    def _add_row(self, name: str, shown: QWidget, button: QPushButton | None) -> None:
        row = self._rows.rowCount()
        label = QLabel(name, self)
        label.setObjectName("quiet")
        label.setBuddy(shown)
        self._rows.addWidget(label, row, 0, Qt.AlignmentFlag.AlignVCenter)
        self._rows.addWidget(shown, row, 1, Qt.AlignmentFlag.AlignVCenter)
        if button is not None:
            self._rows.addWidget(button, row, 2)

    def _lay_out(self) -> None:
        picture = QLabel(self)
        picture.setPixmap(icons.app_icon().pixmap(QSize(_PICTURE, _PICTURE), self.devicePixelRatioF()))
        title = QLabel(self.tr("Welcome to fi-desktop"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        what = QLabel(self.tr("Drop recordings on the window, and see who spoke when."), self)
        what.setObjectName("quiet")
        what.setWordWrap(True)
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(title)
        titles.addWidget(what)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture)
        head.addLayout(titles, 1)
        self._rows.setColumnStretch(1, 1)
        self._rows.setHorizontalSpacing(18)
        self._rows.setVerticalSpacing(10)
        private = self._line(
            self.tr(
                "Nothing leaves this computer: recordings stay where they are, and results with your data."
            )
        )
        private.setFont(theme.scaled(self.font(), 1.0, QFont.Weight.DemiBold))
        foot = QHBoxLayout()
        foot.setSpacing(10)
        foot.addStretch(1)
        foot.addWidget(self.sample)
        foot.addWidget(self.begin)
        column = QVBoxLayout(self)
        column.setContentsMargins(28, 24, 28, 20)
        column.setSpacing(18)
        column.addLayout(head)
        column.addLayout(self._rows)
        column.addWidget(private)
        column.addStretch(1)
        column.addLayout(foot)
        room.resize(self, (620, 372), least=(520, 340))

    def _on_found(self, facts: Facts) -> None:
        self.computer.setText(
            self.tr("A graphics card does the heavy part.")
            if facts.graphics
            else self.tr("The processor does the work; no graphics card was found that helps.")
        )
        engine = self.tr("The built-in engine tells voices apart.")
        if facts.voices:
            names = ", ".join(facts.voices)
            engine = self.tr("Voices are told apart by {models}, or built in.").format(models=names)
        words = self.tr("Nothing writes words down yet.")
        if facts.words:
            words = self.tr("Words are written down by {models}.").format(models=", ".join(facts.words))
        self.known.setText(f"{engine} {words}")

    def _on_not_found(self, sentence: str) -> None:
        self.computer.setText(sentence)
        self.known.setText(sentence)

    @Slot(int)
    def _on_language_chosen(self, index: int) -> None:
        self.language_asked.emit(self.language.itemData(index))

    @Slot()
    def _on_sample_asked(self) -> None:
        self.accept()
        self.sample_asked.emit()
