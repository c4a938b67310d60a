"""Opens the review of a de-identified copy from a result."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from fi_desktop.core.job import Job
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.labels import export_labels
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.result.deidentify_dialog import DeidentifyDialog
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.viewmodel.copy_review import CopyReview, prepare_review


class DeidentifyAction(QAction):
    """Looks for what identifies people, and shows it.

    Attributes:
        dialog: the review; None until the first one, and while people are looked for.
    """

    def __init__(self, session: ReviewSession, bridge: Bridge, message: MessageBar, over: QWidget) -> None:
        """message: says why there is no review; over: the result."""
        super().__init__(over)
        self.dialog: DeidentifyDialog | None = None
        self._session, self._bridge, self._message, self._over = session, bridge, message, over
        self._files = session.service.folders.home_files
        self.setText(self.tr("De-&identified copy…"))
        self.triggered.connect(self._on_triggered)

    @Slot()
    def _on_triggered(self) -> None:
        if self.dialog is not None:
            self.dialog.raise_()
            self.dialog.activateWindow()
            return
        self.setEnabled(False)
        job = self._session.service.job(self._session.job_id)
        self._bridge.when_done(job, self._on_job, self._on_refused)

    def _on_job(self, job: Job | None) -> None:
        """Look for people, with what the job's name and case say."""
        hints = () if job is None else (Path(job.path).stem, job.label.case)
        result = self._session.reviewed
        prepare = partial(prepare_review, result, export_labels(), self._files, hints)
        self._bridge.run_task(prepare, self._on_prepared, self._on_refused)

    def _on_prepared(self, review: CopyReview) -> None:
        self.setEnabled(True)
        self.dialog = DeidentifyDialog(review, self._files, self._bridge, self._over)
        self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.dialog.finished.connect(self._on_finished)
        self.dialog.open()

    @Slot()
    def _on_finished(self) -> None:
        self.dialog = None

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self.setEnabled(True)
        self._message.error(sentence)
