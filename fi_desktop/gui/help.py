"""Help dialogs: welcome, about, and keyboard shortcuts."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QLocale, QSize, Qt, QUrl, Signal, Slot
from PySide6.QtGui import QAction, QDesktopServices, QFont, QGuiApplication, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fi_desktop import __version__
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.encryption.welcome_row import EncryptionRow
from fi_desktop.gui.language import language_choices
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.viewmodel import installation
from fi_desktop.viewmodel.installation import Capabilities, find_capabilities
from fi_desktop.viewmodel.recommendation import Recommendation, recommend
from fi_desktop.viewmodel.unlocking import SealedProgram
from fi_desktop.workers.cluster.link import destination, wants_server

_ICON_PX = 52


class WelcomeDialog(QDialog):
    """Shown at the first start: language, data folder, hardware and models.

    Attributes:
        language: chooses the language of the window.
        folder, models, install, sample, begin: the buttons.
        encryption: the line about encryption at rest.
        computer, installed_models, words: texts about hardware, models and the recommended model.

    Signals:
        language_requested: "system" or the language to switch to.
        models_requested: open the models.
        install_requested: install the recommended model.
        sample_requested: try the sample; the dialog closes.
    """

    language_requested = Signal(str)
    models_requested = Signal()
    install_requested = Signal()
    sample_requested = Signal()

    def __init__(self, program: SealedProgram, language: str, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        settings = program.settings
        self._settings, self._bridge = settings, bridge
        self.setWindowTitle(self.tr("Welcome"))
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.language = QComboBox(self)
        for choice, label in language_choices():
            self.language.addItem(label, choice)
        self.language.setCurrentIndex(max(0, self.language.findData(language)))
        self.language.activated.connect(self._on_language_chosen)
        self.language.setAccessibleName(self.tr("Language"))
        home = ElidedLabel(str(settings.home), self)
        home.setToolTip(widgets.plain_tooltip(str(settings.home)))
        self.folder = self._button(self.tr("Show in folder"))
        here = QUrl.fromLocalFile(str(settings.home))
        self.folder.clicked.connect(partial(QDesktopServices.openUrl, here))
        self.computer = self._line(self.tr("Checking…"))
        self.installed_models = self._line(self.tr("Checking…"))
        self.models = self._button(self.tr("Models…"))
        self.models.clicked.connect(self.models_requested)
        self.words = self._line(self.tr("Measuring the speed of this computer…"))
        self.install = self._button(self.tr("Install…"))
        self.install.clicked.connect(self.install_requested)
        self.sample = self._button(self.tr("Try a sample"))
        self.sample.setToolTip(self.tr("A short conversation between two people, included with the program"))
        self.sample.clicked.connect(self._on_sample_requested)
        self.begin = QPushButton(self.tr("Get started"), self)
        self.begin.setObjectName("primary")
        self.begin.setDefault(True)
        self.begin.clicked.connect(self.accept)
        for button in (self.folder, self.models, self.install, self.sample, self.begin):
            button.setAccessibleName(button.text().removesuffix("…"))
        self._rows = QGridLayout()
        self._add_row(self.tr("Language"), self.language, None)
        self._add_row(self.tr("Your data"), home, self.folder)
        self.encryption = EncryptionRow(program, bridge, self)
        self._add_row(self.tr("Encryption"), self.encryption, None)
        self._add_row(self.tr("This computer"), self.computer, None)
        self._add_row(self.tr("Models"), self.installed_models, self.models)
        self._words_name = self._add_row(self.tr("Words"), self.words, self.install)
        self._show_words(False)
        self._lay_out()
        self.begin.setFocus()
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Check hardware and models again."""
        self._bridge.run_task(
            partial(find_capabilities, self._settings.model_roots), self._on_found, self._on_not_found
        )

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

    def _show_words(self, shown: bool) -> None:
        """Show or hide the recommended model; its button waits until it is known."""
        for widget in (self._words_name, self.words, self.install):
            widget.setVisible(shown)
        self.install.setEnabled(False)

    def _add_row(self, name: str, shown: QWidget, button: QPushButton | None) -> QLabel:
        row = self._rows.rowCount()
        label = QLabel(name, self)
        label.setObjectName("quiet")
        label.setBuddy(shown)
        self._rows.addWidget(label, row, 0, Qt.AlignmentFlag.AlignVCenter)
        columns = 2 if button is None else 1
        self._rows.addWidget(shown, row, 1, 1, columns, Qt.AlignmentFlag.AlignVCenter)
        if button is not None:
            self._rows.addWidget(button, row, 2)
        return label

    def _lay_out(self) -> None:
        picture = QLabel(self)
        picture.setPixmap(theme.app_icon().pixmap(QSize(_ICON_PX, _ICON_PX), self.devicePixelRatioF()))
        title = QLabel(self.tr("Welcome to fi-desktop"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        subtitle = QLabel(self.tr("Drop recordings on the window to see who spoke when."), self)
        subtitle.setObjectName("quiet")
        subtitle.setWordWrap(True)
        titles = QVBoxLayout()
        titles.setSpacing(2)
        titles.addWidget(title)
        titles.addWidget(subtitle)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(picture)
        head.addLayout(titles, 1)
        self._rows.setColumnStretch(1, 1)
        self._rows.setHorizontalSpacing(18)
        self._rows.setVerticalSpacing(10)
        settings = self._settings
        agreed = settings.send_recordings and settings.agreed_server == destination(settings)
        sends = wants_server(settings) and agreed
        private = self._line(
            self.tr(
                "Recordings are sent to your clinic's server, encrypted. They stay where they are, and "
                "results are stored in your data folder."
            )
            if sends
            else self.tr(
                "Nothing leaves this computer. Recordings stay where they are, and results are stored in "
                "your data folder."
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
        resize_to_screen(self, (660, 540), minimum=(520, 530))

    def _on_found(self, capabilities: Capabilities) -> None:
        self.computer.setText(
            self.tr("A graphics card speeds up processing.")
            if capabilities.gpu
            else self.tr("No usable graphics card was found; the processor does the work.")
        )
        engine = self.tr("The built-in engine identifies speakers.")
        if capabilities.diarizers:
            names = ", ".join(capabilities.diarizers)
            engine = self.tr("{models} or the built-in engine identifies speakers.").format(models=names)
        transcription = self.tr("No transcription model is installed yet.")
        if capabilities.transcribers:
            names = ", ".join(capabilities.transcribers)
            transcription = self.tr("{models} transcribes what is said.").format(models=names)
        self.installed_models.setText(f"{engine} {transcription}")
        self._show_words(not capabilities.transcribers)
        if not capabilities.transcribers:
            trial = partial(recommend, self._settings.home)
            self._bridge.run_in_thread("speed-trial", trial, self._on_recommended, self.words.setText)

    def _on_recommended(self, found: Recommendation) -> None:
        decimals = 1 if found.size_bytes >= 1e9 else 0
        size = QLocale().formattedDataSize(
            found.size_bytes, decimals, QLocale.DataSizeFormat.DataSizeSIFormat
        )
        sentence = self.tr(
            "{title} ({size}): about %Ln minute(s) per hour of recording on this computer.", "", found.minutes
        )
        self.words.setText(sentence.format(title=found.title, size=size))
        self.install.setAccessibleName(self.tr("Install {title}").format(title=found.title))
        self.install.setEnabled(True)

    def _on_not_found(self, sentence: str) -> None:
        self.computer.setText(sentence)
        self.installed_models.setText(sentence)

    @Slot(int)
    def _on_language_chosen(self, index: int) -> None:
        self.language_requested.emit(self.language.itemData(index))

    @Slot()
    def _on_sample_requested(self) -> None:
        self.accept()
        self.sample_requested.emit()


class AboutDialog(QDialog):
    """Shows version, licence, and the libraries and models with theirs.

    Attributes:
        components: libraries and models with their licences.
        copy: copies the versions.
    """

    def __init__(self, bridge: Bridge, model_roots: tuple[Path, ...], parent: QWidget | None = None) -> None:
        """Show the dialog; licences are read on another thread."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("About fi-desktop"))
        resize_to_screen(self, (560, 520), minimum=(480, 380))
        self.components = QPlainTextEdit(self)
        self.components.setReadOnly(True)
        self.components.setTabChangesFocus(True)
        self.components.setAccessibleName(self.tr("Libraries and models, with their licences"))
        self.components.setPlainText(self.tr("Loading…"))
        self.copy = QPushButton(self.tr("Copy version"), self)
        self.copy.setToolTip(self.tr("Copy the version for a support request; contains nothing personal"))
        self.close_button = QPushButton(self.tr("Close"), self)
        for button in (self.copy, self.close_button):
            button.setObjectName("plain")
            button.setAutoDefault(False)
        self.copy.clicked.connect(self._on_copy)
        self.close_button.clicked.connect(self.close)
        self._lay_out()
        self.close_button.setFocus()
        bridge.run_task(partial(_load_components, model_roots), self._on_loaded, self.components.setPlainText)

    def _lay_out(self) -> None:
        icon, name = QLabel(self), QLabel("fi-desktop", self)
        icon.setPixmap(theme.app_icon().pixmap(QSize(56, 56)))
        name.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        number = QLabel(self.tr("Version {version}").format(version=__version__), self)
        number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        licence = QLabel(self.tr("© 2026 The fi-desktop authors. Free software: MIT licence."), self)
        network = QLabel(
            self.tr(
                "Recordings and results never leave this computer. fi-desktop uses the network only to "
                "download models that you ask for and, if you allow it, to check for updates."
            ),
            self,
        )
        heading = QLabel(self.tr("Libraries and models in fi-desktop:"), self)
        for label in (number, licence):
            label.setObjectName("quiet")
        titles = QVBoxLayout()
        titles.setSpacing(2)
        for label in (name, number, licence):
            titles.addWidget(label)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(icon)
        head.addLayout(titles, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.copy)
        foot.addStretch(1)
        foot.addWidget(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 16)
        column.setSpacing(12)
        column.addLayout(head)
        for label in (network, heading):
            label.setWordWrap(True)
            column.addWidget(label)
        column.addWidget(self.components, 1)
        column.addLayout(foot)

    def _on_loaded(self, components: tuple[list[str], list[str]]) -> None:
        libraries, models = components
        blocks = ((self.tr("Models"), *models), (self.tr("Libraries"), *libraries))
        self.components.setPlainText("\n\n".join("\n".join(block) for block in blocks))

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText(installation.version())


def _load_components(model_roots: tuple[Path, ...]) -> tuple[list[str], list[str]]:
    return installation.libraries(), installation.models(model_roots)


class ShortcutsDialog(QDialog):
    """Lists every action in the window's menus that has a shortcut.

    Attributes:
        shortcuts: name and keys of each action, in the order of the menus.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        resize_to_screen(self, (460, 560), minimum=(380, 300))
        self.shortcuts: list[tuple[str, str]] = []
        content = QWidget(self)
        content.setAutoFillBackground(True)
        content.setBackgroundRole(QPalette.ColorRole.Base)
        self._grid = QGridLayout(content)
        self._grid.setContentsMargins(24, 8, 24, 18)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(7)
        self._grid.setColumnStretch(0, 1)
        for action in window.menuBar().actions():
            menu = action.menu()
            actions = _with_shortcuts(menu.actions()) if isinstance(menu, QMenu) else []
            if actions:
                self._add_heading(_plain_text(action.text()))
            for each in actions:
                self._add_row(each)
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName(self.tr("Keyboard shortcuts"))
        scroll.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(scroll)

    def _add_heading(self, text: str) -> None:
        heading = QLabel(text, self)
        heading.setFont(theme.scaled(self.font(), 1.15, QFont.Weight.DemiBold))
        heading.setContentsMargins(0, 12, 0, 2)
        self._grid.addWidget(heading, self._grid.rowCount(), 0, 1, 2)

    def _add_row(self, action: QAction) -> None:
        name = _plain_text(action.text())
        native = QKeySequence.SequenceFormat.NativeText
        keys = "   ".join(each.toString(native) for each in action.shortcuts()[:2])
        self.shortcuts.append((name, keys))
        row = self._grid.rowCount()
        shown = QLabel(keys, self)
        shown.setObjectName("quiet")
        shown.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        label = QLabel(name, self)
        label.setAccessibleDescription(keys)
        self._grid.addWidget(label, row, 0)
        self._grid.addWidget(shown, row, 1)


def _with_shortcuts(actions: list[QAction]) -> list[QAction]:
    """Return the actions with a shortcut, including those of submenus."""
    found: list[QAction] = []
    for action in actions:
        menu = action.menu()
        if isinstance(menu, QMenu):
            found += _with_shortcuts(menu.actions())
        elif action.shortcuts():
            found.append(action)
    return found


def _plain_text(text: str) -> str:
    return text.replace("&", "").removesuffix("…")
