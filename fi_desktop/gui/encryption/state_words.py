"""What is said about the state of encryption, wherever it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault


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
