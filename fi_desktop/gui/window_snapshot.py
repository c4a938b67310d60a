"""How the windows stand, so that they can be built anew without the person losing their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray

from fi_desktop.core.job import JobState
from fi_desktop.gui.adding.controller import Refusal
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.viewmodel.result import ResultPosition
from fi_desktop.watch.config import Choice

if TYPE_CHECKING:
    from fi_desktop.gui.adding.watched_folders import WatchController
    from fi_desktop.gui.dialogs import PreferencesOpener
    from fi_desktop.gui.monitor.window import MonitorWindow


@dataclass(frozen=True, slots=True)
class JobStanding:
    """How a job's window stands.

    Attributes:
        position: where the person is in its result.
    """

    job_id: int
    geometry: QByteArray
    position: ResultPosition


@dataclass(frozen=True, slots=True)
class Standing:
    """How the main window stands, with those that it opened.

    Attributes:
        options: how the next recordings are done.
        packs: models that write words down, as far as they were offered.
        search: what is typed into the search field.
        states: the states of the jobs that are wanted; empty: all.
        selected: jobs.
        place: how far down the table is scrolled, pixels.
        results: the open job windows.
        models: geometry of the models dialog; None where it is not open.
        visible: whether the main window can be seen, minimised or not.
        refused: recordings that the queue did not take.
    """

    options: Choice
    packs: tuple[str, ...]
    search: str
    states: frozenset[JobState]
    selected: tuple[int, ...]
    place: int
    results: tuple[JobStanding, ...]
    models: QByteArray | None
    visible: bool
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class MonitorStanding:
    """How the monitor stands.

    Attributes:
        page: the place of the page that is shown, from 0.
    """

    geometry: QByteArray
    page: int


@dataclass(frozen=True, slots=True)
class DialogsStanding:
    """Which dialogs are open.

    Attributes:
        folders: geometry of the watched folders; None where they are not open.
        settings: the same of the settings.
        page: the place of the settings' page, from 0.
    """

    folders: QByteArray | None
    settings: QByteArray | None
    page: int


def look(window: MainWindow) -> Standing:
    """Return how a window stands; its geometry and columns are remembered on disk."""
    window.remember()
    window.deeds.settle()  # what could still be undone goes with the window
    models = window.models.dialog
    return Standing(
        window.options.choice(),
        window.options.menu.packs,
        window.panel.search.text(),
        window.panel.chips.states,
        tuple(row.id for row in window.table.selected_rows()),
        window.table.verticalScrollBar().value(),
        tuple(
            JobStanding(shown.job_id, shown.saveGeometry(), shown.position) for shown in window.windows.all()
        ),
        models.saveGeometry() if models is not None and models.isVisible() else None,
        window.isVisible(),
        tuple(window.intake.refused.held),
    )


def put(window: MainWindow, standing: Standing) -> None:
    """Have a window stand so."""
    window.options.offer_packs(standing.packs)
    window.options.choose(standing.options)
    window.panel.search.setText(standing.search)
    window.panel.chips.choose(standing.states)
    window.panel.apply()
    window.intake.refused.hold(*standing.refused)
    window.show_jobs()
    window.table.select_all_of(standing.selected)
    if standing.visible:
        window.show()
    window.table.verticalScrollBar().setValue(standing.place)
    for result in standing.results:
        shown = window.windows.open(result.job_id)
        shown.restoreGeometry(result.geometry)
        shown.restore_position(result.position)
    if standing.models is not None:
        window.models.show()
        if window.models.dialog is not None:
            window.models.dialog.restoreGeometry(standing.models)


def look_at_dialogs(watch: WatchController, preferences: PreferencesOpener) -> DialogsStanding:
    """Return which dialogs are open."""
    folders, settings = watch.dialog, preferences.dialog
    return DialogsStanding(
        folders.saveGeometry() if folders is not None and folders.isVisible() else None,
        settings.saveGeometry() if settings is not None and settings.isVisible() else None,
        settings.pages.currentRow() if settings is not None else 0,
    )


def put_dialogs(watch: WatchController, preferences: PreferencesOpener, standing: DialogsStanding) -> None:
    """Open those dialogs."""
    if standing.folders is not None:
        watch.open()
        if watch.dialog is not None:
            watch.dialog.restoreGeometry(standing.folders)
    if standing.settings is not None:
        preferences.open()
        if preferences.dialog is not None:
            preferences.dialog.restoreGeometry(standing.settings)
            preferences.dialog.pages.setCurrentRow(standing.page)


def look_at_monitor(monitor: MonitorWindow | None) -> MonitorStanding | None:
    """Return how the monitor stands; None where it is not open."""
    if monitor is None or not monitor.isVisible():
        return None
    return MonitorStanding(monitor.saveGeometry(), monitor.pages.current)


def put_monitor(monitor: MonitorWindow | None, standing: MonitorStanding) -> None:
    """Have the monitor stand so, if there is one."""
    if monitor is not None:
        monitor.restoreGeometry(standing.geometry)
        monitor.pages.choose(standing.page)
