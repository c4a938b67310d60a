"""The models dialog, made when it is first asked for, and what the other parts learn of models."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_options.bar import OptionsBar
from fi_desktop.models import PackKind, catalog, installed
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from fi_desktop.gui.models_dialog.dialog import ModelsDialog


class ModelsOpening(QObject):
    """Opens the models dialog, and offers what is installed with the options.

    Attributes:
        dialog: shows and changes the models; None before it was first asked for.
    """

    def __init__(
        self,
        settings: Settings,
        bridge: Bridge,
        options: OptionsBar,
        refused: Callable[[str], None],
        window: QWidget,
    ) -> None:
        """Prepare. `refused` is told in a sentence what did not work."""
        super().__init__(window)
        self._root, self._roots = settings.models, settings.model_roots
        self._bridge, self._options, self._refused, self._window = bridge, options, refused, window
        self.dialog: ModelsDialog | None = None

    @property
    def busy(self) -> bool:
        """Whether a model is just coming, or looked at."""
        return self.dialog is not None and self.dialog.desk.busy

    @Slot()
    def show(self) -> None:
        """Show what models there are."""
        if self.dialog is None:
            # what speaks to the network is not even loaded before somebody wants it
            from fi_desktop.gui.models_dialog.dialog import ModelsDialog

            self.dialog = ModelsDialog(self._root, self._bridge, self._window)
            self.dialog.models_changed.connect(self.look)
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    @Slot()
    def look(self) -> None:
        """Look which models write words down, and offer them."""
        find = partial(_transcribers, self._roots)
        self._bridge.run_task(find, self._options.offer_packs, self._refused)

    def stop(self) -> None:
        """Close the dialog, and give up what it does."""
        if self.dialog is not None:
            self.dialog.close()
            self.dialog.desk.stop_all()


def _transcribers(roots: tuple[Path, ...]) -> list[str]:
    """Return the names of the models that write words down, the best first."""
    packs = [pack.name for pack in installed(roots) if pack.kind is PackKind.WHISPER]
    return sorted(packs, key=catalog.rank)
