"""Profiles in the window: offered in the options' menu, kept under a name, renamed and deleted."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_options.bar import OptionsBar
from fi_desktop.watch.profiles import BUILT_IN, Choice, Profile, load, save

if TYPE_CHECKING:
    from fi_desktop.gui.job_options.name_dialog import NameDialog
    from fi_desktop.gui.job_options.profiles_dialog import ProfilesDialog


class ProfileDesk(QObject):
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
        self._bridge.work(partial(load, self._home), self._on_read, self.failed.emit)

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
        self._bridge.work(partial(save, self._home, profiles), None, self.failed.emit)
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
        from fi_desktop.gui.job_options.name_dialog import NameDialog

        taken = [profile.name for profile in self.own]
        refused = [self.title(profile) for profile in BUILT_IN] + [profile.name for profile in BUILT_IN]
        dialog = NameDialog(self.tr("Save as profile"), taken, refused, self._bar)
        choice = self._bar.choice()
        dialog.accepted.connect(lambda: self.keep(dialog.name, choice))
        self._open(dialog)

    @Slot()
    def _on_edit_asked(self) -> None:
        if self._dialog is None:
            from fi_desktop.gui.job_options.profiles_dialog import ProfilesDialog

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
