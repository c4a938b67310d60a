"""The monitor: a window on workers, queue and targets, in place of the old backend's Flower.

It looks once a second, and only while it can be seen. What it shows of all jobs is read and reckoned on a
thread of the watch, and comes here as plain data by way of the bridge.
"""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtGui import QHideEvent, QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.monitor.choice import MonitorChoice
from fi_desktop.gui.monitor.purge import PurgeQuestion
from fi_desktop.gui.monitor.queue_page import QueuePage
from fi_desktop.gui.monitor.targets_page import TargetsPage
from fi_desktop.gui.monitor.words import MonitorWords
from fi_desktop.gui.monitor.workers_page import WorkersPage
from fi_desktop.gui.window_state import WindowState
from fi_desktop.jobs.queue_events import QueueEvent, QueuePaused
from fi_desktop.jobs.speed import Speeds
from fi_desktop.viewmodel.monitor_watch import Look, Monitored, Watch

_LOOK_MS = 1000
_KEEP_MS = 800  # after the last change of how many workers there shall be


class MonitorWindow(QWidget):
    """Shows how workers and queue do, in a window of its own: it can stay open beside the main one.

    Attributes:
        pages: which page is shown.
        workers, queue, targets: the pages.
        purge: asks before the queue is emptied.
        message: what went wrong, or well.
    """

    def __init__(
        self,
        bridge: Bridge,
        program: Monitored,
        over: QWidget | None = None,
        *,
        window_state: WindowState | None = None,
        speeds: Speeds | None = None,
    ) -> None:
        """Prepare; nothing is read before it is shown.

        Args:
            bridge: the crossing to the queue.
            program: who owns the workers.
            over: the window that it opens over, the first time.
            window_state: where it stood the last time.
            speeds: how fast the machine is, as the list of jobs knows it.
        """
        super().__init__(None, Qt.WindowType.Window)
        self._bridge = bridge
        self._program = program
        self._watch: Watch | None = None
        self._looking = False
        words = MonitorWords(self)
        self._words = words
        self.setWindowTitle(self.tr("Monitor"))
        self.setWindowIcon(theme.app_icon())
        self._window_state = window_state
        if window_state is not None:
            window_state.restore("monitor", self, over=over)
        self.workers, self.queue, self.targets = (
            WorkersPage(words, self, speeds=speeds),
            QueuePage(words, self),
            TargetsPage(words, self),
        )
        self.pages = MonitorChoice(
            self.tr("Page"), (self.tr("Workers"), self.tr("Queue"), self.tr("Targets")), self
        )
        self.message = MessageBar(self)
        self.purge = PurgeQuestion(self)
        self._keep = QTimer(self)
        self._keep.setSingleShot(True)
        self._keep.setInterval(_KEEP_MS)
        self._tick = QTimer(self)
        self._tick.setInterval(_LOOK_MS)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._reading = QLabel(self)
        self._reading.setObjectName("quiet")
        self._reading.setFont(theme.tabular(self.font()))
        head = QHBoxLayout()
        head.setContentsMargins(12, 8, 16, 8)
        head.addWidget(self.pages)
        head.addStretch(1)
        head.addWidget(self._reading)
        line = QFrame(self)
        line.setObjectName("line")
        line.setFixedHeight(1)
        self._stack = QStackedWidget(self)
        for page in (self.workers, self.queue, self.targets):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line)
        column.addWidget(self.message)
        column.addWidget(self._stack, 1)

    def _connect(self) -> None:
        self.pages.chosen.connect(self._stack.setCurrentIndex)
        for place, button in enumerate(self.pages.buttons):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{place + 1}"), self)
            shortcut.activated.connect(partial(self.pages.choose, place))
            button.setToolTip(
                f"{button.text()} ({shortcut.key().toString(QKeySequence.SequenceFormat.NativeText)})"
            )
        self._tick.timeout.connect(self._on_tick)
        self._bridge.news_arrived.connect(self._on_news)
        self.workers.workers_asked.connect(self._on_workers_asked)
        self._keep.timeout.connect(self._on_keep)
        actions = self.workers.actions_bar
        actions.restart_asked.connect(self._on_restart_asked)
        actions.recycle_asked.connect(self._on_recycle_asked)
        actions.retire_asked.connect(self._on_retire_asked)
        self.queue.pause_asked.connect(self._on_pause_asked)
        self.queue.purge_asked.connect(self.purge.ask)
        self.purge.confirmed.connect(self._on_purge_confirmed)

    def _follow(self, future: Future[Any]) -> None:
        """Show why a command was refused, if it is."""
        self._bridge.when_done(future, None, self._on_refused)

    @Slot()
    def _on_tick(self) -> None:
        if self._watch is not None and not self._looking:
            self._looking = True
            looked, failed = partial(self._on_looked, self._watch), partial(self._on_look_failed, self._watch)
            self._bridge.when_done(self._watch.look(), looked, failed)

    def _on_looked(self, watch: Watch, look: Look) -> None:
        if watch is self._watch:  # else it was hidden, and shown again
            self._looking = False
            self.show_look(look)

    def show_look(self, look: Look) -> None:
        """Show what a look found."""
        reading = self.tr("Reading the list: %Ln job(s)", "", look.read)
        self._reading.setText("" if look.figures else reading)
        self.workers.take_look(look)
        self.queue.take_look(look)
        self.targets.take_look(look)

    def _on_look_failed(self, watch: Watch, sentence: str) -> None:
        if watch is self._watch:
            self._tick.stop()
            self.message.error(sentence)

    @Slot(object)
    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        self.workers.take_news(news)
        for item in news:
            if isinstance(item, QueuePaused):
                self.queue.show_paused(item.paused)

    @Slot(int)
    def _on_workers_asked(self, workers: int) -> None:
        self._program.resize_workers(workers)
        self._keep.start()

    @Slot(str)
    def _on_restart_asked(self, name: str) -> None:
        self._program.restart_worker(name)

    @Slot(str)
    def _on_recycle_asked(self, name: str) -> None:
        self._program.recycle_worker(name)

    @Slot(str)
    def _on_retire_asked(self, name: str) -> None:
        self._program.retire_worker(name)
        self._keep.start()

    @Slot()
    def _on_keep(self) -> None:
        """Let as many workers be there after the next start, too."""
        self._keep.stop()
        keep = partial(self._program.change_settings, {"workers": self.workers.wanted})
        self._bridge.run_task(keep, None, self._on_refused)

    @Slot(bool)
    def _on_pause_asked(self, pause: bool) -> None:
        service = self._program.service
        self._follow(service.pause() if pause else service.resume())

    @Slot()
    def _on_purge_confirmed(self) -> None:
        self._bridge.when_done(self._program.service.purge(), self._on_purged, self._on_refused)

    def _on_purged(self, number: int) -> None:
        self.message.info(self.tr("%Ln recording(s) were taken off the queue.", "", number))

    def _on_refused(self, sentence: str) -> None:
        self.message.error(sentence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Dismiss the message with Escape, or close."""
        if event.key() == Qt.Key.Key_Escape and self.message.isVisible():
            self.message.dismiss()
        elif event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to look."""
        super().showEvent(event)
        if self._watch is not None:
            return
        self._watch = Watch(self._program)
        self._looking = False
        self.workers.model.forget_curves()
        self._bridge.when_done(self._program.service.paused(), self.queue.show_paused, self._on_refused)
        self._tick.start()
        self._on_tick()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look no more."""
        super().hideEvent(event)
        if self._window_state is not None:
            self._window_state.save("monitor", self)
        if self._keep.isActive():
            self._on_keep()
        self._tick.stop()
        if self._watch is not None:
            self._watch.close()
            self._watch = None
