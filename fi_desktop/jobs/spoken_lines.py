"""The lines that are found in transcripts: one for each passage with words, with who says it."""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core.transcript import Role, Transcript
from fi_desktop.system.files import RESULT

MOST_LINES = 2**16
"""Of one transcript; further ones cannot be found. A day of short sentences has fewer."""

UNREADABLE_LINES = (ValueError, TypeError, zlib.error)
"""What `unpack` raises if lines are damaged."""


@dataclass(frozen=True, slots=True)
class SpokenLine:
    """What one person says without a pause for others.

    Attributes:
        number: of the segment in its transcript.
        start: seconds from the start of the recording.
        speaker: the label, None if unknown.
        name, role: of the speaker, if a person said so.
        language: ISO 639-1 code.
        text: with single spaces, in NFC.
    """

    number: int
    start: float
    speaker: str | None
    name: str
    role: Role | None
    language: str | None
    text: str


def lines_of(transcript: Transcript) -> tuple[SpokenLine, ...]:
    """Return the lines of a transcript, with what people corrected in it."""
    people = {person.speaker: person for person in transcript.people}
    lines = []
    for number, segment in enumerate(transcript.segments[:MOST_LINES]):
        text = unicodedata.normalize("NFC", " ".join(segment.text.split()))
        if text:
            person = people.get(segment.speaker or "")
            lines.append(
                SpokenLine(
                    number,
                    round(segment.start, 3),
                    segment.speaker,
                    person.name if person else "",
                    person.role if person else None,
                    segment.language or transcript.language,
                    text,
                )
            )
    return tuple(lines)


def pack(lines: Iterable[SpokenLine]) -> bytes:
    """Return lines as compressed JSON."""
    rows = [
        [line.number, line.start, line.speaker, line.name, line.role, line.language, line.text]
        for line in lines
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode())


def unpack(packed: bytes) -> tuple[SpokenLine, ...]:
    """Read what `pack` wrote; raises one of `UNREADABLE_LINES` if it is damaged."""
    return tuple(
        SpokenLine(number, start, speaker, name, Role(role) if role else None, language, text)
        for number, start, speaker, name, role, language, text in json.loads(zlib.decompress(packed))
    )


def stamp_of(folder: Path) -> str:
    """Return what changes with each result and each correction in a job's folder; "" without a result.

    Sizes and times of files are read, not the files: ten thousand folders take less than a second.
    """
    try:
        result = (folder / RESULT).stat()
    except OSError:
        return ""
    reviews = sorted((path.name, path.stat().st_size) for path in folder.glob("review-*.jsonl"))
    steps = ",".join(f"{name[7:15]}:{size}" for name, size in reviews)
    return f"{result.st_mtime_ns}:{result.st_size}:{steps}"
