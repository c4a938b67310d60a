"""Profiles: named sets of options, listed in the options menu, saved, renamed and deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.adding.options_menu import ChoiceLabels
from fi_desktop.gui.adding.own_exports import OwnExportLabels, OwnExports
from fi_desktop.gui.adding.own_exports_dialog import OwnExportsDialog
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.widgets import ItemList
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.jobs.export_rules import ExportRule
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import BUILT_IN, LONGEST_NAME, Choice, Profile, load_profiles, save_profiles


class ProfileController(QObject):
    """Reads and writes the custom profiles, and lists all profiles in the options menu.

    Attributes:
        custom: profiles that people saved, in order.
        exports: the rules by which results are written automatically.

    Signals:
        changed: profiles were added, changed or removed.
        renamed: a profile's old and new name.
        failed: why profiles cannot be read or written, in a sentence.
    """

    changed = Signal()
    renamed = Signal(str, str)
    failed = Signal(str)

    def __init__(self, files: HomeFiles, bridge: Bridge, bar: OptionsBar, exports: OwnExports) -> None:
        """List the profiles in the bar's menu. files: of the data folder, where profiles are stored."""
        super().__init__(bar)
        self.exports = exports
        self.custom: tuple[Profile, ...] = ()
        self._files = files
        self._bridge = bridge
        self._bar = bar
        self._dialog: NameDialog | ProfilesDialog | None = None
        bar.menu.profiles.aboutToShow.connect(self._check_chosen)
        self._list()

    def read(self) -> None:
        """Read the custom profiles."""
        self._bridge.run_task(partial(load_profiles, self._files), self._on_read, self.failed.emit)

    def all(self) -> tuple[Profile, ...]:
        """Return the built-in and the custom profiles."""
        return (*BUILT_IN, *self.custom)

    def term_lists(self) -> tuple[str, ...]:
        """Return the names of the vocabulary lists on offer."""
        return self._bar.menu.term_lists

    def find(self, name: str) -> Profile | None:
        """Return the profile of this name, if it exists."""
        return next((profile for profile in self.all() if profile.name == name), None)

    def title(self, profile: Profile) -> str:
        """Return a profile's name in the window's language."""
        if not profile.built_in:
            return profile.name
        titles = {
            "consultation": self.tr("Consultation, 2 people"),
            "consultation-es": self.tr("Consultation, 2 people, Spanish"),
            "consultation-es-en": self.tr("Consultation, 2 people, Spanish and English"),
            "family": self.tr("Family or team, 3–6 people"),
            "dictation": self.tr("Dictation, 1 person"),
            "phone": self.tr("Phone call, 1 person per channel"),
        }
        return titles[profile.name]

    def save(self, name: str, choice: Choice) -> None:
        """Save a custom profile, in place of an earlier one of this name.

        It has its results written as the profile does with which `choice` was made.
        """
        before = next((profile for profile in self.custom if profile.name == name), None)
        key, rule = before.choice.exports if before else "", self.exports.rule(choice.exports)
        saved = Profile(name, replace(choice, exports=self.exports.assign(key, rule)))
        is_chosen = self._bar.choice() == choice
        if before is not None:
            self._replace(tuple(saved if profile is before else profile for profile in self.custom))
        else:
            self._replace((*self.custom, saved))
        if is_chosen and saved.choice != choice:
            self._bar.choose(saved.choice)

    def set_exports(self, profile: Profile, rule: ExportRule) -> None:
        """Have the results of a custom profile written by this rule."""
        key = self.exports.assign(profile.choice.exports, rule)
        changed = replace(profile, choice=replace(profile.choice, exports=key))
        # with the usual options chosen, nobody chose this profile
        is_chosen = self._bar.choice() == profile.choice != self._bar.default
        self._replace(tuple(changed if p == profile else p for p in self.custom))
        if is_chosen:
            self._bar.choose(changed.choice)

    def rename(self, profile: Profile, name: str) -> None:
        """Rename a custom profile."""
        self._replace(tuple(replace(p, name=name) if p == profile else p for p in self.custom))
        self.renamed.emit(profile.name, name)

    def delete(self, profile: Profile) -> None:
        """Delete a custom profile."""
        self.exports.set_owned(profile.choice.exports, owned=False)
        self._replace(tuple(p for p in self.custom if p != profile))

    def restore(self, profile: Profile, position: int) -> None:
        """Undo a deletion."""
        self.exports.set_owned(profile.choice.exports, owned=True)
        self._replace((*self.custom[:position], profile, *self.custom[position:]))

    def _on_read(self, profiles: tuple[Profile, ...]) -> None:
        self.custom = profiles
        self._list()

    def _replace(self, profiles: tuple[Profile, ...]) -> None:
        self.custom = profiles
        self._bridge.run_task(partial(save_profiles, self._files, profiles), None, self.failed.emit)
        self._list()

    def _list(self) -> None:
        menu = self._bar.menu.profiles
        menu.clear()
        for profile in self.all():
            if not profile.built_in and profile == self.custom[0]:
                menu.addSeparator()
            action = menu.addAction(self.title(profile).replace("&", "&&"))
            action.setCheckable(True)
            action.setData(profile.name)
            action.triggered.connect(partial(self._bar.choose, profile.choice))
        menu.addSeparator()
        menu.addAction(self.tr("&Save as profile…")).triggered.connect(self._on_save_requested)
        edit = menu.addAction(self.tr("&Edit profiles…"))
        edit.setEnabled(bool(self.custom))
        edit.triggered.connect(self._on_edit_requested)
        self._bar.set_profile_names({profile.choice: self.title(profile) for profile in self.all()})
        self.changed.emit()

    @Slot()
    def _check_chosen(self) -> None:
        chosen = self._bar.choice()
        for action in self._bar.menu.profiles.actions():
            profile = self.find(str(action.data()))
            action.setChecked(profile is not None and profile.choice == chosen)

    @Slot()
    def _on_save_requested(self) -> None:
        if self._dialog is not None:
            return
        existing = [profile.name for profile in self.custom]
        reserved = [self.title(profile) for profile in BUILT_IN] + [profile.name for profile in BUILT_IN]
        dialog = NameDialog(self.tr("Save as profile"), existing, reserved, self._bar)
        choice = self._bar.choice()
        dialog.accepted.connect(lambda: self.save(dialog.name, choice))
        self._open(dialog)

    @Slot()
    def _on_edit_requested(self) -> None:
        if self._dialog is None:
            self._open(ProfilesDialog(self, self._bar))

    def _open(self, dialog: NameDialog | ProfilesDialog) -> None:
        self._dialog = dialog
        dialog.finished.connect(self._on_dialog_finished)
        dialog.open()

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


class NameDialog(QDialog):
    """Asks for a profile's name.

    Attributes:
        field: the name.
        save: accepts it.
        hint: says what happens to a profile of the same name.
    """

    def __init__(self, title: str, existing: Iterable[str], reserved: Iterable[str], parent: QWidget) -> None:
        """Prepare.

        Args:
            title: of the dialog.
            existing: names of profiles that would be replaced.
            reserved: names that cannot be used.
            parent: the window.
        """
        super().__init__(parent)
        self._existing, self._reserved = frozenset(existing), frozenset(reserved)
        self.setWindowTitle(title)
        label = QLabel(self.tr("Profile &name:"), self)
        self.field = QLineEdit(self)
        self.field.setMaxLength(LONGEST_NAME)
        self.field.setAccessibleName(self.tr("Profile name"))
        self.field.textChanged.connect(self._on_typed)
        label.setBuddy(self.field)
        self.hint = QLabel(self)
        self.hint.setObjectName("quiet")
        self.hint.setWordWrap(True)
        self.save, cancel = QPushButton(self.tr("Save"), self), QPushButton(self.tr("Cancel"), self)
        self.save.setObjectName("primary")
        cancel.setObjectName("plain")
        buttons = QDialogButtonBox(self)
        buttons.addButton(self.save, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(cancel, QDialogButtonBox.ButtonRole.RejectRole)
        self.save.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        for widget in (label, self.field, self.hint, buttons):
            column.addWidget(widget)
        self.setMinimumWidth(360)
        self._on_typed()

    @property
    def name(self) -> str:
        """The name that was typed."""
        return " ".join(self.field.text().split())

    @Slot()
    def _on_typed(self) -> None:
        self.save.setEnabled(bool(self.name) and self.name not in self._reserved)
        if self.name in self._reserved:
            self.hint.setText(self.tr("This is the name of a built-in profile."))
        elif self.name in self._existing:
            self.hint.setText(self.tr("The profile of this name will be replaced."))
        else:
            self.hint.setText(self.tr("Saves speakers, language, engine, vocabulary, numbers and priority."))


class ProfilesDialog(QDialog):
    """Renames and deletes custom profiles; deletions can be undone while the dialog is open.

    Attributes:
        list: the profiles; names are edited in place.
        export: says how the results of the current profile are written automatically.
        delete: deletes the current profile.
        undo: restores the profile deleted last.
        summary: the options of the current profile.
    """

    def __init__(self, controller: ProfileController, parent: QWidget) -> None:
        super().__init__(parent)
        self._controller = controller
        self._labels = ChoiceLabels(self)
        self._export_labels = OwnExportLabels(self)
        self._dialog: OwnExportsDialog | None = None
        self._deleted: list[tuple[Profile, int]] = []
        self.setWindowTitle(self.tr("Edit profiles"))
        self.list = ItemList(self)
        self.list.setAccessibleName(self.tr("Your profiles"))
        self.summary = QLabel(self)
        self.summary.setObjectName("quiet")
        self.summary.setWordWrap(True)
        rename = QPushButton(self.tr("&Rename"), self)
        self.export = QPushButton(self.tr("E&xport…"), self)
        self.delete = QPushButton(self.tr("&Delete"), self)
        self.undo = QPushButton(self.tr("&Undo"), self)
        row = QHBoxLayout()
        for button in (rename, self.export, self.delete, self.undo):
            button.setObjectName("plain")
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch()
        done = QPushButton(self.tr("Done"), self)
        done.setObjectName("primary")
        buttons = QDialogButtonBox(self)
        buttons.addButton(done, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(18, 16, 18, 14)
        column.setSpacing(10)
        column.addWidget(self.list, 1)
        column.addWidget(self.summary)
        column.addLayout(row)
        column.addWidget(buttons)
        rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.export.clicked.connect(self._on_export_requested)
        self.delete.clicked.connect(self._on_delete_requested)
        self.undo.clicked.connect(self._on_undo_requested)
        self.list.currentRowChanged.connect(self._on_current_changed)
        self.list.itemChanged.connect(self._on_edited)
        resize_to_screen(self, (440, 340))
        self._fill(0)

    def _fill(self, row: int) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for profile in self._controller.custom:
            item = QListWidgetItem(profile.name, self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.list.setCurrentRow(min(row, self.list.count() - 1))
        self.list.blockSignals(False)
        self._on_current_changed()

    @Slot()
    def _on_current_changed(self) -> None:
        row = self.list.currentRow()
        self.summary.setText(self._summary(self._controller.custom[row].choice) if row >= 0 else "")
        for button in (self.export, self.delete):
            button.setEnabled(row >= 0)
        self.undo.setEnabled(bool(self._deleted))

    def _summary(self, choice: Choice) -> str:
        rule, otherwise = self._controller.exports.rule(choice.exports), self.tr("as in the settings")
        exported = self._export_labels.summary(rule, otherwise)
        chosen = self._labels.summary(replace(choice, exports=""))
        return "\n".join((chosen, self.tr("Export: {choice}").format(choice=exported)))

    @Slot()
    def _on_export_requested(self) -> None:
        profile = self._controller.custom[self.list.currentRow()]
        exports, otherwise = self._controller.exports, self.tr("As in the settings")
        rule = exports.rule(profile.choice.exports)
        self._dialog = OwnExportsDialog(rule, otherwise, self, policy=exports.policy)
        self._dialog.accepted.connect(partial(self._on_export_chosen, profile))
        self._dialog.open()

    def _on_export_chosen(self, profile: Profile) -> None:
        if self._dialog is not None:
            self._controller.set_exports(profile, self._dialog.rule())
            self._on_current_changed()

    @Slot(QListWidgetItem)
    def _on_edited(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        profile, name = self._controller.custom[row], " ".join(item.text().split())[:LONGEST_NAME]
        others = [self._controller.title(other) for other in self._controller.all() if other != profile]
        if name and name not in others and name != profile.name:
            self._controller.rename(profile, name)
        self._fill(row)

    @Slot()
    def _on_delete_requested(self) -> None:
        row = self.list.currentRow()
        profile = self._controller.custom[row]
        self._deleted.append((profile, row))
        self._controller.delete(profile)
        self._fill(row)

    @Slot()
    def _on_undo_requested(self) -> None:
        profile, row = self._deleted.pop()
        if self._controller.find(profile.name) is None:
            self._controller.restore(profile, row)
        self._fill(row)
