"""A monkey at mouse and keyboard, on the whole window, while jobs come, run, fail and end.

The workers' part is done by hand, in the same seeded order, so that a run can be had again.
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
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, QueueEvent
from tests.gui import samples
from tests.gui.conftest import FakeApp
from tests.gui.events import drag_in, drag_out, drop_files, files_data

TIMEOUT_S = 120.0
LONGEST_S = 5.0  # a step that takes longer is a hang, also on a busy machine
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


def recordings_in(folder: Path) -> list[Path]:
    """Make files that look like recordings."""
    files = [folder / f"Consulta ñ {number}.wav" for number in range(40)]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    return files


class Opened(QObject):
    """Takes what would be shown in the desktop's own programs."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in _SCHEMES:
            QDesktopServices.setUrlHandler(scheme, self, "take")

    def close(self) -> None:
        """Let the desktop have it again."""
        for scheme in _SCHEMES:
            QDesktopServices.unsetUrlHandler(scheme)

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        """Do nothing with it."""


class Monkey:
    """Does random things to a program, in an order that its seed decides; starts it again where it ended it.

    Attributes:
        given: ids of all jobs that were taken in, however they ended.
        removed: ids of those that were forgotten.
        starts: how often the program was started.
    """

    def __init__(self, home: Path, recordings: list[Path], seed: int) -> None:
        self._home, self._recordings = home, recordings
        self._random = random.Random(seed)
        self._did: list[str] = []
        self.starts = 0
        self._held: tuple[QWidget, ...] = ()
        self._error: BaseException | None = None
        self.given: set[int] = set()
        self.removed: set[int] = set()
        self._opened = Opened()
        self._begin()
        whims: list[tuple[int, Callable[[], None]]] = [
            (30, self._click),
            (6, self._double_click),
            (5, self._right_click),
            (22, self._key),
            (6, self._type),
            (8, self._chord),
            (6, self._wheel),
            (4, self._pull),
            (3, self._drop),
            (1, self._drag_past),
            (2, self._resize),
            (1, self._hide_and_show),
            (18, self._work),
        ]
        self._whims = [whim for _, whim in whims]
        self._weights = [weight for weight, _ in whims]

    @property
    def trail(self) -> str:
        """What it did last, for a failure's message."""
        return "\n".join(self._did[-25:])

    def run(self, steps: int) -> None:
        """Do so many things, and let the program answer after each.

        Each step is an event of its own: a menu below a button waits in an event loop of its own.
        """
        self._left = steps
        self._stepped_at = time.perf_counter()
        QTimer.singleShot(0, self._step)
        loop = self._loop = QEventLoop()
        loop.exec()
        if self._error is not None:
            raise self._error

    def _step(self) -> None:
        now = time.perf_counter()
        took, self._stepped_at = now - self._stepped_at, now
        self._left -= 1
        try:
            assert took < LONGEST_S, f"a step took {took:.1f} s:\n{self.trail}"
            self._bring_back()
        except BaseException as error:  # noqa: BLE001 the test's, out of Qt's event loop
            self._error = error
        if self._left < 0 or self._error is not None:
            self._loop.quit()
            return
        QTimer.singleShot(0, self._step)
        whim = self._random.choices(self._whims, self._weights)[0]
        self._did.append(f"{self._left} {whim.__name__}")
        try:
            whim()
        except BaseException as error:  # noqa: BLE001 the same
            self._error = error

    def end(self) -> None:
        """End the program, once its window shows what there is."""
        jobs = self._desktop.window.jobs
        self._desktop.stop()
        self._wait(
            lambda: all((jobs.row_by_id(job_id) is None) == (job_id in self.removed) for job_id in self.given)
        )
        self._wait_for_the_end()
        self._opened.close()

    def _begin(self) -> None:
        self.starts += 1
        self._program = FakeApp(self._home)
        self._program.service.listen(self._on_news)
        self._desktop = AppController(self._program)
        self._desktop.window.show()
        self._desktop.start([])
        self._wait(lambda: "start" in self._program.calls)
        self._program.hand.do(lambda _service: None)

    def _wait_for_the_end(self) -> None:
        window = self._desktop.window
        self._wait(lambda: window.closable)
        window.deleteLater()

    def _wait(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, f"it does not come:\n{self.trail}"
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)

    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        for item in news:
            if isinstance(item, JobRemoved):
                self.removed.add(item.job_id)
            elif isinstance(item, JobChanged) and isinstance(item.event, Submitted):
                self.given.add(item.job.id)

    # ---- the person's part

    def _click(self) -> None:
        if (aim := self._aim()) is not None:
            QTest.mouseClick(aim[0], LEFT, self._modifier(), aim[1])

    def _double_click(self) -> None:
        if (aim := self._aim()) is not None:
            QTest.mouseDClick(aim[0], LEFT, NOTHING, aim[1])

    def _right_click(self) -> None:
        if (aim := self._aim()) is not None:
            widget, at = aim
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
        QTest.keyClick(widget, self._random.choice(CHORDS), control | shift)

    def _wheel(self) -> None:
        if (aim := self._aim()) is not None:
            widget, at = aim
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

    def _pull(self) -> None:
        """Pull what can be pulled; not what would start a drag, which waits for a platform's mouse."""
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

    def _drag_past(self) -> None:
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

    # ---- the workers' part

    def _work(self) -> None:
        told, dice = self._program.hand.do, self._random
        running: list[Job] = told(
            lambda service: list(service.transitions.store.jobs(state=JobState.RUNNING))
        )
        if len(running) < 2:
            told(lambda service: service.transitions.claim(f"worker-{len(running)}"))
            return
        job = dice.choice(running)
        deed = dice.choice(("on", "on", "on", "done", "failed", "crashed", "full", "given back"))
        if job.cancelling:
            told(lambda service: service.transitions.cancelled(job.id, job.claim))
        elif deed == "on":
            news = JobProgressed(job.id, dice.choice(list(Stage)), dice.random(), 600.0)
            told(lambda service: service.publish(news))
        elif deed == "done":
            self._program.hand.complete(job, samples.conversation(seed=dice.randint(0, 9)))
        elif deed == "given back":
            told(lambda service: service.transitions.released(job.id, job.claim))
        else:
            kind, code = {
                "failed": (ErrorKind.USER, "audio.unreadable"),
                "crashed": (ErrorKind.BUG, "worker.crashed"),
                "full": (ErrorKind.TRANSIENT, "disk.full"),
            }[deed]
            error = ErrorInfo(kind, code, "It did not go well.", "Traceback: here")
            told(
                lambda service: service.transitions.failed(
                    job.id, job.claim, error, crashed=deed == "crashed"
                )
            )

    # ---- where

    def _top(self) -> QWidget:
        """Return the window that takes events now."""
        for blocking in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
            if blocking is not None and blocking.isVisible():
                return blocking
        shown = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w.width() > 1]
        return self._random.choice(sorted(shown, key=lambda w: (type(w).__name__, w.objectName())))

    def _focus(self) -> QWidget | None:
        popup = QApplication.activePopupWidget()
        widget = popup or QApplication.focusWidget() or self._top()
        return widget if widget.isVisible() else None

    def _aim(self) -> tuple[QWidget, QPoint] | None:
        """Return a widget and a point in it, as a pointer would hit it."""
        top = self._top()
        place = self._point(top)
        widget = top.childAt(place) or top
        self._did[-1] += f" {type(widget).__name__} {widget.objectName()} in {type(top).__name__}"
        if not shiboken6.isValid(widget) or not widget.isEnabled():
            return None
        self._held = top, widget  # where Python lets go of a window that is Qt's own, its parts count as gone
        return widget, widget.mapFrom(top, place)

    def _point(self, widget: QWidget) -> QPoint:
        right, bottom = max(0, widget.width() - 1), max(0, widget.height() - 1)
        return QPoint(self._random.randint(0, right), self._random.randint(0, bottom))

    def _modifier(self) -> Qt.KeyboardModifier:
        shift, control = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
        return self._random.choices((NOTHING, shift, control), (8, 1, 1))[0]

    def _bring_back(self) -> None:
        """Leave file dialogs, which reach beyond the test's folders; show a window that was put away."""
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QFileDialog) and dialog.isVisible():
                dialog.reject()
        window = self._desktop.window
        if not window.acceptDrops():  # it was told to stop
            self._wait_for_the_end()
            self._begin()
        elif window.isMinimized() or not window.isVisible():
            window.bring_to_front()
