"""A result while a person corrects it: each step is applied at once, and saved as it is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from fi_desktop.core.changes import Splice
from fi_desktop.core.review import BadStep, Review, ReviewedTranscript, Step, StepKind, fingerprint
from fi_desktop.core.revision import BadEdit, Edit
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import ReviewState
from fi_desktop.gui.bridge import Bridge
from fi_desktop.jobs.review_files import ReviewOutcome, StoredResult
from fi_desktop.jobs.service import JobService
from fi_desktop.system import log
from fi_desktop.system.account import account_name
from fi_desktop.vault.job_files import JobFiles
from fi_desktop.viewmodel.word_figures import WordFigures

_IN_WORK_S = 120.0


class ReviewSession(QObject):
    """The review of one result: what the window shows, and the steps on their way to the disk.

    Attributes:
        job_id: the job.
        version, waveform: of the result, see `StoredResult`.
        figures: of its words, with all corrections.
        read_only: it is not the current version, and cannot be changed.

    Signals:
        changed: the transcript, or how far it is checked, changed; the segments that did, as a `Splice`.
        saved: everything is on disk, or is not any more.
        not_saved: why the last steps are not on disk, as a sentence; they stay in the window.
        refused: somebody tried to change what is read only.
        read_only_changed: it can be changed from now on, or cannot.
    """

    changed = Signal(object)
    saved = Signal()
    not_saved = Signal(str)
    refused = Signal()
    read_only_changed = Signal()

    def __init__(
        self,
        job_id: int,
        stored: StoredResult,
        service: JobService,
        bridge: Bridge,
        parent: QObject | None = None,
        *,
        now: Callable[[], float] = time.time,
        read_only: bool = False,
    ) -> None:
        super().__init__(parent)
        self.read_only = read_only
        self.job_id = job_id
        self.version = stored.version
        self.waveform = stored.waveform
        self._review: Review = stored.review
        self.figures = WordFigures(stored.review.transcript)
        self._service = service
        self._bridge = bridge
        self._now = now
        self._opened_with = self._on_disk = len(self._review.steps)
        self._saving = 0  # steps that were sent and not yet answered
        self._error = ""  # why the last steps are not on disk
        self._warned = False  # that they are lost if the window closes

    @property
    def service(self) -> JobService:
        """The queue."""
        return self._service

    @property
    def playback_folder(self) -> Path:
        """Where the recording may be decoded to be played."""
        return self._service.folders.playback / str(self.job_id)

    @property
    def seek_table(self) -> Path:
        """Where the moments of the recording in its file are noted, if they are."""
        return self._service.folders.seek_table(self.job_id)

    @property
    def files(self) -> JobFiles:
        """How the job's files are read and written."""
        return self._service.folders.files(self.job_id)

    @property
    def transcript(self) -> Transcript:
        """The transcript with all corrections."""
        return self._review.transcript

    @property
    def reviewed(self) -> ReviewedTranscript:
        """The transcript, and how far it is checked."""
        return self._review.current

    @property
    def state(self) -> ReviewState:
        """How far it is checked."""
        return self._review.state

    @property
    def can_undo(self) -> bool:
        """Whether an edit can be undone."""
        return self._review.can_undo and not self.read_only

    @property
    def can_redo(self) -> bool:
        """Whether an undone edit can be done again."""
        return self._review.can_redo and not self.read_only

    @property
    def all_saved(self) -> bool:
        """Whether every step is on disk."""
        return self._on_disk == len(self._review.steps)

    @property
    def changed_here(self) -> bool:
        """Whether there are steps that were made in this window."""
        return len(self._review.steps) > self._opened_with

    @property
    def in_work(self) -> bool:
        """Whether somebody changed it in the last minutes, or not everything is on disk."""
        steps = self._review.steps
        return not self.all_saved or (self.changed_here and self._now() - steps[-1].at < _IN_WORK_S)

    def set_read_only(self, read_only: bool) -> None:
        """Let it be changed from now on, or not."""
        if read_only != self.read_only:
            self.read_only = read_only
            self.read_only_changed.emit()

    def may_change(self) -> bool:
        """Return whether it can be changed; if not, tell that somebody tried."""
        if self.read_only:
            self.refused.emit()
        return not self.read_only

    def edit(self, *edits: Edit) -> bool:
        """Apply edits as one step; return whether they fit."""
        return self._take(Step(StepKind.EDIT, self._now(), account_name(), edits))

    @Slot()
    def undo(self) -> None:
        """Undo the last edit that was not undone."""
        self._take(Step(StepKind.UNDO, self._now(), account_name()))

    @Slot()
    def redo(self) -> None:
        """Do the edit again that was undone last."""
        self._take(Step(StepKind.REDO, self._now(), account_name()))

    def mark_reviewed(self, name: str) -> None:
        """Record that a person checked it."""
        self._take(Step(StepKind.REVIEW, self._now(), name))

    def sign(self, name: str) -> None:
        """Sign it as it is; a draft counts as reviewed by the same person."""
        if self.state is ReviewState.DRAFT:
            self.mark_reviewed(name)
        self._take(Step(StepKind.SIGN, self._now(), name, sha256=fingerprint(self.transcript)))

    @Slot()
    def save(self) -> None:
        """Save what is not on disk, such as after it failed."""
        waiting = self._review.steps[self._on_disk :]
        if self._saving or not waiting:
            return
        self._saving = len(waiting)
        self._bridge.when_done(
            self._service.add_steps(
                self.job_id,
                self.version,
                waiting,
                after=self._on_disk,
                outcome=ReviewOutcome.of(self._review, [self.figures.right]),
            ),
            self._on_saved,
            self._on_not_saved,
        )

    def may_close(self) -> bool:
        """Return whether the window may close: the first time not, if the last steps could not be saved."""
        if not self._error or self._warned:
            return True
        self._warned = True
        again = self.tr("{reason} Close the window again to leave without your last corrections.")
        self.not_saved.emit(again.format(reason=self._error))
        return False

    def send_all(self) -> None:
        """Send every step to the queue now, because the window closes and cannot wait for its answers."""
        sent = self._on_disk + self._saving
        waiting = self._review.steps[sent:]
        if waiting:
            self._service.add_steps(
                self.job_id,
                self.version,
                waiting,
                after=sent,
                outcome=ReviewOutcome.of(self._review, [self.figures.right]),
            )

    def _take(self, step: Step) -> bool:
        if not self.may_change():
            return False
        before = self._review.transcript
        try:
            self._review.add(step)
        except (BadEdit, BadStep) as error:
            log.event("STEP_REFUSED", job=self.job_id, kind=step.kind.value, reason=str(error))
            return False
        change = Splice.between(before.segments, self.transcript.segments)
        self.figures.take(change)
        self.changed.emit(change)
        was_saving = bool(self._saving)
        self.save()
        if not was_saving:
            self.saved.emit()
        return True

    def _on_saved(self, _nothing: None) -> None:
        self._on_disk += self._saving
        self._saving = 0
        self._error, self._warned = "", False
        self.save()  # what was done meanwhile
        self.saved.emit()

    @Slot(str)
    def _on_not_saved(self, sentence: str) -> None:
        self._saving, self._error = 0, sentence
        self.not_saved.emit(sentence)
