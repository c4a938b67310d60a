"""Adds words to results that have none, once a transcription model is installed."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Slot

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.models_dialog import ModelsOpener
from fi_desktop.jobs.service import JobService
from fi_desktop.viewmodel.recommendation import words_installed


class AddedWords(QObject):
    """Runs jobs without words again, with their turns.

    If no model is installed, it offers the recommended one and continues when that is there.

    Attributes:
        waiting: ids of the jobs that get words once a model is installed.
    """

    def __init__(
        self,
        service: JobService,
        bridge: Bridge,
        models: ModelsOpener,
        message: MessageBar,
        model_roots: tuple[Path, ...],
    ) -> None:
        """Prepare. `message`: says what happens; `model_roots`: folders of models."""
        super().__init__(models)
        self._service, self._bridge, self._models = service, bridge, models
        self._message, self._roots = message, model_roots
        self.waiting: set[int] = set()
        models.packs_read.connect(self._on_packs_read)

    def request(self, ids: Iterable[int]) -> None:
        """Add words to the results of these jobs."""
        find = partial(words_installed, self._roots)
        self._bridge.run_task(find, partial(self._on_found, frozenset(ids)), self._message.error)

    def _on_found(self, ids: frozenset[int], found: bool) -> None:
        if found:
            self._bridge.when_done(self._service.add_words(ids), self._on_added, self._message.error)
            return
        self.waiting |= ids
        self._message.info(self.tr("Words are added once the model is installed."))
        self._models.offer_recommended()

    @Slot(object)
    def _on_packs_read(self, packs: list[str]) -> None:
        if packs and self.waiting:
            ids, self.waiting = frozenset(self.waiting), set()
            self._on_found(ids, True)

    def _on_added(self, count: int) -> None:
        if count:
            self._message.info(self.tr("Adding words to %Ln recording(s)", "", count))
