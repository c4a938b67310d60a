"""Watched folders in the window: controller, labels, and the indicator in the status bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QDateTime, QEvent, QLocale, QObject, QSize, Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QToolButton, QWidget

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import system_reason
from fi_desktop.core.text import one_line
from fi_desktop.gui import labels, theme, widgets
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import WatchedFolder, load_folders, save_folders
from fi_desktop.watch.seen_files import forget
from fi_desktop.watch.watcher import FolderScan, FolderState, FoundFile, Watcher, skip, unseen


class WatchController(QObject):
    """Configures the watcher and reports what it finds.

    Attributes:
        watcher: scans the folders; outlives the window.
        dialog: the list of folders; None before it was first opened.
        indicator: the eye in the status bar.
        exports: the rules by which results are written automatically.

    Signals:
        changed: other folders are watched, or the state of one changed.
    """

    changed = Signal()

    def __init__(self, watcher: Watcher, files: HomeFiles, bridge: Bridge, window: MainWindow) -> None:
        super().__init__(window)
        self.watcher = watcher
        self.dialog: QDialog | None = None
        self.indicator = WatchIndicator(window)
        self.exports = window.exports
        self._files = files
        self._bridge = bridge
        self._window = window
        self._labels = WatchedFolderLabels(self)
        self._added = 0  # recordings counted by the message on display
        self._added_message = ""
        self._problems: dict[Path, str] = {}  # reported problem of each folder
        window.status.addPermanentWidget(self.indicator)
        window.commands.watch.triggered.connect(self.open)
        self.indicator.clicked.connect(self.open)
        window.options.changed.connect(self._update_choices)
        window.exports.changed.connect(self._update_choices)
        window.profiles.changed.connect(self._update_choices)
        window.profiles.renamed.connect(self._on_profile_renamed)
        bridge.folder_scanned.connect(self._on_scanned)
        self._update_choices()
        self._show()

    def start(self) -> None:
        """Watch the folders of the last session."""
        self._bridge.run_task(partial(load_folders, self._files), self._on_loaded, self._on_failed)

    @Slot()
    def open(self) -> None:
        """Open the list of folders."""
        if self.dialog is None:
            # imported on demand, so that the first window appears sooner
            from fi_desktop.gui.adding.watched_folders_dialog import WatchedFoldersDialog

            self.dialog = WatchedFoldersDialog(self, self._window.profiles, self._window)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def scans(self) -> dict[WatchedFolder, FolderScan | None]:
        """Return the watched folders with their latest scan."""
        return {folder: self.watcher.scans.get(folder) for folder in self.watcher.folders}

    def find_existing(self, folder: WatchedFolder, found: Callable[[list[FoundFile]], None]) -> None:
        """Look for recordings that watching the folder would add at once; runs off the GUI thread."""
        self._bridge.run_task(partial(_existing, self._files, folder), found, self._on_failed)

    def watch(self, folder: WatchedFolder, skipped: list[FoundFile]) -> None:
        """Watch a folder, replacing the entry with the same path; never add the skipped recordings."""
        remember = partial(skip, self._files, folder, skipped)
        self._bridge.run_task(remember, partial(self._on_skipped, folder), self._on_failed)

    def stop(self, folder: WatchedFolder) -> None:
        """Stop watching a folder and forget which of its files were seen."""
        self.exports.set_owned(folder.exports, owned=False)
        self._save(known for known in self.watcher.folders if known != folder)
        self._bridge.run_task(partial(forget, self._files, folder.path), None, self._on_failed)

    def _on_loaded(self, folders: tuple[WatchedFolder, ...]) -> None:
        self._watch(folders)

    def _on_skipped(self, folder: WatchedFolder, _done: object) -> None:
        before = self.watcher.folders
        if any(known.path == folder.path for known in before):
            self._save(folder if known.path == folder.path else known for known in before)
        else:
            self._save((*before, folder))

    def _save(self, folders: Iterable[WatchedFolder]) -> None:
        """Watch these folders, also after a restart."""
        saved = tuple(folders)
        self._watch(saved)
        self._bridge.run_task(partial(save_folders, self._files, saved), None, self._on_failed)

    def _watch(self, folders: tuple[WatchedFolder, ...]) -> None:
        self.watcher.watch(folders)
        self._show()

    @Slot()
    def _update_choices(self) -> None:
        self.watcher.default_choice = self._window.options.choice()
        self.watcher.profiles = {each.name: each.choice for each in self._window.profiles.all()}
        self.watcher.rules = self.exports.rules

    @Slot(str, str)
    def _on_profile_renamed(self, old: str, new: str) -> None:
        renamed = tuple(
            replace(folder, profile=new) if folder.profile == old else folder
            for folder in self.watcher.folders
        )
        if renamed != self.watcher.folders:
            self._save(renamed)

    @Slot(object, object)
    def _on_scanned(self, folder: WatchedFolder, scan: FolderScan) -> None:
        if folder not in self.watcher.folders:
            return
        self._report_problem(folder.path, self._labels.problem(folder, scan))
        if scan.queued:
            self._report_added(scan.queued)
        self._show()

    def _report_problem(self, path: Path, problem: str) -> None:
        """Report a folder's problem once, and dismiss the message when it is over."""
        before = self._problems.pop(path, "")
        if problem:
            self._problems[path] = problem
        if problem and problem != before:
            self._window.message.warning(problem)
        elif before and not problem and self._is_shown(before):
            self._window.message.dismiss()

    def _report_added(self, number: int) -> None:
        """Report added recordings, in one message for several folders and scans."""
        self._added = number + (self._added if self._is_shown(self._added_message) else 0)
        self._added_message = self.tr("%Ln recording(s) added from watched folders.", "", self._added)
        self._window.message.info(self._added_message)

    def _is_shown(self, sentence: str) -> bool:
        return self._window.message.isVisible() and self._window.message.text == sentence

    def _show(self) -> None:
        self.indicator.show_scans(self.scans())
        self.changed.emit()

    def _on_failed(self, sentence: str) -> None:
        self._window.message.error(sentence)


def _existing(files: HomeFiles, folder: WatchedFolder) -> list[FoundFile]:
    try:
        return unseen(files, folder)
    except OSError as error:
        raise UserError(
            messages.WATCH_FOLDER_UNREADABLE,
            folder=str(folder.path),
            reason=system_reason(error),
        ) from error


class WatchedFolderLabels(QObject):
    """Describes the state of watched folders."""

    def state(self, scan: FolderScan | None) -> str:
        """Return a folder's state on one line; None: not scanned yet."""
        if scan is None:
            return self.tr("Scanning for the first time…")
        parts = [self._watching(scan)]
        if scan.growing:
            parts.append(self.tr("%Ln still being written", "", scan.growing))
        if scan.locked:
            parts.append(self.tr("%Ln cannot be opened", "", scan.locked))
        if scan.left_out.unreadable:
            parts.append(self.tr("%Ln folder(s) cannot be read", "", len(scan.left_out.unreadable)))
        if scan.left_out.others:
            others = self.tr("%Ln file(s) of other types skipped ({kinds})", "", scan.left_out.number)
            parts.append(others.format(kinds=one_line(scan.left_out.kinds)))
        if scan.total:
            parts.append(self.tr("%Ln added", "", scan.total))
        if scan.last_at is not None:
            parts.append(self.tr("last {moment}").format(moment=_moment(scan.last_at)))
        return ", ".join(parts)

    def problem(self, folder: WatchedFolder, scan: FolderScan) -> str:
        """Return a sentence about what prevents watching; "" if nothing does."""
        name = one_line(folder.path.name or str(folder.path))
        match scan.state:
            case FolderState.GONE:
                return self.tr(
                    "The watched folder “{name}” is not available. It will be checked again."
                ).format(name=name)
            case FolderState.UNREADABLE:
                return self.tr("The watched folder “{name}” cannot be read: {reason}.").format(
                    name=name, reason=scan.reason
                )
            case FolderState.REFUSED if scan.refusal is not None:
                return self.tr("The watched folder “{name}”: {reason}").format(
                    name=name, reason=labels.sentence(scan.refusal)
                )
            case _:
                return ""

    def _watching(self, scan: FolderScan) -> str:
        match scan.state:
            case FolderState.WATCHING:
                return self.tr("Watching")
            case FolderState.GONE:
                return self.tr("Not available")
            case FolderState.UNREADABLE:
                return self.tr("Cannot be read ({reason})").format(reason=scan.reason)
            case FolderState.REFUSED:
                return self.tr("Watching; recordings cannot be added now")


def _moment(at: float) -> str:
    """Return the time of day, with the date unless it is today."""
    moment, form = QDateTime.fromSecsSinceEpoch(int(at)), QLocale.FormatType.ShortFormat
    if moment.date() == QDateTime.currentDateTime().date():
        return QLocale().toString(moment.time(), form)
    return QLocale().toString(moment, form)


class WatchIndicator(QToolButton):
    """An eye with the number of watched folders; a click opens their list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = WatchedFolderLabels(self)
        self._has_problem = False
        self.setObjectName("small")
        self.setAutoRaise(True)
        self.setIconSize(QSize(16, 16))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.hide()

    def show_scans(self, scans: Mapping[WatchedFolder, FolderScan | None]) -> None:
        """Show the state of the folders."""
        problems = sum(scan.state is not FolderState.WATCHING for scan in scans.values() if scan)
        self._has_problem = problems > 0
        name = self.tr("%Ln folder(s) watched", "", len(scans))
        lines = [f"{folder.path}: {self._labels.state(scan)}" for folder, scan in scans.items()]
        watched = self.tr("{number} of {all}").format(number=len(scans) - problems, all=len(scans))
        self.setText(watched if problems else str(len(scans)))
        self.setAccessibleName(name)
        self.setAccessibleDescription(". ".join(lines))
        self.setToolTip(widgets.plain_tooltip("\n".join((name, *lines))))
        self.setVisible(bool(scans))
        self._set_icon()

    def _set_icon(self) -> None:
        if self._has_problem:
            self.setIcon(theme.tinted_icon("eye", theme.tone("warn", self.palette())))
        else:
            self.setIcon(theme.icon("eye", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Recolour the icon when the palette changes."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_has_problem"):
            self._set_icon()
