"""What desktop and server say to each other, signed and sealed with the key that both have.

An *order* is the content of a Celery task: one attempt at one job. *Reports* come back: the messages of a
worker's pipe, and a few of the server's. `Present` says that a server's worker is there.

Every message is an envelope: what it is about in clear, its body sealed (AES-256-GCM), and an HMAC-SHA-256
of everything. Who can write to Redis but has no key can neither submit nor answer; who reads it learns
numbers of jobs.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.values import JobOptions
from fi_desktop.system.files import write_whole
from fi_desktop.vault.sealing import SealBroken, derived, seal, unseal
from fi_desktop.workers.protocol import (
    LONGEST_REPORT,
    AttemptFailed,
    AttemptStopped,
    EnginesChosen,
    Progressed,
    StageEnded,
)
from fi_desktop.workers.reports import checked
from fi_desktop.workers.wire import decoded, encoded

PROTOCOL = 1
"""Desktops and servers of the same number understand each other."""

TASK_NAME = "fi_desktop.attempt"
KEY_BYTES = 32
_TASK = re.compile(r"[0-9a-f]{12}-\d{1,12}\.\d{1,12}\.\d{1,12}")
_LONGEST_NAME = 200
_LARGEST_BYTES = 1 << 53


@dataclass(frozen=True, slots=True)
class Order:
    """To the server: one attempt at one job.

    Attributes:
        claim: of the attempt.
        key: seals the files of the attempt, on the way and on the server.
        duration_s: length of the recording, seconds.
        soft_limit_s, limit_factor, memory_level, last_attempt, likely_languages, keep_turns: see `Deliver`.
        hard_limit_s: seconds until the worker's process tree is killed, for this recording.
    """

    claim: str
    job_id: int
    key: bytes
    options: JobOptions
    duration_s: float
    soft_limit_s: float
    hard_limit_s: float
    limit_factor: float
    memory_level: int
    last_attempt: bool
    likely_languages: tuple[str, ...]
    keep_turns: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """From the server: a worker has the job. pid: of the process that computes."""

    host: str
    pid: int
    device: str


@dataclass(frozen=True, slots=True)
class Beat:
    """From the server: the worker is alive, and what it uses."""

    cpu_percent: float
    rss_bytes: int


@dataclass(frozen=True, slots=True)
class Returned:
    """From the server: the result can be fetched."""


@dataclass(frozen=True, slots=True)
class Present:
    """From the server: a Celery worker is there.

    Attributes:
        version: of the program.
        root: identifies the place for transfers that it sees.
        processes: attempts that it runs at a time.
    """

    host: str
    pid: int
    version: str
    root: str
    processes: int


Report = Begun | Beat | Returned | Progressed | StageEnded | EnginesChosen | AttemptFailed | AttemptStopped
_KINDS: dict[str, type] = {kind.__name__: kind for kind in (Order, Present, *get_args(Report))}


def task_id(desktop: str, claim: str) -> str:
    """Return the Celery task's id for a claim; claims are unique on one desktop only."""
    return f"{desktop}-{claim}"


def checked_task_id(text: str) -> str:
    """Return a task's id, which is part of file names.

    Raises:
        ValueError: it is none.
    """
    if not _TASK.fullmatch(text):
        raise ValueError("no task of ours")
    return text


def job_of(task: str) -> int:
    """Return the number of the job that a task is about."""
    return int(task.split(".")[1])


class OtherProtocol(ValueError):
    """The other side has a version of the program that speaks another protocol."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it is sent: JSON values.

    Attributes:
        kind: the class of the message.
        about: the task, or the worker, that it is about.
        delivery: how often a worker of the server has received the task.
        number: counts the messages of a delivery, so that none is repeated or put in another place.
        message: the message itself.
    """

    kind: str
    about: str
    delivery: int
    number: int
    message: Any


class ClusterKey:
    """The key that a clinic's desktops and servers share."""

    def __init__(self, secret: bytes) -> None:
        """secret: 32 random bytes."""
        self._mac_key = derived(secret, "fi-desktop cluster mac")
        self._secret = secret

    @classmethod
    def read(cls, path: Path) -> ClusterKey:
        """Read the file that `create` wrote.

        Raises:
            UserError: it cannot be read, it is damaged, or others can read it.
        """
        try:
            text = path.read_text(encoding="ascii").strip()
            mode = path.stat().st_mode
            secret = bytes.fromhex(text)
        except (OSError, ValueError):
            raise UserError(messages.CLUSTER_NO_KEY) from None
        if len(secret) != KEY_BYTES:
            raise UserError(messages.CLUSTER_NO_KEY)
        if os.name == "posix" and mode & (stat.S_IRWXO | stat.S_IWGRP):
            raise UserError(messages.CLUSTER_KEY_OPEN)
        return cls(secret)

    @staticmethod
    def create(path: Path) -> None:
        """Write a new key to a file that only its owner can read."""
        write_whole(path, secrets.token_hex(KEY_BYTES).encode("ascii") + b"\n", mode=0o600)

    def close(self, message: Any, about: str, *, delivery: int = 0, number: int = 0) -> dict[str, Any]:
        """Return a message as JSON values."""
        fields: dict[str, Any] = {
            "protocol": PROTOCOL,
            "kind": type(message).__name__,
            "about": about,
            "delivery": delivery,
            "number": number,
        }
        body = seal(self._body_key(about), encoded(message), _canonical(fields))
        fields["body"] = base64.b64encode(body).decode("ascii")
        return {**fields, "mac": self._mac(fields)}

    def open(self, said: Any, about: str | None = None) -> Envelope:
        """Check and read what `close` returned. about: what it must be about; None if that is not known.

        Raises:
            OtherProtocol: it was sent by another version.
            ValueError: nobody with this key has sent it, or it is about something else.
        """
        if not isinstance(said, Mapping):
            raise ValueError("no message")
        fields = dict(said)
        mac = fields.pop("mac", None)
        signed = isinstance(mac, str) and mac.isascii()
        if not signed or not hmac.compare_digest(mac, self._mac(fields)):
            raise ValueError("signed with another key")
        if fields.get("protocol") != PROTOCOL:
            raise OtherProtocol(f"protocol {fields.get('protocol')}")
        if about is not None and fields["about"] != about:
            raise ValueError("about something else")
        kind, body = fields["kind"], base64.b64decode(fields.pop("body"), validate=True)
        if len(body) > LONGEST_REPORT:
            raise ValueError("too long a message")
        try:
            data = unseal(self._body_key(fields["about"]), body, _canonical(fields))
        except SealBroken as error:
            raise ValueError("sealed with another key") from error
        message = decoded(data, {kind: _KINDS[kind]} if kind in _KINDS else {})
        return Envelope(kind, fields["about"], int(fields["delivery"]), int(fields["number"]), _sane(message))

    def _body_key(self, about: str) -> bytes:
        return derived(self._secret, f"fi-desktop cluster body {about}")

    def _mac(self, fields: Mapping[str, Any]) -> str:
        return hmac.digest(self._mac_key, _canonical(fields), "sha256").hex()


def _canonical(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode("ascii")


def _sane(message: Any) -> Any:
    """Return a message whose values are possible; see `reports.checked`."""
    match message:
        case Beat():
            if not (0 <= message.cpu_percent < 1e6 and 0 <= message.rss_bytes < _LARGEST_BYTES):
                raise ValueError("an impossible number")
        case Begun(host=host, device=name) | Present(host=host, version=name):
            if len(host) > _LONGEST_NAME or len(name) > _LONGEST_NAME:
                raise ValueError("too long a name")
        case Order() | Returned():
            pass
        case _:
            return checked(cast(Any, message))
    return message
