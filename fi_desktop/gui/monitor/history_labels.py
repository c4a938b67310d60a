"""Texts of the history: what happened, and what else is known of it."""

from __future__ import annotations

from PySide6.QtCore import QObject

from fi_desktop.core import messages
from fi_desktop.gui.labels import sentence
from fi_desktop.gui.language import setting_text
from fi_desktop.gui.monitor.monitor_labels import MonitorLabels
from fi_desktop.jobs.queue_history import HistoryEntry, HistoryKind
from fi_desktop.settings import SPECS

_WORKERS = (
    HistoryKind.WORKER_STARTED,
    HistoryKind.WORKER_REPLACED,
    HistoryKind.WORKER_STOPPED,
    HistoryKind.WORKER_KILLED,
    HistoryKind.WORKER_DIED,
    HistoryKind.SERVER_AWAY,
    HistoryKind.SERVER_BACK,
)
_RECORDINGS = (
    HistoryKind.RETRY_SCHEDULED,
    HistoryKind.RETRY_ASKED,
    HistoryKind.JOB_FAILED,
    HistoryKind.DELETED_BY_AGE,
)
_PROGRAM = (
    HistoryKind.PROGRAM_STARTED,
    HistoryKind.PROGRAM_STOPPED,
    HistoryKind.QUEUE_PAUSED,
    HistoryKind.QUEUE_RESUMED,
    HistoryKind.SETTING_CHANGED,
)
_ALERTS = (HistoryKind.ALERT_RAISED, HistoryKind.ALERT_CLEARED)
GROUPS = (tuple(HistoryKind), _WORKERS, _RECORDINGS, _PROGRAM, _ALERTS)
"""Kinds of entries that are shown together; the first is everything."""


class HistoryLabels(QObject):
    """Names of kinds and groups, and details."""

    def __init__(self, labels: MonitorLabels, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._labels = labels

    def groups(self) -> tuple[str, ...]:
        """Return the titles of `GROUPS`."""
        return (
            self.tr("Everything"),
            self.tr("Workers"),
            self.tr("Retries and failures"),
            self.tr("Program and settings"),
            self.tr("Alerts"),
        )

    def kind(self, kind: HistoryKind) -> str:
        """Return what happened."""
        match kind:
            case HistoryKind.PROGRAM_STARTED:
                return self.tr("Program started")
            case HistoryKind.PROGRAM_STOPPED:
                return self.tr("Program stopped")
            case HistoryKind.WORKER_STARTED:
                return self.tr("Worker started")
            case HistoryKind.WORKER_REPLACED:
                return self.tr("Worker replaced")
            case HistoryKind.WORKER_STOPPED:
                return self.tr("Worker stopped")
            case HistoryKind.WORKER_KILLED:
                return self.tr("Worker stopped by force")
            case HistoryKind.WORKER_DIED:
                return self.tr("Worker died")
            case HistoryKind.SERVER_AWAY:
                return self.tr("Server cannot be reached")
            case HistoryKind.SERVER_BACK:
                return self.tr("Server reached again")
            case HistoryKind.RETRY_SCHEDULED:
                return self.tr("Retry scheduled")
            case HistoryKind.RETRY_ASKED:
                return self.tr("Retry requested")
            case HistoryKind.JOB_FAILED:
                return self.tr("Recording failed")
            case HistoryKind.QUEUE_PAUSED:
                return self.tr("Queue paused")
            case HistoryKind.QUEUE_RESUMED:
                return self.tr("Queue resumed")
            case HistoryKind.SETTING_CHANGED:
                return self.tr("Setting changed")
            case HistoryKind.DELETED_BY_AGE:
                return self.tr("Deleted by age")
            case HistoryKind.ALERT_RAISED:
                return self.tr("Alert")
            case HistoryKind.ALERT_CLEARED:
                return self.tr("Alert over")

    def detail(self, entry: HistoryEntry) -> str:
        """Return what else is known; "" for nothing."""
        match entry.kind:
            case HistoryKind.WORKER_DIED | HistoryKind.WORKER_KILLED if entry.exit is not None:
                return self._exit(entry.exit)
            case HistoryKind.RETRY_SCHEDULED | HistoryKind.JOB_FAILED:
                attempt = self.tr("attempt {number}").format(number=entry.number)
                return f"{self._labels.cause(entry.code)} ({attempt})"
            case HistoryKind.SETTING_CHANGED:
                return setting_text(SPECS[entry.code].title) if entry.code in SPECS else entry.code
            case HistoryKind.DELETED_BY_AGE:
                return self.tr("%Ln recording(s)", "", entry.number)
            case HistoryKind.ALERT_RAISED | HistoryKind.ALERT_CLEARED:
                return self._labels.alert(entry.code)
            case _:
                return ""

    def _exit(self, code: int) -> str:
        return sentence(
            messages.ENDED_SIGNAL(number=-code) if code < 0 else messages.ENDED_EXIT_CODE(number=str(code))
        )
