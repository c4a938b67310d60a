"""What a worker may report: limits of each message. One that was taken over must not reach the store.

A worker that reports something else is killed, and its attempt counts as a crash.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from fi_desktop.audio.disk_space import LONGEST_S
from fi_desktop.core.case_labels import checked_date
from fi_desktop.core.dataclass_fields import members_of
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.messages import MESSAGES, VERBATIM, Note, Value
from fi_desktop.core.transcript import Grade
from fi_desktop.core.values import EngineChoice, ServerLoad, Summary
from fi_desktop.workers.protocol import (
    AttemptDone,
    AttemptFailed,
    Away,
    EnginesChosen,
    FromWorker,
    LoadMeasured,
    Measured,
    Progressed,
    StageEnded,
    Usage,
)

_MOST_SPEAKERS = 1_000
_MOST_WORDS = 10_000_000
_LONGEST_S = LONGEST_S + 60.0
_LONGEST_STAGE_S = 1e8
_MOST_PERCENT = 1e6
_MOST_BYTES = 1 << 50
_MOST_NOTES = 1_000
_MOST_TASKS = 1_000_000_000
_MOST_VALUES = 20
_LONGEST_NAME = 500
_LONGEST_TEXT = 10_000
_LONGEST_DETAILS = 200_000
_VERSION = re.compile(r"([0-9a-f]{16})?")  # part of a file's name
_CODE = re.compile(r"[a-z0-9_.]{1,100}")
_GRADES = (None, *(grade.value for grade in Grade))


def checked(message: FromWorker) -> FromWorker:
    """Return a message that a worker may send.

    Raises:
        ValueError: no worker of ours sends that.
    """
    match message:
        case Progressed(fraction=fraction):
            _within(fraction, 1.0)
        case Measured(duration_s=duration_s):
            _within(duration_s, _LONGEST_S)
        case StageEnded(time=time):
            _within(time.took_s, _LONGEST_STAGE_S)
        case EnginesChosen(chosen=chosen):
            _check_names(chosen)
        case AttemptDone(summary=summary):
            _check_summary(summary)
        case AttemptFailed(error=error):
            _check_error(error)
        case Away(reason=reason):
            _check_note(reason)
        case Usage():
            _check_names(message)
            _within(message.cpu_percent, _MOST_PERCENT)
            _within(message.rss_bytes, _MOST_BYTES)
        case LoadMeasured(load=load):
            _check_names(load)
            for count in (load.waiting, load.working, load.processes, load.commands_s or 0.0):
                _within(count, _MOST_TASKS)
    return message


def _check_summary(summary: Summary) -> None:
    _within(summary.speakers, _MOST_SPEAKERS)
    _within(summary.duration_s, _LONGEST_S)
    _within(summary.words, _MOST_WORDS)
    if summary.wrong_share is not None:
        _within(summary.wrong_share, 1.0)
    if summary.recorded_at and checked_date(summary.recorded_at) != summary.recorded_at:
        raise ValueError("an impossible date")
    if summary.grade not in _GRADES or not _VERSION.fullmatch(summary.version):
        raise ValueError("an impossible summary")
    _check_names(summary)
    if len(summary.notes) > _MOST_NOTES:
        raise ValueError("too many notes")
    for note in summary.notes:
        _check_note(note)


def _check_names(named: Summary | EngineChoice | ServerLoad | Usage) -> None:
    kind: Any = type(named)
    _check_texts(members_of(kind)(named), _LONGEST_NAME)


def _check_error(error: ErrorInfo) -> None:
    if not _CODE.fullmatch(error.code):
        raise ValueError("an impossible code")
    _check_texts((error.message,), _LONGEST_TEXT)
    _check_texts((error.details,), _LONGEST_DETAILS)
    _check_values(error.values)


def _check_note(note: Note) -> None:
    if note.code not in MESSAGES and note.code != VERBATIM.code:
        raise ValueError("an unknown note")
    _check_values(note.values)


def _check_values(values: tuple[tuple[str, Value], ...]) -> None:
    if len(values) > _MOST_VALUES:
        raise ValueError("too many values")
    _check_texts((name for name, _ in values), _LONGEST_NAME)
    _check_texts((value for _, value in values), _LONGEST_TEXT)
    for _, value in values:
        if isinstance(value, Note):
            _check_note(value)


def _check_texts(values: Iterable[object], longest: int) -> None:
    for value in values:
        if isinstance(value, str) and len(value) > longest:
            raise ValueError("too long a text")


def _within(number: float, most: float) -> None:
    if not 0 <= number <= most:
        raise ValueError("an impossible number")
