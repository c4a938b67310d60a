"""What formats that people read have in common: names of speakers, and text on one line."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LABEL = re.compile(r"SPEAKER_(\d+)")

UNKNOWN = "Unknown speaker"


def speaker_name(label: str | None) -> str:
    """Return a person's number, counted from one; a name given instead of the label stays as it is."""
    if label is None:
        return UNKNOWN
    match = _LABEL.fullmatch(label)
    return f"Speaker {int(match[1]) + 1}" if match else one_line(label)


def one_line(text: str) -> str:
    """Return the text with single spaces, and none for what would command a terminal that shows it."""
    return " ".join(_CONTROL.sub(" ", text).split())
