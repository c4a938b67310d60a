"""The session's lock: when the person locks the screen or walks away, the program is locked too.

On Linux, systemd-logind says so (org.freedesktop.login1): by its signal `Lock`, and by the property
`LockedHint` that desktops set once their own lock screen is shown.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import SLOT, QObject, Signal, Slot

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection, QDBusPendingCallWatcher

_SERVICE = "org.freedesktop.login1"
_MANAGER = "org.freedesktop.login1.Manager"
_SESSION = "org.freedesktop.login1.Session"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_TIMEOUT_MS = 2000


class SessionLock(QObject):
    """Follows the lock of the session that the program runs in.

    Attributes:
        following: whether a session was found.

    Signals:
        locked: the session was locked.
    """

    locked = Signal()

    def __init__(self, bus: QDBusConnection | None = None) -> None:
        """Prepare; bus: the system's, if it is not given."""
        super().__init__()
        self._bus = bus
        self.following = False

    def watch(self) -> None:
        """Begin, if there is a session to follow; returns at once."""
        if not sys.platform.startswith("linux"):
            return
        # imported on demand, so that the first window appears sooner
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        self._bus = self._bus or QDBusConnection.systemBus()
        if not self._bus.isConnected():
            return
        ask = QDBusMessage.createMethodCall(_SERVICE, "/org/freedesktop/login1", _MANAGER, "GetSession")
        # "auto": the caller's; PySide6 cannot send the process id, an unsigned integer
        ask.setArguments([os.environ.get("XDG_SESSION_ID") or "auto"])
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(ask, _TIMEOUT_MS), self)
        watcher.finished.connect(self._on_answered)

    @Slot("QDBusPendingCallWatcher*")
    def _on_answered(self, watcher: QDBusPendingCallWatcher) -> None:
        """Follow the session; without one, or without logind, there is nothing to follow."""
        from PySide6.QtDBus import QDBusObjectPath

        arguments = watcher.reply().arguments()
        watcher.deleteLater()
        if self._bus is None or not arguments or not isinstance(arguments[0], QDBusObjectPath):
            return
        path, self.following = arguments[0].path(), True
        changed = SLOT("on_properties(QString,QVariantMap,QStringList)")
        # PySide6 6.11 takes the text that SLOT returns, and not bytes, as its annotations say
        self._bus.connect(_SERVICE, path, _SESSION, "Lock", self, SLOT("on_lock()"))  # type: ignore[call-overload]
        self._bus.connect(_SERVICE, path, _PROPERTIES, "PropertiesChanged", self, changed)  # type: ignore[call-overload]

    @Slot()
    def on_lock(self) -> None:
        """Handle logind's request to lock."""
        self.locked.emit()

    @Slot(str, "QVariantMap", "QStringList")
    def on_properties(self, interface: str, changed: dict[str, Any], _unknown: list[str]) -> None:
        """Handle a lock screen of the desktop."""
        if interface == _SESSION and changed.get("LockedHint") is True:
            self.locked.emit()
