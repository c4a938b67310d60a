"""Where entries of the audit trail are sent: a folder, a syslog server over TLS, or a command.

Each takes whole lines in order and either has them when `send` returns, or raises. A line may be sent twice
if the program is killed in between; its number says so.
"""

from __future__ import annotations

import os
import platform
import shlex
import socket
import ssl
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fi_desktop.audit.acts import ActKind
from fi_desktop.audit.chain import BrokenLine, Entry

SYSLOG_PORT = 6514
"""The registered port of syslog over TLS (RFC 5425)."""

_TIMEOUT_S = 10.0
_COMMAND_TIMEOUT_S = 60.0
_AUDIT = 13 * 8  # facility "log audit", RFC 5424 section 6.2.1
_NOTICE, _WARNING = 5, 4
_SERIOUS = (ActKind.TRAIL_DAMAGED, ActKind.TRAIL_BEGAN)
_NONE = "-"


class AuditTarget(Protocol):
    """Somewhere entries are sent."""

    @property
    def name(self) -> str:
        """What tells it from other targets, also after a restart."""

    def send(self, entries: Sequence[Entry]) -> None:
        """Send entries; OSError or ValueError if they are not there when this returns."""


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """A file in a folder, such as one of the clinic's server: `fi-desktop-audit-<host>-<trail>.jsonl`.

    Attributes:
        folder: must exist: nothing is created in place of a drive that is away.
        trail: tells this computer's trails apart.
    """

    folder: Path
    trail: str

    @property
    def name(self) -> str:
        """What tells it from other targets."""
        return f"folder {self.folder}"

    def send(self, entries: Sequence[Entry]) -> None:
        """Append the lines that the file does not have."""
        path = self.folder / f"fi-desktop-audit-{platform.node()}-{self.trail[:8]}.jsonl"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
        with os.fdopen(handle, "r+b") as file:
            last, whole = _last_number(file.read())
            file.truncate(whole)
            file.seek(whole)
            file.write(b"".join(entry.line for entry in entries if entry.number > last))
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class SyslogTarget:
    """A syslog server over TLS (RFC 5424, RFC 5425) that has a valid certificate.

    Attributes:
        host, port: the server.
        certificates: file of the certificates that may vouch for it; "": those of the computer.
    """

    host: str
    port: int = SYSLOG_PORT
    certificates: str = ""

    @property
    def name(self) -> str:
        """What tells it from other targets."""
        return f"syslog {self.host}:{self.port}"

    def send(self, entries: Sequence[Entry]) -> None:
        """Send one message an entry, and wait until the server has closed the connection too."""
        context = ssl.create_default_context(cafile=self.certificates or None)
        with (
            socket.create_connection((self.host, self.port), _TIMEOUT_S) as plain,
            context.wrap_socket(plain, server_hostname=self.host) as secure,
        ):
            for entry in entries:
                message = syslog_message(entry)
                secure.sendall(b"%d %s" % (len(message), message))
            with suppress(ssl.SSLError, OSError):  # many servers close without a word
                secure.unwrap()


@dataclass(frozen=True, slots=True)
class CommandTarget:
    """A command that reads entries from stdin as JSON lines, and ends with 0 once it has them."""

    command: str

    @property
    def name(self) -> str:
        """What tells it from other targets."""
        return f"command {self.command}"

    def send(self, entries: Sequence[Entry]) -> None:
        """Run the command, without a shell."""
        try:
            subprocess.run(
                shlex.split(self.command, posix=os.name == "posix"),
                input=b"".join(entry.line for entry in entries),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_COMMAND_TIMEOUT_S,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError("the command failed") from error


def syslog_message(entry: Entry) -> bytes:
    """Return an entry as a syslog message: the whole line, with its MAC, behind the header of RFC 5424."""
    fields = entry.fields
    kind = str(fields.get("kind", ""))
    severity = _WARNING if kind in _SERIOUS else _NOTICE
    header = [
        f"<{_AUDIT + severity}>1",
        str(fields.get("at", _NONE)),
        _printable(str(fields.get("host", "")), 255),
        "fi-desktop",
        str(fields.get("process", _NONE)),
        _printable(kind.replace(" ", "-"), 32),
        _NONE,  # no structured data
    ]
    return " ".join(header).encode("ascii") + b" " + entry.line.rstrip(b"\n")


def targets_of(folder: str, syslog: str, certificates: str, command: str, trail: str) -> list[AuditTarget]:
    """Return the targets that settings name; "" names none.

    Args:
        folder: an absolute path.
        syslog: "host" or "host:port".
        certificates: see `SyslogTarget`.
        command: with its arguments.
        trail: see `FolderTarget`.
    """
    targets: list[AuditTarget] = []
    if folder:
        targets.append(FolderTarget(Path(folder), trail))
    if syslog:
        host, _, port = syslog.rpartition(":") if ":" in syslog else (syslog, "", str(SYSLOG_PORT))
        targets.append(SyslogTarget(host.strip("[]"), int(port), certificates))
    if command:
        targets.append(CommandTarget(command))
    return targets


def _last_number(content: bytes) -> tuple[int, int]:
    """Return the number of the last whole entry, and where its line ends."""
    whole = content.rfind(b"\n") + 1
    last = content[:whole].rstrip(b"\n").rpartition(b"\n")[2]
    try:
        return (Entry.of(last + b"\n").number if last else 0), whole
    except BrokenLine:
        return 0, whole


def _printable(text: str, longest: int) -> str:
    """Return what may stand in a header."""
    return "".join(letter if "!" <= letter <= "~" else "_" for letter in text)[:longest] or _NONE
