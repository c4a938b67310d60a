"""Finds the recording of a result that was moved: in likely places by itself, or where a person says.

Files are only read on other threads. The queue remembers the new place; the result stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QMenu

from fi_desktop.audio.media_files import MEDIA_EXTENSIONS
from fi_desktop.core import messages
from fi_desktop.core.job import Job
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.result.player import Player
from fi_desktop.gui.result.player_bar import PlayerBar
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.widgets import FileDialog
from fi_desktop.jobs.moved_recording import RecordingSearch, SoughtRecording
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobsPage

_PROGRESS_MS = 500
_OTHER_JOBS = 1_000  # the newest: their recordings' folders are looked into


class RecordingFinder(QObject):
    """Looks for the recording of one result while it is gone.

    Attributes:
        menu: of the button "Find it…": choose the file, or a folder to search.

    Signals:
        found: the recording is at this path from now on.
    """

    found = Signal(str)

    def __init__(
        self,
        session: ReviewSession,
        service: JobService,
        player: Player,
        controls: PlayerBar,
        message: MessageBar,
        bridge: Bridge,
    ) -> None:
        super().__init__(controls)
        self._session, self._service, self._bridge = session, service, bridge
        self._player, self._controls, self._message = player, controls, message
        self._looked = self._helped = False  # by itself; by a person
        self._search: RecordingSearch | None = None
        self._progress: Callable[[int], str] = lambda _count: ""
        self._dialog: QFileDialog | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_PROGRESS_MS)
        self._timer.timeout.connect(self._on_tick)
        self.menu = QMenu(controls.find_it)
        self.menu.addAction(self.tr("Choose the file…")).triggered.connect(self._on_choose_file)
        self.menu.addAction(self.tr("Search a folder…")).triggered.connect(self._on_choose_folder)
        controls.find_it.setMenu(self.menu)
        message.dismissed.connect(self.cancel)
        player.changed.connect(self._on_changed)

    @Slot()
    def cancel(self) -> None:
        """End a search."""
        self._timer.stop()
        if self._search is not None:
            self._search.cancel()
            self._search = None

    @Slot()
    def _on_changed(self) -> None:
        """Look in the likely places, once; without an audio device, nobody else notices that it is gone."""
        if self._player.gone and not self._looked:
            self._looked = True
            self._ask(self._look_nearby)
        elif self._player.error == messages.PLAY_NO_DEVICE.code:
            there = self._player.source.is_file
            self._bridge.run_in_thread("recording-check", there, self._on_checked, self._on_failed)

    def _on_checked(self, there: bool) -> None:
        if not there and not self._player.gone:
            self._player.miss()

    def _ask(self, then: Callable[[SoughtRecording], None]) -> None:
        """Go on with what is known of the recording."""
        job = self._service.job(self._session.job_id)
        self._bridge.when_done(job, partial(self._on_job, then), self._on_failed)

    def _on_job(self, then: Callable[[SoughtRecording], None], job: Job | None) -> None:
        if job is not None:
            sha256 = self._session.transcript.provenance.source_sha256
            then(SoughtRecording(Path(job.path), sha256, job.fingerprint, job.options))

    # ---- by itself

    def _look_nearby(self, sought: SoughtRecording) -> None:
        page = self._service.page(_OTHER_JOBS)
        self._bridge.when_done(page, partial(self._on_others, sought), self._on_failed)

    def _on_others(self, sought: SoughtRecording, page: JobsPage) -> None:
        if self._helped:
            return
        folders = dict.fromkeys(Path(job.path).parent for job in page.jobs)
        folders.pop(sought.path.parent, None)
        search = RecordingSearch(sought)
        self._run(search, partial(search.nearby, list(folders)), self._on_nearby)

    def _on_nearby(self, search: RecordingSearch, path: Path | None) -> None:
        if self._search is not search:
            return
        self._search = None
        if path is not None:
            sentence = self.tr("The recording was moved. It is now here: {path}").format(path=path)
            self._message.info(sentence, MessageAction(self.tr("Use it"), partial(self._relocate, path)))

    # ---- where a person says

    @Slot()
    def _on_choose_file(self) -> None:
        extensions = " ".join(f"*{extension}" for extension in sorted(MEDIA_EXTENSIONS))
        dialog = self._new_dialog(self.tr("Find the recording"), QFileDialog.FileMode.ExistingFile)
        audio = self.tr("Audio and video ({endings})").format(endings=extensions)
        dialog.setNameFilters([audio, self.tr("All files (*)")])
        dialog.filesSelected.connect(self._on_file_chosen)
        dialog.open()

    @Slot()
    def _on_choose_folder(self) -> None:
        title = self.tr("Search a folder for the recording")
        dialog = self._new_dialog(title, QFileDialog.FileMode.Directory)
        dialog.filesSelected.connect(self._on_folder_chosen)
        dialog.open()

    def _new_dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        if self._dialog is not None:
            self._dialog.deleteLater()
        dialog = self._dialog = FileDialog(self._controls, title)
        dialog.setFileMode(mode)
        return dialog

    @Slot(list)
    def _on_file_chosen(self, names: list[str]) -> None:
        self._helped = True
        self._ask(partial(self._check, Path(names[0])))

    @Slot(list)
    def _on_folder_chosen(self, names: list[str]) -> None:
        self._helped = True
        self._ask(partial(self._search_folder, Path(names[0])))

    def _check(self, path: Path, sought: SoughtRecording) -> None:
        search = RecordingSearch(sought)
        self._show_progress(lambda _count: self.tr("Comparing the file with the result…"))
        self._run(search, partial(search.check, path), self._on_searched)

    def _search_folder(self, folder: Path, sought: SoughtRecording) -> None:
        search = RecordingSearch(sought)
        self._show_progress(lambda count: self.tr("Searching… %Ln file(s) compared", "", count))
        self._run(search, partial(search.in_folder, folder), self._on_searched)

    def _on_searched(self, search: RecordingSearch, path: Path | None) -> None:
        if self._search is not search:
            return
        self.cancel()
        if path is not None:
            self._relocate(path)
        else:
            self._message.warning(self.tr("The recording is not in this folder."))

    # ---- searches

    def _run(
        self,
        search: RecordingSearch,
        function: Callable[[], Path | None],
        done: Callable[[RecordingSearch, Path | None], None],
    ) -> None:
        running, self._search = self._search, search
        if running is not None:
            running.cancel()
        self._bridge.run_in_thread("recording-search", function, partial(done, search), self._on_failed)

    def _show_progress(self, sentence: Callable[[int], str]) -> None:
        self._progress = sentence
        self._message.info(sentence(0), MessageAction(self.tr("Cancel"), self.cancel))
        self._timer.start()

    @Slot()
    def _on_tick(self) -> None:
        if self._search is not None:
            self._message.update_text(self._progress(self._search.looked_at))

    @Slot(str)
    def _on_failed(self, sentence: str) -> None:
        self.cancel()
        self._message.warning(sentence)

    # ---- the new place

    def _relocate(self, path: Path) -> None:
        moved = self._service.relocate(self._session.job_id, path)
        self._bridge.when_done(moved, partial(self._on_relocated, path), self._on_failed)

    def _on_relocated(self, path: Path, _nothing: None) -> None:
        self._looked = self._helped = False
        self._message.info(self.tr("The recording is played from here now: {path}").format(path=path))
        self.found.emit(str(path))
