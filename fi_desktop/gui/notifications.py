"""What the desktop shows besides the windows: tray icon, taskbar progress and notifications.

`QueueNotifier` follows the queue and outlives the windows. On Linux, progress and notifications without a
tray go over D-Bus. Windows' taskbar and macOS's Dock show no progress: Qt 6 has no API for it.
"""

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
from fi_desktop.gui.labels import sentence
from fi_desktop.jobs.queue_events import (
    AlertsChanged,
    JobChanged,
    JobRemoved,
    QueueEvent,
    QueuePaused,
)
from fi_desktop.jobs.store import JobsPage
from fi_desktop.settings import Settings
from fi_desktop.viewmodel.progress import ActiveJobs, FinishedJobs

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

_DESKTOP_ENTRY = "fi-desktop"  # as set by `application.make_application`
_PROGRESS_STEPS = 100  # the taskbar is updated once per hundredth
_ICON_STEPS = 20
_ICON_SIZE = 64  # pixels; the tray scales it
_DISC, _DONE, _PAUSED = QColor("#0d2233"), QColor("#ffc266"), QColor("#d0d7de")


class QueueNotifier(QObject):
    """Shows progress in tray and taskbar, and notifies when recordings are done.

    File names are only shown if the settings allow it: other people may see the screen.

    Attributes:
        last_job_id: the job that finished last; 0: none yet.

    Signals:
        notified: title and text of a notification.
    """

    notified = Signal(str, str)

    def __init__(self, bridge: Bridge, jobs: JobsModel, settings: Callable[[], Settings]) -> None:
        """Follow the queue; `settings` returns the settings in force."""
        super().__init__()
        self._jobs = jobs
        self._settings = settings
        self._active = ActiveJobs()
        self._paused = False
        self._tray: TrayIcon | None = None
        self._last: FinishedJobs | None = None
        self._locked = False
        self._shown_step: int | None = None
        self._alerts: frozenset[str] = frozenset()  # codes of those that are raised
        self.last_job_id = 0
        bridge.events_arrived.connect(self._on_events)
        bridge.jobs_listed.connect(self._on_jobs_listed)
        jobs.jobs_changed.connect(self.update)

    def set_tray(self, tray: TrayIcon | None) -> None:
        """Use the tray icon of newly built windows."""
        self._tray = tray
        self._shown_step = None
        self.update()

    @Slot()
    def update(self) -> None:
        """Update tray and taskbar."""
        running = {row.id: row.share for row in map(self._jobs.job, self._active.running) if row}
        progress = self._active.progress(running)
        if self._tray is not None:
            self._tray.show_queue(self._jobs.counts, progress, paused=self._paused)
            self._tray.show_last(self._text(self._last) if self._last is not None else "")
        step = None if progress is None else round(progress * _PROGRESS_STEPS)
        if step != self._shown_step:
            self._shown_step = step
            show_progress(progress)

    @Slot(bool)
    def set_locked(self, locked: bool) -> None:
        """Show no file names while the windows are locked."""
        self._locked = locked
        self.update()

    def close(self) -> None:
        """Remove the progress from the taskbar."""
        if self._shown_step is not None:
            show_progress(None)

    @Slot(object)
    def _on_jobs_listed(self, page: JobsPage) -> None:
        for job in page.jobs:
            if isinstance(job, Job):  # finished jobs are listed in short form
                self._active.add(job)
        self.update()

    @Slot(object)
    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            match event:
                case JobChanged(job=job) if (finished := self._active.add(job)) is not None:
                    self._on_finished(finished)
                case JobRemoved(job_id=job_id):
                    self._active.discard(job_id)
                case QueuePaused(paused=paused):
                    self._paused = paused
                    self.update()
                case AlertsChanged():
                    self._on_alerts(event)
        if (finished := self._active.take_finished()) is not None and self._settings().notify == "end":
            self._notify(finished)

    def _on_finished(self, finished: FinishedJobs) -> None:
        self.last_job_id = finished.ids[-1]
        self._last = finished
        if self._settings().notify == "each":
            self._notify(finished)

    def _on_alerts(self, alerts: AlertsChanged) -> None:
        new = [note for note in alerts.raised if note.code not in self._alerts]
        self._alerts = frozenset(note.code for note in alerts.raised)
        if new and self._settings().alert_notify:
            self._show("fi-desktop", " ".join(map(sentence, new)))

    def _notify(self, finished: FinishedJobs) -> None:
        if QApplication.activeWindow() is not None and not self._locked:
            return  # the person is looking at the window
        self._show("fi-desktop", self._text(finished))

    def _show(self, title: str, text: str) -> None:
        self.notified.emit(title, text)
        if self._tray is not None:
            self._tray.notify(title, text)
        else:
            notify(title, text)

    def _text(self, finished: FinishedJobs) -> str:
        if len(finished.ids) == 1:
            name = self._name(finished.ids[0])
            text = self.tr("{recording} failed") if finished.failed else self.tr("{recording} is done")
            return text.format(recording=name)
        parts = [self.tr("%Ln done", "", len(finished.completed))] if finished.completed else []
        parts += [self.tr("%Ln failed", "", len(finished.failed))] if finished.failed else []
        return self.tr("Recordings: {figures}").format(figures=", ".join(parts))

    def _name(self, job_id: int) -> str:
        row = self._jobs.job(job_id)
        if row is not None and self._settings().names_in_notifications and not self._locked:
            return self._jobs.texts.title(row)
        return self.tr("Recording {number}").format(number=job_id)


class TrayIcon(QObject):
    """The icon in the system tray with its menu, so that the program can run without a window.

    Attributes:
        pause: pauses or resumes the queue.
        last: names the recording that finished last, and opens it.

    Signals:
        show_requested: show the window.
        last_requested: show the recording that finished last.
        pause_requested: whether to pause the queue.
        quit_requested: stop and quit.
    """

    show_requested = Signal()
    last_requested = Signal()
    pause_requested = Signal(bool)
    quit_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._paused = False
        self._menu = QMenu(parent)
        self._menu.addAction(self.tr("Show fi-desktop")).triggered.connect(self.show_requested)
        self.last = self._menu.addAction("")
        self.last.setVisible(False)
        self.last.triggered.connect(self.last_requested)
        self._menu.addSeparator()
        self.pause = self._menu.addAction(self.tr("Pause the queue"))
        self.pause.triggered.connect(self._on_pause)
        self._menu.addSeparator()
        self._menu.addAction(self.tr("Stop and quit")).triggered.connect(self.quit_requested)
        self._icon = QSystemTrayIcon(theme.app_icon(), self)
        self._icon.setToolTip("fi-desktop")
        self._icon.setContextMenu(self._menu)
        self._icon.activated.connect(self._on_activated)
        self._icon.messageClicked.connect(self.last_requested)

    @staticmethod
    def available() -> bool:
        """Whether this desktop has a system tray."""
        return QSystemTrayIcon.isSystemTrayAvailable()

    @property
    def tooltip(self) -> str:
        """The tooltip, which sums up the queue."""
        return self._icon.toolTip()

    def show(self) -> None:
        """Show the icon."""
        self._icon.show()

    def hide(self) -> None:
        """Hide the icon."""
        self._icon.hide()

    def show_queue(self, counts: Counter[JobState], progress: float | None, *, paused: bool) -> None:
        """Show counts and progress, without file names: other people may see the screen.

        progress: 0 to 1; None if nothing is active.
        """
        parts = [self.tr("Paused")] if paused else []
        if progress is not None:
            parts.append(self.tr("{percent} % done").format(percent=QLocale().toString(int(100 * progress))))
        running, waiting = counts[JobState.RUNNING], counts[JobState.QUEUED] + counts[JobState.RETRYING]
        parts.append(self.tr("%Ln running", "", running))
        parts.append(self.tr("%Ln waiting", "", waiting))
        self._icon.setToolTip(self.tr("fi-desktop: {state}").format(state=", ".join(parts)))
        self._icon.setIcon(progress_icon(progress, paused=paused))
        self._paused = paused
        self.pause.setText(self.tr("Resume the queue") if paused else self.tr("Pause the queue"))

    def show_last(self, sentence: str) -> None:
        """Show what finished last; "" if nothing has finished yet."""
        self.last.setText(sentence.replace("&", "&&"))
        self.last.setVisible(bool(sentence))

    def notify(self, title: str, text: str) -> None:
        """Show a notification."""
        self._icon.showMessage(title, text, theme.app_icon())

    @Slot()
    def _on_pause(self) -> None:
        self.pause_requested.emit(not self._paused)

    @Slot(QSystemTrayIcon.ActivationReason)
    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason is not QSystemTrayIcon.ActivationReason.Context:
            self.show_requested.emit()


def progress_icon(progress: float | None, *, paused: bool) -> QIcon:
    """Return the application's icon with a progress ring. `progress`: 0 to 1; None if nothing is active."""
    if progress is None and not paused:
        return theme.app_icon()
    return _ring_icon(round((progress or 0.0) * _ICON_STEPS), paused)


@lru_cache(maxsize=2 * _ICON_STEPS + 2)
def _ring_icon(step: int, paused: bool) -> QIcon:
    pixmap = QPixmap(_ICON_SIZE, _ICON_SIZE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    theme.app_icon().paint(painter, pixmap.rect())
    painter.setPen(QPen(QColor("#ffffff"), 2))
    painter.setBrush(_DISC)
    disc = QRectF(27, 27, 36, 36)
    painter.drawEllipse(disc)
    if paused:
        painter.setPen(QPen(_PAUSED, 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for x in (40, 50):
            painter.drawLine(x, 39, x, 51)
    else:
        painter.setPen(QPen(_DONE, 7, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawArc(disc.adjusted(8, 8, -8, -8), 90 * 16, -round(360 * 16 * step / _ICON_STEPS))
    painter.end()
    return QIcon(pixmap)


def show_progress(progress: float | None) -> None:
    """Show progress, 0 to 1, in a Linux taskbar; None removes it.

    Protocol: https://wiki.ubuntu.com/Unity/LauncherAPI, which Plasma, Dash to Dock and Cinnamon follow.
    """
    bus = _session_bus()
    if bus is None:
        return
    from PySide6.QtDBus import QDBusMessage

    path, interface = "/com/canonical/unity/launcherentry/1", "com.canonical.Unity.LauncherEntry"
    message = QDBusMessage.createSignal(path, interface, "Update")
    properties: dict[str, Any] = {"progress": progress or 0.0, "progress-visible": progress is not None}
    message.setArguments([f"application://{_DESKTOP_ENTRY}.desktop", properties])
    bus.send(message)


def notify(title: str, text: str) -> None:
    """Show a notification through the desktop portal; a click on it launches the program again.

    org.freedesktop.Notifications would need an unsigned integer, which PySide6 cannot send.
    """
    bus = _session_bus()
    if bus is None:
        return
    from PySide6.QtDBus import QDBusMessage

    path, interface = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Notification"
    message = QDBusMessage.createMethodCall(
        "org.freedesktop.portal.Desktop", path, interface, "AddNotification"
    )
    message.setArguments([_DESKTOP_ENTRY, {"title": title, "body": text}])
    bus.send(message)


def _session_bus() -> QDBusConnection | None:
    if not sys.platform.startswith("linux"):
        return None
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus if bus.isConnected() else None
