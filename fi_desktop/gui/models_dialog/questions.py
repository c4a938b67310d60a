"""What a person is asked before a model is fetched, trusted, replaced or deleted; one question at a time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from fi_desktop.gui.models_dialog.words import ModelWords
from fi_desktop.gui.widgets import FileDialog, message_box
from fi_desktop.models.catalog import Known


class Questions(QObject):
    """Asks, and does what was said yes to."""

    def __init__(self, words: ModelWords, host: str, window: QWidget) -> None:
        """Ask above `window`; `host`: where models come from."""
        super().__init__(window)
        self._words, self._host, self._window = words, host, window
        self._open: QMessageBox | QFileDialog | None = None

    def fetch(self, known: Known, yes: Callable[[], None], *, repair: bool) -> None:
        """Ask whether to download; `repair`: what is damaged of it, or missing."""
        title, size = self._words.title(known.name), self._words.size(known.about_bytes)
        repos = ", ".join(source.repo for source in known.sources)
        text = self.tr("Repair {title}?") if repair else self.tr("Download {title}?")
        size = (
            self.tr("At most {size}").format(size=size)
            if repair
            else self.tr("About {size}").format(size=size)
        )
        self._ask(
            text.format(title=title),
            self.tr(
                "{size} are fetched from {host} ({repos}). Of your recordings nothing is sent, "
                "now or later: the model runs on this computer."
            ).format(size=size, host=self._host, repos=repos),
            self.tr("Download"),
            self.tr("Not now"),
            yes,
            cautious=False,
        )

    def trust(self, sentence: str, yes: Callable[[], None]) -> None:
        """Ask whether a pack with weights that may run programs is trusted."""
        text = self.tr("Do you trust where this model comes from?")
        self._ask(text, sentence, self.tr("I trust it: import"), self.tr("Do not import"), yes)

    def replace(self, sentence: str, yes: Callable[[], None]) -> None:
        """Ask whether to replace a pack."""
        text = self.tr("Replace the model that is installed?")
        self._ask(text, sentence, self.tr("Replace"), self.tr("Keep"), yes)

    def remove(self, name: str, yes: Callable[[], None]) -> None:
        """Ask whether to delete a pack."""
        text = self.tr("Remove {title}?").format(title=self._words.title(name))
        more = self.tr("Its files are deleted. Results that were made with it stay.")
        self._ask(text, more, self.tr("Remove"), self.tr("Keep"), yes)

    def path(self, *, folder: bool, chosen: Callable[[str], None]) -> None:
        """Ask for a zip archive or a folder."""
        if self._open is not None:
            return
        dialog = FileDialog(self._window, self.tr("Import a model"))
        if folder:
            dialog.setFileMode(QFileDialog.FileMode.Directory)
        else:
            dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            dialog.setNameFilters([self.tr("Model packs (*.zip)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(chosen)
        self._show(dialog)

    def _ask(
        self, text: str, more: str, yes: str, no: str, then: Callable[[], None], *, cautious: bool = True
    ) -> None:
        if self._open is not None:
            return
        box = message_box(self._window, QMessageBox.Icon.Question, self.tr("Models"), text, more)
        accept = box.addButton(yes, QMessageBox.ButtonRole.AcceptRole)
        reject = box.addButton(no, QMessageBox.ButtonRole.RejectRole)
        box.setEscapeButton(reject)
        box.setDefaultButton(reject if cautious else accept)
        accept.clicked.connect(lambda: then())
        self._show(box)

    def _show(self, dialog: QMessageBox | QFileDialog) -> None:
        self._open = dialog
        dialog.finished.connect(self._on_finished)
        dialog.open()

    @Slot()
    def _on_finished(self) -> None:
        if self._open is not None:
            self._open.deleteLater()
            self._open = None
