"""Where recordings are handed in: whatever a person gave goes to the queue, and what became of it is told."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal

from fi_desktop.jobs.ledger import Submission
from fi_desktop.jobs.service import JobService
from fi_desktop.ui.bridge import Bridge
from fi_desktop.ui.intake.paths import Given, given_paths, missing
from fi_desktop.ui.message_bar import MessageBar, Offer
from fi_desktop.ui.options.bar import OptionsBar


class IntakeDesk(QObject):
    """Takes recordings in.

    Signals:
        added: a Submission: recordings are in the queue, or were there already.
    """

    added = Signal(object)

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        options: OptionsBar,
        message: MessageBar,
        parent: QObject | None = None,
    ) -> None:
        """Prepare.

        Args:
            service: the queue.
            bridge: the crossing to its thread.
            options: says how the next recordings are done.
            message: where it is told what became of them.
            parent: owns the desk.
        """
        super().__init__(parent)
        self._service = service
        self._bridge = bridge
        self._options = options
        self._message = message

    def add(self, paths: Iterable[Path]) -> None:
        """Hand recordings or folders in, with the options that are chosen."""
        future = self._service.submit(tuple(paths), self._options.options())
        self._bridge.when_done(future, self._on_added, self._on_refused)

    def take(self, data: QMimeData) -> None:
        """Hand in what was dropped or pasted: files, or text that is nothing but paths."""
        given = given_paths(data)
        if not given.paths:
            self._message.say(self.tr("Only files and folders of this computer can be added."), "warn")
        elif given.typed:
            looked = partial(self._on_looked_for, given)
            self._bridge.work(partial(missing, given.paths), looked, self._on_refused)
        else:
            self.add(given.paths)

    def _on_looked_for(self, given: Given, gone: tuple[Path, ...]) -> None:
        if len(gone) == 1:
            self._message.say(self.tr("There is no file or folder {path}.").format(path=gone[0]), "warn")
        elif gone:
            sentence = self.tr("{number} of these files and folders are not there, such as {path}.")
            self._message.say(sentence.format(number=len(gone), path=gone[0]), "warn")
        there = [path for path in given.paths if path not in gone]
        if there:
            self.add(there)

    def _on_added(self, submission: Submission) -> None:
        if submission.known:
            self._ask_about_known(tuple(dict.fromkeys(submission.known)))
        self.added.emit(submission)

    def _ask_about_known(self, known: tuple[int, ...]) -> None:
        if len(known) == 1:
            sentence = self.tr("This recording is in the list already, with the same options.")
        else:
            sentence = self.tr("{number} recordings are in the list already, with the same options.").format(
                number=len(known)
            )
        label = self.tr("Do it again") if len(known) == 1 else self.tr("Do them again")
        self._message.say(sentence, "info", Offer(label, partial(self._do_again, known)))

    def _do_again(self, known: tuple[int, ...]) -> None:
        self._bridge.when_done(self._service.retry(known), None, self._on_refused)

    def _on_refused(self, sentence: str) -> None:
        self._message.say(sentence, "bad")
