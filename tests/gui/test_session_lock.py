"""The session's lock, on a private bus with a logind of the test's."""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtDBus import QDBusConnection

from fi_desktop.gui.session_lock import SessionLock

if sys.platform.startswith("linux"):
    from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_return, new_signal
    from jeepney.bus_messages import message_bus
    from jeepney.io.blocking import DBusConnection, open_dbus_connection

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="needs dbus-daemon")
_PATH = "/org/freedesktop/login1/session/_37"
_SESSION = "org.freedesktop.login1.Session"


class Logind:
    """Answers for org.freedesktop.login1 with one session.

    Attributes:
        asked: which sessions were asked for.
    """

    def __init__(self, address: str) -> None:
        self.asked: list[str] = []
        self._bus: DBusConnection = open_dbus_connection(address)
        self._bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.login1"))
        self._thread = threading.Thread(target=self._answer, daemon=True)
        self._thread.start()

    def _answer(self) -> None:
        while True:
            try:
                message = self._bus.receive()
            except (OSError, ConnectionError, ValueError):
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            self.asked.append(message.body[0])
            known = message.header.fields[HeaderFields.member] == "GetSession" and message.body[0] == "7"
            error = new_error(message, "org.freedesktop.login1.NoSuchSession")
            self._bus.send(new_method_return(message, "o", (_PATH,)) if known else error)

    def close(self) -> None:
        self._bus.sock.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._bus.close()

    def lock(self, path: str = _PATH) -> None:
        self._bus.send(new_signal(DBusAddress(path, interface=_SESSION), "Lock"))

    def hint(self, *, locked: bool) -> None:
        properties = DBusAddress(_PATH, interface="org.freedesktop.DBus.Properties")
        changed = (_SESSION, {"LockedHint": ("b", locked)}, [])
        self._bus.send(new_signal(properties, "PropertiesChanged", "sa{sv}as", changed))


@pytest.fixture
def address() -> Iterator[str]:
    """A bus of the test's own."""
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address"], stdout=subprocess.PIPE, text=True
    )
    assert daemon.stdout is not None
    yield daemon.stdout.readline().strip()
    daemon.terminate()
    daemon.wait()
    daemon.stdout.close()


@pytest.fixture
def bus(address: str) -> Iterator[QDBusConnection]:
    name = "test_session_lock"
    yield QDBusConnection.connectToBus(address, name)
    QDBusConnection.disconnectFromBus(name)


@pytest.fixture
def logind(address: str) -> Iterator[Logind]:
    logind = Logind(address)
    yield logind
    logind.close()


def test_the_sessions_lock_is_followed(qtbot, logind, bus, monkeypatch):
    monkeypatch.setenv("XDG_SESSION_ID", "7")
    lock = SessionLock(bus)
    found: list[bool] = []
    lock.locked.connect(lambda: found.append(True))
    lock.watch()
    qtbot.waitUntil(lambda: logind.asked == ["7"])
    qtbot.waitUntil(lambda: lock.following)
    logind.lock("/org/freedesktop/login1/session/other")
    with qtbot.waitSignal(lock.locked):
        logind.lock()
    assert len(found) == 1
    logind.hint(locked=False)
    with qtbot.waitSignal(lock.locked):
        logind.hint(locked=True)
    assert len(found) == 2


def test_without_a_session_or_a_bus_nothing_is_followed(qtbot, logind, bus, monkeypatch):
    monkeypatch.setenv("XDG_SESSION_ID", "8")
    lock = SessionLock(bus)
    lock.watch()
    qtbot.waitUntil(lambda: logind.asked == ["8"])
    qtbot.waitUntil(lambda: not lock.children())  # the answer arrived
    assert not lock.following
    unconnected = SessionLock(QDBusConnection("not connected"))
    unconnected.watch()
    assert not unconnected.children()
