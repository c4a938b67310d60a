"""The settings dialog: pages at the left, settings at the right, and a search over all of them.

Nothing is changed before the person says OK: then it is written, and used at once where that can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

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

from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.preference_fields import DeedRow, Line, PreferenceWords, SettingRow, make_field
from fi_desktop.gui.widgets import ItemList
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.settings import Settings
from fi_desktop.settings.pages import DEEDS, SETTINGS, Deed, Page


class PreferencesDialog(QDialog):
    """Shows and changes all settings.

    Attributes:
        rows: the row of each setting, by name.
        deeds: the row of each deed.
        search: the field of what is sought.
        pages: the list at the left.
        ok: writes what was changed; disabled while something cannot be used.
        message: why it could not be written.

    Signals:
        settings_changed: the new Settings.
        models_asked: the person wants to see the models.
        watched_asked: the person wants to see the watched folders.
        pin_asked: the person wants to set or change the PIN.
    """

    settings_changed = Signal(object)
    models_asked = Signal()
    watched_asked = Signal()
    pin_asked = Signal()

    def __init__(
        self,
        settings: Settings,
        change: Callable[[Mapping[str, Any]], Settings],
        bridge: Bridge,
        parent: QWidget | None = None,
        *,
        packs: Iterable[str] = (),
    ) -> None:
        """Show the settings in force.

        Args:
            settings: the settings in force.
            change: writes changes; called on another thread.
            bridge: the way there and back.
            parent: the window above which it opens.
            packs: names of the installed model packs that write words down.
        """
        super().__init__(parent)
        self._settings, self._change, self._bridge = settings, change, bridge
        self._packs = tuple(packs)
        self._words = PreferenceWords(self)
        self.rows: dict[str, SettingRow] = {}
        self.deeds: dict[Deed, DeedRow] = {}
        self.setWindowTitle(self.tr("Settings"))
        self.setWindowIcon(theme.app_icon())
        resize_to_screen(self, (860, 620), least=(700, 400))
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
        self._nothing = QLabel(self.tr("No setting is called that, nor explained by it."), self)
        self._nothing.setObjectName("quiet")
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sections = {page: self._section(page) for page in Page}
        self._lay_out()
        self._connect()
        self.pages.setCurrentRow(0)
        self._show()

    @property
    def changes(self) -> dict[str, Any]:
        """What is not as it is in force; to be asked for where nothing is in trouble."""
        found = {name: row.value for name, row in self.rows.items()}
        return {name: value for name, value in found.items() if value != getattr(self._settings, name)}

    def _section(self, page: Page) -> Section:
        lines: list[Line] = []
        for name in SETTINGS[page]:
            fixed = name in self._settings.overridden
            field = make_field(name, self._words, self._packs, self)
            self.rows[name] = SettingRow(name, field, self._words, fixed=fixed, parent=self)
            self.rows[name].show_value(getattr(self._settings, name))
            self.rows[name].changed.connect(self._on_changed)
            lines.append(self.rows[name])
        for deed in DEEDS.get(page, ()):
            detail = str(self._settings.home) if deed is Deed.SHOW_FOLDER else ""
            self.deeds[deed] = DeedRow(self._words.deed(deed), detail, self)
            lines.append(self.deeds[deed])
        return Section(self._words.page(page), lines, self)

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setContentsMargins(12, 14, 12, 12)
        left.setSpacing(10)
        left.addWidget(self.search)
        left.addWidget(self.pages, 1)
        for page in Page:
            self.pages.addItem(self._words.page(page))
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
        column.addWidget(self._nothing, 1)
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
        middle.addWidget(self._line(across=False))
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
        whole.addWidget(self._line(across=True))
        whole.addLayout(foot)

    def _line(self, *, across: bool) -> QFrame:
        line = QFrame(self)
        line.setObjectName("line")
        if across:
            line.setFixedHeight(1)
        else:
            line.setFixedWidth(1)
        return line

    def _connect(self) -> None:
        self.search.textChanged.connect(self._show)
        self.pages.currentRowChanged.connect(self._on_page_chosen)
        self.pages.itemClicked.connect(self._on_page_chosen)
        self.ok.clicked.connect(self._on_ok)
        self.cancel.clicked.connect(self.reject)
        folder = QUrl.fromLocalFile(str(self._settings.home))
        self.deeds[Deed.SHOW_FOLDER].button.clicked.connect(partial(QDesktopServices.openUrl, folder))
        self.deeds[Deed.OPEN_MODELS].button.clicked.connect(self.models_asked)
        self.deeds[Deed.OPEN_WATCHED].button.clicked.connect(self.watched_asked)
        self.deeds[Deed.SET_PIN].button.clicked.connect(self.pin_asked)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Find), self).activated.connect(self.search.setFocus)

    @Slot()
    def _show(self) -> None:
        """Show what is sought on all pages, or else the page that is chosen."""
        sought = self.search.text().strip()
        chosen = list(Page)[max(0, self.pages.currentRow())]
        found = False
        for page, section in self._sections.items():
            there = section.seek(sought) and (bool(sought) or page is chosen)
            section.setVisible(there)
            found = found or there
        self._nothing.setVisible(not found)
        self._scroll.verticalScrollBar().setValue(0)

    @Slot()
    def _on_page_chosen(self) -> None:
        self.search.clear()
        self._show()

    @Slot()
    def _on_changed(self) -> None:
        self.ok.setEnabled(not any(row.trouble for row in self.rows.values()))

    @Slot()
    def _on_ok(self) -> None:
        changes = self.changes
        if not changes:
            self.accept()
            return
        self.ok.setEnabled(False)
        self._bridge.run_task(partial(self._change, changes), self._on_written, self._on_refused)

    def _on_written(self, settings: Settings) -> None:
        self.settings_changed.emit(settings)
        self.accept()

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._on_changed()
        self.message.error(sentence)


class Section(QWidget):
    """A heading with lines below it.

    Attributes:
        lines: the settings and deeds of the page.
    """

    def __init__(self, title: str, lines: list[Line], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lines = lines
        heading = QLabel(title, self)
        heading.setFont(theme.scaled(self.font(), 1.35, QFont.Weight.DemiBold))
        heading.setContentsMargins(24, 18, 24, 6)
        self._rules: list[QFrame] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(heading)
        for line in lines:
            rule = QFrame(self)
            rule.setObjectName("line")
            rule.setFixedHeight(1)
            self._rules.append(rule)
            column.addWidget(rule)
            column.addWidget(line)

    def seek(self, sought: str) -> bool:
        """Show the lines in which something is sought is found; return whether there is one."""
        found = [line.seek(sought) for line in self.lines]
        for line, rule, there in zip(self.lines, self._rules, found, strict=True):
            line.setVisible(there)
            rule.setVisible(there)
        if True in found:
            self._rules[found.index(True)].hide()  # none right below the heading
        return any(found)
