"""The real program with its window, for tests of encryption at rest: real queue, real vault."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from fi_desktop.app import App, BackendName
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.encryption.unlock_form import UnlockForm
from fi_desktop.settings import load
from fi_desktop.vault.vault import Vault

PASSPHRASE = "caballo grapa pila"


def passphrase_vault(home: Path, *recipients: str) -> None:
    """Make a vault for a data folder, which a passphrase opens."""
    keys = home.with_name(f"{home.name}-keys")
    Vault.create(keys, keyring=False, passphrase=PASSPHRASE, recipients=recipients).close()


@contextmanager
def real_window(qtbot: QtBot, home: Path, *, backend: BackendName = "inline") -> Iterator[AppController]:
    """Start the program with its window; end it afterwards, unless the block did."""
    desktop = AppController(App(load({"FI_DESKTOP_HOME": str(home)}, language="en"), backend=backend))
    desktop.window.show()
    desktop.start([])
    try:
        yield desktop
    finally:
        if not desktop.window.closable:
            with qtbot.waitSignal(desktop.ended):
                desktop.stop()
        desktop.window.deleteLater()


def enter(qtbot: QtBot, form: UnlockForm, typed: str) -> None:
    """Type a secret and press Enter, once that is possible."""
    qtbot.waitUntil(lambda: form.field.isEnabled())
    QTest.keyClicks(form.field, typed)
    QTest.keyClick(form.field, Qt.Key.Key_Return)


def wait_until_working(qtbot: QtBot, desktop: AppController) -> None:
    """Wait until the queue works and the window has its list, and what was sealed of the settings."""
    qtbot.waitUntil(lambda: desktop.lock._ready and desktop._begun)
