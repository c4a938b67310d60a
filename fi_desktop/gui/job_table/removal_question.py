"""Asks before results are removed: what goes, what stays, whether the recordings go to the trash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QCheckBox, QMessageBox, QWidget

from fi_desktop.core.job import Job
from fi_desktop.gui import labels
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.trash import move_to_trash
from fi_desktop.gui.widgets import message_box
from fi_desktop.jobs.recording_removal import RecordingsChecked, check_recordings, trash_recordings
from fi_desktop.jobs.service import JobService
from fi_desktop.viewmodel.rows import Row

_TOLD = 3  # reasons why recordings stayed


class RemovalQuestion(QObject):
    """Asks if at least one of the jobs has a result, and then removes them.

    Without the recordings, the removal can be undone for some seconds. With them, the jobs are gone at once;
    the recordings can be taken back out of the trash.

    Attributes:
        box: the open question, if any.
        with_recordings: its box, which is not ticked at first.
    """

    def __init__(
        self,
        window: QWidget,
        service: JobService,
        bridge: Bridge,
        message: MessageBar,
        remove: Callable[[list[int]], None],
    ) -> None:
        """Prepare; `remove` removes jobs without their recordings."""
        super().__init__(window)
        self._window, self._service, self._bridge = window, service, bridge
        self._message, self._remove = message, remove
        self.box: QMessageBox | None = None
        self.with_recordings: QCheckBox | None = None

    def request(self, rows: Sequence[Row]) -> None:
        """Remove these jobs, after a question if one of them has a result."""
        ids, results = [row.id for row in rows], sum(row.exportable for row in rows)
        if ids and not results:
            self._remove(ids)
        elif ids and self.box is None:
            self._ask(ids, results)

    def _ask(self, ids: list[int], results: int) -> None:
        box = message_box(
            self._window,
            QMessageBox.Icon.Question,
            self.tr("Remove"),
            self.tr("Remove %Ln recording(s) from the list?", "", len(ids)),
            self._explained(results, with_recordings=False),
        )
        self.with_recordings = QCheckBox(self.tr("Move the recordings to the &trash too"), box)
        box.setCheckBox(self.with_recordings)
        self.with_recordings.toggled.connect(
            lambda ticked: box.setInformativeText(self._explained(results, with_recordings=ticked))
        )
        remove = box.addButton(self.tr("Remove"), QMessageBox.ButtonRole.AcceptRole)
        remove.clicked.connect(partial(self._on_confirmed, ids, self.with_recordings))
        keep = box.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(remove)
        box.setEscapeButton(keep)
        box.finished.connect(self._on_finished)
        self.box = box
        box.open()

    def _explained(self, results: int, *, with_recordings: bool) -> str:
        """Return what goes and what stays."""
        deleted = self.tr("Deleted: %Ln result(s) with all corrections.", "", results)
        kept = self.tr("Kept: the recordings, exported files, and the entries in the audit trail.")
        if with_recordings:
            kept = self.tr("Kept: exported files and the entries in the audit trail.")
        return f"{deleted}\n\n{kept}"

    def _on_confirmed(self, ids: list[int], with_recordings: QCheckBox, _checked: bool = False) -> None:
        if not with_recordings.isChecked():
            self._remove(ids)
            return
        self._message.info(self.tr("Comparing %Ln recording(s) with the results…", "", len(ids)))
        work = partial(_remove_with_recordings, self._service, ids)
        self._bridge.run_in_thread("recording removal", work, self._on_removed, self._message.error)

    def _on_removed(self, recordings: RecordingsChecked) -> None:
        sentence = self.tr("%Ln recording(s) moved to the trash", "", len(recordings.going))
        if not recordings.staying:
            self._message.info(sentence)
            return
        reasons = [labels.sentence(note) for note in recordings.staying[:_TOLD]]
        if more := len(recordings.staying) - _TOLD:
            reasons += [self.tr("%Ln more recording(s) stayed.", "", more)] if more > 0 else []
        self._message.warning(" ".join((f"{sentence}.", *reasons)))

    @Slot()
    def _on_finished(self) -> None:
        if self.box is not None:
            self.box.deleteLater()
        self.box = self.with_recordings = None


def _remove_with_recordings(service: JobService, ids: list[int]) -> RecordingsChecked:
    """Remove jobs and then their recordings; a program that is killed in between keeps the recordings."""

    def jobs_after(after: int, limit: int) -> list[Job]:
        return service.jobs(after=after, limit=limit).result()

    checked = check_recordings(ids, jobs_after, service.folders)
    service.remove(ids).result()
    return trash_recordings(checked, move_to_trash, service.trail)
