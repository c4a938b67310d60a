"""The program as a person meets it: the window over the queue, from its start to its safe stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QCoreApplication, QObject, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication

from fi_desktop.core.job import JobState
from fi_desktop.gui import theme, window_snapshot
from fi_desktop.gui.adding.watched_folders import WatchController
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.dialogs import PreferencesOpener, WelcomeOpener
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.lock_screen import ScreenLock
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.message_bar import CloseQuestion, UpdateNotice
from fi_desktop.gui.notifications import QueueNotifier, TrayIcon
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.watch.watcher import Watcher

if TYPE_CHECKING:
    from fi_desktop.gui.monitor.window import MonitorWindow
    from fi_desktop.gui.pin_dialog import PinDialog


class Program(Protocol):
    """What the desktop needs of `fi_desktop.app.App`."""

    settings: Settings
    service: JobService

    def start(self) -> None:
        """Open the store and begin; blocks."""

    def stop(self) -> None:
        """Stop safely; blocks."""

    def on_handover(self, callback: Callable[[list[str]], None]) -> None:
        """Call `callback`, on another thread, with the files of a second launch."""

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Read what each worker process uses."""

    def resize_workers(self, workers: int) -> None:
        """Grow or shrink the pool while it works."""

    def restart_worker(self, name: str) -> None:
        """Replace a worker now; its job goes back to the queue without a charge."""

    def recycle_worker(self, name: str) -> None:
        """Replace a worker once its job is done."""

    def retire_worker(self, name: str) -> None:
        """Do with one worker less: with this one, once its job is done."""

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Write other settings, and use at once what can be; blocks."""


class AppController(QObject):
    """Owns the windows, the tray and the crossing to the queue, and ends them in order.

    In another language they are built anew: no widget has to know how to change its words.

    Attributes:
        window: the main window.
        watch: the folders that are watched.
        question: what is asked before it closes at work.
        language: what the windows speak.
        preferences: the way to the settings dialog.
        welcome: the way to the welcome.
        updates: tells of newer versions, where that is wanted.
        lock: covers all windows.

    Signals:
        ended: all is on disk, and the event loop may end.
    """

    ended = Signal()

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program
        self._bridge = Bridge(program.service)
        self._starting: threading.Thread | None = None
        self._stopping = False
        self._bridge.handed_over.connect(self.open_files)
        self._watcher = Watcher(program.settings.home, program.service, self._bridge.tell_of_folder)
        self.language = WindowLanguage(_application(), program.settings.language)
        self._presence: QueueNotifier | None = None
        self.lock = ScreenLock(program.settings.home, self._bridge, lambda: self.window)
        self.lock.pin_wanted.connect(self._on_pin_wanted)
        self.lock.dropped.connect(self._on_dropped)
        self.lock.end_asked.connect(self.stop)
        self.lock.lock_after(program.settings.lock_after_min)
        self._build()
        self._presence = QueueNotifier(self._bridge, self.window.jobs, lambda: program.settings)
        self._presence.take_tray(self._tray)
        self.lock.changed.connect(self._presence.cover)

    def start(self, files: list[Path]) -> None:
        """Start the queue off the GUI thread, and hand in the files that the program was opened with."""
        self.lock.begin()
        self._program.on_handover(self._bridge.hand_over)
        self._bridge.listen()
        self._bridge.run_task(self.window.outbox.empty, None, self._on_not_saved)
        self._in_thread(self._program.start, self._on_not_started)
        self.watch.begin()
        self.updates.look()
        if files:
            self.window.intake.add(files)

    @Slot()
    def stop(self) -> None:
        """Stop safely: running jobs go back to the queue; `ended` comes once all is on disk."""
        if self._stopping:
            return
        self._stopping = True
        self._watcher.close()
        self.window.windows.close_all()
        self._close_monitor()
        self.preferences.close()
        self.welcome.close()
        self.window.show_stopping()
        self._in_thread(self._program.stop, self._on_stopped, self._on_stopped)

    def _build(self, jobs: JobsModel | None = None) -> None:
        """Make the windows, in the language that is spoken now."""
        program = self._program
        self.window = MainWindow(program.service, program.settings, self._bridge, jobs)
        self.watch = WatchController(self._watcher, program.settings.home, self._bridge, self.window)
        self.question = CloseQuestion(self.window)
        self._tray = TrayIcon(self.window) if TrayIcon.available() else None
        self._monitor: MonitorWindow | None = None
        self.preferences = PreferencesOpener(program, self._bridge, self.window)
        self.welcome = WelcomeOpener(program.settings, self.language.choice, self._bridge, self.window)
        self.updates = UpdateNotice(program.settings, self._bridge, self.window.message)
        self.window.commands.show_language(self.language.choice)
        self.window.close_asked.connect(self._on_close_asked)
        self.window.quit_asked.connect(self.stop)
        self.window.monitor_asked.connect(self._on_monitor_asked)
        self.window.preferences_asked.connect(self.preferences.open)
        self.preferences.changed.connect(self._on_settings_changed)
        self.preferences.pin_asked.connect(self._on_pin_asked)
        self.window.commands.lock.triggered.connect(self.lock.lock)
        # queued: the menu that was chosen from has closed by then, and can go
        self.window.language_asked.connect(self.speak, Qt.ConnectionType.QueuedConnection)
        self.welcome.language_asked.connect(self.speak, Qt.ConnectionType.QueuedConnection)
        self.question.keep_chosen.connect(self._on_keep_chosen)
        self.question.stop_chosen.connect(self.stop)
        if self._tray is not None:
            self._tray.show_asked.connect(self._raise_up)
            self._tray.quit_asked.connect(self.stop)
            self._tray.pause_asked.connect(self.window.pause)
            self._tray.last_asked.connect(self._on_last_asked)
            self._tray.show()

    @Slot(str)
    def speak(self, choice: str) -> None:
        """Speak another language from now on, and at the next start; jobs go on meanwhile."""
        if self._stopping or choice == self.language.choice:
            return
        if self.window.models.busy:
            self.window.commands.show_language(self.language.choice)
            self.window.message.warning(
                self.tr("Models are being worked on: change the language once that is done.")
            )
            return
        self.language.choose(choice)
        self._build_anew()
        if choice != self._program.settings.language:
            change = partial(self._program.change_settings, {"language": choice})
            self._bridge.run_task(change, None, self._on_not_saved)

    def _build_anew(self) -> None:
        old, stood = self.window, window_snapshot.look(self.window)
        monitor = window_snapshot.look_at_monitor(self._monitor)
        dialogs = window_snapshot.look_at_dialogs(self.watch, self.preferences)
        old.windows.close_all()
        welcomed = self.welcome.dialog is not None
        self._close_monitor()
        if self._tray is not None:
            self._tray.hide()
        self._build(old.jobs)
        if self._presence is not None:
            self._presence.take_tray(self._tray)
        window_snapshot.put(self.window, stood)
        if monitor is not None:
            self._on_monitor_asked()
            window_snapshot.put_monitor(self._monitor, monitor)
        window_snapshot.put_dialogs(self.watch, self.preferences, dialogs)
        self._bridge.tell_again()
        if stood.visible:
            self.window.activateWindow()
        if welcomed:
            self.welcome.open()
        old.hide()
        old.deleteLater()

    def _in_thread(
        self,
        work: Callable[[], None],
        failed: Callable[[str], None],
        done: Callable[[None], None] | None = None,
    ) -> None:
        future: Future[None] = Future()
        before = self._starting

        def run() -> None:
            if before is not None:
                before.join()  # what is just starting is not stopped half-way
            try:
                work()
            except BaseException as error:  # noqa: BLE001 carried over to the GUI thread
                future.set_exception(error)
            else:
                future.set_result(None)

        self._bridge.when_done(future, done, failed)
        self._starting = threading.Thread(target=run, name="program")
        self._starting.start()

    @Slot()
    def _on_close_asked(self) -> None:
        counts = self.window.jobs.counts
        running = counts[JobState.RUNNING]
        waiting = counts[JobState.QUEUED] + counts[JobState.RETRYING]
        if self._stopping:
            return
        if (running or waiting) and not _session_ends():
            self.question.ask(running, waiting, tray=self._tray is not None)
        else:
            self.stop()

    @Slot()
    def _on_keep_chosen(self) -> None:
        if self._tray is not None:
            self.window.hide()
        else:
            self.window.showMinimized()

    @Slot()
    def _on_monitor_asked(self) -> None:
        if self._monitor is None:
            # not before it is asked for: the first window does not wait for it
            from fi_desktop.gui.monitor.window import MonitorWindow

            self._monitor = MonitorWindow(
                self._bridge,
                self._program,
                self.window,
                window_state=WindowState(self._program.settings.home),
                speeds=self.window.jobs.speeds,
            )
        self._monitor.show()
        self._monitor.raise_()
        self._monitor.activateWindow()

    def _close_monitor(self) -> None:
        if self._monitor is not None:
            self._monitor.close()
            self._monitor.deleteLater()
            self._monitor = None

    @Slot(object)
    def _on_settings_changed(self, settings: Settings) -> None:
        theme.apply_scheme(settings.theme)
        self.window.take_settings(settings)
        self.lock.lock_after(settings.lock_after_min)
        self.updates.take_settings(settings)
        self.speak(settings.language)

    @Slot(object)
    def open_files(self, paths: list[str]) -> None:
        """Raise the window, and hand in what a second launch or the system brought."""
        if self._stopping:
            return
        self._raise_up()
        if paths:
            self.window.intake.add(Path(path) for path in paths)

    @Slot()
    def _raise_up(self) -> None:
        if self.lock.locked:
            self.lock.raise_up()
        else:
            self.window.raise_up()

    @Slot(object)
    def _on_dropped(self, paths: list[Path]) -> None:
        if paths and not self._stopping:
            self.window.intake.add(paths)

    @Slot()
    def _on_pin_wanted(self) -> None:
        self._ask_for_pin().accepted.connect(self.lock.lock)

    @Slot()
    def _on_pin_asked(self) -> None:
        self._ask_for_pin()

    def _ask_for_pin(self) -> PinDialog:
        from fi_desktop.gui.pin_dialog import PinDialog

        above = self.preferences.dialog or self.window
        dialog = PinDialog(self._program.settings.home, self._bridge, self.lock.tries, above)
        dialog.changed.connect(self._on_pin_changed)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    @Slot()
    def _on_pin_changed(self) -> None:
        self.lock.lock_after(self._program.settings.lock_after_min)

    @Slot()
    def _on_last_asked(self) -> None:
        self._raise_up()
        if self._presence is not None and not self.lock.locked:
            self.window.table.select(self._presence.job_id)

    def _on_not_saved(self, sentence: str) -> None:
        self.window.message.warning(sentence)

    def _on_not_started(self, sentence: str) -> None:
        self.window.show_jobs()
        self.window.message.error(sentence)
        self.window.status.show_trouble(self.tr("The queue is not running"))

    def _on_stopped(self, _outcome: object) -> None:
        self._bridge.close()
        self.window.outbox.empty()
        self.language.close()
        if self._presence is not None:
            self._presence.close()
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


def _session_ends() -> bool:
    """Whether the person logs out; a question would hold that up, and stopping loses nothing."""
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()
