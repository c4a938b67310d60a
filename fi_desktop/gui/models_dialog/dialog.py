"""The models dialog: what is installed, what can be, and everything that can be done about it.

It may be closed while something is fetched, which goes on. Nothing goes to the network before a person has
said yes to a sentence that tells from where and how much.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont, QShowEvent
from PySide6.QtWidgets import QDialog, QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import errors, theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.models_dialog.desk import ModelsDesk
from fi_desktop.gui.models_dialog.list import ModelsList
from fi_desktop.gui.models_dialog.questions import Questions
from fi_desktop.gui.models_dialog.strip import ImportStrip
from fi_desktop.gui.models_dialog.token import TokenPanel
from fi_desktop.gui.models_dialog.words import ModelWords
from fi_desktop.gui.models_dialog.work import STOPPED, Outcome
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.models import catalog
from fi_desktop.models.catalog import HUB
from fi_desktop.viewmodel.models_state import Shelf, Shown

_TICK_MS = 250
_TOKEN_TROUBLES = ("models.needs_token", "models.bad_token", "models.gated")
_DAMAGED = ("models.changed", "models.incomplete", "models.bad_config")


class ModelsDialog(QDialog):
    """Shows and changes the models of this computer.

    Attributes:
        desk: does the work.
        list: the models.
        message: what went wrong, or well.
        token: asks for a token.
        strip: the import that runs.

    Signals:
        models_changed: a model came or went.
    """

    models_changed = Signal()

    def __init__(
        self, root: Path, bridge: Bridge, parent: QWidget | None = None, *, address: str = HUB
    ) -> None:
        """Show the models below `root`; `address`: the hub's."""
        super().__init__(parent)
        self._words = ModelWords(self)
        self._shelf = Shelf((), 0)
        self._trusted: set[str] = set()  # paths that the person trusts
        self.desk = ModelsDesk(root, bridge, self, address=address)
        self._questions = Questions(self._words, urlsplit(address).netloc, self)
        self.setWindowTitle(self.tr("Models"))
        self.setWindowIcon(theme.app_icon())
        resize_to_screen(self, (840, 760), least=(640, 420))
        self.setAcceptDrops(True)
        self.message = MessageBar(self)
        self.token = TokenPanel(self._words, self)
        self.strip = ImportStrip(self._words, self)
        self.list = ModelsList(self._words, self)
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._on_tick)
        self._connect()

    def import_path(self, path: str) -> None:
        """Bring a pack in from a folder or archive."""
        if self.desk.importing is None:
            self._trusted.discard(path)  # it may hold something else by now
            self._bring(path)

    def _lay_out(self) -> None:
        title = QLabel(self.tr("Models"), self)
        title.setFont(theme.scaled(self.font(), 1.5, QFont.Weight.DemiBold))
        about = QLabel(
            self.tr(
                "With a model, fi-desktop tells voices apart better and writes down what was said. "
                "All of it runs on this computer."
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
        menu.addAction(self.tr("Zip archive…"), partial(self._ask_for_path, folder=False))
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
        for widget in (self.message, self.token, self.strip):
            column.addWidget(widget)
        column.addWidget(self._line())
        column.addWidget(self.list, 1)
        column.addWidget(self._line())
        column.addLayout(foot)

    def _line(self) -> QFrame:
        line = QFrame(self)
        line.setObjectName("line")
        line.setFixedHeight(1)
        return line

    def _connect(self) -> None:
        self.token.token_given.connect(self.desk.keep_token)
        self.strip.stop_asked.connect(self.desk.stop_bringing)
        self.desk.shelf_read.connect(self._on_shelf_read)
        self.desk.token_recalled.connect(self._on_token_recalled)
        self.desk.token_kept.connect(self._on_token_kept)
        self.desk.fetched.connect(self._on_fetched)
        self.desk.checked.connect(self._on_checked)
        self.desk.removed.connect(self._on_removed)
        self.desk.imported.connect(self._on_imported)
        self.desk.broken.connect(self._on_broken)

    def _shown(self, name: str) -> Shown | None:
        return next((shown for shown in self._shelf.models if shown.name == name), None)

    def _show(self) -> None:
        for row in self.list.show_shelf(self._shelf, self.desk.doing):
            row.install_asked.connect(self._on_install_asked)
            row.pause_asked.connect(self.desk.stop)
            row.cancel_asked.connect(self.desk.cancel)
            row.check_asked.connect(self._on_check_asked)
            row.remove_asked.connect(self._on_remove_asked)
        size = self._words.size(self._shelf.free_bytes)
        self._free.setText(self.tr("{size} free on this disk").format(size=size))

    def _follow(self) -> None:
        """Show what has just begun, and how it gets on."""
        self.message.dismiss()
        self._show()
        self._on_tick()
        self._tick.start()

    def _ask_to_fetch(self, name: str, given: str) -> None:
        shown = self._shown(name)
        repair = shown is not None and shown.installed
        self._questions.fetch(catalog.known(name), partial(self._fetch, name, given), repair=repair)

    def _fetch(self, name: str, given: str) -> None:
        shown = self._shown(name)
        self.desk.fetch(catalog.known(name), given, replace=shown is not None and shown.installed)
        self._follow()

    def _ask_for_path(self, *, folder: bool) -> None:
        self._questions.path(folder=folder, chosen=self.import_path)

    @Slot(object)
    def _on_shelf_read(self, shelf: Shelf) -> None:
        before = {shown.name for shown in self._shelf.models if shown.installed}
        known = bool(self._shelf.models)
        self._shelf = shelf
        self._show()
        if known and before != {shown.name for shown in shelf.models if shown.installed}:
            self.models_changed.emit()

    @Slot()
    def _on_tick(self) -> None:
        now = time.monotonic()
        for name, meter in self.desk.meters.items():
            if name in self.list.rows:
                self.list.rows[name].show_meter(meter, now)
        if self.desk.importing is not None:
            self.strip.show_meter(self.desk.importing, now)
        else:
            self.strip.hide()
        if not self.desk.busy:
            self._tick.stop()

    @Slot(str)
    def _on_install_asked(self, name: str) -> None:
        known, shown = catalog.known(name), self._shown(name)
        if known.gated:
            self.desk.recall_token(name)
        elif shown is not None and shown.fetched_bytes:
            self._fetch(name, "")  # it was said before
        else:
            self._ask_to_fetch(name, "")

    @Slot(str, str)
    def _on_token_recalled(self, name: str, given: str) -> None:
        known, shown = catalog.known(name), self._shown(name)
        if given and shown is not None and shown.fetched_bytes:
            self._fetch(name, given)
        elif given:
            self._ask_to_fetch(name, given)
        else:
            self.token.ask(known)

    @Slot(str, str, bool)
    def _on_token_kept(self, name: str, given: str, kept: bool) -> None:
        self._fetch(name, given)
        if not kept:
            self.message.info(
                self.tr(
                    "This computer has no keyring that is open: the token is used this once, and not kept."
                )
            )

    @Slot(str)
    def _on_check_asked(self, name: str) -> None:
        self.desk.check(name)
        self._follow()

    @Slot(str)
    def _on_remove_asked(self, name: str) -> None:
        self._questions.remove(name, partial(self.desk.remove, name))

    @Slot(str, object)
    def _on_fetched(self, name: str, outcome: Outcome) -> None:
        title = self._words.title(name)
        if outcome.code in _TOKEN_TROUBLES:
            self.token.ask(catalog.known(name), errors.sentence(outcome.note))
        elif outcome.code == "":
            self.message.info(self.tr("{title} is installed. New jobs use it.").format(title=title))
        elif outcome.code != STOPPED:
            again = MessageAction(self.tr("Try again"), partial(self._on_install_asked, name))
            self.message.error(errors.sentence(outcome.note), again)

    @Slot(str, object)
    def _on_checked(self, name: str, outcome: Outcome) -> None:
        title = self._words.title(name)
        if outcome.code == "":
            self.message.info(self.tr("{title} is sound: every byte is as it should be.").format(title=title))
        elif outcome.code in _DAMAGED and catalog.look_up(name) is not None:
            mend = MessageAction(self.tr("Repair"), partial(self._on_install_asked, name))
            self.message.error(errors.sentence(outcome.note), mend)
        elif outcome.code != STOPPED:
            self.message.error(errors.sentence(outcome.note))

    @Slot(str, object)
    def _on_removed(self, name: str, outcome: Outcome) -> None:
        if outcome.code:
            self.message.error(errors.sentence(outcome.note))

    @Slot(str, object)
    def _on_imported(self, path: str, outcome: Outcome) -> None:
        match outcome.code:
            case "":
                self.message.info(self.tr("The model is installed. New jobs use it."))
            case "models.unapproved":
                self._questions.trust(errors.sentence(outcome.note), partial(self._import_trusted, path))
            case "models.already":
                self._questions.replace(
                    errors.sentence(outcome.note), partial(self._bring, path, replace=True)
                )
            case code if code != STOPPED:
                self.message.error(errors.sentence(outcome.note))

    def _import_trusted(self, path: str) -> None:
        self._trusted.add(path)
        self._bring(path)

    def _bring(self, path: str, *, replace: bool = False) -> None:
        self.desk.bring(path, approved=path in self._trusted, replace=replace)
        self._follow()

    @Slot(str)
    def _on_broken(self, sentence: str) -> None:
        self.message.error(sentence)

    def showEvent(self, event: QShowEvent) -> None:
        """Look at what is there now."""
        super().showEvent(event)
        self.desk.look()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take one file or folder."""
        urls = event.mimeData().urls()
        if len(urls) == 1 and urls[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Import it."""
        event.acceptProposedAction()
        self.import_path(event.mimeData().urls()[0].toLocalFile())
