"""The Linux desktop's own ways, over D-Bus: progress in the taskbar; notifications where there is no tray.

Windows' taskbar and macOS's Dock show no progress: Qt 6 has no way to it without another library.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusConnection

_ENTRY = "fi-desktop"  # the name of the desktop's entry; see `ui/main.py`


def show_progress(share: float | None) -> None:
    """Show how much is done, 0 to 1, where the taskbar is one that listens; None: nothing is under way.

    https://wiki.ubuntu.com/Unity/LauncherAPI: Plasma, Dash to Dock, Cinnamon and others follow it.
    """
    bus = _bus()
    if bus is None:
        return
    from PySide6.QtDBus import QDBusMessage

    place, interface = "/com/canonical/unity/launcherentry/1", "com.canonical.Unity.LauncherEntry"
    message = QDBusMessage.createSignal(place, interface, "Update")
    shown: dict[str, Any] = {"progress": share or 0.0, "progress-visible": share is not None}
    message.setArguments([f"application://{_ENTRY}.desktop", shown])
    bus.send(message)


def notify(title: str, text: str) -> None:
    """Show a notification by the desktop's portal; a click on it opens the program, as a second launch would.

    Not by org.freedesktop.Notifications: it wants an unsigned number, which PySide6 cannot send.
    """
    bus = _bus()
    if bus is None:
        return
    from PySide6.QtDBus import QDBusMessage

    place, interface = "/org/freedesktop/portal/desktop", "org.freedesktop.portal.Notification"
    message = QDBusMessage.createMethodCall(
        "org.freedesktop.portal.Desktop", place, interface, "AddNotification"
    )
    message.setArguments([_ENTRY, {"title": title, "body": text}])
    bus.send(message)


def _bus() -> QDBusConnection | None:
    if not sys.platform.startswith("linux"):
        return None
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus if bus.isConnected() else None
