"""Entries reach a folder, a syslog server over TLS and a command, in order and without gaps."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.delivery import AuditDelivery
from fi_desktop.audit.targets import CommandTarget, FolderTarget, SyslogTarget, targets_of
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.core.errors import UserError
from fi_desktop.settings import load
from tests.certificates import server_context

WHO = {"user": "doctora", "host": "consultorio 1", "process": 7}
TIMEOUT_S = 120.0


@pytest.fixture
def store(tmp_path: Path) -> TrailStore:
    """A trail of several files."""
    store = TrailStore(tmp_path / "audit", file_bytes=1500)
    for number in range(1, 6):
        store.append([(1.7e9, Act(ActKind.OPENED, number))], WHO)
    return store


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "clinic"
    folder.mkdir()
    return folder


def whole(store: TrailStore) -> list[bytes]:
    return [line.content for line in store.lines()]


def in_folder(folder: Path) -> list[bytes]:
    (file,) = folder.iterdir()
    return file.read_bytes().splitlines(keepends=True)


def deliver(store: TrailStore, *targets: object) -> AuditDelivery:
    """Send the trail as a program does that starts and ends."""
    delivery = AuditDelivery(store, code=AuditTrail(store.folder, program="window").code)
    delivery.change(targets)
    delivery.close()
    assert delivery._thread is not None
    delivery._thread.join(TIMEOUT_S)
    return delivery


class SyslogServer:
    """A syslog server over TLS on a free port; see RFC 5425."""

    def __init__(self, folder: Path) -> None:
        self._context, self.certificates = server_context(folder)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.received: SimpleQueue[bytes] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            try:
                with self._context.wrap_socket(plain, server_side=True) as secure:
                    content = b""
                    while chunk := secure.recv(10_000):
                        content += chunk
                    self.received.put(content)
            except (ssl.SSLError, OSError):
                plain.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(TIMEOUT_S)


@pytest.fixture
def syslog(tmp_path: Path) -> Iterator[SyslogServer]:
    server = SyslogServer(tmp_path)
    yield server
    server.close()


def messages_of(content: bytes) -> list[bytes]:
    """Split octet-counted frames, RFC 5425 section 4.3."""
    messages = []
    while content:
        length, _, content = content.partition(b" ")
        messages.append(content[: int(length)])
        content = content[int(length) :]
    return messages


def test_a_folder_gets_every_line_as_it_is(store: TrailStore, target: Path):
    deliver(store, FolderTarget(target, "abc"))
    assert in_folder(target) == whole(store)
    assert next(target.iterdir()).name.startswith("fi-desktop-audit-")
    if os.name == "posix":
        assert next(target.iterdir()).stat().st_mode & 0o077 == 0


def test_a_copy_goes_on_after_a_restart_and_repeats_nothing(store: TrailStore, target: Path):
    deliver(store, FolderTarget(target, "abc"))
    (file,) = target.iterdir()
    file.write_bytes(file.read_bytes()[:-20])  # killed while it wrote the last line
    (store.folder / "sent").unlink()
    store.append([(1.7e9, Act(ActKind.PLAYED, 9))], WHO)
    deliver(store, FolderTarget(target, "abc"))
    assert in_folder(target) == whole(store)


def test_a_folder_that_is_away_gets_the_entries_when_it_is_back(store: TrailStore, tmp_path: Path):
    away = FolderTarget(tmp_path / "server", "abc")
    delivery = deliver(store, away)
    assert delivery.unsent() == {away.name: len(whole(store))}
    assert not (tmp_path / "server").exists()
    (tmp_path / "server").mkdir()
    assert deliver(store, away).unsent() == {away.name: 0}
    assert in_folder(tmp_path / "server") == whole(store)


def test_a_target_that_fails_holds_up_no_other(store: TrailStore, target: Path, tmp_path: Path):
    deliver(store, FolderTarget(tmp_path / "away", "abc"), FolderTarget(target, "abc"))
    assert in_folder(target) == whole(store)


def test_a_syslog_server_gets_every_entry_over_tls(store: TrailStore, syslog: SyslogServer):
    deliver(store, SyslogTarget("127.0.0.1", syslog.port, str(syslog.certificates)))
    messages = messages_of(syslog.received.get(timeout=TIMEOUT_S))
    assert [message.partition(b" - ")[2] + b"\n" for message in messages] == whole(store)
    # RFC 5424: priority 109 is a notice of the facility "log audit"
    assert re.fullmatch(
        rb"<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z consultorio_1 fi-desktop 7 opened - \{.*\}",
        messages[1],
    )
    assert messages[0].startswith(b"<108>1 ")


def test_a_server_without_a_certificate_that_fits_gets_nothing(store: TrailStore, syslog: SyslogServer):
    delivery = deliver(store, SyslogTarget("127.0.0.1", syslog.port))
    assert list(delivery.unsent().values()) == [len(whole(store))]
    assert syslog.received.empty()


def test_a_command_reads_entries_from_stdin(store: TrailStore, tmp_path: Path):
    script = tmp_path / "take it.py"
    script.write_text(
        "import sys\nwith open(sys.argv[1], 'ab') as file: file.write(sys.stdin.buffer.read())\n"
    )
    got = tmp_path / "got"
    deliver(store, CommandTarget(f'"{sys.executable}" "{script}" "{got}"'))
    assert got.read_bytes().splitlines(keepends=True) == whole(store)
    assert [json.loads(line)["n"] for line in got.read_bytes().splitlines()] == list(range(1, 12))


def test_what_a_target_has_is_noted_without_its_name(store: TrailStore, tmp_path: Path, target: Path):
    got = tmp_path / "got"
    command = CommandTarget(f"{sys.executable} -c \"open(r'{got}', 'a').write(input() and '.')\"")
    deliver(store, command, FolderTarget(target, "abc"))
    noted = json.loads((store.folder / "sent").read_bytes())
    assert list(noted.values()) == [len(whole(store))] * 2
    assert not any(str(tmp_path) in name or "python" in name for name in noted)
    earlier = {command.name: len(whole(store))}  # as an earlier version wrote it
    (store.folder / "sent").write_text(json.dumps(earlier), encoding="utf-8")
    assert deliver(store, command).unsent() == {command.name: 0}
    assert got.read_text() == "."
    converted = json.loads((store.folder / "sent").read_bytes())
    assert len(converted) == 1
    assert converted.items() <= noted.items()


@pytest.mark.parametrize("command", ["false", "not-a-command-anywhere", "'unclosed"])
def test_a_command_that_fails_is_tried_again(store: TrailStore, command: str):
    assert list(deliver(store, CommandTarget(command)).unsent().values()) == [len(whole(store))]


def test_entries_are_sent_as_they_are_written(tmp_path: Path, target: Path):
    trail = AuditTrail(tmp_path / "audit", program="window")
    delivery = AuditDelivery(trail.store, code=trail.code)
    arrived = threading.Event()

    class Watched(FolderTarget):
        __slots__ = ()

        def send(self, entries: list[Entry]) -> None:
            super().send(entries)
            if any(entry.fields.get("job") == 3 for entry in entries):
                arrived.set()

    trail.on_appended(delivery.on_appended)
    delivery.change([Watched(target, "abc")])
    trail.record_first(Act(ActKind.OPENED, 3))
    assert arrived.wait(TIMEOUT_S)
    trail.close()
    delivery.close()


def test_nothing_is_sent_unless_it_is_asked_for(store: TrailStore):
    delivery = AuditDelivery(store, code=lambda name: None)
    delivery.change([])
    delivery.on_appended()
    assert delivery._thread is None


def test_targets_come_from_settings(tmp_path: Path):
    server = "siem.example.org"
    assert targets_of("", "", "", "", "abc") == []
    assert targets_of(str(tmp_path), f"{server}:1234", "/ca.pem", "take --all", "abc") == [
        FolderTarget(tmp_path, "abc"),
        SyslogTarget(server, 1234, "/ca.pem"),
        CommandTarget("take --all"),
    ]
    assert targets_of("", server, "", "", "abc") == [SyslogTarget(server, 6514)]
    assert targets_of("", "[::1]:99", "", "", "abc") == [SyslogTarget("::1", 99)]


@pytest.mark.parametrize("value", ["a b", "host:port", "https://example.org", "host:123456", ":1"])
def test_a_server_that_is_none_is_refused(home: Path, value: str):
    with pytest.raises(UserError, match="audit_syslog"):
        load({"FI_DESKTOP_HOME": str(home), "FI_DESKTOP_AUDIT_SYSLOG": value})
