"""Snapshots of windows, to restore what they showed when a change of language rebuilds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray

from fi_desktop.gui.adding.controller import Rejection
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.viewmodel.result import ResultPosition
from fi_desktop.viewmodel.search import Shown
from fi_desktop.watch.config import Choice

if TYPE_CHECKING:
    from fi_desktop.gui.adding.watched_folders import WatchController
    from fi_desktop.gui.dialogs import PreferencesOpener
    from fi_desktop.gui.find.find_window import FindChoices
    from fi_desktop.gui.monitor.window import MonitorWindow


@dataclass(frozen=True, slots=True)
class JobWindowSnapshot:
    """A job's window: its geometry and the position in its result."""

    job_id: int
    geometry: QByteArray
    position: ResultPosition


@dataclass(frozen=True, slots=True)
class MainWindowSnapshot:
    """The main window and the job windows that it opened; geometry and columns are saved on disk.

    Attributes:
        options: options of the next recordings.
        packs: names of the transcription models on offer.
        search: text of the search field.
        states: states that are shown; empty: all.
        selected: ids of the selected jobs.
        scroll: position of the table's scroll bar, in pixels.
        results: the open job windows.
        models: geometry of the models dialog; None if it is closed.
        visible: whether the main window is shown or minimised.
        rejected: recordings that the queue could not store.
        find: what the window that finds in transcripts shows; None if it is closed.
    """

    options: Choice
    packs: tuple[str, ...]
    search: str
    states: frozenset[Shown]
    selected: tuple[int, ...]
    scroll: int
    results: tuple[JobWindowSnapshot, ...]
    models: QByteArray | None
    visible: bool
    rejected: tuple[Rejection, ...]
    find: FindChoices | None

    def restore(self, window: MainWindow) -> None:
        """Show the same in a new window."""
        window.options.offer_packs(self.packs)
        window.options.choose(self.options)
        window.panel.search.setText(self.search)
        window.panel.chips.choose(self.states)
        window.panel.apply()
        window.add_controller.rejected.hold(*self.rejected)
        window.show_jobs()
        window.table.select_jobs(self.selected)
        if self.visible:
            window.show()
        window.table.verticalScrollBar().setValue(self.scroll)
        for result in self.results:
            job_window = window.windows.open(result.job_id)
            job_window.restoreGeometry(result.geometry)
            job_window.restore_position(result.position)
        if self.find is not None:
            window.finder.restore(self.find)
        if self.models is not None:
            window.models.show()
            if window.models.dialog is not None:
                window.models.dialog.restoreGeometry(self.models)


@dataclass(frozen=True, slots=True)
class MonitorWindowSnapshot:
    """The monitor: its geometry, and the indices of the current page and of the history's part."""

    geometry: QByteArray
    page: int
    part: int

    def restore(self, monitor: MonitorWindow) -> None:
        """Show the same in a new monitor."""
        monitor.restoreGeometry(self.geometry)
        monitor.pages.choose(self.page)
        monitor.history.parts.choose(self.part)


@dataclass(frozen=True, slots=True)
class DialogsSnapshot:
    """The open dialogs.

    Attributes:
        folders: geometry of the watched folders; None if they are closed.
        settings: geometry of the settings; None if they are closed.
        page: index of the current page of the settings.
    """

    folders: QByteArray | None
    settings: QByteArray | None
    page: int

    def restore(self, watch: WatchController, preferences: PreferencesOpener) -> None:
        """Open the same dialogs."""
        if self.folders is not None:
            watch.open()
            if watch.dialog is not None:
                watch.dialog.restoreGeometry(self.folders)
        if self.settings is not None:
            preferences.open()
            if preferences.dialog is not None:
                preferences.dialog.restoreGeometry(self.settings)
                preferences.dialog.pages.setCurrentRow(self.page)


def of_window(window: MainWindow) -> MainWindowSnapshot:
    """Return a snapshot of a window, and save its geometry and columns."""
    window.save_state()
    window.job_controller.settle()  # a removal that could still be undone takes effect
    models = window.models.dialog
    return MainWindowSnapshot(
        window.options.choice(),
        window.options.menu.packs,
        window.panel.search.text(),
        window.panel.chips.states,
        tuple(row.id for row in window.table.selected_rows()),
        window.table.verticalScrollBar().value(),
        tuple(
            JobWindowSnapshot(shown.job_id, shown.saveGeometry(), shown.position)
            for shown in window.windows.all()
        ),
        models.saveGeometry() if models is not None and models.isVisible() else None,
        window.isVisible(),
        tuple(window.add_controller.rejected.held),
        window.finder.choices,
    )


def of_monitor(monitor: MonitorWindow | None) -> MonitorWindowSnapshot | None:
    """Return a snapshot of the monitor; None if it is closed."""
    if monitor is None or not monitor.isVisible():
        return None
    part = monitor.history.parts.current
    return MonitorWindowSnapshot(monitor.saveGeometry(), monitor.pages.current, part)


def of_dialogs(watch: WatchController, preferences: PreferencesOpener) -> DialogsSnapshot:
    """Return which dialogs are open."""
    folders, settings = watch.dialog, preferences.dialog
    return DialogsSnapshot(
        folders.saveGeometry() if folders is not None and folders.isVisible() else None,
        settings.saveGeometry() if settings is not None and settings.isVisible() else None,
        settings.pages.currentRow() if settings is not None else 0,
    )
