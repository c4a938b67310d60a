"""Watched folders in the window: chosen, told of, and stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDateTime, QEvent, QLocale, QObject, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QToolButton, QWidget

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.text import one_line
from fi_desktop.gui import errors, theme, widgets
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.watch.config import WatchedFolder, load_folders, save_folders
from fi_desktop.watch.seen_files import forget
from fi_desktop.watch.watcher import FolderScan, FolderState, FoundFile, Watcher, skip, unseen


class WatchController(QObject):
    """Tells the watcher what to watch, and the person what it finds.

    Attributes:
        watcher: watches; it outlives the window.
        dialog: the list of folders; None before it was first asked for.
        sign: the eye in the status line.

    Signals:
        changed: other folders are watched, or one of them does otherwise.
    """

    changed = Signal()

    def __init__(self, watcher: Watcher, home: Path, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self.watcher = watcher
        self.dialog: QDialog | None = None
        self.sign = WatchIndicator(window)
        self._home = home
        self._bridge = bridge
        self._window = window
        self._words = WatchedFolderLabels(self)
        self._gathered = 0
        self._told = ""  # of what was taken
        self._troubles: dict[Path, str] = {}  # what was said of each folder
        window.status.addPermanentWidget(self.sign)
        window.commands.watch.triggered.connect(self.open)
        self.sign.clicked.connect(self.open)
        window.options.changed.connect(self._take_choices)
        window.profiles.changed.connect(self._take_choices)
        window.profiles.renamed.connect(self._on_profile_renamed)
        bridge.folder_scanned.connect(self._on_looked_at)
        self._take_choices()
        self._show()

    def begin(self) -> None:
        """Watch what was watched before."""
        read = partial(load_folders, self._home)
        self._bridge.run_task(read, self._on_read, self._on_failed)

    @Slot()
    def open(self) -> None:
        """Show the list of folders."""
        if self.dialog is None:
            # not before it is asked for: the first window does not wait for it
            from fi_desktop.gui.adding.watched_folders_dialog import WatchedFoldersDialog

            self.dialog = WatchedFoldersDialog(self, self._window.profiles, self._window)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def looks(self) -> dict[WatchedFolder, FolderScan | None]:
        """Return the folders that are watched, with what was found there last."""
        return {folder: self.watcher.scans.get(folder) for folder in self.watcher.folders}

    def find_unseen(self, folder: WatchedFolder, found: Callable[[list[FoundFile]], None]) -> None:
        """FolderScan for recordings that are in a folder now, and would be taken; read off the GUI thread."""
        self._bridge.run_task(partial(_unseen, self._home, folder), found, self._on_failed)

    def watch(self, folder: WatchedFolder, passed: list[FoundFile]) -> None:
        """Watch a folder, in place of an entry for the same path; recordings in `passed` are not taken."""
        remember = partial(skip, self._home, folder, passed)
        self._bridge.run_task(remember, partial(self._on_passed_over, folder), self._on_failed)

    def stop(self, folder: WatchedFolder) -> None:
        """Watch a folder no more, and forget what was seen of it."""
        self._keep(known for known in self.watcher.folders if known != folder)
        self._bridge.run_task(partial(forget, self._home, folder.path), None, self._on_failed)

    def _on_read(self, folders: tuple[WatchedFolder, ...]) -> None:
        self._watch(folders)

    def _on_passed_over(self, folder: WatchedFolder, _done: object) -> None:
        before = self.watcher.folders
        if any(known.path == folder.path for known in before):
            self._keep(folder if known.path == folder.path else known for known in before)
        else:
            self._keep((*before, folder))

    def _keep(self, folders: Iterable[WatchedFolder]) -> None:
        """Watch these folders from now on, and after the next start."""
        wanted = tuple(folders)
        self._watch(wanted)
        self._bridge.run_task(partial(save_folders, self._home, wanted), None, self._on_failed)

    def _watch(self, folders: tuple[WatchedFolder, ...]) -> None:
        self.watcher.watch(folders)
        self._show()

    @Slot()
    def _take_choices(self) -> None:
        self.watcher.default_choice = self._window.options.choice()
        self.watcher.profiles = {each.name: each.choice for each in self._window.profiles.all()}

    @Slot(str, str)
    def _on_profile_renamed(self, old: str, new: str) -> None:
        wanted = tuple(
            replace(folder, profile=new) if folder.profile == old else folder
            for folder in self.watcher.folders
        )
        if wanted != self.watcher.folders:
            self._keep(wanted)

    @Slot(object, object)
    def _on_looked_at(self, folder: WatchedFolder, look: FolderScan) -> None:
        if folder not in self.watcher.folders:
            return
        self._tell_trouble(folder.path, self._words.trouble(folder, look))
        if look.queued:
            self._tell_taken(look.queued)
        self._show()

    def _tell_trouble(self, path: Path, trouble: str) -> None:
        """Say once what is wrong with a folder, and no more once it is over."""
        before = self._troubles.pop(path, "")
        if trouble:
            self._troubles[path] = trouble
        if trouble and trouble != before:
            self._window.message.warning(trouble)
        elif before and not trouble and self._says(before):
            self._window.message.dismiss()

    def _tell_taken(self, number: int) -> None:
        """Say how many were taken: one sentence for several folders, and for several looks."""
        self._gathered = number + (self._gathered if self._says(self._told) else 0)
        self._told = self.tr("%Ln recording(s) taken from watched folders.", "", self._gathered)
        self._window.message.info(self._told)

    def _says(self, sentence: str) -> bool:
        return self._window.message.isVisible() and self._window.message.text == sentence

    def _show(self) -> None:
        self.sign.tell(self.looks())
        self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self._window.message.error(sentence)


def _unseen(home: Path, folder: WatchedFolder) -> list[FoundFile]:
    try:
        return unseen(home, folder)
    except OSError as error:
        raise UserError(
            messages.WATCH_FOLDER_UNREADABLE,
            folder=str(folder.path),
            reason=error.strerror or type(error).__name__,
        ) from error


class WatchedFolderLabels(QObject):
    """Words for how watched folders do."""

    def state(self, look: FolderScan | None) -> str:
        """Return how a folder does; None: nobody has looked yet."""
        if look is None:
            return self.tr("Is looked at for the first time…")
        parts = [self._watching(look)]
        if look.growing:
            parts.append(self.tr("%Ln still being written", "", look.growing))
        if look.locked:
            parts.append(self.tr("%Ln cannot be opened", "", look.locked))
        if look.left_out.unreadable:
            parts.append(self.tr("%Ln folder(s) cannot be read", "", len(look.left_out.unreadable)))
        if look.left_out.others:
            others = self.tr("%Ln file(s) of other kinds left out ({kinds})", "", look.left_out.number)
            parts.append(others.format(kinds=one_line(look.left_out.kinds)))
        if look.total:
            parts.append(self.tr("%Ln taken", "", look.total))
        if look.last_at is not None:
            parts.append(self.tr("last {moment}").format(moment=_moment(look.last_at)))
        return ", ".join(parts)

    def trouble(self, folder: WatchedFolder, look: FolderScan) -> str:
        """Return a sentence for what keeps a folder from being watched; "": nothing does."""
        name = one_line(folder.path.name or str(folder.path))
        match look.state:
            case FolderState.GONE:
                return self.tr(
                    "The watched folder “{name}” is not there now; it is looked for again."
                ).format(name=name)
            case FolderState.UNREADABLE:
                return self.tr("The watched folder “{name}” cannot be read: {reason}.").format(
                    name=name, reason=look.reason
                )
            case FolderState.REFUSED if look.refusal is not None:
                return self.tr("The watched folder “{name}”: {reason}").format(
                    name=name, reason=errors.sentence(look.refusal)
                )
            case _:
                return ""

    def _watching(self, look: FolderScan) -> str:
        match look.state:
            case FolderState.WATCHING:
                return self.tr("Watching")
            case FolderState.GONE:
                return self.tr("Not there now")
            case FolderState.UNREADABLE:
                return self.tr("Cannot be read ({reason})").format(reason=look.reason)
            case FolderState.REFUSED:
                return self.tr("Watching; nothing can be taken now")


def _moment(at: float) -> str:
    """Return the time of day, with the date where that is not today."""
    moment, form = QDateTime.fromSecsSinceEpoch(int(at)), QLocale.FormatType.ShortFormat
    if moment.date() == QDateTime.currentDateTime().date():
        return QLocale().toString(moment.time(), form)
    return QLocale().toString(moment, form)


class WatchIndicator(QToolButton):
    """Shown while folders are watched; a click opens their list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = WatchedFolderLabels(self)
        self._trouble = False
        self.setObjectName("small")
        self.setAutoRaise(True)
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.hide()

    def tell(self, looks: Mapping[WatchedFolder, FolderScan | None]) -> None:
        """Show how the folders do."""
        troubled = sum(look.state is not FolderState.WATCHING for look in looks.values() if look)
        self._trouble = troubled > 0
        name = self.tr("%Ln folder(s) watched", "", len(looks))
        lines = [f"{folder.path}: {self._words.state(look)}" for folder, look in looks.items()]
        well = self.tr("{number} of {all}").format(number=len(looks) - troubled, all=len(looks))
        self.setText(well if troubled else str(len(looks)))
        self.setAccessibleName(name)
        self.setAccessibleDescription(". ".join(lines))
        self.setToolTip(widgets.plain_tooltip("\n".join((name, *lines))))
        self.setVisible(bool(looks))
        self._dress()

    def _dress(self) -> None:
        if self._trouble:
            self.setIcon(theme.tinted_icon("eye", theme.tone("warn", self.palette())))
        else:
            self.setIcon(theme.icon("eye", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_trouble"):
            self._dress()
