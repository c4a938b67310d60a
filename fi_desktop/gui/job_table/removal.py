"""Removing jobs with a way back: their rows go at once, the queue forgets them some seconds later.

Until then nothing is deleted: a program that is killed meanwhile has removed nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from fi_desktop.core.job import JobState
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.message_bar import MessageBar, Offer

GRACE_MS = 8000


class Remove(Protocol):
    """Has the queue forget jobs."""

    def __call__(self, ids: list[int], refused: Callable[[list[int], str], None], *, at_once: bool) -> None:
        """Tell `refused` which were not forgotten, and why, in a sentence; `at_once`: all in one command."""
        ...


class Removal(QObject):
    """Jobs that are about to be removed.

    Signals:
        pending_changed: whether there is something that can be undone.
    """

    pending_changed = Signal(bool)

    def __init__(self, jobs: JobsModel, message: MessageBar, remove: Remove, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._message = message
        self._remove = remove
        self._pending: list[int] = []
        self._sentence = ""
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.setInterval(GRACE_MS)
        self._grace.timeout.connect(self.carry_out)

    @property
    def pending(self) -> bool:
        """Whether there is something that can be undone."""
        return bool(self._pending)

    def remove(self, ids: list[int]) -> None:
        """Take these jobs away, and offer to bring them back."""
        self.carry_out()
        self._pending = ids
        self._jobs.set_aside(ids)
        self._sentence = self.tr("%Ln job(s) removed", "", len(ids))
        self._message.say(self._sentence, "info", Offer(self.tr("Undo"), self.undo))
        self._grace.start()
        self.pending_changed.emit(True)

    @Slot()
    def undo(self) -> None:
        """Bring back what was removed last."""
        ids = self._end()
        self._jobs.put_back(ids)

    @Slot()
    def carry_out(self, *, at_once: bool = False) -> None:
        """Have the queue forget them; those that began to run meanwhile come back."""
        ids = self._end()
        running = [job_id for job_id in ids if self._jobs.state_of(job_id) is JobState.RUNNING]
        if running:
            self._bring_back(running, self.tr("%Ln job(s) began meanwhile and stayed", "", len(running)))
        rest = [job_id for job_id in ids if job_id not in set(running)] if running else ids
        if rest:
            self._remove(rest, self._bring_back, at_once=at_once)

    def _end(self) -> list[int]:
        ids, self._pending = self._pending, []
        self._grace.stop()
        if ids:
            if self._message.text == self._sentence:
                self._message.dismiss()
            self.pending_changed.emit(False)
        return ids

    def _bring_back(self, ids: list[int], sentence: str) -> None:
        self._jobs.put_back(ids)
        self._message.say(sentence, "warn")
