"""Errors, split by who can mend them.

`UserError` is the person's to mend and is never retried; `TransientError` may pass by itself and is retried;
anything else that escapes an engine is our bug, and is retried as well because a second look costs little.
Every error shown to a person carries a stable `code`, so that the window can say it in their language.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """Who can mend an error, and so whether a retry makes sense."""

    USER = "user"
    TRANSIENT = "transient"
    BUG = "bug"


class FiError(Exception):
    """An error with a sentence for the person and a stable code.

    Attributes:
        code: dotted identifier such as "audio.empty"; never shown, never translated.
        message: one clear sentence for the person; it names no file and no spoken word.
    """

    kind = ErrorKind.BUG

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class UserError(FiError):
    """What the person can mend: a bad file, a missing model. Never retried."""

    kind = ErrorKind.USER


class TransientError(FiError):
    """What may pass by itself: a full disk, a busy device, too little memory. Retried."""

    kind = ErrorKind.TRANSIENT


class Cancelled(Exception):
    """Raised inside a worker at a progress call once the person has cancelled the job."""


class Interrupted(Exception):
    """Raised inside a worker at a progress call once the app itself is stopping; costs no attempt."""


class DeadlineExceeded(TransientError):
    """The soft time limit passed; asked for at every progress call."""

    def __init__(self, limit_s: float) -> None:
        super().__init__("job.timeout", f"Timeout ({limit_s / 60:.0f} min)")


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as it is stored with an attempt.

    Attributes:
        kind: who can mend it.
        code: stable identifier.
        message: the sentence for the person.
        details: traceback for the log and the details view; may be empty.
    """

    kind: ErrorKind
    code: str
    message: str
    details: str = ""


OUT_OF_MEMORY = "memory.full"
"""The code of the error of an attempt that ran out of memory."""


def error_info(error: Exception, details: str = "") -> ErrorInfo:
    """Return what is said and stored of an error, whatever it is."""
    match error:
        case FiError():
            return ErrorInfo(error.kind, error.code, error.message, details)
        case MemoryError():
            return ErrorInfo(ErrorKind.TRANSIENT, OUT_OF_MEMORY, "The computer ran out of memory.", details)
        case _:
            message = f"Something unexpected went wrong ({type(error).__name__})."
            return ErrorInfo(ErrorKind.BUG, "engine.unexpected", message, details)
