"""The session's lock: when the person locks the screen or walks away, the program is locked too.

On Linux, systemd-logind says so (org.freedesktop.login1): by its signal `Lock`, and by the property
`LockedHint` that desktops set once their own lock screen is shown.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import SLOT, QObject, Signal, Slot

from fi_desktop.gui.bridge import Bridge

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

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

    def __init__(self, bridge: Bridge, bus: QDBusConnection | None = None) -> None:
        """Prepare; bus: the system's, if it is not given."""
        super().__init__()
        self._bridge, self._bus = bridge, bus
        self.following = False

    def watch(self) -> None:
        """Begin, if there is a session to follow."""
        if sys.platform.startswith("linux"):
            self._bridge.run_task(partial(_find, self._bus), self._on_found, self._on_not_found)

    def _on_found(self, found: tuple[QDBusConnection, str]) -> None:
        bus, path = found
        if not path:
            return
        self._bus = bus
        self.following = True
        bus.connect(_SERVICE, path, _SESSION, "Lock", self, SLOT("on_lock()").encode())
        changed = SLOT("on_properties(QString,QVariantMap,QStringList)").encode()
        bus.connect(_SERVICE, path, _PROPERTIES, "PropertiesChanged", self, changed)

    def _on_not_found(self, _sentence: str) -> None:
        """Go without: not every system has logind."""

    @Slot()
    def on_lock(self) -> None:
        """Handle logind's request to lock."""
        self.locked.emit()

    @Slot(str, "QVariantMap", "QStringList")
    def on_properties(self, interface: str, changed: dict[str, Any], _unknown: list[str]) -> None:
        """Handle a lock screen of the desktop."""
        if interface == _SESSION and changed.get("LockedHint") is True:
            self.locked.emit()


def _find(bus: QDBusConnection | None) -> tuple[QDBusConnection, str]:
    """Return the bus, and the path of the session; "" if there is none. Called on another thread."""
    from PySide6.QtDBus import QDBusConnection

    bus = bus or QDBusConnection.systemBus()
    if not bus.isConnected():
        return bus, ""
    # "auto": the caller's; PySide6 cannot send the process id, an unsigned integer
    return bus, _path(bus, "GetSession", os.environ.get("XDG_SESSION_ID") or "auto")


def _path(bus: QDBusConnection, method: str, argument: str) -> str:
    """Return the path of a session that logind's manager finds; "" if it finds none."""
    from PySide6.QtDBus import QDBus, QDBusMessage, QDBusObjectPath

    message = QDBusMessage.createMethodCall(_SERVICE, "/org/freedesktop/login1", _MANAGER, method)
    message.setArguments([argument])
    reply = bus.call(message, QDBus.CallMode.Block, _TIMEOUT_MS)
    if reply.type() is not QDBusMessage.MessageType.ReplyMessage:
        return ""
    (found,) = reply.arguments()
    return found.path() if isinstance(found, QDBusObjectPath) else ""
