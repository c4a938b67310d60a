"""Errors, split by who can fix them.

`UserError` is for the person to fix and is never retried. `TransientError` may pass without help and is
retried. Anything else that escapes an engine is a bug, and is retried as well because a retry costs little.
Each error shown to a person carries a `Message` and its values, so that the window can translate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from fi_desktop.core import messages
from fi_desktop.core.messages import ENGLISH, Message, Note, Value, Values


class ErrorKind(StrEnum):
    """Who can fix an error, and so whether a retry makes sense."""

    USER = "user"
    TRANSIENT = "transient"
    BUG = "bug"


class FiError(Exception):
    """An error with a message for the person.

    Attributes:
        note: the message and its values; names no recording and no spoken word.
        code: the message's code.
        message: the message in English.
    """

    kind = ErrorKind.BUG

    def __init__(self, message: Message, /, **values: Value) -> None:
        """Say what happened; `values` fill the message's placeholders."""
        self.note = message(**values)
        self.code = message.code
        self.message = ENGLISH.fill(message, self.note.values)
        super().__init__(self.note)

    def __str__(self) -> str:
        return self.message


class UserError(FiError):
    """What the person can fix: a bad file, a missing model. Never retried."""

    kind = ErrorKind.USER


class TransientError(FiError):
    """What may pass without help: a full disk, a busy device, too little memory. Retried."""

    kind = ErrorKind.TRANSIENT


class CancelledByUser(Exception):
    """Raised in a worker by a progress call after the person cancelled the job."""


class Interrupted(Exception):
    """Raised in a worker by a progress call when the app is stopping; costs no attempt."""


class DeadlineExceeded(TransientError):
    """The soft time limit has passed; checked at each progress call."""

    def __init__(self, limit_s: float) -> None:
        super().__init__(messages.JOB_TIMEOUT, minutes=round(limit_s / 60))


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as it is stored with an attempt.

    Attributes:
        kind: who can fix it.
        code: the message's code.
        message: the message in English, for logs and for versions that do not know the code.
        details: traceback for the log and the details view; may be empty.
        values: the values of the message's placeholders; empty in old records.
    """

    kind: ErrorKind
    code: str
    message: str
    details: str = ""
    values: Values = ()

    @property
    def note(self) -> Note:
        """The message and its values."""
        return Note(self.code, self.values)


def error_info(error: Exception, details: str = "") -> ErrorInfo:
    """Return any error as it is stored and shown."""
    match error:
        case FiError():
            return ErrorInfo(error.kind, error.code, error.message, details, error.note.values)
        case MemoryError():
            return error_info(TransientError(messages.MEMORY_FULL), details)
        case _:
            return error_info(FiError(messages.ENGINE_UNEXPECTED, error=type(error).__name__), details)
