"""Where recordings are handed in: whatever a person gave goes to the queue, and what became of it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from fi_desktop.audio.media_files import MEDIA_EXTENSIONS, LeftOut, sample_recording
from fi_desktop.core.errors import ErrorInfo, UserError, error_info
from fi_desktop.core.job import JobState
from fi_desktop.core.text import one_line
from fi_desktop.gui import errors
from fi_desktop.gui.adding.options_sheet import AddedOptionsSheet
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.drag_and_drop import Given, given_paths, missing
from fi_desktop.gui.job_options.bar import OptionsBar
from fi_desktop.gui.job_options.menu import ChoiceLabels
from fi_desktop.gui.job_options.profiles import ProfileController
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.widgets import FileDialog
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
from fi_desktop.watch.config import Choice

_WAITING = (JobState.QUEUED, JobState.RETRYING)


_SHOWN_MS = 60_000  # the offer to change what was just added does not stay for ever
Paths = tuple[Path, ...]
Refusal = tuple[Paths, Choice, ErrorInfo]
HandIn = Callable[[Paths, Choice], None]


class AddController(QObject):
    """Takes recordings in.

    Attributes:
        sheet: where a person changes how the recordings just added are done.
        refused: recordings that the queue did not take.

    Signals:
        added: a SubmitResult: recordings are in the queue, or were there already.
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
            bridge: the crossing to its thread.
            jobs: the jobs as they are shown: which have begun?
            options: says how the next recordings are done.
            profiles: named ways of doing recordings.
            message: where it is told what became of them.
        """
        super().__init__(message)
        self.sheet = AddedOptionsSheet(profiles, message.parentWidget())
        self.refused = RejectedRecordings(message.parentWidget(), self._hand_in)
        self._service = service
        self._bridge = bridge
        self._jobs = jobs
        self._options = options
        self._message = message
        self._words = ChoiceLabels(self)
        self._told: tuple[tuple[int, ...], str] = ((), "")
        self._fade = QTimer(self, interval=_SHOWN_MS, singleShot=True)
        self._fade.timeout.connect(self._withdraw)
        self.sheet.applied.connect(self._on_applied)
        jobs.jobs_changed.connect(self._on_jobs_changed)

    def add(self, paths: Iterable[Path]) -> None:
        """Hand recordings or folders in, with the options that are chosen."""
        self._add(tuple(paths), remark="")

    def take(self, data: QMimeData) -> None:
        """Hand in what was dropped or pasted: files, or text that is nothing but paths."""
        given = given_paths(data)
        remark = self._elsewhere(given.elsewhere)
        if not given.paths:
            nothing = self.tr("Only files and folders of this computer can be added.")
            self._message.warning(remark or nothing)
        elif given.typed:
            looked = partial(self._on_looked_for, given)
            self._bridge.run_task(partial(missing, given.paths), looked, self._on_refused)
        else:
            self._add(given.paths, remark=remark)

    def _elsewhere(self, addresses: tuple[str, ...]) -> str:
        if not addresses:
            return ""
        sentence = self.tr(
            "%Ln of these not on this computer, such as {address}: copy them here, and add the copies.",
            "",
            len(addresses),
        )
        return sentence.format(address=addresses[0])

    def _add(self, paths: tuple[Path, ...], *, remark: str) -> None:
        self._hand_in(paths, self._options.choice(), remark=remark)

    def _hand_in(
        self, paths: tuple[Path, ...], choice: Choice, *, remark: str = "", again: bool = False
    ) -> None:
        future = self._service.submit(paths, choice.options, priority=choice.priority, again=again)
        failed = partial(self._on_not_added, future, paths, choice)
        self._bridge.when_done(future, partial(self._on_added, choice, remark), failed)

    def _on_looked_for(self, given: Given, gone: tuple[Path, ...]) -> None:
        remark = ""
        if gone:
            sentence = self.tr("%Ln of these file(s) and folders not there, such as {path}.", "", len(gone))
            remark = sentence.format(path=one_line(str(gone[0])))
        there = tuple(path for path in given.paths if path not in gone)
        if there:
            self._add(there, remark=remark)
        else:
            self._message.warning(remark)

    def _on_added(self, choice: Choice, remark: str, submission: SubmitResult) -> None:
        known = tuple(dict.fromkeys(submission.known))
        remarks = [sentence for sentence in (remark, *self._left_out(submission.left_out)) if sentence]
        sentences = []
        if submission.ids:
            sentences.append(self._added(len(submission.ids), choice))
        if known:
            sentences.append(self._known(len(known)))
            offer = MessageAction(self._again(len(known)), partial(self._do_again, known))
        else:
            offer = MessageAction(self.tr("Change…"), partial(self._open_sheet, submission.ids, choice))
        self._message.show_message(" ".join((*remarks, *sentences)), "warn" if remarks else "info", offer)
        if not remarks and not known:
            self._told = (submission.ids, self._message.text)
            self._fade.start()
        self.added.emit(submission)

    def _left_out(self, left_out: LeftOut) -> Iterator[str]:
        """Say what was not taken."""
        if left_out.unreadable:
            first = left_out.unreadable[0]
            refused = self.tr(
                "%Ln file(s) and folders cannot be read, such as {path} ({reason}).",
                "",
                len(left_out.unreadable),
            )
            yield refused.format(path=one_line(first.path), reason=errors.sentence(first.reason))
        if left_out.others:
            others = self.tr("%Ln file(s) of other kinds left out ({kinds}).", "", left_out.number)
            yield others.format(kinds=one_line(left_out.kinds))

    def _added(self, number: int, choice: Choice) -> str:
        added = self.tr("%Ln recording(s) added: {options}.", "", number)
        return added.format(options=self._words.told(choice))

    def _known(self, number: int) -> str:
        return self.tr("%Ln recording(s) in the list already, with the same options.", "", number)

    def _again(self, number: int) -> str:
        return self.tr("Do %Ln recording(s) again", "", number)

    def _do_again(self, known: tuple[int, ...]) -> None:
        self._bridge.when_done(self._service.retry(known), None, self._on_refused)

    # ---- what was just added, and is to be done in another way

    def _open_sheet(self, ids: tuple[int, ...], choice: Choice) -> None:
        self.sheet.open(ids, choice, self._options.menu.packs)

    @Slot(object, object)
    def _on_applied(self, ids: tuple[int, ...], choice: Choice) -> None:
        rows = [row for job_id in ids if (row := self._jobs.row_by_id(job_id)) is not None]
        paths = {row.id: Path(row.path) for row in rows}
        changed = self._service.change(paths, choice.options)
        self._bridge.when_done(changed, partial(self._on_changed, paths, choice), self._on_refused)
        soon = self._service.prioritize(paths, choice.priority)
        self._bridge.when_done(soon, None, self._on_refused)

    def _on_changed(self, paths: dict[int, Path], choice: Choice, change: ChangeResult) -> None:
        sentences, offer = [], None
        if change.changed:
            now = self.tr("%Ln recording(s) done so: {options}.", "", len(change.changed))
            sentences.append(now.format(options=self._words.told(choice)))
        if change.known:
            sentences.append(self._known(len(change.known)))
        if change.started:
            begun = tuple(paths[job_id] for job_id in change.started)
            sentences.append(
                self.tr("%Ln recording(s) begun already: do again with these options?", "", len(begun))
            )
            offer = MessageAction(self._again(len(begun)), partial(self._do_so, begun, choice))
        if sentences:
            self._message.info(" ".join(sentences), offer)

    def _do_so(self, paths: tuple[Path, ...], choice: Choice) -> None:
        self._hand_in(paths, choice, again=True)

    @Slot(object)
    def _on_jobs_changed(self, changed: frozenset[int]) -> None:
        ids, _ = self._told
        if changed.isdisjoint(ids):
            return
        rows = [self._jobs.row_by_id(job_id) for job_id in ids]
        if not any(row is not None and row.state in _WAITING for row in rows):
            self._withdraw()

    @Slot()
    def _withdraw(self) -> None:
        """Take back the offer to change what was just added: it has begun, or nobody wanted to."""
        ids, sentence = self._told
        if ids and self._message.text == sentence:
            self._message.dismiss()
        self._told = ((), "")

    def _on_not_added(
        self, future: Future[SubmitResult], paths: tuple[Path, ...], choice: Choice, sentence: str
    ) -> None:
        error = future.exception()
        if isinstance(error, Exception) and not isinstance(error, UserError):
            self.refused.hold((paths, choice, error_info(error)))
        else:
            self._message.error(sentence)  # they would be refused again

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._message.error(sentence)


class RecordingPicker(QObject):
    """Asks for recordings, one dialog at a time, and hands in what was chosen."""

    def __init__(
        self, desk: AddController, bridge: Bridge, refused: Callable[[str], None], window: QWidget
    ) -> None:
        """Prepare. `refused` is told in a sentence what did not work."""
        super().__init__(window)
        self._desk, self._bridge, self._refused, self._window = desk, bridge, refused, window
        self._dialog: QFileDialog | None = None

    @Slot()
    def ask_for_files(self) -> None:
        """Ask for recordings."""
        endings = " ".join(f"*{ending}" for ending in sorted(MEDIA_EXTENSIONS))
        dialog = FileDialog(self._window, self.tr("Add recordings"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters(
            [self.tr("Audio and video ({endings})").format(endings=endings), self.tr("All files (*)")]
        )
        self._open(dialog)

    @Slot()
    def ask_for_folder(self) -> None:
        """Ask for a folder of recordings."""
        dialog = FileDialog(self._window, self.tr("Add a folder of recordings"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open(dialog)

    @Slot()
    def paste(self) -> None:
        """Take what was copied elsewhere."""
        # Qt gives none where the clipboard is empty
        self._desk.take(QGuiApplication.clipboard().mimeData() or QMimeData())

    @Slot()
    def take_sample(self) -> None:
        """Take the recording to try the program with."""
        # looking for it reads folders
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
        self._desk.add([sample])

    @Slot(list)
    def _on_files_selected(self, names: list[str]) -> None:
        self._desk.add(Path(name) for name in names)

    @Slot()
    def _on_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None


class RejectedRecordings(QObject):
    """Keeps what was refused, with the options that it was handed in with.

    Attributes:
        bar: tells of it; no other message takes its place.
        held: what was handed in together, how it is to be done, and why it was refused; in order.
    """

    def __init__(self, parent: QWidget | None, hand_in: HandIn) -> None:
        """Prepare; `hand_in`: hands recordings and folders in again."""
        super().__init__(parent)
        self.bar = MessageBar(parent)
        self.bar.setAccessibleName(self.tr("Recordings that were not added"))
        self.bar.dismissed.connect(self._on_dismissed)
        self.held: list[Refusal] = []
        self._hand_in = hand_in

    def hold(self, *refusals: Refusal) -> None:
        """Tell that these were refused, along with what is held already."""
        self.held += refusals
        if not self.held:
            return
        paths, _, error = self.held[-1]
        number = sum(len(paths) for paths, _, _ in self.held)
        if number == 1:
            told = self.tr("“{name}” was not added.").format(name=one_line(paths[0].name))
        else:
            told = self.tr("%Ln recording(s) or folder(s) not added.", "", number)
        self.bar.error(f"{told} {errors.sentence(error)}", MessageAction(self.tr("Retry"), self.retry))

    def retry(self) -> None:
        """Hand in again what is held."""
        held, self.held = self.held, []
        self.bar.dismiss()
        for paths, choice, _ in held:
            self._hand_in(paths, choice)

    def _on_dismissed(self) -> None:
        self.held.clear()
