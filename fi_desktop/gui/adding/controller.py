"""Adds recordings to the queue, from a drop, the clipboard or a dialog, and reports the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from fi_desktop.audio.media_files import MEDIA_EXTENSIONS, LeftOut, sample_recording
from fi_desktop.core.errors import ErrorInfo, UserError, error_info
from fi_desktop.core.job import JobState
from fi_desktop.core.text import one_line
from fi_desktop.gui import labels
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.adding.options_menu import ChoiceLabels
from fi_desktop.gui.adding.options_sheet import AddedOptionsSheet
from fi_desktop.gui.adding.profiles import ProfileController
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.drag_and_drop import DroppedFiles, dropped_files, missing
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.widgets import FileDialog
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
from fi_desktop.watch.config import Choice

_WAITING = (JobState.QUEUED, JobState.RETRYING)
_CHANGE_OFFER_MS = 60_000  # how long "Change…" is offered for recordings just added


class AddController(QObject):
    """Submits recordings with the chosen options.

    Attributes:
        sheet: changes the options of recordings just added.
        rejected: recordings that the queue could not store.

    Signals:
        added: a SubmitResult.
    """

    added = Signal(object)

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        jobs: JobsModel,
        options: OptionsBar,
        profiles: ProfileController,
        message: MessageBar,
    ) -> None:
        """Prepare.

        Args:
            service: the queue.
            bridge: runs commands and file tasks off the GUI thread.
            jobs: tells which recordings have started.
            options: the options for the next recordings.
            profiles: named sets of options, offered by the sheet.
            message: shows the outcome.
        """
        super().__init__(message)
        self.sheet = AddedOptionsSheet(profiles, message.parentWidget())
        self.rejected = RejectedRecordings(message.parentWidget(), self._submit)
        self._service = service
        self._bridge = bridge
        self._jobs = jobs
        self._options = options
        self._message = message
        self._labels = ChoiceLabels(self)
        self._offered: tuple[tuple[int, ...], str] = (
            (),
            "",
        )  # jobs "Change…" is offered for, with the message
        self._offer_timer = QTimer(self, interval=_CHANGE_OFFER_MS, singleShot=True)
        self._offer_timer.timeout.connect(self._withdraw_offer)
        self.sheet.applied.connect(self._on_options_applied)
        jobs.jobs_changed.connect(self._on_jobs_changed)

    def add(self, paths: Iterable[Path]) -> None:
        """Add recordings and folders with the chosen options."""
        self._add(tuple(paths), remark="")

    def add_dropped(self, data: QMimeData) -> None:
        """Add what was dropped or pasted: files, or text that consists of paths."""
        dropped = dropped_files(data)
        remark = self._remote_remark(dropped.remote)
        if not dropped.paths:
            nothing = self.tr("Only files and folders on this computer can be added.")
            self._message.warning(remark or nothing)
        elif dropped.typed:
            checked = partial(self._on_paths_checked, dropped)
            self._bridge.run_task(partial(missing, dropped.paths), checked, self._on_refused)
        else:
            self._add(dropped.paths, remark=remark)

    def _add(self, paths: tuple[Path, ...], *, remark: str) -> None:
        self._submit(paths, self._options.choice(), remark=remark)

    def _submit(
        self, paths: tuple[Path, ...], choice: Choice, *, remark: str = "", again: bool = False
    ) -> None:
        future = self._service.submit(
            paths, choice.options, priority=choice.priority, again=again, exports=choice.exports
        )
        failed = partial(self._on_not_added, future, paths, choice)
        self._bridge.when_done(future, partial(self._on_added, choice, remark), failed)

    def _on_paths_checked(self, dropped: DroppedFiles, absent: tuple[Path, ...]) -> None:
        remark = ""
        if absent:
            sentence = self.tr("%Ln file(s) or folder(s) not found, such as {path}.", "", len(absent))
            remark = sentence.format(path=one_line(str(absent[0])))
        present = tuple(path for path in dropped.paths if path not in absent)
        if present:
            self._add(present, remark=remark)
        else:
            self._message.warning(remark)

    def _on_added(self, choice: Choice, remark: str, result: SubmitResult) -> None:
        known = tuple(dict.fromkeys(result.known))
        remarks = [sentence for sentence in (remark, *self._left_out_remarks(result.left_out)) if sentence]
        sentences = []
        if result.ids:
            added = self.tr("%Ln recording(s) added: {options}.", "", len(result.ids))
            sentences.append(added.format(options=self._labels.summary(choice)))
        if known:
            sentences.append(self._already_listed(len(result.known)))
            action = MessageAction(self._process_again(len(known)), partial(self._retry, known))
        else:
            action = MessageAction(self.tr("Change…"), partial(self._open_sheet, result.ids, choice))
        show = self._message.warning if remarks else self._message.info
        show(" ".join((*remarks, *sentences)), action)
        if not remarks and not known:
            self._offered = (result.ids, self._message.text)
            self._offer_timer.start()
        self.added.emit(result)

    def _on_not_added(
        self, future: Future[SubmitResult], paths: tuple[Path, ...], choice: Choice, sentence: str
    ) -> None:
        error = future.exception()
        if isinstance(error, Exception) and not isinstance(error, UserError):
            self.rejected.hold(Rejection(paths, choice, error_info(error)))
        else:
            self._message.error(sentence)  # trying again would fail again

    def _remote_remark(self, addresses: tuple[str, ...]) -> str:
        if not addresses:
            return ""
        sentence = self.tr(
            "%Ln of these not on this computer, such as {address}. Copy them here and add the copies.",
            "",
            len(addresses),
        )
        return sentence.format(address=addresses[0])

    def _left_out_remarks(self, left_out: LeftOut) -> Iterator[str]:
        if left_out.unreadable:
            first = left_out.unreadable[0]
            unreadable = self.tr(
                "%Ln file(s) or folder(s) cannot be read, such as {path} ({reason}).",
                "",
                len(left_out.unreadable),
            )
            yield unreadable.format(path=one_line(first.path), reason=labels.sentence(first.reason))
        if left_out.others:
            others = self.tr("%Ln file(s) of other types skipped ({kinds}).", "", left_out.number)
            yield others.format(kinds=one_line(left_out.kinds))

    def _already_listed(self, number: int) -> str:
        return self.tr("%Ln recording(s) already in the list with the same options.", "", number)

    def _process_again(self, number: int) -> str:
        return self.tr("Process %Ln recording(s) again", "", number)

    def _retry(self, ids: tuple[int, ...]) -> None:
        self._bridge.when_done(self._service.retry(ids), None, self._on_refused)

    def _open_sheet(self, ids: tuple[int, ...], choice: Choice) -> None:
        self.sheet.open(ids, choice, self._options.menu.packs)

    @Slot(object, object)
    def _on_options_applied(self, ids: tuple[int, ...], choice: Choice) -> None:
        rows = [row for job_id in ids if (row := self._jobs.job(job_id)) is not None]
        paths = {row.id: Path(row.path) for row in rows}
        changed = self._service.change(paths, choice.options)
        self._bridge.when_done(changed, partial(self._on_changed, paths, choice), self._on_refused)
        prioritized = self._service.prioritize(paths, choice.priority)
        self._bridge.when_done(prioritized, None, self._on_refused)
        exported = self._service.choose_exports(paths, choice.exports)
        self._bridge.when_done(exported, None, self._on_refused)

    def _on_changed(self, paths: dict[int, Path], choice: Choice, result: ChangeResult) -> None:
        sentences, action = [], None
        if result.changed:
            changed = self.tr("%Ln recording(s) changed: {options}.", "", len(result.changed))
            sentences.append(changed.format(options=self._labels.summary(choice)))
        if result.known:
            sentences.append(self._already_listed(len(result.known)))
        if result.started:
            started = tuple(paths[job_id] for job_id in result.started)
            sentences.append(
                self.tr(
                    "%Ln recording(s) already started. Process again with these options?", "", len(started)
                )
            )
            submit = partial(self._submit, started, choice, again=True)
            action = MessageAction(self._process_again(len(started)), submit)
        if sentences:
            self._message.info(" ".join(sentences), action)

    @Slot(object)
    def _on_jobs_changed(self, changed: frozenset[int]) -> None:
        ids, _ = self._offered
        if changed.isdisjoint(ids):
            return
        rows = [self._jobs.job(job_id) for job_id in ids]
        if not any(row is not None and row.state in _WAITING for row in rows):
            self._withdraw_offer()

    @Slot()
    def _withdraw_offer(self) -> None:
        """Stop offering "Change…": the recordings have started, or the offer timed out."""
        ids, sentence = self._offered
        if ids and self._message.text == sentence:
            self._message.dismiss()
        self._offered = ((), "")

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._message.error(sentence)


@dataclass(frozen=True, slots=True)
class Rejection:
    """Recordings that were added together and not stored, with their options and the error."""

    paths: tuple[Path, ...]
    choice: Choice
    error: ErrorInfo


class RejectedRecordings(QObject):
    """Keeps recordings that could not be stored, as on a full disk, and offers to retry.

    Attributes:
        bar: reports them until a person dismisses it; no other message replaces it.
        held: the rejections, in order.
    """

    def __init__(self, parent: QWidget | None, submit: Callable[[tuple[Path, ...], Choice], None]) -> None:
        """Prepare. `submit`: adds recordings and folders."""
        super().__init__(parent)
        self.bar = MessageBar(parent)
        self.bar.setAccessibleName(self.tr("Recordings that were not added"))
        self.bar.dismissed.connect(self._on_dismissed)
        self.held: list[Rejection] = []
        self._submit = submit

    def hold(self, *rejections: Rejection) -> None:
        """Keep and report these, along with earlier ones."""
        self.held += rejections
        if not self.held:
            return
        last = self.held[-1]
        number = sum(len(rejection.paths) for rejection in self.held)
        if number == 1:
            sentence = self.tr("“{name}” was not added.").format(name=one_line(last.paths[0].name))
        else:
            sentence = self.tr("%Ln recording(s) or folder(s) not added.", "", number)
        retry = MessageAction(self.tr("Retry"), self.retry)
        self.bar.error(f"{sentence} {labels.sentence(last.error)}", retry)

    def retry(self) -> None:
        """Add them again."""
        held, self.held = self.held, []
        self.bar.dismiss()
        for rejection in held:
            self._submit(rejection.paths, rejection.choice)

    def _on_dismissed(self) -> None:
        self.held.clear()


class RecordingPicker(QObject):
    """Adds recordings from a file dialog, the clipboard, or the sample recording."""

    def __init__(
        self, controller: AddController, bridge: Bridge, refused: Callable[[str], None], window: QWidget
    ) -> None:
        """Prepare. `refused`: shows a sentence about what failed."""
        super().__init__(window)
        self._controller, self._bridge, self._refused, self._window = controller, bridge, refused, window
        self._dialog: QFileDialog | None = None

    @Slot()
    def choose_files(self) -> None:
        """Choose recordings."""
        extensions = " ".join(f"*{extension}" for extension in sorted(MEDIA_EXTENSIONS))
        dialog = FileDialog(self._window, self.tr("Add recordings"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [self.tr("Audio and video ({endings})").format(endings=extensions), self.tr("All files (*)")]
        )
        self._open(dialog)

    @Slot()
    def choose_folder(self) -> None:
        """Choose a folder of recordings."""
        dialog = FileDialog(self._window, self.tr("Add a folder of recordings"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open(dialog)

    @Slot()
    def paste(self) -> None:
        """Add the files or paths on the clipboard."""
        # Qt returns None for an empty clipboard
        self._controller.add_dropped(QGuiApplication.clipboard().mimeData() or QMimeData())

    @Slot()
    def add_sample(self) -> None:
        """Add the sample recording."""
        self._bridge.run_task(sample_recording, self._on_sample_found, self._refused)

    def _open(self, dialog: QFileDialog) -> None:
        if self._dialog is not None:
            dialog.deleteLater()
            return
        self._dialog = dialog
        dialog.filesSelected.connect(self._on_files_selected)
        dialog.finished.connect(self._on_finished)
        dialog.open()

    def _on_sample_found(self, sample: Path) -> None:
        self._controller.add([sample])

    @Slot(list)
    def _on_files_selected(self, names: list[str]) -> None:
        self._controller.add(Path(name) for name in names)

    @Slot()
    def _on_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
