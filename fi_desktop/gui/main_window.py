"""The main window: drop recordings, follow the queue, act on jobs.

It holds no rules and touches no store, audio or engine: it reads `JobsModel`, which follows the bridge's
news, and calls `JobService`.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
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

from fi_desktop.gui import errors, theme
from fi_desktop.gui.actions import Actions, HelpMenu, ToolBar
from fi_desktop.gui.adding.controller import AddController, RecordingPicker
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.details.splitter import DetailsSplitter
from fi_desktop.gui.drag_and_drop import DragExport, DragExportFolder, is_ours
from fi_desktop.gui.drop_zone import DropOverlay, EmptyState
from fi_desktop.gui.job_options.bar import OptionsBar
from fi_desktop.gui.job_options.profiles import ProfileController
from fi_desktop.gui.job_table.controller import JobController
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.operations import RowMenu
from fi_desktop.gui.job_table.panel import JobsPanel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.models_dialog import ModelsOpener
from fi_desktop.gui.result import JobWindows
from fi_desktop.gui.status_bar import StatusBar
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import Notice, QueueEvent, QueuePaused, WorkersChanged
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobsPage
from fi_desktop.jobs.transitions import SubmitResult
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from fi_desktop.gui.details.panel import DetailsPanel


class MainWindow(QMainWindow):
    """The window.

    Attributes:
        jobs: the jobs as they are shown.
        panel: shows and finds them.
        pause_bar: tells that the queue is paused, for as long as it is.
        deeds: acts on them.
        outbox: what was dragged out.
        intake: where recordings are handed in.
        profiles: named ways of doing recordings.
        help: the help menu.
        choice: asks which recordings are to be handed in.
        models: shows and changes the models.
        closable: whether closing is decided, so that the next close just closes.

    Signals:
        close_asked: the person wants to close it; who owns the program decides.
        quit_asked: the person wants to end the program.
        monitor_asked: the person wants to see how workers and queue do.
        language_asked: "system", or the language that the person wants the window to speak.
        preferences_asked: the person wants to change settings.
    """

    close_asked = Signal()
    quit_asked = Signal()
    monitor_asked = Signal()
    language_asked = Signal(str)
    preferences_asked = Signal()

    def __init__(
        self, service: JobService, settings: Settings, bridge: Bridge, jobs: JobsModel | None = None
    ) -> None:
        """Show the jobs of an earlier window, or none until some are listed."""
        super().__init__()
        self.closable = False
        self._notice = ""  # what the queue itself said last
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
        self.profiles = ProfileController(settings.home, bridge, self.options)
        self.panel = JobsPanel(self.jobs, self)
        self.table = self.panel.table
        self.empty = EmptyState(self)
        self.message = MessageBar(self)
        self.pause_bar = MessageBar(self, closable=False)
        self.pause_bar.setAccessibleName(self.tr("Queue paused"))
        self.status = StatusBar(self)
        self.deeds = JobController(service, bridge, self.jobs, self.table, self.message, self)
        self.outbox = DragExportFolder(settings.home)
        self._drag_out = DragExport(
            self.table, service.folders, self.outbox, self._window_state, self.message
        )
        self.intake = AddController(service, bridge, self.jobs, self.options, self.profiles, self.message)
        self.windows = JobWindows(service, bridge, self.jobs, self._window_state, self)
        self.choice = RecordingPicker(self.intake, bridge, self._on_refused, self)
        self.models = ModelsOpener(settings, bridge, self.options, self._on_refused, self)
        self._lay_out()
        self._connect()
        header = self.table.horizontalHeader()
        if not self._window_state.restore("main", self, header):
            self.table.columns.fit()
        self._restore_options()
        self.jobs.sort(header.sortIndicatorSection(), header.sortIndicatorOrder())

    def take_settings(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        before, self._settings = self._settings, settings
        self.jobs.cells.retries = len(settings.retry_delays_s)
        if settings.job_options != before.job_options:
            self.options.take_usual(settings.job_options)

    def _restore_options(self) -> None:
        self.options.choose(self._window_state.restore_choice(self.options.usual))
        self.options.changed.connect(self._on_options_changed)
        self.profiles.failed.connect(self._on_refused)

    @Slot()
    def _on_options_changed(self) -> None:
        self._window_state.save_choice(self.options.usual, self.options.choice())

    def show_stopping(self) -> None:
        """Say that running work is being given back; nothing can be added any more."""
        self.setAcceptDrops(False)
        self.deeds.settle()
        self.intake.sheet.hide()
        self.models.stop()
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
            *self.commands.of_jobs,
            self.commands.export.menuAction(),
        ):
            action.setEnabled(False)
        self.message.info(self.tr("Stopping safely…"))

    def remember(self) -> None:
        """Remember where the window stands, and its columns."""
        self._window_state.save("main", self, self.table.horizontalHeader())
        self.details.save()

    @Slot(bool)
    def pause(self, paused: bool) -> None:
        """Have the queue pause, or go on."""
        asked = self._service.pause() if paused else self._service.resume()
        self._bridge.when_done(asked, None, self._on_pause_refused)

    @Slot()
    def raise_up(self) -> None:
        """Show the window and bring it to the front."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def _lay_out(self) -> None:
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.panel)  # until it is known whether there are jobs
        self._pages.addWidget(self.empty)
        centre = QWidget(self)
        column = QVBoxLayout(centre)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pause_bar)
        column.addWidget(self.intake.refused.bar)
        column.addWidget(self.message)
        column.addWidget(self.intake.sheet)
        self.details = DetailsSplitter(
            self._pages, self.jobs, self.commands.details, self._make_details, self._window_state, centre
        )
        column.addWidget(self.details, 1)
        self.setCentralWidget(centre)
        self._overlay = DropOverlay(centre)
        self.commands.fill(self.menuBar(), self.table.columns.menu)
        self.help = HelpMenu(self, self._bridge, self._settings.model_roots)
        self.menuBar().addMenu(self.help)
        self.addToolBar(ToolBar(self.commands, self.options, self))
        self.setStatusBar(self.status)
        self.options.menu.addAction(self.commands.models)
        self.commands.fit([])

    def _make_details(self, parent: QWidget) -> DetailsPanel:
        # not before somebody wants to see them: the first window does not wait for it
        from fi_desktop.gui.details.panel import DetailsPanel

        panel = DetailsPanel(self._service, self._bridge, self.jobs, self._settings, self._on_refused, parent)
        panel.job.open_asked.connect(self.windows.open)
        panel.job.retry_asked.connect(self._on_retry_of_one)
        return panel

    def _connect(self) -> None:
        acts = self.commands
        acts.add.triggered.connect(self.choice.ask_for_files)
        acts.add_folder.triggered.connect(self.choice.ask_for_folder)
        acts.paste.triggered.connect(self.choice.paste)
        acts.models.triggered.connect(self.models.show)
        acts.monitor.triggered.connect(self.monitor_asked)
        acts.pause.triggered.connect(self._on_pause_asked)
        acts.preferences.triggered.connect(self.preferences_asked)
        self.windows.models_asked.connect(self.models.show)
        acts.open.triggered.connect(self._on_open_asked)
        acts.cancel.triggered.connect(self.deeds.cancel)
        acts.retry.triggered.connect(self.deeds.retry)
        acts.remove.triggered.connect(self.deeds.remove)
        acts.export.chosen.connect(self.deeds.export)
        self.deeds.exports.exported.connect(self._window_state.keep_format)
        acts.undo.triggered.connect(self.deeds.removal.undo)
        acts.fold.triggered.connect(self.jobs.fold_all)
        acts.unfold.triggered.connect(self.jobs.unfold_all)
        self.deeds.removal.pending_changed.connect(acts.undo.setEnabled)
        acts.select_all.triggered.connect(self.table.selectAll)
        acts.quit.triggered.connect(self.quit_asked)
        acts.language_asked.connect(self.language_asked)
        self.intake.added.connect(self._on_added)
        self.empty.add_asked.connect(self.choice.ask_for_files)
        self.empty.sample_asked.connect(self.choice.take_sample)
        self.table.open_asked.connect(self.windows.open)
        self.table.menu_asked.connect(self._on_menu_asked)
        self.table.selection_changed.connect(self._on_selection_changed)
        self.jobs.jobs_changed.connect(self._on_jobs_changed)
        self._bridge.jobs_listed.connect(self._on_jobs_listed)
        self._bridge.news_arrived.connect(self._on_news)
        self._bridge.listing_failed.connect(self._on_refused)
        self._bridge.listing_failed.connect(self.jobs.end_listing)

    def _show_paused(self, paused: bool) -> None:
        if not paused:
            self.pause_bar.dismiss()
        elif self.pause_bar.isHidden():
            told = self.tr("The queue is paused: no recording is started until it resumes.")
            self.pause_bar.warning(told, MessageAction(self.tr("Resume"), partial(self.pause, False)))
        self.status.show_paused(paused)
        self.commands.show_paused(paused=paused)

    @Slot()
    def _on_pause_asked(self) -> None:
        self.pause(not self.status.paused)

    @Slot(str)
    def _on_pause_refused(self, sentence: str) -> None:
        self._show_paused(self.status.paused)
        self._on_refused(sentence)

    def _follow(self, future: Future[Any]) -> None:
        """Show why a command was refused, if it is."""
        self._bridge.when_done(future, None, self._on_refused)

    @Slot(object)
    def _on_added(self, submission: SubmitResult) -> None:
        if submission.ids:
            self.table.scrollToTop()
        if submission.known:
            self.table.select(submission.known[0])

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.message.error(sentence)

    @Slot(object)
    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        self.jobs.take_news(news)
        for item in news:
            if isinstance(item, WorkersChanged):
                self.status.show_workers(item)
            elif isinstance(item, Notice):
                self._show_notice(errors.sentence(item.note))
            elif isinstance(item, QueuePaused):
                self._show_paused(item.paused)

    def _show_notice(self, sentence: str) -> None:
        """Show a notice of the queue; "": the one that is shown is over, and whatever else is said stays."""
        over, self._notice = self._notice, sentence
        if sentence:
            self.message.warning(sentence)
        elif over and self.message.text == over:
            self.message.dismiss()

    @Slot(object)
    def _on_jobs_listed(self, page: JobsPage) -> None:
        self.jobs.take_page(page)
        if not page.jobs:
            self.show_jobs()
        self._bridge.when_done(self._service.paused(), self._show_paused, self._on_refused)

    @Slot(object)
    def _on_jobs_changed(self, _ids: frozenset[int]) -> None:
        self.status.show_left(self.jobs.left_s)
        self.status.show_counts(self.jobs.counts)
        self.status.show_listing(self.jobs.listing)
        self.show_jobs()

    def show_jobs(self) -> None:
        """Show the table, or where there is no job what to do."""
        page = self.panel if self.jobs.total else self.empty
        if self._pages.currentWidget() is not page:
            self._pages.setCurrentWidget(page)
            page.setFocus()

    @Slot(QPoint)
    def _on_menu_asked(self, place: QPoint) -> None:
        RowMenu(self.commands, self.deeds, self.table, self).popup(place)

    @Slot()
    def _on_selection_changed(self) -> None:
        rows = self.table.selected_rows()
        self.commands.fit(rows)
        self.details.show_rows(rows)

    @Slot()
    def _on_open_asked(self) -> None:
        for row in self.table.selected_rows()[:1]:
            self.windows.open(row.id)

    @Slot(int)
    def _on_retry_of_one(self, job_id: int) -> None:
        self._follow(self._service.retry([job_id]))

    def showEvent(self, event: QShowEvent) -> None:
        """Look which models and profiles there are."""
        super().showEvent(event)
        self.profiles.read()
        self.models.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "commands"):
            self.commands.dress(self.palette())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Let who owns the program decide, who may have to ask the person first."""
        self.remember()
        if self.closable:
            event.accept()
            return
        event.ignore()
        self.close_asked.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Say what a drop would do."""
        if is_ours(event.mimeData()):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)  # recordings are never moved
        event.accept()
        self._overlay.cover()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Take the overlay away."""
        self._overlay.hide()
        super().dragLeaveEvent(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take files and folders of this computer."""
        self._overlay.hide()
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.intake.take(event.mimeData())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the message with Escape."""
        if event.key() == Qt.Key.Key_Escape and self.message.isVisible():
            self.message.dismiss()
        else:
            super().keyPressEvent(event)
