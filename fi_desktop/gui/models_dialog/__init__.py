"""The models dialog; this module opens it and lists the installed models for the job options.

The dialog's own modules, and with them the network code, are imported when it is first opened.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from fi_desktop.engines import term_lists
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.bridge import Bridge
from fi_desktop.models import PackKind, catalog, installed
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from fi_desktop.gui.models_dialog.dialog import ModelsDialog


class ModelsOpener(QObject):
    """Opens the models dialog, and offers installed transcription models in the job options.

    Attributes:
        dialog: the dialog; None until it is first opened.

    Signals:
        packs_read: names (list of str) of the installed transcription models, best first.
    """

    packs_read = Signal(object)

    def __init__(
        self,
        settings: Settings,
        bridge: Bridge,
        options: OptionsBar,
        on_failed: Callable[[str], None],
        window: QWidget,
    ) -> None:
        """Prepare; `on_failed` receives a sentence if the models folders cannot be read."""
        super().__init__(window)
        self._root, self._roots = settings.models, settings.model_roots
        self._vocabulary = settings.vocabulary_roots
        self._bridge, self._options, self._on_failed, self._window = bridge, options, on_failed, window
        self.dialog: ModelsDialog | None = None

    @property
    def busy(self) -> bool:
        """Whether a model is being downloaded, imported or checked."""
        return self.dialog is not None and self.dialog.controller.busy

    @Slot()
    def show(self) -> None:
        """Open or raise the dialog."""
        if self.dialog is None:
            from fi_desktop.gui.models_dialog.dialog import ModelsDialog

            self.dialog = ModelsDialog(self._root, self._bridge, self._window)
            self.dialog.models_changed.connect(self.refresh)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    @Slot()
    def offer_recommended(self) -> None:
        """Open the dialog, and ask whether to download the model that suits this computer."""
        self.show()
        if self.dialog is not None:
            self.dialog.offer_recommended()

    @Slot()
    def refresh(self) -> None:
        """Offer the installed transcription models and the vocabulary lists in the job options."""
        find = partial(_transcribers, self._roots)
        self._bridge.run_task(find, self._on_packs_read, self._on_failed)
        names = partial(term_lists.names, self._vocabulary)
        self._bridge.run_task(names, self._options.offer_term_lists, self._on_failed)

    def _on_packs_read(self, packs: list[str]) -> None:
        self._options.offer_packs(packs)
        self.packs_read.emit(packs)

    def stop(self) -> None:
        """Close the dialog and stop its tasks."""
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.controller.stop_all()


def _transcribers(roots: tuple[Path, ...]) -> list[str]:
    """Return the names of the installed transcription models, best first."""
    packs = [pack.name for pack in installed(roots) if pack.kind is PackKind.WHISPER]
    return sorted(packs, key=catalog.rank)
