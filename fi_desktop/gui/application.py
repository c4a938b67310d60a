"""Opens the window: `run(app, files)`, called by the command line."""

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

_SWITCH_S = 0.0005


def run(program: Program, files: list[Path], *, show_job: int | None = None) -> int:
    """Show the window, then start the queue; return the exit status once the person has closed it.

    Args:
        program: the program without its window, not started yet.
        files: recordings to begin with.
        show_job: a job whose window is opened too.

    Raises:
        UserError: there is no display.
    """
    check_display(os.environ)
    shorten_switch_interval()
    application = make_application()
    theme.apply_scheme(program.settings.theme)
    desktop = AppController(program)
    desktop.ended.connect(application.quit)
    collector = GarbageCollector(application)
    interrupts = _Interrupts()
    interrupts.came.connect(desktop.stop)
    FileOpenFilter(application).opened.connect(desktop.open_files)
    desktop.window.show()

    def begin() -> None:
        desktop.welcome.open_first()
        desktop.start(files)
        if show_job is not None:
            desktop.window.windows.open(show_job)

    QTimer.singleShot(0, begin)  # once the event loop runs: the first frame comes first
    status = application.exec()
    interrupts.close()
    collector.close()
    return status


def shorten_switch_interval() -> None:
    """Let the window's thread have Python's lock back soon from the queue's thread.

    Python's own 5 ms are a third of a frame, and painting asks for the lock many times.
    """
    sys.setswitchinterval(_SWITCH_S)


def make_application() -> QApplication:
    """Return the one QApplication, dressed."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(application, QApplication):
        raise RuntimeError("a Qt application without widgets exists already")
    application.setApplicationName("fi-desktop")
    application.setDesktopFileName("fi-desktop")
    application.setQuitOnLastWindowClosed(False)  # it may go on in the tray; `Desktop.ended` ends it
    application.setStyle("fusion")
    _Dresser(application).dress()
    return application


def check_display(environment: Mapping[str, str]) -> None:
    """Make sure that a window can be shown: without a display Qt would abort the process.

    Raises:
        UserError: there is none.
    """
    known = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(environment.get(name) for name in known):
        raise UserError(
            messages.WINDOW_NO_DISPLAY,
        )


class _Dresser(QObject):
    """Keeps the style sheet in the colours of the system's palette."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._dressed_for: QPalette | None = None
        application.paletteChanged.connect(self.dress)

    @Slot()
    def dress(self) -> None:
        """Mix the colours again where the palette is another."""
        palette = self._application.palette()
        if self._dressed_for != palette:  # setting a style sheet tells of a palette too
            self._dressed_for = palette
            self._application.setStyleSheet(theme.style_sheet(palette))


class _Interrupts(QObject):
    """Brings Ctrl+C and a polite kill to the event loop, which would see them late or never.

    Signals:
        came: the program is asked to end.
    """

    came = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._read, self._write = socket.socketpair()
        self._read.setblocking(False)
        self._write.setblocking(False)
        self._before = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._handlers = {
            number: signal.signal(number, lambda _number, _frame: None)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_activated)

    def close(self) -> None:
        """Leave signals as they were."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._read.close()
        self._write.close()

    @Slot()
    def _on_activated(self) -> None:
        self._read.recv(64)
        self.came.emit()


class FileOpenFilter(QObject):
    """Listens for files that are opened from the Finder or dropped on the program's icon.

    Signals:
        opened: paths (list of str).
    """

    opened = Signal(object)

    def __init__(self, application: QCoreApplication) -> None:
        super().__init__(application)
        application.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Take what opens a file; leave everything else."""
        if not isinstance(event, QFileOpenEvent):
            return False
        if path := event.file():  # an address that is no file's has none
            self.opened.emit([path])
        return True


_EVERY_MS = 5000
_LONG_S = 0.01
_MANY = 20_000  # more objects than windows are made of, come since the last look


class GarbageCollector(QObject):
    """Takes the collector's place while it lives."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._thresholds = gc.get_threshold()
        gc.disable()
        self._timer = QTimer(self)
        self._timer.setObjectName("garbage")
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._timer.start()

    def close(self) -> None:
        """Leave collecting to Python again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    @Slot()
    def _on_timeout(self) -> None:
        counts = gc.get_count()
        if counts[0] > _MANY:
            gc.freeze()
            return
        for generation in (2, 1, 0):
            if counts[generation] > self._thresholds[generation]:
                began = time.perf_counter()
                gc.collect(generation)
                if time.perf_counter() - began > _LONG_S:
                    gc.freeze()
                return
