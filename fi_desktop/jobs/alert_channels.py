"""Where alerts are sent: by e-mail, to a web address, and to a command, each on its thread.

Off unless the settings name one. An alert holds numbers and the name that the clinic gave this computer: no
name of a recording or of a patient, and no word. Connections are encrypted and check certificates;
unencrypted ones are made to this computer only, whatever the settings say. Nobody waits for a server.
"""

from __future__ import annotations

import json
import os
import shlex
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from fi_desktop import __version__
from fi_desktop.core.messages import Note
from fi_desktop.core.text import one_line
from fi_desktop.settings import LOOPBACK, Settings, host_and_port
from fi_desktop.system import keyring_access, log

if TYPE_CHECKING:  # loaded when an alert is sent, which hardly ever happens
    import http.client
    import smtplib
    from email.message import EmailMessage

PASSWORD_VARIABLE = "FI_DESKTOP_ALERT_PASSWORD"
"""Environment variable with the password of the account at the mail server."""

KEYRING_ACCOUNT = "alerts"
"""Account of that password in the keyring."""

_TIMEOUT_S = 20.0  # of each step of a connection
_COMMAND_TIMEOUT_S = 60.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0
_TRIED_FOR_S = 3600.0  # an older alert tells nothing
_CLOSE_TIMEOUT_S = 1.0
_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_SELF = "[127.0.0.1]"  # how mail servers greet this computer: not by its name
_HTTP_OK = range(200, 300)


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert to send.

    Attributes:
        note: what it says, with its numbers.
        text: the same in the language of the settings.
        at: UTC, seconds since the epoch.
        name: the name of this computer in the settings; "" for none.
    """

    note: Note
    text: str
    at: float
    name: str = ""

    @property
    def title(self) -> str:
        """One line for people."""
        return f"{one_line(self.name) or 'fi-desktop'}: {one_line(self.text)}"

    @property
    def json(self) -> bytes:
        """The alert for programs; `text` is what chat services show."""
        fields: dict[str, Any] = {
            "alert": self.note.code.removeprefix("alert."),
            "text": self.title,
            "at": datetime.fromtimestamp(round(self.at), UTC).isoformat(),
            "name": self.name,
            "values": dict(self.note.values),
            "program": "fi-desktop",
            "version": __version__,
        }
        return json.dumps(fields).encode()


class AlertChannel(Protocol):
    """Somewhere alerts are sent."""

    @property
    def kind(self) -> str:
        """What it is, for the log: it names nobody."""

    def send(self, alert: Alert) -> None:
        """Send an alert; OSError or ValueError if it is not there when this returns."""


@dataclass(frozen=True, slots=True)
class MailChannel:
    """E-mail by SMTP.

    Attributes:
        security: "starttls", "tls", or "none" for a server on this computer.
        password: of the account `user`; asked when it is needed.
        certificates: file of the certificates that may vouch for the server; "": those of the computer.
    """

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    security: str = "starttls"
    user: str = ""
    password: Callable[[], str] = field(default=str, repr=False, compare=False)
    certificates: str = ""
    timeout_s: float = _TIMEOUT_S

    @property
    def kind(self) -> str:
        """What it is."""
        return "mail"

    def send(self, alert: Alert) -> None:
        """Send one e-mail to all recipients."""
        message = self._message(alert)
        with self._connect() as server:
            if self.user:
                server.login(self.user, self.password())
            server.send_message(message, self.sender, list(self.recipients))

    def _connect(self) -> smtplib.SMTP:
        import smtplib

        if self.security == "none":
            if self.host not in LOOPBACK:
                raise ValueError("not encrypted")
            return smtplib.SMTP(self.host, self.port, _SELF, timeout=self.timeout_s)
        context = ssl.create_default_context(cafile=self.certificates or None)
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, _SELF, timeout=self.timeout_s, context=context)
        server = smtplib.SMTP(self.host, self.port, _SELF, timeout=self.timeout_s)
        try:
            server.starttls(context=context)  # refused if the server does not offer it
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, alert: Alert) -> EmailMessage:
        from email.message import EmailMessage
        from email.utils import format_datetime, make_msgid

        message = EmailMessage()
        message["Subject"] = alert.title
        message["From"] = self.sender
        message["To"] = ", ".join(self.recipients)
        message["Date"] = format_datetime(datetime.fromtimestamp(round(alert.at), UTC))
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"  # no answers from absent people (RFC 3834)
        message.set_content(f"{alert.title}\n")
        return message


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """A web address that takes an alert as JSON; redirections are not followed.

    Attributes:
        address: https, or http to this computer.
        certificates: see `MailChannel`.
    """

    address: str
    certificates: str = ""
    timeout_s: float = _TIMEOUT_S

    @property
    def kind(self) -> str:
        """What it is."""
        return "webhook"

    def send(self, alert: Alert) -> None:
        """Post the alert."""
        import http.client

        parts = urlsplit(self.address)
        host, path = parts.hostname or "", parts.path or "/"
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context(cafile=self.certificates or None)
            connection = http.client.HTTPSConnection(
                host, parts.port, timeout=self.timeout_s, context=context
            )
        elif host in LOOPBACK:
            connection = http.client.HTTPConnection(host, parts.port, timeout=self.timeout_s)
        else:
            raise ValueError("not encrypted")
        headers = {"Content-Type": "application/json", "User-Agent": f"fi-desktop/{__version__}"}
        try:
            connection.request("POST", f"{path}?{parts.query}" if parts.query else path, alert.json, headers)
            status = connection.getresponse().status
        except http.client.HTTPException as error:
            raise OSError("no HTTP answer") from error
        finally:
            connection.close()
        if status not in _HTTP_OK:
            raise OSError(f"HTTP status {status}")


@dataclass(frozen=True, slots=True)
class AlertCommand:
    """A command that reads an alert from stdin as JSON, and ends with 0 once it has it."""

    command: str

    @property
    def kind(self) -> str:
        """What it is."""
        return "command"

    def send(self, alert: Alert) -> None:
        """Run the command, without a shell."""
        try:
            subprocess.run(
                shlex.split(self.command, posix=os.name == "posix"),
                input=alert.json + b"\n",
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_COMMAND_TIMEOUT_S,
                check=True,
            )
        except subprocess.SubprocessError as error:
            raise OSError("the command failed") from error


def channels_of(settings: Settings) -> tuple[AlertChannel, ...]:
    """Return the channels that the settings name."""
    found: list[AlertChannel] = []
    certificates = settings.alert_certificates
    if settings.alert_mail_to and settings.alert_mail_server:
        security = settings.alert_mail_security
        host, port = host_and_port(settings.alert_mail_server, _PORTS[security])
        recipients = tuple(address.strip() for address in settings.alert_mail_to.split(","))
        sender = settings.alert_mail_from.partition(",")[0] or recipients[0]
        user = settings.alert_mail_user
        found.append(MailChannel(host, port, sender, recipients, security, user, mail_password, certificates))
    if settings.alert_webhook:
        found.append(WebhookChannel(settings.alert_webhook, certificates))
    if settings.alert_command:
        found.append(AlertCommand(settings.alert_command))
    return tuple(found)


def mail_password() -> str:
    """Return the password of the account at the mail server; "" if none is stored. May block."""
    return os.environ.get(PASSWORD_VARIABLE) or keyring_access.read(KEYRING_ACCOUNT) or ""


class AlertDelivery:
    """Sends alerts to channels, each on its own thread, again if one does not take it."""

    def __init__(self, first_pause_s: float = _FIRST_PAUSE_S) -> None:
        """Prepare. first_pause_s: after the first failure; later ones are twice as long each."""
        self._first_pause_s = first_pause_s
        self._channels: dict[AlertChannel, _ChannelThread] = {}

    def change(self, channels: Iterable[AlertChannel]) -> None:
        """Use other channels from now on; what waits for one that is gone is dropped."""
        wanted = tuple(channels)
        for gone in [channel for channel in self._channels if channel not in wanted]:
            self._channels.pop(gone).close()
        for channel in wanted:
            if channel not in self._channels:
                self._channels[channel] = _ChannelThread(channel, self._first_pause_s)

    def send(self, alert: Alert) -> None:
        """Send an alert to each channel; returns at once."""
        for thread in self._channels.values():
            thread.put(alert)

    def close(self) -> None:
        """Send nothing more; waits for a moment only."""
        threads, self._channels = list(self._channels.values()), {}
        for thread in threads:
            thread.close()
        for thread in threads:
            thread.join(_CLOSE_TIMEOUT_S)


class _ChannelThread:
    """Sends alerts to one channel, in order."""

    def __init__(self, channel: AlertChannel, first_pause_s: float) -> None:
        self._channel, self._first_pause_s = channel, first_pause_s
        self._inbox: SimpleQueue[Alert | None] = SimpleQueue()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def put(self, alert: Alert) -> None:
        self._inbox.put(alert)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="alert", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._inbox.put(None)

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while (alert := self._inbox.get()) is not None and not self._closing.is_set():
            self._try(alert)

    def _try(self, alert: Alert) -> None:
        pause_s, until = self._first_pause_s, time.monotonic() + _TRIED_FOR_S
        while not self._closing.is_set():
            try:
                self._channel.send(alert)
            except (OSError, ValueError) as error:
                log.event("ALERT_NOT_SENT", channel=self._channel.kind, error=type(error).__name__)
            else:
                log.event("ALERT_SENT", channel=self._channel.kind, code=alert.note.code)
                return
            if time.monotonic() + pause_s > until:
                return
            self._closing.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
