"""The Qt application: `run(app, files)` opens the window and runs the event loop."""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSocketNotifier, QTimer, Signal, Slot
from PySide6.QtGui import QFileOpenEvent, QPalette
from PySide6.QtWidgets import QApplication

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.gui import theme
from fi_desktop.gui.app_controller import AppController, Program

_SWITCH_INTERVAL_S = 0.0005
_COLLECT_EVERY_MS = 5000
_LONG_COLLECTION_S = 0.01
_MANY_OBJECTS = 20_000  # more than windows allocate between two collections


def run(program: Program, files: list[Path], *, show_job: int | None = None) -> int:
    """Show the window, then start the queue; return the exit status once the window is closed.

    Args:
        program: the program, not started yet.
        files: recordings to add at once.
        show_job: id of a job whose window to open.

    Raises:
        UserError: there is no display.
    """
    check_display(os.environ)
    shorten_switch_interval()
    application = make_application()
    theme.apply_scheme(program.settings.theme)
    controller = AppController(program)
    controller.ended.connect(application.quit)
    collector = GarbageCollector(application)
    signals = SignalListener()
    signals.received.connect(controller.stop)
    FileOpenFilter(application).opened.connect(controller.open_files)
    controller.window.show()

    def start() -> None:
        controller.welcome.open_first()
        controller.start(files)
        if show_job is not None:
            controller.window.windows.open(show_job)

    QTimer.singleShot(0, start)  # once the event loop runs, so that the first frame is not delayed
    status = application.exec()
    signals.close()
    delete_windows(application)
    collector.close()
    return status


def delete_windows(application: QApplication) -> None:
    """Delete all windows now.

    At the interpreter's exit PySide6 6.11 deletes the application while its windows live, each in no
    particular order with its event filters and menus: now and then a crash after everything was saved.
    A visible window would be hidden while it is deleted, when Python can no longer reach all its parts.
    """
    for window in application.topLevelWidgets():
        window.hide()
        window.deleteLater()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def shorten_switch_interval() -> None:
    """Let the GUI thread get Python's lock back quickly from the queue's thread.

    The default of 5 ms is a third of a frame, and painting takes the lock many times.
    """
    sys.setswitchinterval(_SWITCH_INTERVAL_S)


def make_application() -> QApplication:
    """Return the QApplication with its style."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise RuntimeError("a Qt application without widgets exists already")
    application.setApplicationName("fi-desktop")
    application.setDesktopFileName("fi-desktop")
    application.setQuitOnLastWindowClosed(False)  # it may continue in the tray; `AppController.ended` quits
    application.setStyle("fusion")
    StyleUpdater(application).update()
    return application


def check_display(environment: Mapping[str, str]) -> None:
    """Check that a window can be shown: without a display, Qt aborts the process.

    Raises:
        UserError: there is no display.
    """
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(environment.get(name) for name in variables):
        raise UserError(messages.WINDOW_NO_DISPLAY)


class StyleUpdater(QObject):
    """Updates the style sheet when the system's palette changes."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._palette: QPalette | None = None
        application.paletteChanged.connect(self.update)

    @Slot()
    def update(self) -> None:
        """Set the style sheet if the palette has changed."""
        palette = self._application.palette()
        if self._palette != palette:  # setting a style sheet emits paletteChanged too
            self._palette = palette
            self._application.setStyleSheet(theme.style_sheet(palette))


class SignalListener(QObject):
    """Brings SIGINT and SIGTERM to the event loop, which Python's handlers would not wake.

    Signals:
        received: the program should end.
    """

    received = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._previous_fd = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._previous_handlers = {
            number: signal.signal(number, lambda _number, _frame: None)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_activated)

    def close(self) -> None:
        """Restore the previous handlers."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._previous_fd)
        for number, handler in self._previous_handlers.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()

    @Slot()
    def _on_activated(self) -> None:
        self._read.recv(64)
        self.received.emit()


class FileOpenFilter(QObject):
    """Receives files opened from macOS's Finder, which come as events rather than arguments.

    Signals:
        opened: paths (list of str).
    """

    opened = Signal(object)

    def __init__(self, application: QCoreApplication) -> None:
        super().__init__(application)
        application.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Handle file open events."""
        if not isinstance(event, QFileOpenEvent):
            return False
        if path := event.file():  # empty for a URL that is not a file's
            self.opened.emit([path])
        return True


class GarbageCollector(QObject):
    """Replaces Python's collector, so that only the GUI thread collects garbage.

    Python collects on whichever thread allocates, mostly the queue's. Shiboken defers the deletion of widgets
    found there to the GUI thread, where Qt may have deleted them already: a crash in
    runDeletionInMainThread (PySide6 6.11).

    With 100,000 jobs in the table a full collection takes 150 ms. Rows have no cycles, so objects that appear
    by the ten thousand, or survive a long collection, are frozen: exempt from further collections.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setObjectName("garbage")
        self._timer.setInterval(_COLLECT_EVERY_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def close(self) -> None:
        """Restore Python's collector."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _on_timeout(self) -> None:
        counts = gc.get_count()
        if counts[0] > _MANY_OBJECTS:
            gc.freeze()
            return
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation]:
                started = time.perf_counter()
                gc.collect(generation)
                if time.perf_counter() - started > _LONG_COLLECTION_S:
                    gc.freeze()
                return
