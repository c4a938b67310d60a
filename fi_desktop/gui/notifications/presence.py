"""Follows the queue for whatever the desktop shows beside the windows, and outlives them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import Job
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.notifications import bus
from fi_desktop.gui.tray import Tray
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, QueueEvent, QueuePaused
from fi_desktop.jobs.store import JobsPage
from fi_desktop.settings import Settings
from fi_desktop.viewmodel.active_jobs import Ended, Wave

_STEPS = 100  # a hundredth more is told, and nothing less


class Presence(QObject):
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
        self._wave = Wave()
        self._paused = False
        self._tray: Tray | None = None
        self._last: Ended | None = None
        self._covered = False
        self._shown: int | None = None
        self.job_id = 0  # the last one that ended; 0: none yet
        bridge.news_arrived.connect(self._on_news)
        bridge.jobs_listed.connect(self._on_jobs_listed)
        jobs.jobs_changed.connect(self.show)

    def take_tray(self, tray: Tray | None) -> None:
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
            bus.show_progress(share)

    @Slot(bool)
    def cover(self, covered: bool) -> None:
        """Name no file while the windows are covered."""
        self._covered = covered
        self.show()

    def close(self) -> None:
        """Show nothing any more."""
        if self._shown is not None:
            bus.show_progress(None)

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

    def _on_ended(self, ended: Ended) -> None:
        self.job_id = ended.ids[-1]
        self._last = ended
        if self._settings().notify == "each":
            self._tell(ended)

    def _tell(self, ended: Ended) -> None:
        if QApplication.activeWindow() is not None and not self._covered:
            return  # the person sees it
        title, text = "fi-desktop", self._words(ended)
        self.told.emit(title, text)
        if self._tray is not None:
            self._tray.tell(title, text)
        else:
            bus.notify(title, text)

    def _words(self, ended: Ended) -> str:
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
