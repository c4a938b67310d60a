"""The models dialog: lists installed and available models, and installs, checks and removes them.

Downloads continue when the dialog is closed. Nothing is requested from the network before the person has
confirmed a sentence that names the source and the size.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui import labels, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.models_dialog.model_list import ModelLabels, ModelsList
from fi_desktop.gui.models_dialog.models_controller import ModelsController
from fi_desktop.gui.models_dialog.prompts import ModelPrompts, TokenPanel
from fi_desktop.gui.widgets import separator
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.models import catalog
from fi_desktop.models.catalog import HUB
from fi_desktop.viewmodel.catalog_state import STOPPED, CatalogState, ModelEntry, TaskOutcome, TaskProgress

_TICK_MS = 250
_TOKEN_ERRORS = ("models.needs_token", "models.bad_token", "models.gated")
_DAMAGE_ERRORS = ("models.changed", "models.incomplete", "models.bad_config")


class ModelsDialog(QDialog):
    """Shows the models on this computer, and installs, checks and removes them.

    Attributes:
        controller: runs the tasks.
        list: the models.
        message: errors and outcomes.
        token_panel: asks for a Hugging Face token.
        import_bar: progress of an import.

    Signals:
        models_changed: a model was installed or removed.
    """

    models_changed = Signal()

    def __init__(
        self, root: Path, bridge: Bridge, parent: QWidget | None = None, *, address: str = HUB
    ) -> None:
        """Show the models below `root`; `address`: the hub's."""
        super().__init__(parent)
        self._labels = ModelLabels(self)
        self._catalog = CatalogState((), 0)
        self._offering = False  # the recommended model, once the catalog is read
        self._trusted: set[str] = set()  # import paths that the person trusts
        self.controller = ModelsController(root, bridge, self, address=address)
        self._prompts = ModelPrompts(self._labels, urlsplit(address).netloc, self)
        self.setWindowTitle(self.tr("Models"))
        self.setWindowIcon(theme.app_icon())
        resize_to_screen(self, (840, 760), minimum=(640, 420))
        self.setAcceptDrops(True)
        self.message = MessageBar(self)
        self.token_panel = TokenPanel(self._labels, self)
        self.import_bar = ImportBar(self._labels, self)
        self.list = ModelsList(self._labels, self)
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._connect()

    def offer_recommended(self) -> None:
        """Ask whether to download the recommended model, if there is one."""
        self._offering = True
        self._offer()

    def _offer(self) -> None:
        recommended = [entry.name for entry in self._catalog.models if entry.recommended]
        if self._offering and recommended:
            self._offering = False
            self._on_install_asked(recommended[0])

    def import_path(self, path: str) -> None:
        """Import a pack from a folder or archive."""
        if self.controller.importing is None:
            self._trusted.discard(path)  # its content may have changed
            self._import(path)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Models"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        about = QLabel(
            self.tr(
                "Models let fi-desktop transcribe what is said, or identify speakers in another way. "
                "Everything runs on this computer."
            ),
            self,
        )
        about.setObjectName("quiet")
        about.setWordWrap(True)
        head = QVBoxLayout()
        head.setContentsMargins(24, 20, 24, 16)
        head.setSpacing(4)
        head.addWidget(title)
        head.addWidget(about)
        self._free = QLabel(self)
        self._free.setObjectName("quiet")
        self._free.setFont(theme.tabular(self.font()))
        self.import_button = QPushButton(self.tr("Import from a file"), self)
        menu = QMenu(self.import_button)
        menu.addAction(self.tr("ZIP file…"), partial(self._ask_for_path, folder=False))
        menu.addAction(self.tr("Folder…"), partial(self._ask_for_path, folder=True))
        self.import_button.setMenu(menu)
        self.close_button = QPushButton(self.tr("Close"), self)
        self.close_button.clicked.connect(self.close)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 12, 24, 14)
        foot.setSpacing(8)
        foot.addWidget(self._free, 1)
        for button in (self.import_button, self.close_button):
            button.setObjectName("plain")
            button.setAutoDefault(False)
            button.setAccessibleName(button.text())
            foot.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        for widget in (self.message, self.token_panel, self.import_bar):
            column.addWidget(widget)
        column.addWidget(separator(self))
        column.addWidget(self.list, 1)
        column.addWidget(separator(self))
        column.addLayout(foot)

    def _connect(self) -> None:
        self.token_panel.token_given.connect(self.controller.save_token)
        self.import_bar.stop_asked.connect(self.controller.cancel_import)
        self.controller.catalog_read.connect(self._on_catalog_read)
        self.controller.token_loaded.connect(self._on_token_loaded)
        self.controller.token_saved.connect(self._on_token_saved)
        self.controller.downloaded.connect(self._on_downloaded)
        self.controller.checked.connect(self._on_checked)
        self.controller.removed.connect(self._on_removed)
        self.controller.imported.connect(self._on_imported)
        self.controller.failed.connect(self._on_failed)

    def _entry(self, name: str) -> ModelEntry | None:
        return next((entry for entry in self._catalog.models if entry.name == name), None)

    def _show(self) -> None:
        for row in self.list.show_catalog(self._catalog, self.controller.activity):
            row.install_asked.connect(self._on_install_asked)
            row.pause_asked.connect(self.controller.stop)
            row.cancel_asked.connect(self.controller.cancel)
            row.check_asked.connect(self._on_check_asked)
            row.remove_asked.connect(self._on_remove_asked)
        size = self._labels.size(self._catalog.free_bytes)
        self._free.setText(self.tr("{size} free on this disk").format(size=size))

    def _follow(self) -> None:
        """Show a task that has just started, and follow its progress."""
        self.message.dismiss()
        self._show()
        self._on_tick()
        self._tick.start()

    def _confirm_download(self, name: str, hub_token: str) -> None:
        entry = self._entry(name)
        repair = entry is not None and entry.installed
        self._prompts.confirm_download(
            catalog.find_entry(name), partial(self._download, name, hub_token), repair=repair
        )

    def _download(self, name: str, hub_token: str) -> None:
        entry = self._entry(name)
        self.controller.download(
            catalog.find_entry(name), hub_token, replace=entry is not None and entry.installed
        )
        self._follow()

    def _ask_for_path(self, *, folder: bool) -> None:
        self._prompts.choose_path(folder=folder, chosen=self.import_path)

    @Slot(object)
    def _on_catalog_read(self, state: CatalogState) -> None:
        before = {entry.name for entry in self._catalog.models if entry.installed}
        known = bool(self._catalog.models)
        self._catalog = state
        self._show()
        self._offer()
        if known and before != {entry.name for entry in state.models if entry.installed}:
            self.models_changed.emit()

    @Slot()
    def _on_tick(self) -> None:
        now = time.monotonic()
        for name, progress in self.controller.progress.items():
            if name in self.list.rows:
                self.list.rows[name].show_progress(progress, now)
        if self.controller.importing is not None:
            self.import_bar.show_progress(self.controller.importing, now)
        else:
            self.import_bar.hide()
        if not self.controller.busy:
            self._tick.stop()

    @Slot(str)
    def _on_install_asked(self, name: str) -> None:
        known, entry = catalog.find_entry(name), self._entry(name)
        if known.gated:
            self.controller.load_token(name)
        elif entry is not None and entry.fetched_bytes:
            self._download(name, "")  # confirmed when the download was started
        else:
            self._confirm_download(name, "")

    @Slot(str, str)
    def _on_token_loaded(self, name: str, hub_token: str) -> None:
        known, entry = catalog.find_entry(name), self._entry(name)
        if hub_token and entry is not None and entry.fetched_bytes:
            self._download(name, hub_token)
        elif hub_token:
            self._confirm_download(name, hub_token)
        else:
            self.token_panel.ask(known)

    @Slot(str, str, bool)
    def _on_token_saved(self, name: str, hub_token: str, saved: bool) -> None:
        self._download(name, hub_token)
        if not saved:
            self.message.info(
                self.tr("This computer has no unlocked keyring: the token is used once and not saved.")
            )

    @Slot(str)
    def _on_check_asked(self, name: str) -> None:
        self.controller.check(name)
        self._follow()

    @Slot(str)
    def _on_remove_asked(self, name: str) -> None:
        self._prompts.confirm_remove(name, partial(self.controller.remove, name))

    @Slot(str, object)
    def _on_downloaded(self, name: str, outcome: TaskOutcome) -> None:
        title = catalog.title(name)
        if outcome.code in _TOKEN_ERRORS:
            self.token_panel.ask(catalog.find_entry(name), labels.sentence(outcome.note))
        elif outcome.code == "":
            self.message.info(self.tr("{title} is installed. New recordings use it.").format(title=title))
        elif outcome.code != STOPPED:
            retry = MessageAction(self.tr("Try again"), partial(self._on_install_asked, name))
            self.message.error(labels.sentence(outcome.note), retry)

    @Slot(str, object)
    def _on_checked(self, name: str, outcome: TaskOutcome) -> None:
        title = catalog.title(name)
        if outcome.code == "":
            self.message.info(self.tr("{title} is intact.").format(title=title))
        elif outcome.code in _DAMAGE_ERRORS and catalog.entry_of(name) is not None:
            repair = MessageAction(self.tr("Repair"), partial(self._on_install_asked, name))
            self.message.error(labels.sentence(outcome.note), repair)
        elif outcome.code != STOPPED:
            self.message.error(labels.sentence(outcome.note))

    @Slot(str, object)
    def _on_removed(self, name: str, outcome: TaskOutcome) -> None:
        if outcome.code:
            self.message.error(labels.sentence(outcome.note))

    @Slot(str, object)
    def _on_imported(self, path: str, outcome: TaskOutcome) -> None:
        match outcome.code:
            case "":
                self.message.info(self.tr("The model is installed. New recordings use it."))
            case "models.unapproved":
                self._prompts.confirm_trust(
                    labels.sentence(outcome.note), partial(self._import_trusted, path)
                )
            case "models.already":
                accepted = partial(self._import, path, replace=True)
                self._prompts.confirm_replace(labels.sentence(outcome.note), accepted)
            case code if code != STOPPED:
                self.message.error(labels.sentence(outcome.note))

    def _import_trusted(self, path: str) -> None:
        self._trusted.add(path)
        self._import(path)

    def _import(self, path: str, *, replace: bool = False) -> None:
        self.controller.import_from(path, approved=path in self._trusted, replace=replace)
        self._follow()

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self.message.error(sentence)

    def showEvent(self, event: QShowEvent) -> None:
        """Read the catalog."""
        super().showEvent(event)
        self.controller.refresh()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept one file or folder."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import the dropped file or folder."""
        event.acceptProposedAction()
        self.import_path(event.mimeData().urls()[0].toLocalFile())


class ImportBar(QWidget):
    """Progress of an import, with a cancel button; hidden while nothing is imported.

    Signals:
        stop_asked: cancel the import.
    """

    stop_asked = Signal()

    def __init__(self, labels: ModelLabels, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = labels
        self._label = QLabel(self)
        self._label.setFont(theme.tabular(self.font()))
        self._bar = QProgressBar(self)
        self._bar.setAccessibleName(self.tr("Progress of the import"))
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(8)
        self._bar.setRange(0, 1000)
        self.stop = QPushButton(self.tr("Cancel"), self)
        self.stop.setObjectName("plain")
        self.stop.setAutoDefault(False)
        self.stop.setAccessibleName(self.tr("Cancel the import"))
        self.stop.clicked.connect(self.stop_asked)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 10, 24, 10)
        row.setSpacing(14)
        row.addWidget(self._label)
        row.addWidget(self._bar, 1)
        row.addWidget(self.stop)
        self.hide()

    def show_progress(self, progress: TaskProgress, now: float) -> None:
        """Show the progress; `now`: seconds, monotonic."""
        text, rate = "", progress.bytes_per_s(now)
        if progress.total:
            text = self._labels.progress(progress.done, progress.total, rate)
        self._label.setText(self.tr("Importing  {progress}").format(progress=text))
        self._bar.setValue(round(1000 * progress.done / progress.total) if progress.total else 0)
        self.stop.setEnabled(not progress.stopping)
        self.show()
