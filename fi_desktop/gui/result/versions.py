"""The versions of a job's result: which one is shown and which one current, and how one is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from fi_desktop.core.values import JobOptions
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.result.again_dialog import AgainDialog
from fi_desktop.gui.result.view import ResultView
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.review_files import ChosenResult, StoredResult, VersionFacts
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult
from fi_desktop.system.files import RESULT
from fi_desktop.viewmodel.result import options_with


class ResultVersions(QObject):
    """Switches between the versions of one job's result, and has new ones made.

    Attributes:
        path: the job's recording.
        bar: says above a version that is not the current one what can be done with it.
        packs: returns the names of the installed transcription models.
        dialog: asks for options; None while it is closed.

    Signals:
        read_asked: the file name of a version that is to be shown.
    """

    read_asked = Signal(str)

    def __init__(self, service: JobService, bridge: Bridge, parent: QWidget) -> None:
        super().__init__(parent)
        self.bar = MessageBar(parent, closable=False)
        self.path = ""
        self.packs: Callable[[], Iterable[str]] = tuple
        self.dialog: AgainDialog | None = None
        self._service = service
        self._bridge = bridge
        self._labels = UiLabels(self)
        self._job_id = 0
        self._view: ResultView | None = None
        self._stored: StoredResult | None = None
        self._facts: list[VersionFacts] = []
        self._new = False  # a new version waits to be shown

    def attach(self, view: ResultView, stored: StoredResult) -> None:
        """Take over a view that is shown from now on."""
        if self._job_id != view.session.job_id:
            self._job_id, self._facts = view.session.job_id, []
        self._view, self._stored = view, stored
        view.versions.chosen.connect(self.read_asked)
        view.options_asked.connect(self.ask)
        view.number_asked.connect(self._on_number_asked)
        view.session.changed.connect(self._on_changed)
        view.session.refused.connect(self._on_edit_refused)
        self.refresh()

    def detach(self) -> None:
        """Let go of the view, because another one takes its place."""
        self._view = self._stored = None
        self._new = False
        self.bar.dismiss()
        if self.dialog is not None:
            self.dialog.reject()

    def refresh(self) -> None:
        """List the versions again."""
        if self._stored is not None:
            job_id = self._job_id
            read = partial(_facts_of, self._service.folders, job_id, self._facts, self._stored)
            self._bridge.run_task(read, partial(self._on_listed, job_id), self._on_refused)

    def announce(self) -> None:
        """Tell that there is a new version, while the one on screen is in use."""
        self._new = True
        self.refresh()

    def use(self, job_id: int, name: str) -> None:
        """Make a version the current one; the current one is settled for, after a run that failed."""
        read = partial(_chosen, self._service.folders, job_id, name)
        self._bridge.run_task(read, partial(self._on_chosen, job_id), self._on_refused)

    @Slot()
    def ask(self) -> None:
        """Ask for the options of a new version."""
        if self._stored is None or self._view is None or self.dialog is not None:
            return
        options = ChosenResult.of(self._stored).options
        self.dialog = AgainDialog(options, self.packs(), self._view.window())
        self.dialog.accepted.connect(self._on_options_chosen)
        self.dialog.finished.connect(self._on_dialog_finished)
        self.dialog.open()

    @Slot()
    def _on_options_chosen(self) -> None:
        if self.dialog is not None:
            self._process(self.dialog.options())

    @Slot()
    def _on_dialog_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
        self.dialog = None

    @Slot(int)
    def _on_number_asked(self, speakers: int) -> None:
        if self._stored is not None:
            self._process(options_with(speakers, self._stored.machine.provenance))

    def _process(self, options: JobOptions) -> None:
        change = self._service.change({self._job_id: Path(self.path)}, options, again=True)
        self._bridge.when_done(change, self._on_asked, self._on_refused)

    def _on_asked(self, change: ChangeResult) -> None:
        if sentence := self._labels.unchanged(change):
            self._on_refused(sentence)

    # ---- the list

    def _on_listed(self, job_id: int, facts: list[VersionFacts]) -> None:
        if self._view is not None and job_id == self._job_id:
            self._facts, session = facts, self._view.session
            shown = self._shown
            self._view.versions.show_versions(facts, session.version)
            self._on_changed()
            # what is being typed while a new version arrives must still reach the one it belongs to
            open_still = self._new and not session.read_only
            session.set_read_only(shown is not None and not shown.current and not open_still)
            self._show_bar()

    @property
    def _shown(self) -> VersionFacts | None:
        version = self._view.session.version if self._view is not None else ""
        return next((facts for facts in self._facts if facts.version == version), None)

    def _show_bar(self) -> None:
        shown = self._shown
        current = next((facts for facts in self._facts if facts.current), None)
        if shown is None or current is None or shown.current:
            self.bar.dismiss()
            return
        numbers = {"number": shown.number, "total": len(self._facts), "current": current.number}
        if self._new:
            text = self.tr("A new version is ready. You see version {number} of {total}, which stays.")
            action = MessageAction(self.tr("Show the new version"), partial(self.read_asked.emit, RESULT))
        else:
            text = self.tr(
                "This is version {number} of {total}, which you can read, play, copy and export. "
                "To correct it, use it in place of version {current}."
            )
            if shown.number < current.number:
                text = self.tr(
                    "This is an earlier version, {number} of {total}, which you can read, play, copy and "
                    "export. To correct it, use it in place of version {current}."
                )
            action = self._use_action(shown)
        self.bar.info(text.format(**numbers), action)

    @Slot()
    def _on_changed(self) -> None:
        """Follow how far the version on screen is checked."""
        shown, view = self._shown, self._view
        if shown is not None and view is not None and shown.review is not view.session.state:
            checked = replace(shown, review=view.session.state)
            self._facts = [checked if facts is shown else facts for facts in self._facts]
            view.versions.show_versions(self._facts, shown.version)

    @Slot()
    def _on_edit_refused(self) -> None:
        shown = self._shown
        if self._view is not None and shown is not None:
            sentence = self.tr("Only the current version can be corrected.")
            self._view.message.info(sentence, self._use_action(shown))

    def _use_action(self, facts: VersionFacts) -> MessageAction:
        return MessageAction(self.tr("Use this version"), partial(self.use, self._job_id, facts.name))

    # ---- another current version

    def _on_chosen(self, job_id: int, chosen: ChosenResult) -> None:
        used = self._service.use_version(job_id, chosen)
        self._bridge.when_done(used, self._on_used, self._on_refused)

    def _on_used(self, _nothing: None) -> None:
        self._new = False
        self.refresh()

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        if self._view is not None:
            self._view.message.warning(sentence)
        self._show_bar()


def _facts_of(
    folders: JobFolders, job_id: int, known: list[VersionFacts], shown: StoredResult
) -> list[VersionFacts]:
    """Return the versions of a result; none if there is only one. known, shown: need not be read again."""
    if len(folders.versions(job_id)) < 2:
        return []
    return folders.version_facts(job_id, (*known, VersionFacts.of(shown, "", 0)))


def _chosen(folders: JobFolders, job_id: int, name: str) -> ChosenResult:
    return ChosenResult.of(folders.result(job_id, name))
