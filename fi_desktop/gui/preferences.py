"""The settings dialog: pages on the left, settings on the right, and a search across all pages.

Nothing changes until the person clicks OK; then changes are saved and take effect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtGui import QDesktopServices, QFont, QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.engines.term_lists import SPECIALTIES
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.encryption.common import StateWords
from fi_desktop.gui.language import current_language, setting_text
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.preference_fields import ActionRow, DialogRow, SettingRow, make_field
from fi_desktop.gui.widgets import ItemList, separator
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.jobs.alerts import send_test
from fi_desktop.settings import SPECS, Page, Settings, changed

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault


class PreferencesDialog(QDialog):
    """Shows and changes all settings.

    Attributes:
        rows: row of each setting, by name.
        data_folder, watched_folders, models, pin, encryption, templates, alert_test: rows of the actions.
        search: the search field.
        pages: the list on the left.
        ok: saves the changes; disabled while an input is invalid.
        message: why the changes could not be saved.

    Signals:
        settings_changed: the new Settings.
        models_requested: open the models.
        watched_requested: open the watched folders.
        pin_requested: set or change the PIN.
    """

    settings_changed = Signal(object)
    models_requested = Signal()
    watched_requested = Signal()
    pin_requested = Signal()

    def __init__(
        self,
        settings: Settings,
        change: Callable[[Mapping[str, Any]], Settings],
        bridge: Bridge,
        parent: QWidget | None = None,
        *,
        packs: Iterable[str] = (),
        term_lists: Iterable[str] = SPECIALTIES,
        templates: Iterable[tuple[str, str]] = (),
        template_refusals: Iterable[str] = (),
    ) -> None:
        """Show the settings in force.

        Args:
            settings: the settings in force.
            change: saves changes; called on another thread.
            bridge: runs `change`.
            parent: the window that the dialog belongs to.
            packs: names of installed transcription models.
            term_lists: names of vocabulary lists.
            templates: titles and names of templates.
            template_refusals: why others cannot be used.
        """
        super().__init__(parent)
        self._settings, self._change, self._bridge = settings, change, bridge
        self.setWindowTitle(self.tr("Settings"))
        self.setWindowIcon(theme.app_icon())
        resize_to_screen(self, (860, 620), minimum=(700, 400))
        self.search = QLineEdit(self)
        self.search.setPlaceholderText(self.tr("Search settings"))
        self.search.setAccessibleName(self.tr("Search settings"))
        self.search.setClearButtonEnabled(True)
        self.pages = ItemList(self)
        self.pages.setObjectName("pages")
        self.pages.setAccessibleName(self.tr("Pages"))
        self.message = MessageBar(self)
        self.ok = QPushButton(self.tr("OK"), self)
        self.ok.setObjectName("primary")
        self.ok.setDefault(True)
        self.cancel = QPushButton(self.tr("Cancel"), self)
        self.cancel.setObjectName("plain")
        self.cancel.setAutoDefault(False)
        self._no_match = QLabel(self.tr("No setting matches your search."), self)
        self._no_match.setObjectName("quiet")
        self._no_match.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.rows = {name: self._make_row(name, packs, term_lists, templates) for name in SPECS}
        self._make_action_rows("\n".join(template_refusals))
        self._sections = {page: self._make_section(page) for page in Page}
        self._lay_out()
        self._connect()
        self.pages.setCurrentRow(0)
        self._show_rows()

    @property
    def changes(self) -> dict[str, Any]:
        """Values that differ from the settings in force; only valid while no row has an error."""
        values = {name: row.value for name, row in self.rows.items()}
        return {name: value for name, value in values.items() if value != getattr(self._settings, name)}

    def _make_row(
        self,
        name: str,
        packs: Iterable[str],
        term_lists: Iterable[str],
        templates: Iterable[tuple[str, str]],
    ) -> SettingRow:
        policy, overridden = self._settings.policy, name in self._settings.overridden
        spec = policy.spec(SPECS[name])
        field = make_field(spec, packs, term_lists, self, templates)
        row = SettingRow(spec, field, rule=policy.rules.get(name), overridden=overridden, parent=self)
        row.show_value(getattr(self._settings, name))
        row.changed.connect(self._on_changed)
        return row

    def _make_action_rows(self, template_refusals: str) -> None:
        self.data_folder = ActionRow(
            self.tr("Data folder"),
            self.tr("Contains the queue, the results and the models."),
            self.tr("Show in folder"),
            str(self._settings.home),
            self,
        )
        self.watched_folders = ActionRow(
            self.tr("Watched folders"),
            self.tr("New recordings in these folders are added automatically."),
            self.tr("Watched folders…"),
            parent=self,
        )
        self.models = ActionRow(
            self.tr("Models on this computer"),
            self.tr("Models identify speakers and transcribe speech, on this computer."),
            self.tr("Models…"),
            parent=self,
        )
        self.templates = ActionRow(
            self.tr("Templates"),
            self.tr("Small files that say how exported documents look. Change them, or add your own."),
            self.tr("Open the folder"),
            template_refusals,
            self,
        )
        self.pin = ActionRow(
            self.tr("PIN"), self.tr("Unlocks the window."), self.tr("Set or change…"), parent=self
        )
        self.alert_test = ActionRow(
            self.tr("Test"),
            self.tr(
                "Sends a test by e-mail, to the web address and to the command above, as far as they are set."
            ),
            self.tr("Send a test"),
            parent=self,
        )
        state = StateWords(self).sentence(None)
        self.encryption = ActionRow(self.tr("Encryption"), state, self.tr("Encryption…"), parent=self)

    def show_encryption(self, vault: Vault | None) -> None:
        """Show the state of encryption; vault: of the program, None if data is in clear."""
        self.encryption.set_help(StateWords(self).sentence(vault))
        by_passphrase = vault is not None and vault.state.passphrase is not None
        unused = self.tr("Not needed: the passphrase unlocks the window.")
        self.pin.set_help(unused if by_passphrase else self.tr("Unlocks the window."))

    def _make_section(self, page: Page) -> PageSection:
        rows: list[DialogRow] = [row for name, row in self.rows.items() if SPECS[name].page is page]
        actions: dict[Page, tuple[DialogRow, ...]] = {
            Page.RECORDINGS: (self.watched_folders,),
            Page.EXPORTS: (self.templates,),
            Page.STORAGE: (self.data_folder,),
            Page.MODELS: (self.models,),
            Page.PRIVACY: (self.encryption, self.pin),
            Page.ALERTS: (self.alert_test,),
        }
        rows += actions.get(page, ())
        return PageSection(setting_text(page.value), rows, self)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setContentsMargins(12, 14, 12, 12)
        left.setSpacing(10)
        left.addWidget(self.search)
        left.addWidget(self.pages, 1)
        for page in Page:
            self.pages.addItem(setting_text(page.value))
        self.pages.setFixedWidth(190)
        self.search.setFixedWidth(190)
        content = QWidget(self)
        content.setAutoFillBackground(True)
        content.setBackgroundRole(QPalette.ColorRole.Base)
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(0)
        for section in self._sections.values():
            column.addWidget(section)
        column.addWidget(self._no_match, 1)
        column.addStretch(1)
        self._scroll = QScrollArea(self)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(content)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addLayout(left)
        middle.addWidget(separator(self, Qt.Orientation.Vertical))
        middle.addWidget(self._scroll, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 10, 24, 12)
        foot.setSpacing(8)
        foot.addStretch(1)
        foot.addWidget(self.cancel)
        foot.addWidget(self.ok)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.message)
        whole.addLayout(middle, 1)
        whole.addWidget(separator(self))
        whole.addLayout(foot)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._show_rows)
        self.pages.currentRowChanged.connect(self._on_page_chosen)
        self.pages.itemClicked.connect(self._on_page_chosen)
        self.ok.clicked.connect(self._on_ok)
        self.cancel.clicked.connect(self.reject)
        folder = QUrl.fromLocalFile(str(self._settings.home))
        self.data_folder.button.clicked.connect(partial(QDesktopServices.openUrl, folder))
        self.models.button.clicked.connect(self.models_requested)
        self.watched_folders.button.clicked.connect(self.watched_requested)
        self.pin.button.clicked.connect(self.pin_requested)
        self.alert_test.button.clicked.connect(self._on_test_asked)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)

    @Slot()
    def _show_rows(self) -> None:
        """Show matches from all pages, or the current page if the search is empty."""
        query = self.search.text().strip()
        current = list(Page)[max(0, self.pages.currentRow())]
        for page, section in self._sections.items():
            section.setVisible(section.search(query) and (bool(query) or page is current))
        self._no_match.setVisible(all(section.isHidden() for section in self._sections.values()))
        self._scroll.verticalScrollBar().setValue(0)

    @Slot()
    def _on_page_chosen(self) -> None:
        self.search.clear()
        self._show_rows()

    @Slot()
    def _on_test_asked(self) -> None:
        """Send a test as the fields say now."""
        self.alert_test.button.setEnabled(False)
        test = partial(send_test, changed(self._settings, self.changes), current_language())
        self._bridge.run_in_thread("alert test", test, self._on_tested, self._on_not_tested)

    def _on_tested(self, outcomes: list[tuple[str, str]]) -> None:
        self.alert_test.button.setEnabled(True)
        names = {
            "mail": self.tr("E-mail"),
            "webhook": self.tr("Web address"),
            "command": self.tr("Command"),
        }
        failed = [f"{names.get(kind, kind)}: {reason}" for kind, reason in outcomes if reason]
        if failed:
            self.message.error(self.tr("The test was not sent. {reasons}").format(reasons="; ".join(failed)))
        elif outcomes:
            places = ", ".join(names.get(kind, kind) for kind, _ in outcomes)
            self.message.info(self.tr("The test was sent: {places}.").format(places=places))
        else:
            self.message.warning(self.tr("No place is set to which alerts are sent."))

    @Slot(str)
    def _on_not_tested(self, sentence: str) -> None:
        self.alert_test.button.setEnabled(True)
        self.message.error(sentence)

    @Slot()
    def _on_changed(self) -> None:
        valid = not any(row.error for row in self.rows.values())
        self.ok.setEnabled(valid)
        self.alert_test.button.setEnabled(valid)

    @Slot()
    def _on_ok(self) -> None:
        changes = self.changes
        if not changes:
            self.accept()
            return
        self.ok.setEnabled(False)
        self._bridge.run_task(partial(self._change, changes), self._on_saved, self._on_failed)

    def _on_saved(self, settings: Settings) -> None:
        self.settings_changed.emit(settings)
        self.accept()

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self._on_changed()
        self.message.error(sentence)


class PageSection(QWidget):
    """A heading with rows below it."""

    def __init__(self, title: str, rows: list[DialogRow], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        heading = QLabel(title, self)
        heading.setFont(theme.scaled(self.font(), 1.35, QFont.Weight.DemiBold))
        heading.setContentsMargins(24, 18, 24, 6)
        self._rows = [(row, separator(self)) for row in rows]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(heading)
        for row, line in self._rows:
            column.addWidget(line)
            column.addWidget(row)

    def search(self, query: str) -> bool:
        """Show the rows that match; return whether there is one."""
        found = False
        for row, line in self._rows:
            matches = row.search(query)
            row.setVisible(matches)
            line.setVisible(matches and found)  # none right below the heading
            found = found or matches
        return found
