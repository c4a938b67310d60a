"""The monitor's labels: worker states, time spans, sizes, rates and targets."""

from __future__ import annotations

import re

from PySide6.QtCore import QLocale, QObject

from fi_desktop.core.messages import MESSAGES
from fi_desktop.core.text import length, one_line, size
from fi_desktop.gui.labels import sentence
from fi_desktop.jobs.metrics import Quantiles, Target
from fi_desktop.jobs.queue_events import WorkerState

NOTHING = "–"
STATE_ICONS = {
    None: "state-cancelled",
    WorkerState.STARTING: "state-retrying",
    WorkerState.IDLE: "state-queued",
    WorkerState.AWAY: "state-retrying",
    WorkerState.BUSY: "state-running",
    WorkerState.STOPPING: "state-cancelled",
}
STATE_TONES = {
    None: "bad",
    WorkerState.STARTING: "warn",
    WorkerState.IDLE: "neutral",
    WorkerState.AWAY: "warn",
    WorkerState.BUSY: "info",
    WorkerState.STOPPING: "warn",
}

_IN_BRACKETS = re.compile(r" \([^()]*…[^()]*\)")  # what is only about one recording


class MonitorLabels(QObject):
    """Texts and numbers of the monitor, in the person's language.

    Attributes:
        shows_cases: whether a recording with a case is called by that, and not by its file's name.
    """

    shows_cases = False

    def title(self, name: str, case: str) -> str:
        """Return what a recording is called."""
        return one_line(case) if self.shows_cases and case else name

    def state(self, state: WorkerState | None) -> str:
        """Return the label of a worker's state; None: its process is not running."""
        match state:
            case None:
                return self.tr("Not running")
            case WorkerState.STARTING:
                return self.tr("Starting")
            case WorkerState.IDLE:
                return self.tr("Idle")
            case WorkerState.AWAY:
                return self.tr("Not reachable")
            case WorkerState.BUSY:
                return self.tr("Working")
            case WorkerState.STOPPING:
                return self.tr("Stopping")

    def window(self, name: str) -> str:
        """Return the label of a time span."""
        match name:
            case "1h":
                return self.tr("1 hour")
            case "24h":
                return self.tr("24 hours")
            case _:
                return self.tr("All")

    def duration(self, seconds: float | None) -> str:
        """Return a duration: "0.4 s", "3:07"; None: unknown."""
        if seconds is None:
            return NOTHING
        return length(seconds, self.number) if seconds > 0 else "0 s"

    def quantiles(self, values: Quantiles) -> tuple[str, str, str]:
        """Return the three quantiles as durations."""
        return self.duration(values.p50), self.duration(values.p95), self.duration(values.p99)

    def amount(self, size_bytes: int | None) -> str:
        """Return an amount of memory: "412 MB", "1.5 GB"; None: unknown."""
        return NOTHING if size_bytes is None else size(size_bytes, self.number)

    def share(self, share: float | None, digits: int = 1) -> str:
        """Return a share, 0 to 1, as a percentage."""
        return NOTHING if share is None else f"{self.number(100 * share, digits)} %"

    def rate(self, per_s: float) -> str:
        """Return a rate per second, with more decimals for smaller rates."""
        digits = 1 if per_s >= 10 else 2 if per_s >= 0.1 else 4
        while digits and round(per_s, digits) == round(per_s, digits - 1):
            digits -= 1
        return self.number(per_s, digits)

    def hours(self, seconds: float) -> str:
        """Return a length of audio: "0.4 h"."""
        return f"{self.number(seconds / 3600, 1 if seconds < 1e6 else 0)} h"

    def cause(self, code: str) -> str:
        """Return the sentence of an error without what differs between recordings."""
        message = MESSAGES.get(code)
        if message is None:
            return code
        return _IN_BRACKETS.sub("", sentence(message(**dict.fromkeys(message.placeholders, "…"))))

    def alert(self, code: str) -> str:
        """Return what an alert is about."""
        return {
            "alert.queue": self.tr("Recordings waiting"),
            "alert.failures": self.tr("Share of failures"),
            "alert.disk": self.tr("Free disk space"),
            "alert.restarts": self.tr("Workers replaced"),
        }.get(code, code)

    def number(self, value: float, digits: int) -> str:
        """Return a number in the person's locale."""
        return QLocale().toString(float(value), "f", digits)

    def target(self, target: Target) -> str:
        """Return the description of a target."""
        match target.name:
            case "completed":
                return self.tr("Share of recordings completed rather than failed")
            case "retried":
                return self.tr("Share of attempts that were retries")
            case "depth p99":
                return self.tr("Recordings waiting at once, 99% of the time")
            case "worker uptime":
                return self.tr("Worker availability since the program started")
            case "longest attempt":
                return self.tr("Longest attempt")
            case _:
                return target.name

    def measured(self, target: Target) -> str:
        """Return the measured value of a target, in its unit."""
        match target.name:
            case "completed" | "retried" | "worker uptime":
                return self.share(target.measured)
            case "longest attempt":
                return self.duration(target.measured)
            case _:
                return NOTHING if target.measured is None else self.number(target.measured, 0)

    def verdict(self, met: bool | None) -> str:
        """Return whether a target is met; None: there is no measurement."""
        if met is None:
            return self.tr("Nothing to measure yet")
        return self.tr("Met") if met else self.tr("Missed")
