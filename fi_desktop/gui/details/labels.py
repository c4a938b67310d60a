"""Words of the details panel: how long ago, how large, what happened."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QObject

from fi_desktop.core import events as ev
from fi_desktop.core.job import Attempt, Job
from fi_desktop.core.text import clock
from fi_desktop.core.values import JobOptions, Priority, StageEnd, StageTime
from fi_desktop.gui import errors
from fi_desktop.gui.labels import UiLabels

_SHORT_TENTHS = 100  # of a second


class DetailLabels(QObject):
    """Words for one job.

    Attributes:
        common: the window's vocabulary.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.common = UiLabels(self)

    def size(self, size_bytes: int | None) -> str:
        """Return how large the recording is; None: it is gone."""
        if size_bytes is None:
            return self.tr("The file is not there any more")
        return QLocale().formattedDataSize(size_bytes, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)

    def vocabulary(self, options: JobOptions) -> str:
        """Return the words that were given to listen for."""
        return ", ".join(options.vocabulary)

    def attempt(self, attempt: Attempt) -> str:
        """Return where and for how long an attempt ran."""
        where = self.common.worker(attempt.worker), self.common.device(attempt.device)
        parts = [self.common.exact(attempt.started_at), *where]
        if attempt.ended_at is not None:
            parts.append(self.took(attempt.ended_at - attempt.started_at))
        return " · ".join(parts)

    def took(self, seconds: float) -> str:
        """Return how long something took: "0.4 s" where it was short, else as a clock shows it."""
        tenths = max(0, round(seconds * 10))
        if tenths >= _SHORT_TENTHS:
            return clock(tenths // 10)
        return self.tr("{seconds} s").format(seconds=QLocale().toString(tenths / 10, "f", 1))

    def stage(self, time: StageTime, job: Job, number: int) -> str:
        """Return what a stage of attempt `number` took."""
        name = self.common.stage(time.stage)
        match time.end:
            case StageEnd.KEPT:
                return self.tr("{stage}: kept from attempt {number}").format(
                    stage=name, number=_maker(time, job, number)
                )
            case StageEnd.BROKEN_OFF:
                return self.tr("{stage}: broken off after {time}").format(
                    stage=name, time=self.took(time.took_s)
                )
            case StageEnd.DONE:
                return f"{name}: {self.took(time.took_s)}"

    def priority(self, priority: Priority) -> str:
        """Return a priority's name."""
        match priority:
            case Priority.URGENT:
                return self.tr("first")
            case Priority.NORMAL:
                return self.tr("in its turn")
            case Priority.LOW:
                return self.tr("last")

    def happened(self, event: ev.JobEvent) -> str:
        """Return what happened."""
        match event:
            case ev.Submitted():
                return self.tr("Added")
            case ev.Claimed(worker=worker):
                return self.tr("Started by {worker}").format(worker=self.common.worker(worker))
            case ev.Due():
                return self.tr("The wait before the retry is over")
            case ev.CancelAsked():
                return self.tr("To be cancelled")
            case ev.RetryAsked():
                return self.tr("To be done again")
            case ev.Prioritized(priority=priority):
                return self.tr("To be done {when}").format(when=self.priority(priority))
            case ev.OptionsChanged():
                return self.tr("Options changed")
            case ev.Seen():
                return self.tr("Result looked at")
            case ev.Completed():
                return self.tr("Completed")
            case ev.Failed(crashed=True):
                return self.tr("The worker stopped unexpectedly")
            case ev.Failed(error=error):
                return self.tr("Failed: {reason}").format(reason=errors.sentence(error))
            case ev.Released():
                return self.tr("Given back to the queue")
            case ev.Cancelled():
                return self.tr("Cancelled")
            case _:
                return type(event).__name__

    def total(self, seconds: float) -> str:
        """Return the length of several recordings together."""
        return self.tr("{length} of sound").format(length=clock(seconds))


def _maker(time: StageTime, job: Job, number: int) -> int:
    """Return the attempt that did what attempt `number` found done."""
    made = [
        attempt.number
        for attempt in job.attempts[: number - 1]
        for other in attempt.stages
        if other.stage is time.stage and other.end is StageEnd.DONE
    ]
    return made[-1] if made else max(1, number - 1)
