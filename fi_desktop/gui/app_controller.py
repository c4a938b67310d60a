"""`AppController`: owns the windows, the tray icon and the bridge, from the start to the safe stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot

from fi_desktop.core.job import JobState
from fi_desktop.gui import theme, window_snapshot
from fi_desktop.gui.adding.watched_folders import WatchController
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.dialogs import EncryptionOpener, PinDialog, PreferencesOpener, WelcomeOpener
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.lock_screen import ScreenLock, is_session_ending
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.message_bar import CloseQuestion, UpdateNotice
from fi_desktop.gui.notifications import QueueNotifier, TrayIcon
from fi_desktop.gui.screen_capture import ScreenCapture
from fi_desktop.gui.sending_dialog import SendingOpener
from fi_desktop.gui.session_lock import SessionLock
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.store import JobsPage
from fi_desktop.settings import Page, Settings
from fi_desktop.vault import vault_exists
from fi_desktop.viewmodel import unlocking
from fi_desktop.viewmodel.unlocking import SealedProgram
from fi_desktop.watch.watcher import Watcher

if TYPE_CHECKING:
    from fi_desktop.gui.encryption.unlock_dialog import UnlockDialog
    from fi_desktop.gui.monitor.window import MonitorWindow


class Program(SealedProgram, Protocol):
    """The parts of `fi_desktop.app.App` that the window uses."""

    def stop(self) -> None:
        """Stop safely; blocks."""

    def on_settings(self, callback: Callable[[Settings], None]) -> None:
        """Call `callback`, on another thread, with settings that another process changed."""

    def on_handover(self, callback: Callable[[list[str]], None]) -> None:
        """Call `callback`, on another thread, with the files of a second launch."""

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Measure each worker process."""

    def resize_workers(self, workers: int) -> None:
        """Change the number of workers while they run."""

    def restart_worker(self, name: str) -> None:
        """Replace a worker now; requeue its job without counting an attempt."""

    def recycle_worker(self, name: str) -> None:
        """Replace a worker once its job is done."""

    def retire_worker(self, name: str) -> None:
        """Remove a worker once its job is done."""

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Save changes and apply those that can take effect at once; blocks."""


class AppController(QObject):
    """Connects windows and queue, and shuts both down in order.

    A change of language rebuilds the windows, so that no widget needs to retranslate itself.

    Attributes:
        window: the main window.
        watch: the watched folders.
        close_question: asks before closing while jobs are running.
        language: language of the window.
        preferences: opens the settings.
        welcome: opens the welcome.
        sending: asks whether recordings may be sent to the server.
        updates: announces new versions.
        lock: locks all windows.
        encryption: opens what encrypts data at rest.
        unlocker: asks at the start what opens the encrypted data; None if nothing is asked.

    Signals:
        ended: everything is on disk; the event loop may end.
    """

    ended = Signal()

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program
        self._bridge = Bridge(program.service)
        self._program_thread: threading.Thread | None = None
        self._stopping = False
        self._begun = not vault_exists(program.settings.keys)  # else once the vault is unlocked
        self._waiting: list[Path] = []  # files that were given before
        self._bridge.files_received.connect(self.open_files)
        self._bridge.settings_changed.connect(self._on_settings_changed)
        self._watcher = Watcher(
            program.service.folders.home_files, program.service, self._bridge.report_folder
        )
        self.language = WindowLanguage(_application(), program.settings.language)
        self._notifier: QueueNotifier | None = None
        self.unlocker: UnlockDialog | None = None
        self.lock = ScreenLock(program, self._bridge, lambda: self.window)
        self._capture = ScreenCapture(_application(), allowed=program.settings.screen_capture)
        self.session_lock = SessionLock()
        self.session_lock.locked.connect(self.lock.lock_if_possible)
        self._bridge.jobs_listed.connect(self._on_jobs_listed)
        self._bridge.listing_failed.connect(self.lock.set_ready)
        self.lock.pin_needed.connect(self._on_pin_needed)
        self.lock.files_dropped.connect(self._on_files_dropped)
        self.lock.end_requested.connect(self.stop)
        self.lock.set_timeout(program.settings.lock_after_min)
        self._build()
        self._notifier = QueueNotifier(self._bridge, self.window.jobs, lambda: program.settings)
        self._notifier.set_tray(self._tray)
        self.lock.changed.connect(self._notifier.set_locked)

    def start(self, files: list[Path]) -> None:
        """Start the queue on another thread, and add the files that the program was opened with."""
        self.lock.restore()
        self._program.on_handover(self._bridge.receive_files)
        self._program.on_settings(self._bridge.receive_settings)
        self._bridge.listen()
        self._bridge.run_task(self.window.drag_folder.empty, None, self._show_warning)
        self._start_program()
        self.session_lock.watch()
        if self._begun:
            self.watch.start()
        self.updates.check()
        self._add(files)

    def _start_program(self, then: Callable[[], None] | None = None) -> None:
        self._program_thread = self._bridge.run_in_thread(
            "program",
            partial(unlocking.start, self._program),
            partial(self._on_started, then),
            self._on_start_failed,
            daemon=False,
        )

    def _on_started(self, then: Callable[[], None] | None, code: str) -> None:
        """Go on after the start; code: why somebody must open the encrypted data first, "" if nobody must."""
        if self._stopping:
            return
        if code:
            self._ask_to_unlock(code)
            return
        self._begin()
        if then is not None:
            then()

    def _begin(self) -> None:
        """Use what is encrypted of profiles, watched folders and settings, which can be read now."""
        if not self._begun:
            self._begun = True
            self.window.use_private(self._program.settings)
            self.watch.start()
            self._add(self._waiting)
        self.sending.ask()
        if self._program.vault is not None:
            self._bridge.retry()  # what was asked while a home in clear was being encrypted

    def _add(self, files: list[Path]) -> None:
        """Add files, with the settings that are known once the vault is unlocked."""
        if not self._begun:
            self._waiting += files
        elif files:
            self.window.add_controller.add(files)

    def _ask_to_unlock(self, code: str) -> None:
        """Ask what opens the encrypted data, over the window that is still empty."""
        # imported on demand, so that the first window appears sooner
        from fi_desktop.gui.encryption.unlock_dialog import UnlockDialog

        self.window.show_jobs()
        self.unlocker = UnlockDialog(self._program, code, self.lock.attempts, self._bridge, self.window)
        self.unlocker.opened.connect(self._on_opened)
        self.unlocker.quit_requested.connect(self.stop)
        self.unlocker.open()

    @Slot()
    def _on_opened(self) -> None:
        recovered = self.unlocker is not None and self.unlocker.recovered
        self._close_unlocker()
        self._start_program(self.encryption.open_recovered if recovered else None)

    def _close_unlocker(self) -> None:
        if self.unlocker is not None:
            self.unlocker.hide()
            self.unlocker.deleteLater()
            self.unlocker = None

    @Slot(object)
    def _on_jobs_listed(self, page: JobsPage) -> None:
        if page.before is None:  # the last one
            self.lock.set_ready()

    @Slot()
    def stop(self) -> None:
        """Stop safely: requeue running jobs, then emit `ended` once everything is on disk."""
        if self._stopping:
            return
        self._stopping = True
        self._watcher.close()
        self.window.windows.close_all()
        self._close_monitor()
        self.preferences.close()
        self.encryption.close()
        self.welcome.close()
        self.sending.close()
        self._close_unlocker()
        self.window.show_stopping()
        starting = self._program_thread

        def stop() -> None:
            if starting is not None:
                starting.join()  # a start in progress is not interrupted
            self._program.stop()

        self._program_thread = self._bridge.run_in_thread(
            "program", stop, self._on_stopped, self._on_stopped, daemon=False
        )

    def _build(self, jobs: JobsModel | None = None) -> None:
        """Build the windows in the current language."""
        program = self._program
        self.window = MainWindow(program.service, program.settings, self._bridge, jobs)
        self.watch = WatchController(
            self._watcher, program.service.folders.home_files, self._bridge, self.window
        )
        if not self._begun:
            self.window.wait_for_private()
        self.close_question = CloseQuestion(self.window)
        self._tray = TrayIcon(self.window) if TrayIcon.available() else None
        self._monitor: MonitorWindow | None = None
        self.preferences = PreferencesOpener(program, self._bridge, self.window)
        self.encryption = EncryptionOpener(program, self.lock.attempts, self._bridge, self.window)
        self.welcome = WelcomeOpener(program, self.language.choice, self._bridge, self.window)
        self.sending = SendingOpener(program, self.window)
        self.sending.settings_requested.connect(self._on_settings_requested)
        self.updates = UpdateNotice(program.settings, self._bridge, self.window.message)
        self.window.commands.show_language(self.language.choice)
        self.window.close_requested.connect(self._on_close_requested)
        self.window.quit_requested.connect(self.stop)
        self.window.monitor_requested.connect(self._on_monitor_requested)
        self.window.preferences_requested.connect(self.preferences.open)
        self.window.queue.settings_requested.connect(self._on_settings_requested)
        self.window.settings_requested.connect(self._on_settings_requested)
        self.preferences.changed.connect(self._on_settings_changed)
        self.preferences.pin_requested.connect(self._on_pin_requested)
        self.preferences.encryption_requested.connect(self.encryption.open)
        self.welcome.encryption_requested.connect(self.encryption.open)
        self.encryption.changed.connect(self._on_encryption_changed)
        self.window.commands.lock.triggered.connect(self.lock.lock)
        # queued: the menu that was used must close before its window is deleted
        self.window.language_requested.connect(self.set_language, Qt.ConnectionType.QueuedConnection)
        self.welcome.language_requested.connect(self.set_language, Qt.ConnectionType.QueuedConnection)
        self.close_question.keep_chosen.connect(self._on_keep_chosen)
        self.close_question.stop_chosen.connect(self.stop)
        if self._tray is not None:
            self._tray.show_requested.connect(self._bring_to_front)
            self._tray.quit_requested.connect(self.stop)
            self._tray.pause_requested.connect(self.window.queue.pause)
            self._tray.last_requested.connect(self._on_last_requested)
            self._tray.show()

    @Slot()
    def _on_encryption_changed(self) -> None:
        self.preferences.show_encryption()
        self.window.save_options()
        self._bridge.retry()

    @Slot(str)
    def set_language(self, choice: str) -> None:
        """Change the window's language now and for the next start; jobs keep running."""
        if self._stopping or choice == self.language.choice:
            return
        if self.window.models.busy:
            self.window.commands.show_language(self.language.choice)
            self.window.message.warning(
                self.tr("Wait until the models are ready before you change the language.")
            )
            return
        self.language.choose(choice)
        self._rebuild()
        if choice != self._program.settings.language:
            change = partial(self._program.change_settings, {"language": choice})
            self._bridge.run_task(change, None, self._show_warning)

    def _rebuild(self) -> None:
        """Build the windows again, and restore what they showed."""
        old = self.window
        main, monitor = window_snapshot.of_window(old), window_snapshot.of_monitor(self._monitor)
        dialogs = window_snapshot.of_dialogs(self.watch, self.preferences)
        welcome_open = self.welcome.dialog is not None
        old.windows.close_all()
        old.finder.end()
        self._close_monitor()
        if self._tray is not None:
            self._tray.hide()
        self._build(old.jobs)
        if self._notifier is not None:
            self._notifier.set_tray(self._tray)
        main.restore(self.window)
        if monitor is not None:
            monitor.restore(self._show_monitor())
        dialogs.restore(self.watch, self.preferences)
        self._bridge.replay()
        if main.visible:
            self.window.activateWindow()
        if welcome_open:
            self.welcome.open()
        if self._begun:
            self.sending.ask()
        old.hide()
        old.deleteLater()

    @Slot()
    def _on_close_requested(self) -> None:
        counts = self.window.jobs.counts
        running = counts[JobState.RUNNING]
        waiting = counts[JobState.QUEUED] + counts[JobState.RETRYING]
        if self._stopping:
            return
        if (running or waiting) and not is_session_ending():
            self.close_question.ask(running, waiting, tray=self._tray is not None)
        else:
            self.stop()

    @Slot()
    def _on_keep_chosen(self) -> None:
        if self._tray is not None:
            self.window.hide()
        else:
            self.window.showMinimized()

    @Slot()
    def _on_monitor_requested(self) -> None:
        self._show_monitor()

    def _show_monitor(self) -> MonitorWindow:
        if self._monitor is None:
            # imported on demand, so that the first window appears sooner
            from fi_desktop.gui.monitor.window import MonitorWindow

            self._monitor = MonitorWindow(
                self._bridge,
                self._program,
                self.window,
                window_state=WindowState(self._program.settings.home),
                speeds=self.window.jobs.speeds,
            )
            self._monitor.alert_settings_requested.connect(self._on_alert_settings_requested)
        self._monitor.show_cases(self._program.settings.show_cases)
        self._monitor.show()
        self._monitor.raise_()
        self._monitor.activateWindow()
        return self._monitor

    @Slot()
    def _on_alert_settings_requested(self) -> None:
        self.preferences.open()
        self.preferences.show_page(Page.ALERTS)

    def _close_monitor(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
            self._monitor.deleteLater()
            self._monitor = None

    @Slot(object)
    def _on_settings_requested(self, changes: dict[str, Any]) -> None:
        change = partial(self._program.change_settings, changes)
        self._bridge.run_task(change, self._on_settings_changed, self._on_settings_refused)

    def _on_settings_refused(self, sentence: str) -> None:
        self.window.apply_settings(self._program.settings)
        self._show_warning(sentence)

    @Slot(object)
    def _on_settings_changed(self, settings: Settings) -> None:
        theme.apply_scheme(settings.theme)
        self._capture.set_allowed(allowed=settings.screen_capture)
        self.window.apply_settings(settings)
        if self._monitor is not None:
            self._monitor.show_cases(settings.show_cases)
        self.lock.set_timeout(settings.lock_after_min)
        self.updates.apply_settings(settings)
        self.sending.ask()
        self.set_language(settings.language)

    @Slot(object)
    def open_files(self, paths: list[str]) -> None:
        """Bring the window to the front, and add files from a second launch or the system."""
        if self._stopping:
            return
        self._bring_to_front()
        self._add([Path(path) for path in paths])

    @Slot()
    def _bring_to_front(self) -> None:
        if self.lock.locked:
            self.lock.bring_to_front()
        else:
            self.window.bring_to_front()

    @Slot(object)
    def _on_files_dropped(self, paths: list[Path]) -> None:
        if not self._stopping:
            self._add(paths)

    @Slot()
    def _on_pin_needed(self) -> None:
        self._open_pin_dialog().accepted.connect(self.lock.lock)

    @Slot()
    def _on_pin_requested(self) -> None:
        self._open_pin_dialog()

    def _open_pin_dialog(self) -> PinDialog:
        parent = self.preferences.dialog or self.window
        dialog = PinDialog(self._program.settings.home, self._bridge, self.lock.attempts, parent)
        dialog.changed.connect(self._on_pin_changed)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    @Slot()
    def _on_pin_changed(self) -> None:
        self.lock.set_timeout(self._program.settings.lock_after_min)

    @Slot()
    def _on_last_requested(self) -> None:
        self._bring_to_front()
        if self._notifier is not None and not self.lock.locked:
            self.window.table.select(self._notifier.last_job_id)

    def _show_warning(self, sentence: str) -> None:
        self.window.message.warning(sentence)

    def _on_start_failed(self, sentence: str) -> None:
        self.window.show_jobs()
        self.window.message.error(sentence)
        self.window.status.show_problem(self.tr("The queue is not running"))

    def _on_stopped(self, _outcome: object) -> None:
        self._bridge.close()
        self.window.drag_folder.empty()
        self.language.close()
        if self._notifier is not None:
            self._notifier.close()
        self.lock.close()
        if self._tray is not None:
            self._tray.hide()
        self.window.closable = True
        self.window.close()
        self.ended.emit()


def _application() -> QCoreApplication:
    application = QCoreApplication.instance()
    if application is None:
        raise RuntimeError("there is no Qt application yet")
    return application
