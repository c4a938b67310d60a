"""The main window: drop recordings, follow the queue, act on jobs.

It holds no rules and touches neither store, audio nor engines: it shows `JobsModel`, which follows the
bridge's events, and calls `JobService`.
"""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal, Slot
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.core.case_labels import LabelChange
from fi_desktop.gui import labels, theme
from fi_desktop.gui.actions import Actions, HelpMenu, ToolBar
from fi_desktop.gui.added_words import AddedWords
from fi_desktop.gui.adding.controller import AddController, RecordingPicker
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.adding.own_exports import OwnExports
from fi_desktop.gui.adding.profiles import ProfileController
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.details.splitter import DetailsSplitter
from fi_desktop.gui.drag_and_drop import DragExport, DragExportFolder, DropOverlay, EmptyState, is_export
from fi_desktop.gui.find import TranscriptFinder
from fi_desktop.gui.job_table.controller import JobController
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.operations import RowMenu
from fi_desktop.gui.job_table.panel import JobsPanel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.models_dialog import ModelsOpener
from fi_desktop.gui.queue_controls import QueueControls
from fi_desktop.gui.result import JobWindows
from fi_desktop.gui.status_bar import StatusBar
from fi_desktop.gui.template_choice import TemplateChoice
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import ClockDoubted, ExportsHeld, Notice, QueueEvent
from fi_desktop.jobs.run_times import RunTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobsPage
from fi_desktop.jobs.transitions import SubmitResult
from fi_desktop.settings import Settings
from fi_desktop.watch.config import Choice

if TYPE_CHECKING:
    from fi_desktop.gui.details.panel import DetailsPanel


class MainWindow(QMainWindow):
    """The main window.

    Attributes:
        jobs: the jobs on display.
        panel: table, filters and search.
        pause_bar: shown while the queue is paused.
        queue: pauses the queue, and says when and how it runs.
        job_controller: acts on the selected jobs.
        templates: says how exported documents look.
        drag_folder: exports made for drag and drop.
        add_controller: adds recordings.
        profiles: named sets of options.
        help: the help menu.
        picker: asks for files or a folder to add.
        models: opens the models.
        finder: finds words in all transcripts.
        added_words: adds words to results that have none.
        closable: whether the next close closes without asking.

    Signals:
        close_requested: the person closes the window; the controller decides what happens.
        quit_requested: stop and quit.
        monitor_requested: open the monitor.
        language_requested: "system" or the language to switch to.
        preferences_requested: open the settings.
        settings_requested: save these settings (dict by name); `apply_settings` is to be called then.
    """

    close_requested = Signal()
    quit_requested = Signal()
    monitor_requested = Signal()
    language_requested = Signal(str)
    preferences_requested = Signal()
    settings_requested = Signal(object)

    def __init__(
        self, service: JobService, settings: Settings, bridge: Bridge, jobs: JobsModel | None = None
    ) -> None:
        """Build the window. `jobs`: the jobs of the window that it replaces."""
        super().__init__()
        self.closable = False
        self._notices: dict[type[QueueEvent], str] = {}  # the last notice of each kind
        self._service = service
        self._bridge = bridge
        self._settings = settings
        self._window_state = WindowState(settings.home)
        self.setWindowTitle("fi-desktop")
        self.setWindowIcon(theme.app_icon())
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self.jobs = jobs or JobsModel(retries=len(settings.retry_delays_s))
        self.jobs.setParent(self)
        self.commands = Actions(self)
        self.options = OptionsBar(settings.job_options, self)
        self.exports = OwnExports(settings, service, bridge, self)
        self.profiles = ProfileController(service.folders.home_files, bridge, self.options, self.exports)
        self.panel = JobsPanel(self.jobs, self)
        self.table = self.panel.table
        self.empty = EmptyState(self)
        self.message = MessageBar(self)
        self.pause_bar = MessageBar(self, closable=False)
        self.pause_bar.setAccessibleName(self.tr("Queue paused"))
        self.status = StatusBar(self)
        self.queue = QueueControls(service, bridge, self.commands, self.status, self.pause_bar, self.message)
        self.job_controller = JobController(
            service, bridge, self.jobs, self.table, self.message, RunTimes.of(settings), self
        )
        self.templates = TemplateChoice(settings, self._window_state, bridge, self.message)
        self.commands.export.add_templates(self.templates)
        self.job_controller.exports.templates = self.templates
        self.drag_folder = DragExportFolder(settings.home)
        self._drag_export = DragExport(
            self.table,
            self.job_controller.selected_results,
            self.drag_folder,
            self._window_state,
            self.message,
            self.templates,
            bridge.trail,
        )
        self.add_controller = AddController(
            service, bridge, self.jobs, self.options, self.profiles, self.message
        )
        self.windows = JobWindows(service, bridge, self.jobs, self._window_state, self)
        self.windows.packs = lambda: self.options.menu.packs
        self.windows.templates = self.templates
        self.finder = TranscriptFinder(
            service.folders.index_place, bridge, self.jobs, self.windows, self._window_state, self
        )
        self.picker = RecordingPicker(self.add_controller, bridge, self._show_error, self)
        self.models = ModelsOpener(settings, bridge, self.options, self._show_error, self)
        self.added_words = AddedWords(service, bridge, self.models, self.message, settings.model_roots)
        self._lay_out()
        self._connect()
        self._show_cases(settings)
        self.queue.show_settings(settings)
        header = self.table.horizontalHeader()
        if not self._window_state.restore("main", self, header):
            self.table.columns.fit()
        self._restore_options()
        self.jobs.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())

    def apply_settings(self, settings: Settings) -> None:
        """Use other settings from now on."""
        before, self._settings = self._settings, settings
        self._show_cases(settings)
        self.queue.show_settings(settings)
        self.job_controller.times = RunTimes.of(settings)
        self.templates.apply_settings(settings)
        self.jobs.texts.retries = len(settings.retry_delays_s)
        if settings.job_options != before.job_options:
            self.options.set_default(settings.job_options)

    def _show_cases(self, settings: Settings) -> None:
        self.job_controller.labels.pattern = settings.name_pattern
        self.commands.show_cases.setChecked(settings.show_cases)
        self.jobs.show_cases(settings.show_cases)
        self.windows.show_names()

    @Slot(bool)
    def _on_cases_chosen(self, shown: bool) -> None:
        self.settings_requested.emit({"show_cases": shown})

    @Slot(int, object)
    def _on_label_edited(self, job_id: int, change: LabelChange) -> None:
        if (row := self.jobs.job(job_id)) is not None:
            self.job_controller.labels.change([row], change)

    def _restore_options(self) -> None:
        self.options.choose(self._window_state.restore_choice(self.options.default))
        self.options.changed.connect(self.save_options)
        self.profiles.failed.connect(self._show_error)
        self.exports.failed.connect(self._show_error)

    def wait_for_private(self) -> None:
        """Let nobody change profiles, watched folders and settings before those that are stored are known."""
        self._set_private_enabled(enabled=False)

    def use_private(self, settings: Settings) -> None:
        """Use the settings with those that were sealed, and let people change the rest."""
        self._set_private_enabled(enabled=True)
        last = self._window_state.restore_choice(Choice(settings.job_options))  # before another is saved
        self.apply_settings(settings)
        self.options.choose(last)
        self.exports.read()
        self.profiles.read()

    def _set_private_enabled(self, *, enabled: bool) -> None:
        for action in (
            self.commands.watch,
            self.commands.preferences,
            self.options.menu.profiles.menuAction(),
        ):
            action.setEnabled(enabled)

    @Slot()
    def save_options(self) -> None:
        """Save the options of the next recordings, for the next start."""
        self._window_state.save_choice(self.options.default, self.options.choice())

    def show_stopping(self) -> None:
        """Show that the program is stopping, and disable everything."""
        self.setAcceptDrops(False)
        self.job_controller.settle()
        self.add_controller.sheet.hide()
        self.models.stop()
        self.finder.end()
        self._pages.setEnabled(False)
        for action in (
            self.commands.add,
            self.commands.add_folder,
            self.commands.paste,
            self.commands.watch,
            self.commands.models,
            self.commands.monitor,
            self.commands.preferences,
            self.commands.undo,
            self.commands.find,
            *self.commands.job_actions,
            self.commands.export.menuAction(),
        ):
            action.setEnabled(False)
        self.message.info(self.tr("Stopping safely…"))

    def save_state(self) -> None:
        """Save the geometry and the columns."""
        self._window_state.save("main", self, self.table.horizontalHeader())
        self.details.save()

    @Slot()
    def bring_to_front(self) -> None:
        """Show the window in front of all others."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def _lay_out(self) -> None:
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.panel)  # until the jobs are listed
        self._pages.addWidget(self.empty)
        center = QWidget(self)
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pause_bar)
        column.addWidget(self.add_controller.rejected.bar)
        column.addWidget(self.message)
        column.addWidget(self.add_controller.sheet)
        self.details = DetailsSplitter(
            self._pages, self.jobs, self.commands.details, self._make_details, self._window_state, center
        )
        column.addWidget(self.details, 1)
        self.setCentralWidget(center)
        self._overlay = DropOverlay(center)
        self.commands.fill_menu_bar(self.menuBar(), self.table.columns.menu)
        self.help = HelpMenu(self, self._bridge, self._settings.model_roots)
        self.menuBar().addMenu(self.help)
        self.addToolBar(ToolBar(self.commands, self.options, self))
        self.setStatusBar(self.status)
        self.options.menu.addAction(self.commands.models)
        self.commands.update_for([])

    def _make_details(self, parent: QWidget) -> DetailsPanel:
        # imported on demand, so that the first window appears sooner
        from fi_desktop.gui.details.panel import DetailsPanel

        panel = DetailsPanel(self._service, self._bridge, self.jobs, self._settings, self._show_error, parent)
        panel.job.open_requested.connect(self.windows.open)
        panel.job.retry_requested.connect(self._on_retry_requested)
        panel.job.words_requested.connect(self._on_words_requested)
        panel.job.label_edited.connect(self._on_label_edited)
        return panel

    def _connect(self) -> None:
        commands = self.commands
        commands.add.triggered.connect(self.picker.choose_files)
        commands.add_folder.triggered.connect(self.picker.choose_folder)
        commands.paste.triggered.connect(self.picker.paste)
        commands.models.triggered.connect(self.models.show)
        commands.monitor.triggered.connect(self.monitor_requested)
        commands.preferences.triggered.connect(self.preferences_requested)
        self.windows.models_asked.connect(self.models.show)
        self.windows.words_asked.connect(self._on_words_requested)
        self.job_controller.words_requested.connect(self.added_words.request)
        commands.find.triggered.connect(self.finder.open)
        commands.show_cases.triggered.connect(self._on_cases_chosen)
        commands.connect_jobs(self.job_controller)
        self.job_controller.open_requested.connect(self.windows.open)
        commands.export.chosen.connect(self.job_controller.export)
        commands.export.note_requested.connect(self.job_controller.copy_note)
        commands.export.print_requested.connect(self.job_controller.print_results)
        self.job_controller.exports.exported.connect(self._window_state.save_format)
        commands.undo.triggered.connect(self.job_controller.removal.undo)
        commands.collapse.triggered.connect(self.jobs.collapse_all)
        commands.expand.triggered.connect(self.jobs.expand_all)
        self.job_controller.removal.pending_changed.connect(commands.undo.setEnabled)
        commands.select_all.triggered.connect(self.table.selectAll)
        commands.quit.triggered.connect(self.quit_requested)
        commands.language_requested.connect(self.language_requested)
        self.add_controller.added.connect(self._on_added)
        self.empty.add_requested.connect(self.picker.choose_files)
        self.empty.sample_requested.connect(self.picker.add_sample)
        self.table.open_requested.connect(self.windows.open)
        self.table.menu_requested.connect(self._on_row_menu_requested)
        self.table.drag_requested.connect(self._drag_export.start)
        self.table.selection_changed.connect(self._on_selection_changed)
        self.jobs.jobs_changed.connect(self._on_jobs_changed)
        self._bridge.jobs_listed.connect(self._on_jobs_listed)
        self._bridge.events_arrived.connect(self._on_events)
        self._bridge.listing_failed.connect(self._show_error)
        self._bridge.listing_failed.connect(self.jobs.end_listing)

    def _follow(self, future: Future[Any]) -> None:
        """Show an error if a command fails."""
        self._bridge.when_done(future, None, self._show_error)

    @Slot(object)
    def _on_added(self, result: SubmitResult) -> None:
        if result.ids:
            self.table.scrollToTop()
        if result.known:
            self.table.select(result.known[0])

    @Slot(str)
    def _show_error(self, sentence: str) -> None:
        self.message.error(sentence)

    @Slot(object)
    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        self.jobs.apply_events(events)
        for event in events:
            match event:
                case Notice(note=note) | ExportsHeld(note=note):
                    self._show_notice(type(event), labels.sentence(note))
                case ClockDoubted(note=note):
                    confirm = MessageAction(self.tr("The clock is right"), self._confirm_clock)
                    self.message.warning(labels.sentence(note), confirm)
                case _:
                    pass

    def _confirm_clock(self) -> None:
        self._follow(self._service.run_retention(clock_is_right=True))

    def _show_notice(self, kind: type[QueueEvent], sentence: str) -> None:
        """Show a notice of the queue; "" dismisses the previous one of its kind, but no other message."""
        previous, self._notices[kind] = self._notices.get(kind, ""), sentence
        if sentence:
            self.message.warning(sentence)
        elif previous and self.message.text == previous:
            self.message.dismiss()

    @Slot(object)
    def _on_jobs_listed(self, page: JobsPage) -> None:
        self.jobs.add_page(page)
        if not page.jobs:
            self.show_jobs()
        self.queue.read()

    @Slot(object)
    def _on_jobs_changed(self, _ids: frozenset[int]) -> None:
        self.status.show_time_left(self.jobs.left_s)
        self.status.show_counts(self.jobs.counts)
        self.status.show_listing(self.jobs.listing)
        self.show_jobs()

    def show_jobs(self) -> None:
        """Show the table, or the drop zone if there are no jobs."""
        page = self.panel if self.jobs.total else self.empty
        if self._pages.currentWidget() is not page:
            self._pages.setCurrentWidget(page)
            page.setFocus()

    @Slot(QPoint)
    def _on_row_menu_requested(self, position: QPoint) -> None:
        commands = self.commands
        RowMenu(commands.job_actions, commands.export, self.job_controller, self.table, self).popup(position)

    @Slot()
    def _on_selection_changed(self) -> None:
        rows = self.table.selected_rows()
        self.commands.update_for(rows)
        self.details.show_rows(rows)

    @Slot(int)
    def _on_words_requested(self, job_id: int) -> None:
        self.added_words.request([job_id])

    @Slot(int)
    def _on_retry_requested(self, job_id: int) -> None:
        self._follow(self._service.retry([job_id]))

    def showEvent(self, event: QShowEvent) -> None:
        """Load models and profiles."""
        super().showEvent(event)
        self.exports.read()
        self.profiles.read()
        self.models.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "commands"):
            self.commands.update_icons(self.palette())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Leave it to the controller, which may have to ask first."""
        self.save_state()
        if self.closable:
            event.accept()
            return
        event.ignore()
        self.close_requested.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Show what a drop would do."""
        if is_export(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)  # recordings are never moved
        event.accept()
        self._overlay.cover_parent()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Hide the overlay."""
        self._overlay.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Add files and folders."""
        self._overlay.hide()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.add_controller.add_dropped(event.mimeData())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the message with Escape."""
        if event.key() == Qt.Key.Key_Escape and self.message.isVisible():
            self.message.dismiss()
        else:
            super().keyPressEvent(event)
