"""`UnlockForm`: a field for a secret and a button; wrong ones slow down."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from fi_desktop.gui import theme
from fi_desktop.gui.bridge import Bridge
from fi_desktop.viewmodel.pin import PinAttempts

_COUNTDOWN_MS = 250


@dataclass(frozen=True, slots=True)
class Secret:
    """What is asked for.

    Attributes:
        name: of the field.
        wrong: a sentence for a wrong one.
        wait: the same, with `{seconds}` until the next attempt.
        optional: an empty field is an attempt too.
    """

    name: str
    wrong: str
    wait: str
    optional: bool = False


class UnlockForm(QWidget):
    """Asks for a secret until the right one is entered.

    Attributes:
        field: what is typed.
        button: has it checked.

    Signals:
        opened: it was right.
    """

    opened = Signal()

    def __init__(
        self,
        secret: Secret,
        check: Callable[[str], bool],
        attempts: PinAttempts,
        bridge: Bridge,
        *,
        field_px: int,
        error_px: int,
        parent: QWidget | None = None,
    ) -> None:
        """Show an empty field.

        Args:
            secret: what is asked for.
            check: whether a secret is right; called on another thread, must not refer to a widget.
            attempts: counts wrong ones.
            bridge: runs `check`.
            field_px: width of the field.
            error_px: width of the sentence below it.
            parent: the window.
        """
        super().__init__(parent)
        self._secret, self._check, self._attempts, self._bridge = secret, check, attempts, bridge
        self._checking = False
        self.field = QLineEdit(self)
        self.field.setEchoMode(QLineEdit.EchoMode.Password)
        self.field.setFixedWidth(field_px)
        self.button = QPushButton(self.tr("Unlock"), self)
        self.button.setObjectName("primary")
        self._error = QLabel(self)
        self._error.setWordWrap(True)
        self._error.setFixedWidth(error_px)
        self._error.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.field)
        row.addWidget(self.button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(row)
        column.addWidget(self._error, 0, Qt.AlignmentFlag.AlignHCenter)
        self._countdown = QTimer(self)
        self._countdown.setInterval(_COUNTDOWN_MS)
        self._countdown.timeout.connect(self._show_wait)
        self.field.returnPressed.connect(self._on_entered)
        self.button.clicked.connect(self._on_entered)
        self._apply_colours()
        self.ask_for(secret)

    @property
    def error(self) -> str:
        """Why it is still locked."""
        return self._error.text()

    def ask_for(self, secret: Secret) -> None:
        """Ask for another secret."""
        self._secret = secret
        self.field.clear()
        self.field.setPlaceholderText(secret.name)
        self.field.setAccessibleName(secret.name)
        self._show_wait()

    def show_problem(self, sentence: str) -> None:
        """Show why it could not be checked, or what else is wrong."""
        self._error.setText(sentence)

    @Slot()
    def _on_entered(self) -> None:
        typed = self.field.text()
        if self._checking or self._attempts.wait_s > 0 or not (typed or self._secret.optional):
            return
        self._checking = True
        self.button.setEnabled(False)
        check = partial(self._attempts.checked, partial(self._check, typed))
        self._bridge.run_task(check, self._on_checked, self._on_failed)

    def _on_checked(self, correct: bool) -> None:
        self._checking = False
        self._attempts.record(correct=correct)
        self.field.clear()
        self._show_wait()
        if correct:
            self.opened.emit()

    def _on_failed(self, sentence: str) -> None:
        self._checking = False
        self._show_wait()
        self._error.setText(sentence)

    @Slot()
    def _show_wait(self) -> None:
        wait_s, secret = self._attempts.wait_s, self._secret
        self.field.setEnabled(wait_s <= 0)
        self.button.setEnabled(wait_s <= 0 and not self._checking)
        if wait_s > 0:
            self._error.setText(secret.wait.format(seconds=math.ceil(wait_s)))
            self._countdown.start()
        else:
            self._error.setText(secret.wrong if self._attempts.failures else "")
            self._countdown.stop()
            self.field.setFocus()

    def _apply_colours(self) -> None:
        palette = QPalette(self.palette())
        palette.setColor(self._error.foregroundRole(), theme.tone("bad", self.palette()))
        self._error.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_countdown"):
            self._apply_colours()
