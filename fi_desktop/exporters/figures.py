"""The figures of a conversation in words and numbers, for documents, the window and the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from fi_desktop.core.conversation import Conversation, Participation, conversation_of
from fi_desktop.core.text import clock, digits, percent
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import ExportOptions

NO_FIGURE = "–"
"""Stands for a figure that there is not."""

SHARE_COLUMN = 2
"""Which column has the share of the speaking time."""

_COLUMNS = ("speaker", "speaking", "share", "turns", "interruptions", "longest", "pause")
_RATE = "rate"


@dataclass(frozen=True, slots=True)
class FigureRow:
    """The figures of a speaker, or of all speakers of a role.

    Attributes:
        speaker: the label; None for a role.
        share: of the speaking time, 0 to 1.
        cells: one per heading, the name first.
    """

    speaker: str | None
    share: float
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WrittenFigures:
    """A table of figures.

    Attributes:
        title: of the table.
        headings: of its columns: the name, and numbers.
        rows: the speakers, then the roles that several of them have.
        facts: name and value of figures of the whole conversation.
        notes: what the figures count.
        interruption: the one of the notes that says what an interruption is.
    """

    title: str
    headings: tuple[str, ...]
    rows: tuple[FigureRow, ...]
    facts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    interruption: str


def figures_of(transcript: Transcript, options: ExportOptions) -> WrittenFigures | None:
    """Return the figures of a conversation; None if it is not known who speaks when."""
    if not transcript.turns:
        return None
    found, labels = conversation_of(transcript), options.labels
    named = dict(zip(transcript.speakers, options.people(transcript), strict=True))
    columns = (*_COLUMNS, _RATE) if found.has_words else _COLUMNS
    rows = [_row(speaker, named[speaker.speakers[0]], columns) for speaker in found.speakers]
    for role in found.shared_roles:
        if role.role is not None:
            rows.append(_row(role, f"{labels.roles[role.role]} ({len(role.speakers)})", columns))
    return WrittenFigures(
        title=labels.names["figures"],
        headings=tuple(labels.names[name] for name in columns),
        rows=tuple(rows),
        facts=tuple((labels.names[name], value) for name, value in _facts(found)),
        notes=(labels.interruption, labels.turn, labels.pause),
        interruption=labels.interruption,
    )


def _row(who: Participation, name: str, columns: tuple[str, ...]) -> FigureRow:
    values = {
        "speaker": name,
        "speaking": _time(who.speaking_s),
        "share": percent(who.share),
        "turns": str(who.turns),
        "interruptions": str(who.interruptions),
        "longest": _time(who.longest_s) if who.turns else NO_FIGURE,
        "pause": _pause(who.pause_s),
        "rate": NO_FIGURE if who.words_per_minute is None else digits(who.words_per_minute, 0),
    }
    speaker = who.speakers[0] if len(who.speakers) == 1 else None
    return FigureRow(speaker, who.share, tuple(values[column] for column in columns))


def _facts(found: Conversation) -> tuple[tuple[str, str], ...]:
    whole = found.duration_s or 1.0
    return (
        ("length", _time(found.duration_s)),
        ("silence", f"{_time(found.silence_s)} ({percent(found.silence_s / whole)})"),
        ("together", f"{_time(found.overlap_s)} ({percent(found.overlap_s / whole)})"),
        ("interruptions", str(found.interruptions)),
        ("answers", _pause(found.pause_s)),
    )


def _time(seconds: float) -> str:
    """Return a time on the clock, to the nearest second."""
    return clock(seconds + 0.5)


def _pause(seconds: float | None) -> str:
    return NO_FIGURE if seconds is None else f"{digits(seconds, 1)}\u00a0s"
