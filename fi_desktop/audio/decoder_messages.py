"""What a decoder process says, as JSON, and the checks: a hostile recording may have taken it over.

`checked` returns what can be true, and raises ValueError for everything else. It knows no file: the
reader that gave the decoder its files compares the length of the samples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fi_desktop.audio.disk_space import LONGEST_S
from fi_desktop.audio.probe import DATE_TAGS, LONGEST_DATE
from fi_desktop.audio.timeline import AudioWarning
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError, TransientError, UserError
from fi_desktop.core.messages import MESSAGES, Message

MOST_BYTES = 64 * 1024
"""Longest message."""

_MOST_CHANNELS = 8
_MOST_SAMPLES = round((LONGEST_S + 60.0) * 16_000)  # what is in the resampler when the limit is noticed
_MOST_WARNINGS = 32
_MOST_DETAILS = 8_000  # characters of a traceback
_LATEST_S = 1e12  # of a moment or length that a damaged header names

_PERSON = (
    messages.AUDIO_DAMAGED, messages.AUDIO_DICTATION, messages.AUDIO_DICTATION_LOCKED, messages.AUDIO_EMPTY,
    messages.AUDIO_FORBIDDEN, messages.AUDIO_MISSING, messages.AUDIO_NOT_A_FILE, messages.AUDIO_NO_AUDIO,
    messages.AUDIO_NO_SAMPLES, messages.AUDIO_PROJECT, messages.AUDIO_SHORTCUT, messages.AUDIO_SILENT,
    messages.AUDIO_TOO_LONG, messages.AUDIO_UNREADABLE,
)  # fmt: skip
_PASSING = (
    messages.AUDIO_AWAY, messages.AUDIO_NO_ROOM, messages.AUDIO_READ, messages.DISK_FULL,
    messages.MEMORY_FULL,
)  # fmt: skip
_ERRORS: dict[str, tuple[type[FiError], Message]] = {
    **{message.code: (UserError, message) for message in _PERSON},
    **{message.code: (TransientError, message) for message in _PASSING},
}


@dataclass(frozen=True, slots=True)
class DecodingProgress:
    """The fraction that is decoded, 0 to 1."""

    fraction: float


@dataclass(frozen=True, slots=True)
class DecodingDone:
    """The recording is decoded.

    Attributes:
        part: the number of the file that holds it.
        channels, samples: of the recording; samples per channel.
        peak: its highest level, 0 to 1.
        warnings: its defects.
        table: whether the file for the seek table holds one.
        dates: when the file says it was recorded, see `probe.date_tags`.
    """

    part: int
    channels: int
    samples: int
    peak: float
    warnings: tuple[AudioWarning, ...]
    table: bool
    dates: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DecodingFailed:
    """The recording cannot be decoded.

    Attributes:
        error: what to raise.
        details: a traceback, for an error that nobody foresaw.
    """

    error: FiError
    details: str = ""


DecoderMessage = DecodingProgress | DecodingDone | DecodingFailed


def progress_message(fraction: float) -> bytes:
    """Return the message that a fraction is decoded."""
    return _encoded({"progress": fraction})


def done_message(done: DecodingDone) -> bytes:
    """Return the message that all is decoded."""
    said = asdict(done)
    for warning in said["warnings"]:
        for name in ("at_s", "length_s"):
            warning[name] = min(max(warning[name], -_LATEST_S), _LATEST_S)
    return _encoded(said)


def failed_message(error: FiError) -> bytes:
    """Return the message of an error that has a sentence."""
    return _encoded({"error": error.code})


def unexpected_message(name: str, details: str) -> bytes:
    """Return the message of an error that nobody foresaw: its type and traceback."""
    return _encoded({"unexpected": name, "details": details[-_MOST_DETAILS:]})


def checked(data: bytes, *, parts: int) -> DecoderMessage:
    """Read a message. parts: number of files that the decoder was given for samples.

    Raises:
        ValueError: no decoder says that.
    """
    try:
        said = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    match said:
        case {"progress": fraction, **more} if not more:
            return DecodingProgress(_number(fraction, 0.0, 1.0))
        case {"error": str(code), **more} if not more and code in _ERRORS:
            kind, message = _ERRORS[code]
            return DecodingFailed(kind(message))
        case {"unexpected": str(name), "details": str(details), **more} if not more and name.isidentifier():
            text = "".join(c for c in details[:_MOST_DETAILS] if c.isprintable() or c == "\n")
            return DecodingFailed(FiError(messages.ENGINE_UNEXPECTED, error=name[:60]), text)
        case {
            "part": part,
            "channels": channels,
            "samples": samples,
            "peak": peak,
            "warnings": [*warnings],
            "table": bool(table),
            "dates": {**dates},
            **more,
        } if not more and len(warnings) <= _MOST_WARNINGS:
            return DecodingDone(
                part=_count(part, 0, parts - 1),
                channels=_count(channels, 1, _MOST_CHANNELS),
                samples=_count(samples, 1, _MOST_SAMPLES),
                peak=_number(peak, 0.0, 1e6),
                warnings=tuple(map(_warning, warnings)),
                table=table,
                dates=_dates(dates),
            )
    raise ValueError("an unknown message")


def _warning(said: Any) -> AudioWarning:
    match said:
        case {
            "code": str(code),
            "at_s": at_s,
            "length_s": length_s,
            "places": places,
            "used": used,
            "tracks": tracks,
            **more,
        } if not more and code.startswith("audio.") and code in MESSAGES:
            return AudioWarning(
                code,
                _number(at_s, -_LATEST_S, _LATEST_S),
                _number(length_s, -_LATEST_S, _LATEST_S),
                _count(places, 0, 1_000_000),
                _count(used, 0, 1_000),
                _count(tracks, 0, 1_000),
            )
    raise ValueError("an unknown warning")


def _dates(said: dict[Any, Any]) -> dict[str, str]:
    for name, value in said.items():
        if name not in DATE_TAGS or not isinstance(value, str):
            raise ValueError("an unknown tag")
        if len(value) > LONGEST_DATE or not value.isascii():
            raise ValueError("an impossible date")
    return said


def _number(said: Any, least: float, most: float) -> float:
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise ValueError("not a number")
    if not least <= said <= most:  # nor is NaN
        raise ValueError("an impossible number")
    return float(said)


def _count(said: Any, least: int, most: int) -> int:
    if type(said) is not int or not least <= said <= most:
        raise ValueError("an impossible count")
    return said


def _encoded(message: dict[str, Any]) -> bytes:
    return json.dumps(message).encode("ascii")
