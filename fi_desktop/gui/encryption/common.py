"""What the dialogs of encryption share: their height, and words for the state of encryption."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QDialog, QFrame, QLayout, QScrollArea, QSizePolicy, QWidget

from fi_desktop.gui.window_state import fit_on_screen, room

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault


class FittedDialog(QDialog):
    """As high as its texts need, which Qt does not see to where they wrap; never higher than the screen.

    Its width is fixed by its content, or by the dialog. What may grow stands in a `FittedScrollArea`.
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
        height = _needed(layout, width)
        self.setMinimumHeight(min(height, room(self).height()))
        fit_on_screen(self, QSize(width, height))


class FittedScrollArea(QScrollArea):
    """Asks for the height that its content needs, and scrolls where there is less."""

    def __init__(self, content: QWidget, parent: QWidget) -> None:
        super().__init__(parent)
        self._content = content
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)

    def heightForWidth(self, width: int) -> int:
        """Return the content's height."""
        layout = self._content.layout()
        return 0 if layout is None else _needed(layout, width)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ask for another height when the content needs one."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def _needed(layout: QLayout, width: int) -> int:
    """Return the height that a layout needs at a width."""
    return layout.totalHeightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()


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
