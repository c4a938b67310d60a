"""Follows the queue for whatever the desktop shows beside the windows, and outlives them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QLocale, QObject, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon, QWidget

from fi_desktop.core.job import Job, JobState
from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent, QueuePaused
from fi_desktop.jobs.store import JobsPage
from fi_desktop.settings import Settings
from fi_desktop.viewmodel.active_jobs import ActiveJobs, FinishedJobs

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection


_STEPS = 100  # a hundredth more is told, and nothing less


class QueueNotifier(QObject):
    """Shows progress in tray and taskbar, and tells when recordings are done.

    No file's name is told unless the settings allow it: others may see the screen.

    Signals:
        told: title and text of a notification.
    """

    told = Signal(str, str)

    def __init__(self, bridge: Bridge, jobs: JobsModel, settings: Callable[[], Settings]) -> None:
        """Follow the queue; `settings`: returns those in force."""
        super().__init__()
        self._jobs = jobs
        self._settings = settings
        self._wave = ActiveJobs()
        self._paused = False
        self._tray: TrayIcon | None = None
        self._last: FinishedJobs | None = None
        self._covered = False
        self._shown: int | None = None
        self.job_id = 0  # the last one that ended; 0: none yet
        bridge.news_arrived.connect(self._on_news)
        bridge.jobs_listed.connect(self._on_jobs_listed)
        jobs.jobs_changed.connect(self.show)

    def take_tray(self, tray: TrayIcon | None) -> None:
        """Use another tray: the windows were built, and it with them."""
        self._tray = tray
        self._shown = None
        self.show()

    @Slot()
    def show(self) -> None:
        """Show how things stand."""
        running = {row.id: row.share for row in map(self._jobs.row_by_id, self._wave.running) if row}
        share = self._wave.share(running)
        if self._tray is not None:
            self._tray.show_queue(self._jobs.counts, share, paused=self._paused)
            self._tray.show_last(self._words(self._last) if self._last is not None else "")
        step = None if share is None else round(share * _STEPS)
        if step != self._shown:
            self._shown = step
            show_progress(share)

    @Slot(bool)
    def cover(self, covered: bool) -> None:
        """Name no file while the windows are covered."""
        self._covered = covered
        self.show()

    def close(self) -> None:
        """Show nothing any more."""
        if self._shown is not None:
            show_progress(None)

    @Slot(object)
    def _on_jobs_listed(self, page: JobsPage) -> None:
        for job in page.jobs:
            if isinstance(job, Job):  # what is done already is in no wave
                self._wave.take(job)
        self.show()

    @Slot(object)
    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        for item in news:
            match item:
                case JobChanged(job=job) if (ended := self._wave.take(job)) is not None:
                    self._on_ended(ended)
                case JobRemoved(job_id=job_id):
                    self._wave.drop(job_id)
                case QueuePaused(paused=paused):
                    self._paused = paused
                    self.show()
        if (ended := self._wave.end()) is not None and self._settings().notify == "end":
            self._tell(ended)

    def _on_ended(self, ended: FinishedJobs) -> None:
        self.job_id = ended.ids[-1]
        self._last = ended
        if self._settings().notify == "each":
            self._tell(ended)

    def _tell(self, ended: FinishedJobs) -> None:
        if QApplication.activeWindow() is not None and not self._covered:
            return  # the person sees it
        title, text = "fi-desktop", self._words(ended)
        self.told.emit(title, text)
        if self._tray is not None:
            self._tray.tell(title, text)
        else:
            notify(title, text)

    def _words(self, ended: FinishedJobs) -> str:
        if len(ended.ids) == 1:
            name = self._name(ended.ids[0])
            said = self.tr("{recording} failed") if ended.failed else self.tr("{recording} is done")
            return said.format(recording=name)
        parts = [self.tr("%Ln done", "", len(ended.completed))] if ended.completed else []
        parts += [self.tr("%Ln failed", "", len(ended.failed))] if ended.failed else []
        return self.tr("Recordings: {figures}").format(figures=", ".join(parts))

    def _name(self, job_id: int) -> str:
        row = self._jobs.row_by_id(job_id)
        if row is not None and self._settings().names_in_notifications and not self._covered:
            return row.name
        return self.tr("Recording {number}").format(number=job_id)


class TrayIcon(QObject):
    """The tray's icon with its menu.

    Attributes:
        pause: pauses the queue, or has it go on.
        last: what was done last; opens it.

    Signals:
        show_asked: the person wants to see the window.
        last_asked: the person wants to see what was done last.
        pause_asked: whether the queue is to pause.
        quit_asked: the person wants to end the program.
    """

    show_asked = Signal()
    last_asked = Signal()
    pause_asked = Signal(bool)
    quit_asked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._paused = False
        self._menu = QMenu(parent)
        self._menu.addAction(self.tr("Show fi-desktop")).triggered.connect(self.show_asked)
        self.last = self._menu.addAction("")
        self.last.setVisible(False)
        self.last.triggered.connect(self.last_asked)
        self._menu.addSeparator()
        self.pause = self._menu.addAction(self.tr("Pause the queue"))
        self.pause.triggered.connect(self._on_pause)
        self._menu.addSeparator()
        self._menu.addAction(self.tr("Stop safely and quit")).triggered.connect(self.quit_asked)
        self._icon = QSystemTrayIcon(theme.app_icon(), self)
        self._icon.setToolTip("fi-desktop")
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.last_asked)

    @staticmethod
    def available() -> bool:
        """Whether this desktop has a tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def tip(self) -> str:
        """What it says of the queue."""
        return self._icon.toolTip()

    def show(self) -> None:
        """Show the icon."""
        self._icon.show()

    def hide(self) -> None:
        """Take it away."""
        self._icon.hide()

    def show_queue(self, counts: Counter[JobState], share: float | None, *, paused: bool) -> None:
        """Say how much is under way; no file's name, as others may see the screen.

        share: how much of it is done, 0 to 1; None: nothing is under way.
        """
        parts = [self.tr("Paused")] if paused else []
        if share is not None:
            parts.append(self.tr("{percent} % done").format(percent=QLocale().toString(int(100 * share))))
        running, waiting = counts[JobState.RUNNING], counts[JobState.QUEUED] + counts[JobState.RETRYING]
        parts.append(self.tr("%Ln running", "", running))
        parts.append(self.tr("%Ln waiting", "", waiting))
        self._icon.setToolTip(self.tr("fi-desktop: {state}").format(state=", ".join(parts)))
        self._icon.setIcon(progress_icon(share, paused=paused))
        self._paused = paused
        self.pause.setText(self.tr("Resume the queue") if paused else self.tr("Pause the queue"))

    def show_last(self, sentence: str) -> None:
        """Say what was done last; "": nothing yet."""
        self.last.setText(sentence.replace("&", "&&"))
        self.last.setVisible(bool(sentence))

    def tell(self, title: str, text: str) -> None:
        """Show a notification."""
        self._icon.showMessage(title, text, theme.app_icon())

    @Slot()
    def _on_pause(self) -> None:
        self.pause_asked.emit(not self._paused)

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.show_asked.emit()


_SIZE = 64  # pixels; the tray scales it
_ICON_STEPS = 20
_GROUND, _DONE, _PAUSED = QColor("#0d2233"), QColor("#ffc266"), QColor("#d0d7de")


def progress_icon(share: float | None, *, paused: bool) -> QIcon:
    """Return the icon for so much done, 0 to 1; None: nothing is under way."""
    if share is None and not paused:
        return theme.app_icon()
    return _drawn(round((share or 0.0) * _ICON_STEPS), paused)


@lru_cache(maxsize=2 * _ICON_STEPS + 2)
def _drawn(step: int, paused: bool) -> QIcon:
    pixmap = QPixmap(_SIZE, _SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    theme.app_icon().paint(painter, pixmap.rect())
    painter.setPen(QPen(QColor("#ffffff"), 2))
    painter.setBrush(_GROUND)
    spot = QRectF(27, 27, 36, 36)
    painter.drawEllipse(spot)
    if paused:
        painter.setPen(QPen(_PAUSED, 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for x in (40, 50):
            painter.drawLine(x, 39, x, 51)
    else:
        painter.setPen(QPen(_DONE, 7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawArc(spot.adjusted(8, 8, -8, -8), 90 * 16, -round(360 * 16 * step / _ICON_STEPS))
    painter.end()
    return QIcon(pixmap)


_ENTRY = "fi-desktop"  # the name of the desktop's entry; see `ui/main.py`


def show_progress(share: float | None) -> None:
    """Show how much is done, 0 to 1, where the taskbar is one that listens; None: nothing is under way.

    https://wiki.ubuntu.com/Unity/LauncherAPI: Plasma, Dash to Dock, Cinnamon and others follow it.
    """
    bus = _bus()
    if bus is None:
        return
    from PySide6.QtDBus import QDBusMessage

    place, interface = "/com/canonical/unity/launcherentry/1", "com.canonical.Unity.LauncherEntry"
    message = QDBusMessage.createSignal(place, interface, "Update")
    shown: dict[str, Any] = {"progress": share or 0.0, "progress-visible": share is not None}
    message.setArguments([f"application://{_ENTRY}.desktop", shown])
    bus.send(message)


def notify(title: str, text: str) -> None:
    """Show a notification by the desktop's portal; a click on it opens the program, as a second launch would.

    Not by org.freedesktop.Notifications: it wants an unsigned number, which PySide6 cannot send.
    """
    bus = _bus()
    if bus is None:
        return
    from PySide6.QtDBus import QDBusMessage

    place, interface = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Notification"
    message = QDBusMessage.createMethodCall(
        "org.freedesktop.portal.Desktop", place, interface, "AddNotification"
    )
    message.setArguments([_ENTRY, {"title": title, "body": text}])
    bus.send(message)


def _bus() -> QDBusConnection | None:
    if not sys.platform.startswith("linux"):
        return None
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus if bus.isConnected() else None
