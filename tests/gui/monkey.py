"""Random mouse and keyboard input to the whole window while jobs are added, run, fail and finish.

The test also plays the workers, from the same seed, so that a run can be repeated.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import shiboken6
from PySide6.QtCore import QEventLoop, QObject, QPoint, QPointF, QSize, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QKeyEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHeaderView,
    QMenu,
    QScrollBar,
    QSplitterHandle,
    QWidget,
)

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.events import Submitted
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.values import Stage
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, QueueEvent
from tests.gui import samples
from tests.gui.conftest import FakeApp
from tests.gui.events import drag_in, drag_out, drop_files, files_data

TIMEOUT_S = 120.0
STEP_TIMEOUT_S = 5.0  # a longer step counts as a hang, even on a busy machine
SIZES = ((760, 420), (900, 600), (1280, 800))
TEXT = "abc ñ:1-*\"'%&\\ Consulta García state:failed -speaker:3 "
KEYS = (
    *(Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End),
    *(Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Tab, Qt.Key.Key_Backtab, Qt.Key.Key_Return),
    *(Qt.Key.Key_Space, Qt.Key.Key_Escape, Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Menu),
    *(Qt.Key.Key_F1, Qt.Key.Key_F2, Qt.Key.Key_F3, Qt.Key.Key_F4, Qt.Key.Key_F5, Qt.Key.Key_F10),
)
CHORDS = "aAcdefgilmnopqrstuvwz.,/+-0123"
NOTHING = Qt.KeyboardModifier.NoModifier
_SCHEMES = ("file", "http", "https")
LEFT = Qt.MouseButton.LeftButton


def hide_dialogs() -> None:
    """Hide all open menus and dialogs, the innermost first; hidden ones leave their event loops."""
    while blocking := QApplication.activePopupWidget() or QApplication.activeModalWidget():
        blocking.hide()


def recordings_in(folder: Path) -> list[Path]:
    """Create files that pass for recordings."""
    files = [folder / f"Consulta ñ {number}.wav" for number in range(40)]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    return files


class UrlSink(QObject):
    """Swallows URLs that would open in other programs."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in _SCHEMES:
            QDesktopServices.setUrlHandler(scheme, self, "take")  # type: ignore[arg-type] # the stub is wrong

    def close(self) -> None:
        """Let the desktop open URLs again."""
        for scheme in _SCHEMES:
            QDesktopServices.unsetUrlHandler(scheme)

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        """Ignore a URL."""


class Monkey:
    """Sends seeded random input to a program; restarts the program if the input quits it.

    Attributes:
        added: ids of all jobs that were added.
        removed: ids of the jobs that were removed.
        program: what runs now.
        starts: number of program starts.
    """

    def __init__(self, home: Path, recordings: list[Path], seed: int) -> None:
        self._home, self._recordings = home, recordings
        self._random = random.Random(seed)
        self._actions_done: list[str] = []
        self.starts = 0
        self._held: tuple[QWidget, ...] = ()
        self._error: BaseException | None = None
        self.added: set[int] = set()
        self.removed: set[int] = set()
        self._urls = UrlSink()
        self._start_app()
        actions: list[tuple[int, Callable[[], None]]] = [
            (30, self._click),
            (6, self._double_click),
            (5, self._right_click),
            (22, self._key),
            (6, self._type),
            (8, self._chord),
            (6, self._wheel),
            (4, self._drag_handle),
            (3, self._drop),
            (1, self._drag_across),
            (2, self._resize),
            (1, self._hide_and_show),
            (18, self._act_as_worker),
        ]
        self._actions = [action for _, action in actions]
        self._weights = [weight for weight, _ in actions]

    @property
    def window(self) -> MainWindow:
        """The window of the program that runs now."""
        return self._desktop.window

    @property
    def recent_actions(self) -> str:
        """The latest actions, for failure messages."""
        return "\n".join(self._actions_done[-25:])

    def run(self, steps: int) -> None:
        """Take a number of steps, processing events after each.

        Each step is a separate event, because menus run nested event loops.
        """
        self._left = steps
        self._stepped_at = time.perf_counter()
        QTimer.singleShot(0, self._step)
        loop = self._loop = QEventLoop()
        loop.exec()
        if self._error is not None:
            self.program.stop()  # its threads would keep this process alive
            raise self._error

    def _step(self) -> None:
        now = time.perf_counter()
        took, self._stepped_at = now - self._stepped_at, now
        self._left -= 1
        try:
            assert took < STEP_TIMEOUT_S, f"a step took {took:.1f} s:\n{self.recent_actions}"
            self._restore_windows()
        except BaseException as error:  # noqa: BLE001 raised by `run`, outside Qt's event loop
            self._error = error
        if self._left < 0 or self._error is not None:
            hide_dialogs()  # their event loops run inside the one that ends here
            self._loop.quit()
            return
        QTimer.singleShot(0, self._step)
        try:
            self.act()
        except BaseException as error:  # noqa: BLE001 the same
            self._error = error

    def act(self) -> None:
        """Send one random input."""
        action = self._random.choices(self._actions, self._weights)[0]
        self._actions_done.append(f"{self._left} {action.__name__}")
        action()

    def end(self) -> None:
        """Stop the program once its window shows all jobs."""
        jobs = self._desktop.window.jobs
        self._desktop.stop()
        self._wait(
            lambda: all((jobs.job(job_id) is None) == (job_id in self.removed) for job_id in self.added)
        )
        self._wait_until_closed()
        self._urls.close()

    def _start_app(self) -> None:
        self.starts += 1
        self.program = FakeApp(self._home)
        self.program.service.listen(self._on_events)
        self._desktop = AppController(self.program)
        self._desktop.window.show()
        self._desktop.start([])
        self._wait(lambda: "start" in self.program.calls)
        self.program.hand.do(lambda _service: None)

    def _wait_until_closed(self) -> None:
        window = self._desktop.window
        self._wait(lambda: window.closable)
        window.deleteLater()

    def _wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, f"timed out after:\n{self.recent_actions}"
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)

    def _on_events(self, news: tuple[QueueEvent, ...]) -> None:
        for item in news:
            if isinstance(item, JobRemoved):
                self.removed.add(item.job_id)
            elif isinstance(item, JobChanged) and isinstance(item.event, Submitted):
                self.added.add(item.job.id)

    # ---- the person

    def _click(self) -> None:
        if (target := self._target()) is not None:
            QTest.mouseClick(target[0], LEFT, self._modifier(), target[1])

    def _double_click(self) -> None:
        if (target := self._target()) is not None:
            QTest.mouseDClick(target[0], LEFT, NOTHING, target[1])

    def _right_click(self) -> None:
        if (target := self._target()) is not None:
            widget, at = target
            QTest.mouseClick(widget, Qt.MouseButton.RightButton, NOTHING, at)
            if shiboken6.isValid(widget) and not isinstance(widget, QMenu):
                reason = QContextMenuEvent.Reason.Mouse
                QApplication.sendEvent(widget, QContextMenuEvent(reason, at, widget.mapToGlobal(at)))

    def _key(self) -> None:
        if (widget := self._focus()) is not None:
            QTest.keyClick(widget, self._random.choice(KEYS), self._modifier())

    def _type(self) -> None:
        if (widget := self._focus()) is not None:
            for letter in self._random.choices(TEXT, k=self._random.randint(1, 6)):
                # as a platform sends it: QTest types no ñ
                QApplication.sendEvent(widget, QKeyEvent(QKeyEvent.Type.KeyPress, 0, NOTHING, letter))

    def _chord(self) -> None:
        if (widget := self._focus()) is None:
            return
        control = Qt.KeyboardModifier.ControlModifier
        shift = self._random.choice((NOTHING, NOTHING, Qt.KeyboardModifier.ShiftModifier))
        key = Qt.Key(ord(self._random.choice(CHORDS).upper()))
        QTest.keyClick(widget, key, control | shift)

    def _wheel(self) -> None:
        if (target := self._target()) is not None:
            widget, at = target
            turned = QPoint(0, self._random.choice((-480, -120, 120, 480)))
            place = QPointF(at), QPointF(widget.mapToGlobal(at))
            event = QWheelEvent(
                *place,
                QPoint(),
                turned,
                Qt.MouseButton.NoButton,
                NOTHING,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(widget, event)

    def _drag_handle(self) -> None:
        """Drag a header, scroll bar or splitter; a real drag would wait for the platform's mouse."""
        kinds = (QHeaderView, QScrollBar, QSplitterHandle)
        top = self._top()
        handles = [w for kind in kinds for w in top.findChildren(kind) if w.isVisible()]
        if handles:
            handle = self._random.choice(handles)
            handle = handle.viewport() if isinstance(handle, QHeaderView) else handle
            QTest.mousePress(handle, LEFT, NOTHING, self._point(handle))
            QTest.mouseMove(handle, self._point(handle))
            QTest.mouseRelease(handle, LEFT, NOTHING, self._point(handle))

    def _drop(self) -> None:
        if QApplication.activeModalWidget() is None:
            drop_files(
                self._desktop.window, *self._random.sample(self._recordings, self._random.randint(1, 4))
            )

    def _drag_across(self) -> None:
        if QApplication.activeModalWidget() is None:
            drag_in(self._desktop.window, files_data(self._recordings[:1]))
            drag_out(self._desktop.window)

    def _resize(self) -> None:
        self._top().resize(QSize(*self._random.choice(SIZES)))

    def _hide_and_show(self) -> None:
        window = self._desktop.window
        window.showMinimized()
        QApplication.processEvents()
        window.bring_to_front()

    # ---- the workers

    def _act_as_worker(self) -> None:
        in_transaction, rng = self.program.hand.do, self._random
        running: list[Job] = in_transaction(
            lambda service: list(service.transitions.store.jobs(state=JobState.RUNNING))
        )
        if len(running) < 2:
            in_transaction(lambda service: service.transitions.claim(f"worker-{len(running)}"))
            return
        job = rng.choice(running)
        outcome = rng.choice(("on", "on", "on", "done", "failed", "crashed", "full", "added back"))
        if job.cancelling:
            in_transaction(lambda service: service.transitions.cancelled(job.id, samples.claim_of(job)))
        elif outcome == "on":
            news = JobProgressed(job.id, rng.choice(list(Stage)), rng.random(), 600.0)
            in_transaction(lambda service: service.publish(news))
        elif outcome == "done":
            self.program.hand.complete(job, samples.conversation(seed=rng.randint(0, 9)))
        elif outcome == "added back":
            in_transaction(lambda service: service.transitions.released(job.id, samples.claim_of(job)))
        else:
            kind, code = {
                "failed": (ErrorKind.USER, "audio.unreadable"),
                "crashed": (ErrorKind.BUG, "worker.crashed"),
                "full": (ErrorKind.TRANSIENT, "disk.full"),
            }[outcome]
            error = ErrorInfo(kind, code, "It did not go well.", "Traceback: here")
            in_transaction(
                lambda service: service.transitions.failed(
                    job.id, samples.claim_of(job), error, crashed=outcome == "crashed"
                )
            )

    # ---- targets

    def _top(self) -> QWidget:
        """Return the window that receives input now."""
        for blocking in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
            if blocking is not None and blocking.isVisible():
                return blocking
        shown = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.width() > 1]
        return self._random.choice(sorted(shown, key=lambda w: (type(w).__name__, w.objectName())))

    def _focus(self) -> QWidget | None:
        popup = QApplication.activePopupWidget()
        widget = popup or QApplication.focusWidget() or self._top()
        return widget if widget.isVisible() else None

    def _target(self) -> tuple[QWidget, QPoint] | None:
        """Return a random widget and a point in it, as a pointer would hit it."""
        top = self._top()
        place = self._point(top)
        widget = top.childAt(place) or top
        self._actions_done[-1] += f" {type(widget).__name__} {widget.objectName()} in {type(top).__name__}"
        if not shiboken6.isValid(widget) or not widget.isEnabled():
            return None
        self._held = (
            top,
            widget,
        )  # keep Python's wrapper: without it, the parts of a window that Qt owns are invalid
        return widget, widget.mapFrom(top, place)

    def _point(self, widget: QWidget) -> QPoint:
        right, bottom = max(0, widget.width() - 1), max(0, widget.height() - 1)
        return QPoint(self._random.randint(0, right), self._random.randint(0, bottom))

    def _modifier(self) -> Qt.KeyboardModifier:
        shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
        return self._random.choices((NOTHING, shift, control), (8, 1, 1))[0]

    def _restore_windows(self) -> None:
        """Close file dialogs, which reach beyond the test's folders; show hidden windows; restart."""
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QFileDialog) and dialog.isVisible():
                dialog.reject()
        window = self._desktop.window
        if not window.acceptDrops():  # it is stopping
            self._wait_until_closed()
            self._start_app()
        elif window.isMinimized() or not window.isVisible():
            window.bring_to_front()
