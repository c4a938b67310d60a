"""Tells in the message bar that there is a newer version, where the person wants to be told."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, QUrl, Slot
from PySide6.QtGui import QDesktopServices

from fi_desktop import __version__
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar, Offer
from fi_desktop.gui.remembered import Remembered
from fi_desktop.settings import Settings

if TYPE_CHECKING:
    from fi_desktop.system.updates import Release

_LOOK_EVERY_MS = 3_600_000
_DAY_S = 86_400
_ASKED = "updates/asked"


class Updates(QObject):
    """Asks once a day while the setting is on, and never else."""

    def __init__(self, settings: Settings, bridge: Bridge, message: MessageBar) -> None:
        super().__init__(message)
        self._wanted = settings.check_updates
        self._remembered = Remembered(settings.home)
        self._bridge, self._message = bridge, message
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)

    def take_settings(self, settings: Settings) -> None:
        """Go by other settings from now on."""
        before, self._wanted = self._wanted, settings.check_updates
        if self._wanted and not before:
            self.look()

    @Slot()
    def look(self) -> None:
        """Ask where that is wanted and due."""
        self._timer.start()
        now = time.time()
        if not self._wanted or not _is_due(self._remembered.number(_ASKED), now):
            return
        self._remembered.keep_number(
            _ASKED, int(now)
        )  # first: who does not answer is not asked again at once
        future: Future[Release | None] = Future()
        # daemon: the program does not wait for it when it ends
        threading.Thread(target=partial(_ask, future), name="updates", daemon=True).start()
        self._bridge.when_done(future, self._tell, _stay_quiet)

    def _tell(self, release: Release | None) -> None:
        if release is None or not self._wanted or self._message.isVisible():
            return
        sentence = self.tr("Version {version} is there.").format(version=release.version)
        self._message.say(
            sentence, offer=Offer(self.tr("Show it in the browser"), partial(_show, release.page))
        )


def _is_due(asked: int | None, now: float) -> bool:
    # a clock that was set back is no reason to wait for it
    return asked is None or not 0 <= now - asked < _DAY_S


def _show(page: str) -> None:
    QDesktopServices.openUrl(QUrl(page))


def _stay_quiet(_sentence: str) -> None:
    """Nobody asked: nobody is told that there was no answer."""


def _ask(future: Future[Release | None]) -> None:
    from fi_desktop.system import updates

    try:
        future.set_result(updates.newer_release(__version__, updates.ADDRESS))
    except Exception as error:  # noqa: BLE001 carried over to the GUI thread
        future.set_exception(error)
