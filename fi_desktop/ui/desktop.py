"""The program as a person meets it: the window over the queue, from its start to its safe stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QGuiApplication

from fi_desktop.core.job import JobState
from fi_desktop.jobs.news import WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.ui.bridge import Bridge
from fi_desktop.ui.closing import CloseQuestion
from fi_desktop.ui.main_window import MainWindow
from fi_desktop.ui.tray import Tray

if TYPE_CHECKING:
    from fi_desktop.ui.monitor.window import MonitorWindow


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


class Desktop(QObject):
    """Owns the window, the tray and the crossing to the queue, and ends them in order.

    Attributes:
        window: the main window.

    Signals:
        ended: all is on disk, and the event loop may end.
    """

    ended = Signal()

    def __init__(self, program: Program) -> None:
        super().__init__()
        self._program = program
        self._bridge = Bridge(program.service)
        self.window = MainWindow(program.service, program.settings, self._bridge)
        self.question = CloseQuestion(self.window)
        self._tray = Tray(self.window) if Tray.available() else None
        self._monitor: MonitorWindow | None = None
        self._starting: threading.Thread | None = None
        self._stopping = False
        self.window.close_asked.connect(self._on_close_asked)
        self.window.quit_asked.connect(self.stop)
        self.window.monitor_asked.connect(self._on_monitor_asked)
        self.question.keep_chosen.connect(self._on_keep_chosen)
        self.question.stop_chosen.connect(self.stop)
        self._bridge.handed_over.connect(self._on_handed_over)
        if self._tray is not None:
            self._tray.show_asked.connect(self.window.raise_up)
            self._tray.quit_asked.connect(self.stop)
            self.window.jobs.jobs_changed.connect(self._on_jobs_changed)

    def start(self, files: list[Path]) -> None:
        """Start the queue off the GUI thread, and hand in the files that the program was opened with."""
        self._program.on_handover(self._bridge.hand_over)
        self._bridge.listen()
        self._in_thread(self._program.start, self._on_not_started)
        if self._tray is not None:
            self._tray.show()
        if files:
            self.window.intake.add(files)

    @Slot()
    def stop(self) -> None:
        """Stop safely: running jobs go back to the queue; `ended` comes once all is on disk."""
        if self._stopping:
            return
        self._stopping = True
        self.window.windows.close_all()
        if self._monitor is not None:
            self._monitor.close()
        self.window.show_stopping()
        self._in_thread(self._program.stop, self._on_stopped, self._on_stopped)

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
            from fi_desktop.ui.monitor.window import MonitorWindow

            self._monitor = MonitorWindow(self._bridge, self._program, self.window)
        self._monitor.show()
        self._monitor.raise_()
        self._monitor.activateWindow()

    @Slot(object)
    def _on_handed_over(self, paths: list[str]) -> None:
        if self._stopping:
            return
        self.window.raise_up()
        if paths:
            self.window.intake.add(Path(path) for path in paths)

    @Slot(object)
    def _on_jobs_changed(self, _ids: frozenset[int]) -> None:
        if self._tray is not None:
            self._tray.show_counts(self.window.jobs.counts)

    def _on_not_started(self, sentence: str) -> None:
        self.window.show_jobs()
        self.window.message.say(sentence, "bad")
        self.window.status.show_trouble(self.tr("The queue is not running"))

    def _on_stopped(self, _outcome: object) -> None:
        self._bridge.close()
        if self._tray is not None:
            self._tray.hide()
        self.window.closable = True
        self.window.close()
        self.ended.emit()


def _session_ends() -> bool:
    """Whether the person logs out; a question would hold that up, and stopping loses nothing."""
    application = QGuiApplication.instance()
    return isinstance(application, QGuiApplication) and application.isSavingSession()
