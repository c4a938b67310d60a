"""Profiles in the window: offered in the options' menu, kept under a name, renamed and deleted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

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

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_options.bar import OptionsBar
from fi_desktop.gui.job_options.menu import ChoiceLabels
from fi_desktop.gui.widgets import ItemList
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.watch.config import BUILT_IN, LONGEST_NAME, Choice, Profile, load_profiles, save_profiles


class ProfileController(QObject):
    """Knows the profiles, and writes those that are the person's own.

    Attributes:
        own: the person's profiles, in the order in which they were kept.

    Signals:
        changed: there are other profiles, or others by name.
        renamed: a profile's old name and its new one.
        failed: why the profiles cannot be read or written, in a sentence.
    """

    changed = Signal()
    renamed = Signal(str, str)
    failed = Signal(str)

    def __init__(self, home: Path, bridge: Bridge, bar: OptionsBar) -> None:
        """Offer the profiles in the bar's menu.

        Args:
            home: where they lie.
            bridge: the way to the thread that reads and writes files.
            bar: the options of the next recordings.
        """
        super().__init__(bar)
        self.own: tuple[Profile, ...] = ()
        self._home = home
        self._bridge = bridge
        self._bar = bar
        self._dialog: NameDialog | ProfilesDialog | None = None
        bar.menu.profiles.aboutToShow.connect(self._check_chosen)
        self._show()

    def read(self) -> None:
        """Read the person's profiles."""
        self._bridge.run_task(partial(load_profiles, self._home), self._on_read, self.failed.emit)

    def all(self) -> tuple[Profile, ...]:
        """Return the built-in profiles, and the person's own."""
        return (*BUILT_IN, *self.own)

    def find(self, name: str) -> Profile | None:
        """Return the profile of this name; None: there is none (any more)."""
        return next((profile for profile in self.all() if profile.name == name), None)

    def title(self, profile: Profile) -> str:
        """Return a profile's name as it is shown."""
        if not profile.built_in:
            return profile.name
        titles = {
            "consultation": self.tr("Consultation, 2 people"),
            "consultation-es": self.tr("Consultation, 2 people, Spanish"),
            "family": self.tr("Family or team, 3–6 people"),
            "dictation": self.tr("Dictation, 1 person"),
            "phone": self.tr("Phone call, 1 person per channel"),
        }
        return titles[profile.name]

    def keep(self, name: str, choice: Choice) -> None:
        """Keep a choice under a name; in place of the profile that had it."""
        kept = Profile(name, choice)
        if any(profile.name == name for profile in self.own):
            self._take(tuple(kept if profile.name == name else profile for profile in self.own))
        else:
            self._take((*self.own, kept))

    def rename(self, profile: Profile, name: str) -> None:
        """Give one of the person's profiles another name."""
        self._take(tuple(replace(p, name=name) if p == profile else p for p in self.own))
        self.renamed.emit(profile.name, name)

    def delete(self, profile: Profile) -> None:
        """Forget one of the person's profiles."""
        self._take(tuple(p for p in self.own if p != profile))

    def put_back(self, profile: Profile, place: int) -> None:
        """Undo that a profile was deleted."""
        self._take((*self.own[:place], profile, *self.own[place:]))

    def _on_read(self, profiles: tuple[Profile, ...]) -> None:
        self.own = profiles
        self._show()

    def _take(self, profiles: tuple[Profile, ...]) -> None:
        self.own = profiles
        self._bridge.run_task(partial(save_profiles, self._home, profiles), None, self.failed.emit)
        self._show()

    def _show(self) -> None:
        menu = self._bar.menu.profiles
        menu.clear()
        for profile in self.all():
            if not profile.built_in and profile == self.own[0]:
                menu.addSeparator()
            action = menu.addAction(self.title(profile).replace("&", "&&"))
            action.setCheckable(True)
            action.setData(profile.name)
            action.triggered.connect(partial(self._bar.choose, profile.choice))
        menu.addSeparator()
        menu.addAction(self.tr("&Save as profile…")).triggered.connect(self._on_keep_asked)
        edit = menu.addAction(self.tr("&Edit profiles…"))
        edit.setEnabled(bool(self.own))
        edit.triggered.connect(self._on_edit_asked)
        self._bar.name_profiles({profile.choice: self.title(profile) for profile in self.all()})
        self.changed.emit()

    @Slot()
    def _check_chosen(self) -> None:
        chosen = self._bar.choice()
        for action in self._bar.menu.profiles.actions():
            profile = self.find(str(action.data()))
            action.setChecked(profile is not None and profile.choice == chosen)

    @Slot()
    def _on_keep_asked(self) -> None:
        if self._dialog is not None:
            return
        # no dialog is loaded before it is asked for: the first window does not wait for it

        taken = [profile.name for profile in self.own]
        refused = [self.title(profile) for profile in BUILT_IN] + [profile.name for profile in BUILT_IN]
        dialog = NameDialog(self.tr("Save as profile"), taken, refused, self._bar)
        choice = self._bar.choice()
        dialog.accepted.connect(lambda: self.keep(dialog.name, choice))
        self._open(dialog)

    @Slot()
    def _on_edit_asked(self) -> None:
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
    """One field; says when a name is taken.

    Attributes:
        field: where the name is typed.
        save: keeps it.
        hint: says what a taken name means.
    """

    def __init__(self, title: str, taken: Iterable[str], refused: Iterable[str], parent: QWidget) -> None:
        """Prepare.

        Args:
            title: what the name is asked for.
            taken: names of profiles that would be replaced.
            refused: names that cannot be given.
            parent: the window.
        """
        super().__init__(parent)
        self._taken, self._refused = frozenset(taken), frozenset(refused)
        self.setWindowTitle(title)
        label = QLabel(self.tr("&Name of the profile:"), self)
        self.field = QLineEdit(self)
        self.field.setMaxLength(LONGEST_NAME)
        self.field.setAccessibleName(self.tr("Name of the profile"))
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
        """What was typed."""
        return " ".join(self.field.text().split())

    @Slot()
    def _on_typed(self) -> None:
        self.save.setEnabled(bool(self.name) and self.name not in self._refused)
        if self.name in self._refused:
            self.hint.setText(self.tr("A built-in profile has this name."))
        elif self.name in self._taken:
            self.hint.setText(self.tr("There is a profile of this name: it is replaced."))
        else:
            self.hint.setText(self.tr("Speakers, language, engine, words and priority are kept in it."))


class ProfilesDialog(QDialog):
    """A list of the person's profiles; a name is edited in its place.

    Attributes:
        list: the profiles.
        delete: deletes the one that is chosen.
        undo: puts back what was deleted last.
        told: what the chosen profile holds.
    """

    def __init__(self, desk: ProfileController, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk
        self._words = ChoiceLabels(self)
        self._gone: list[tuple[Profile, int]] = []
        self.setWindowTitle(self.tr("Edit profiles"))
        self.list = ItemList(self)
        self.list.setAccessibleName(self.tr("Your profiles"))
        self.told = QLabel(self)
        self.told.setObjectName("quiet")
        self.told.setWordWrap(True)
        rename = QPushButton(self.tr("&Rename"), self)
        self.delete = QPushButton(self.tr("&Delete"), self)
        self.undo = QPushButton(self.tr("&Undo"), self)
        row = QHBoxLayout()
        for button in (rename, self.delete, self.undo):
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
        column.addWidget(self.told)
        column.addLayout(row)
        column.addWidget(buttons)
        rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem()))
        self.delete.clicked.connect(self._on_delete_asked)
        self.undo.clicked.connect(self._on_undo_asked)
        self.list.currentRowChanged.connect(self._on_chosen)
        self.list.itemChanged.connect(self._on_edited)
        resize_to_screen(self, (400, 320))
        self._fill(0)

    def _fill(self, row: int) -> None:
        self.list.blockSignals(True)
        self.list.clear()
        for profile in self._desk.own:
            item = QListWidgetItem(profile.name, self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
        self.list.setCurrentRow(min(row, self.list.count() - 1))
        self.list.blockSignals(False)
        self._on_chosen()

    @Slot()
    def _on_chosen(self) -> None:
        row = self.list.currentRow()
        self.told.setText(self._words.summary(self._desk.own[row].choice) if row >= 0 else "")
        self.delete.setEnabled(row >= 0)
        self.undo.setEnabled(bool(self._gone))

    @Slot(QListWidgetItem)
    def _on_edited(self, item: QListWidgetItem) -> None:
        row = self.list.row(item)
        profile, name = self._desk.own[row], " ".join(item.text().split())[:LONGEST_NAME]
        others = [self._desk.title(other) for other in self._desk.all() if other != profile]
        if name and name not in others and name != profile.name:
            self._desk.rename(profile, name)
        self._fill(row)

    @Slot()
    def _on_delete_asked(self) -> None:
        row = self.list.currentRow()
        profile = self._desk.own[row]
        self._gone.append((profile, row))
        self._desk.delete(profile)
        self._fill(row)

    @Slot()
    def _on_undo_asked(self) -> None:
        profile, row = self._gone.pop()
        if self._desk.find(profile.name) is None:
            self._desk.put_back(profile, row)
        self._fill(row)
