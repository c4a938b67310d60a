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


Values = tuple[tuple[str, str | int | float], ...]
"""What stands in a sentence's places, by name: plain data, so that it can be said in another language."""


class FiError(Exception):
    """An error with a sentence for the person and a stable code.

    Attributes:
        code: dotted identifier such as "audio.empty"; never shown, never translated. One code, one sentence.
        message: one clear sentence for the person, in English; it names no file and no spoken word.
        values: what stands in the sentence's places.
    """

    kind = ErrorKind.BUG

    def __init__(self, code: str, template: str, /, **values: str | int | float) -> None:
        """Say what happened; `values` take the {places} of the template."""
        super().__init__(code, template)
        self.code = code
        self.message = template.format(**values) if values else template
        self.values: Values = tuple(values.items())

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
        super().__init__("job.timeout", "Timeout ({minutes} min)", minutes=round(limit_s / 60))


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """An error as it is stored with an attempt.

    Attributes:
        kind: who can mend it.
        code: stable identifier.
        message: the sentence for the person, in English.
        details: traceback for the log and the details view; may be empty.
        values: what stands in the sentence's places; empty in old records.
    """

    kind: ErrorKind
    code: str
    message: str
    details: str = ""
    values: Values = ()


OUT_OF_MEMORY = "memory.full"
"""The code of the error of an attempt that ran out of memory."""

WORKER_CRASHED = "worker.crashed"
"""The code of the error of an attempt whose worker ended by a fault of its own."""


def error_info(error: Exception, details: str = "") -> ErrorInfo:
    """Return what is said and stored of an error, whatever it is."""
    match error:
        case FiError():
            return ErrorInfo(error.kind, error.code, error.message, details, error.values)
        case MemoryError():
            return error_info(TransientError(OUT_OF_MEMORY, "The computer ran out of memory."), details)
        case _:
            sentence = "Something unexpected went wrong ({error})."
            return error_info(FiError("engine.unexpected", sentence, error=type(error).__name__), details)
