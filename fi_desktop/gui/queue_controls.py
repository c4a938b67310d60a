"""The Queue menu at work: pauses the queue, says when it runs, and how much of the computer it uses."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal, Slot

from fi_desktop.gui.actions import Actions
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.labels import clock_time
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.status_bar import StatusBar
from fi_desktop.jobs.queue_events import QueueEvent, QueueHeld, QueuePaused, WorkersChanged
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings


class QueueControls(QObject):
    """Carries out the Queue menu, and shows in the window what the queue answers.

    Signals:
        settings_requested: save these settings (dict by name); `show_settings` is to be called then.
    """

    settings_requested = Signal(object)

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        actions: Actions,
        status: StatusBar,
        pause_bar: MessageBar,
        message: MessageBar,
    ) -> None:
        """Connect the menu. `pause_bar`: shown while the queue is paused; `message`: what happened."""
        super().__init__(actions)
        self._service, self._bridge, self._actions, self._status = service, bridge, actions, status
        self._pause_bar, self._message = pause_bar, message
        self._raising_priority = False  # and nothing was said about running jobs yet
        actions.pause.triggered.connect(self._on_pause_requested)
        actions.low_priority.triggered.connect(self._on_low_priority_chosen)
        actions.any_time.triggered.connect(self._on_any_time_chosen)
        actions.at_night.triggered.connect(self._on_night_chosen)
        actions.only_mains.triggered.connect(self._on_only_mains_chosen)
        bridge.events_arrived.connect(self._on_events)

    def show_settings(self, settings: Settings) -> None:
        """Check what is set in the menu."""
        self._actions.low_priority.setChecked(settings.low_priority)
        night = f"{clock_time(settings.night_from)}–{clock_time(settings.night_until)}"
        at_night = settings.run_at == "night"
        self._actions.show_times(at_night=at_night, night=night, only_mains=settings.only_mains)

    def read(self) -> None:
        """Show whether the queue is paused."""
        self._bridge.when_done(self._service.paused(), self._show_paused, self._message.error)

    @Slot(bool)
    def pause(self, paused: bool) -> None:
        """Pause or resume the queue."""
        request = self._service.pause() if paused else self._service.resume()
        self._bridge.when_done(request, None, self._on_pause_failed)

    def _show_paused(self, paused: bool) -> None:
        if not paused:
            self._pause_bar.dismiss()
        elif self._pause_bar.isHidden():
            sentence = self.tr("The queue is paused. No recording will start until you resume it.")
            self._pause_bar.warning(sentence, MessageAction(self.tr("Resume"), partial(self.pause, False)))
        self._status.show_paused(paused)
        self._actions.show_paused(paused=paused)

    def _show_priority(self, event: WorkersChanged) -> None:
        """Say so once if running jobs keep their low priority."""
        busy = (worker for worker in event.workers if worker.job_id is not None)
        if self._raising_priority and any(worker.low_priority for worker in busy):
            self._raising_priority = False
            self._message.info(
                self.tr("Recordings in progress finish at low priority; the next ones run at full speed.")
            )

    @Slot()
    def _on_pause_requested(self) -> None:
        self.pause(not self._status.paused)

    def _on_pause_failed(self, sentence: str) -> None:
        self._show_paused(self._status.paused)
        self._message.error(sentence)

    @Slot(bool)
    def _on_low_priority_chosen(self, low: bool) -> None:
        self._raising_priority = not low
        self.settings_requested.emit({"low_priority": low})

    @Slot()
    def _on_any_time_chosen(self) -> None:
        self.settings_requested.emit({"run_at": "any"})

    @Slot()
    def _on_night_chosen(self) -> None:
        self.settings_requested.emit({"run_at": "night"})

    @Slot(bool)
    def _on_only_mains_chosen(self, only: bool) -> None:
        self.settings_requested.emit({"only_mains": only})

    @Slot(object)
    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for event in events:
            match event:
                case QueuePaused(paused=paused):
                    self._show_paused(paused)
                case QueueHeld():
                    self._status.show_held(event)
                case WorkersChanged():
                    self._status.show_workers(event)
                    self._show_priority(event)
                case _:
                    pass
