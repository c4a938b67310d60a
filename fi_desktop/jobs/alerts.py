"""Alerts to administrators: a long queue, many failures, a full disk, workers that are replaced often.

`AlertJudge` decides what is an alert, `AlertsThread` measures and sends, in the process that owns the queue.
Off unless the settings set a limit. An alert is raised once until it is over, and not again before the
interval of the settings has passed. Neither queue nor window waits for it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.core.job import JobState
from fi_desktop.core.messages import Note
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.jobs.alert_channels import Alert, AlertDelivery, channels_of
from fi_desktop.jobs.queue_events import AlertsChanged, JobChanged, QueueEvent, WorkerEnd, WorkerEnded
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.system.devices import disk_space

LOOK_S = 10.0
"""Seconds between two looks."""

_HOUR_S = 3600.0
_LEAST_ENDED = 4  # recordings in an hour; a share of fewer says little
_GIGABYTE = 1_000_000_000
_ANSWER_S = 60.0  # longest wait for the queue's counts
_CLOSE_TIMEOUT_S = 2.0
_WAITING = (JobState.QUEUED, JobState.RETRYING)


@dataclass(frozen=True, slots=True)
class AlertLimits:
    """What the settings say. 0 switches one off.

    Attributes:
        queue, queue_s: more jobs than this wait for at least so long, seconds.
        failures: this share or more failed, percent.
        disk_bytes: less is free.
        restarts: workers were lost this often or more within an hour.
        every_s: shortest time between two alerts of one kind, seconds.
    """

    queue: int = 0
    queue_s: float = 900.0
    failures: int = 0
    disk_bytes: int = 0
    restarts: int = 0
    every_s: float = 3600.0

    @classmethod
    def of(cls, settings: Settings) -> AlertLimits:
        """Return the limits in the settings."""
        return cls(
            queue=settings.alert_queue,
            queue_s=settings.alert_queue_min * 60.0,
            failures=settings.alert_failures,
            disk_bytes=round(settings.alert_disk_gb * _GIGABYTE),
            restarts=settings.alert_restarts,
            every_s=settings.alert_every_min * 60.0,
        )

    @property
    def any(self) -> bool:
        """Whether there is anything to look at."""
        return bool(self.queue or self.failures or self.disk_bytes or self.restarts)


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """What was measured.

    Attributes:
        waiting: jobs that wait, for a retry too.
        completed, failed: jobs that ended like this within the last hour.
        disk_free: bytes; None if it cannot be asked.
        lost: workers that died or were killed within the last hour.
    """

    waiting: int = 0
    completed: int = 0
    failed: int = 0
    disk_free: int | None = None
    lost: int = 0


class AlertJudge:
    """Decides what is an alert, and when it is over. Moments are seconds on one clock.

    Attributes:
        raised: the alerts that are raised, by code.
    """

    def __init__(self) -> None:
        self.raised: dict[str, Note] = {}
        self._long_since: float | None = None  # the queue is too long
        self._raised_at: dict[str, float] = {}

    def judge(self, limits: AlertLimits, figures: AlertFigures, now: float) -> tuple[Note, ...]:
        """Return the alerts that are to be sent now, and note those that are over."""
        found = {note.code: note for note in self._found(limits, figures, now)}
        kept = {code: note for code, note in found.items() if code in self.raised}
        new = {
            code: note
            for code, note in found.items()
            if code not in self.raised and now - self._raised_at.get(code, -limits.every_s) >= limits.every_s
        }
        self._raised_at |= dict.fromkeys(new, now)
        self.raised = kept | new
        return tuple(new.values())

    def _found(self, limits: AlertLimits, figures: AlertFigures, now: float) -> list[Note]:
        notes: list[Note] = []
        if limits.queue and figures.waiting > limits.queue:
            self._long_since = now if self._long_since is None else self._long_since
            if now - self._long_since >= limits.queue_s:
                minutes = round(limits.queue_s / 60)
                notes.append(
                    messages.ALERT_QUEUE(number=figures.waiting, limit=limits.queue, minutes=minutes)
                )
        else:
            self._long_since = None
        ended = figures.completed + figures.failed
        if limits.failures and ended >= _LEAST_ENDED and 100 * figures.failed >= limits.failures * ended:
            percent = round(100 * figures.failed / ended)
            notes.append(
                messages.ALERT_FAILURES(
                    failed=figures.failed, ended=ended, percent=percent, limit=limits.failures
                )
            )
        if figures.disk_free is not None and figures.disk_free < limits.disk_bytes:
            notes.append(messages.ALERT_DISK(free=figures.disk_free, limit=limits.disk_bytes))
        if limits.restarts and figures.lost >= limits.restarts:
            notes.append(messages.ALERT_RESTARTS(number=figures.lost, limit=limits.restarts))
        return notes


class AlertsThread:
    """Measures, and sends what is an alert.

    Attributes:
        language: of alerts if the settings leave it to the system, one of `LABELS`.
    """

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        *,
        now: Callable[[], float],
        delivery: AlertDelivery | None = None,
    ) -> None:
        """Prepare.

        Args:
            service: the queue.
            settings: the current settings.
            now: UTC, seconds since the epoch.
            delivery: sends alerts.
        """
        self._service, self._settings, self._now = service, settings, now
        self._limits = AlertLimits.of(settings)
        self._judge = AlertJudge()
        self._delivery = delivery or AlertDelivery()
        self._ended: deque[tuple[float, bool]] = deque()  # when jobs ended, and whether they failed
        self._lost: deque[float] = deque()
        self._wake, self._closing = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._unlisten: Callable[[], None] = lambda: None
        self._started = False
        self.language = "en"

    def start(self) -> None:
        """Follow the queue's events from now on."""
        self._started = True
        self._unlisten = self._service.listen(self._on_events)
        self.change(self._settings)

    def change(self, settings: Settings) -> None:
        """Use other settings from now on."""
        self._settings, self._limits = settings, AlertLimits.of(settings)
        if not self._limits.any:
            self._ended.clear()
            self._lost.clear()
        if not self._started or self._closing.is_set():
            return
        self._delivery.change(channels_of(settings))
        if self._limits.any and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)
            self._thread.start()
        self._wake.set()

    def close(self) -> None:
        """End; an alert that was not sent yet is dropped."""
        self._closing.set()
        self._wake.set()
        self._unlisten()
        if self._thread is not None:
            self._thread.join(_CLOSE_TIMEOUT_S)
        self._delivery.close()

    # ---- on the owner's thread

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        if not self._limits.any:  # nobody would forget what is noted
            return
        for event in events:
            match event:
                case JobChanged(job=job) if job.finished_at is not None:
                    if event.event.at == job.finished_at and job.state is not JobState.CANCELLED:
                        self._ended.append((time.monotonic(), job.state is JobState.FAILED))
                case WorkerEnded(how=WorkerEnd.DIED | WorkerEnd.KILLED):
                    self._lost.append(time.monotonic())
                    self._wake.set()
                case _:
                    pass

    # ---- on its own thread

    def _run(self) -> None:
        while not self._closing.is_set():
            self._wake.clear()
            try:
                self._look()
            except (FiError, TimeoutError, CancelledError) as error:  # the queue closes, or is busy
                log.event("ALERTS_NOT_MEASURED", error=type(error).__name__)
            self._wake.wait(LOOK_S)

    def _look(self) -> None:
        before = tuple(self._judge.raised)
        new = self._judge.judge(self._limits, self._figures(), time.monotonic())
        if new or tuple(self._judge.raised) != before:
            self._service.announce(AlertsChanged(tuple(self._judge.raised.values())))
        for note in new:
            log.event("ALERT_RAISED", code=note.code)
            self._delivery.send(alert_of(note, self._settings, self.language, self._now()))

    def _figures(self) -> AlertFigures:
        since = time.monotonic() - _HOUR_S
        while self._ended and self._ended[0][0] < since:
            self._ended.popleft()
        while self._lost and self._lost[0] < since:
            self._lost.popleft()
        failures = [failed for _, failed in tuple(self._ended)]
        counts = self._service.counts().result(_ANSWER_S) if self._limits.queue else {}
        return AlertFigures(
            waiting=sum(counts.get(state, 0) for state in _WAITING),
            completed=failures.count(False),
            failed=failures.count(True),
            disk_free=_disk_free(self._settings.home) if self._limits.disk_bytes else None,
            lost=len(self._lost),
        )


def alert_of(note: Note, settings: Settings, language: str, at: float) -> Alert:
    """Return a note as an alert; language: if the settings leave it to the system."""
    chosen = settings.language if settings.language in LABELS else language
    return Alert(note, said_in(chosen)(note), at, settings.alert_name)


def send_test(settings: Settings, language: str) -> list[tuple[str, str]]:
    """Send a test to each channel; return what each is, and why it does not have the test, or ""; blocks."""
    alert = alert_of(messages.ALERT_TEST(), settings, language, time.time())
    outcomes = []
    for channel in channels_of(settings):
        try:
            channel.send(alert)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
            outcomes.append((channel.kind, str(reason) or type(error).__name__))
        else:
            outcomes.append((channel.kind, ""))
    return outcomes


def _disk_free(folder: Path) -> int | None:
    space = disk_space(folder)
    return space[0] if space is not None else None
