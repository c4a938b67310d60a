"""What the audit trail records: acts, and who did them.

An act names jobs by number, files by hashes, and names and folders by an HMAC (`code`): it holds no name of a
file, no spoken word and no path.
"""

from __future__ import annotations

import getpass
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class ActKind(StrEnum):
    """What was done. Stored."""

    ADDED = "added"
    SENT = "sent to the server"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PROCESSED_AGAIN = "processed again"
    VERSION_CHOSEN = "version chosen"
    RELOCATED = "relocated"
    LABELLED = "labelled"
    LISTED = "listed"
    SEARCHED = "searched"
    OPENED = "opened"
    PLAYED = "played"
    COPIED = "copied"
    EXPORTED = "exported"
    PRINTED = "printed"
    EDITED = "edited"
    REVIEWED = "reviewed"
    SIGNED = "signed"
    REMOVED = "removed"
    SETTINGS_CHANGED = "settings changed"
    RETENTION_CHANGED = "retention changed"
    RETENTION_RAN = "retention ran"
    CLOCK_CONFIRMED = "clock confirmed"
    HOLD_PLACED = "legal hold placed"
    HOLD_RELEASED = "legal hold released"
    RECORDING_TRASHED = "recording moved to the trash"
    MODEL_APPROVED = "model approved"
    MODEL_REMOVED = "model removed"
    LOCKED = "locked"
    UNLOCK_TRIED = "unlock tried"
    PROGRAM_STARTED = "program started"
    PROGRAM_STOPPED = "program stopped"
    TRAIL_READ = "trail read"
    QUEUE_FOUND = "queue found"
    # by the trail itself
    TRAIL_BEGAN = "trail began"
    TRAIL_DAMAGED = "trail damaged"
    TRAIL_SHORTENED = "trail shortened"
    CHECKPOINT = "checkpoint"


OF_THE_TRAIL = frozenset({ActKind.TRAIL_BEGAN, ActKind.TRAIL_DAMAGED, ActKind.CHECKPOINT})
"""Entries that the trail writes about itself."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that was done.

    Attributes:
        job: its number, if it is about one.
        name: code of the recording's file name, see `AuditTrail.code`.
        recording, result: SHA-256 of the recording and of the result's file, as far as known.
        detail: what else tells it apart: counts, kinds, codes.
        stored: number in the store, for acts that were stored there first.
    """

    kind: ActKind
    job: int | None = None
    name: str | None = None
    recording: str | None = None
    result: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    stored: int | None = None

    def to_json(self) -> dict[str, Any]:
        """Return its fields for an entry; empty ones are left out."""
        fields: dict[str, Any] = {"kind": self.kind.value}
        if self.job is not None:
            fields["job"] = self.job
        if self.name is not None:
            fields["name"] = self.name
        if self.recording is not None:
            fields["recording"] = self.recording
        if self.result is not None:
            fields["result"] = self.result
        if self.detail:
            fields["detail"] = dict(self.detail)
        if self.stored is not None:
            fields["stored"] = self.stored
        return fields

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Act:
        """Return the act of an entry, or of a stored one."""
        return cls(
            ActKind(data["kind"]),
            data.get("job"),
            data.get("name"),
            data.get("recording"),
            data.get("result"),
            data.get("detail") or {},
            data.get("stored"),
        )


def actor(program: str) -> dict[str, Any]:
    """Return who acts, for the entries of this process.

    program: the part of the program, such as "window".
    """
    if sys.platform == "win32":
        user, number = getpass.getuser(), None
    else:
        import pwd

        number = os.getuid()
        try:  # not the environment, which anybody can set
            user = pwd.getpwuid(number).pw_name
        except KeyError:
            user = str(number)
    session = os.environ.get("XDG_SESSION_ID") or os.environ.get("SESSIONNAME") or None
    fields = {
        "user": user,
        "uid": number,
        "session": session,
        "host": platform.node(),
        "process": os.getpid(),
        "program": program,
    }
    return {key: value for key, value in fields.items() if value is not None}
