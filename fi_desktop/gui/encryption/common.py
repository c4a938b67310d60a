"""What the dialogs of encryption share: their height, and words for its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QDialog

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault


class FittedDialog(QDialog):
    """As high as its texts need, which Qt does not see to where they wrap.

    Its width is fixed by its content, or by the dialog.
    """

    def event(self, event: QEvent) -> bool:
        """Fit the height after each change of the layout."""
        handled = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._fit()
        return handled

    def _fit(self) -> None:
        layout = self.layout()
        if layout is None:
            return
        layout.activate()
        width = max(self.minimumWidth(), layout.minimumSize().width())
        height = (
            layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        )
        self.setMinimumHeight(height)
        self.resize(width, height)


class StateWords(QObject):
    """Says whether data is encrypted, and what opens it."""

    def sentence(self, vault: Vault | None) -> str:
        """Return one or two sentences; vault: of the program, None if data is in clear."""
        if vault is None:
            return self.tr("Results, words and names are not encrypted.")
        state = vault.state
        if state.passphrase is None:
            said = self.tr("Results, words and names are encrypted. This account's keyring opens them.")
        elif state.keyring:
            said = self.tr(
                "Results, words and names are encrypted. The passphrase and this account's keyring open them "
                "together."
            )
        else:
            said = self.tr("Results, words and names are encrypted. The passphrase opens them.")
        return f"{said} {self.working()}" if state.mixed else said

    def working(self) -> str:
        """Return what is said while earlier results are being encrypted."""
        return self.tr("Earlier results are being encrypted; you can go on working.")
