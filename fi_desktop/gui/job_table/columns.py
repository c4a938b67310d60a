"""What a cell of the job table says, as text: for the eye, for the tooltip, for a screen reader."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from operator import attrgetter
from typing import Any

from PySide6.QtCore import QObject

from fi_desktop.core.job import JobState
from fi_desktop.core.text import clock, time_left
from fi_desktop.gui import widgets
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel.progress import eta_s, spent_s
from fi_desktop.viewmodel.rows import Row

NOTHING = "–"
Key = Callable[[Row], Any]
# What is under way stands beyond all that ended, the longest farthest: their order never changes by itself.
_UNDER_WAY = 1e12
_STATE_ORDER = {
    state: place
    for place, state in enumerate(
        (
            JobState.RUNNING,
            JobState.RETRYING,
            JobState.QUEUED,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.COMPLETED,
        )
    )
}


class Column(IntEnum):
    """The table's columns, from the left."""

    FILE = 0
    STATE = 1
    PROGRESS = 2
    SPEAKERS = 3
    LENGTH = 4
    TIME = 5
    LEFT = 6
    ATTEMPTS = 7
    SUBMITTED = 8
    FINISHED = 9
    ENGINE = 10
    LANGUAGE = 11
    BATCH = 12


FIGURES = frozenset({Column.SPEAKERS, Column.LENGTH, Column.TIME, Column.LEFT, Column.ATTEMPTS, Column.BATCH})
"""The columns that hold numbers, which stand on the right."""
HIDDEN_AT_FIRST = frozenset({Column.SUBMITTED, Column.FINISHED, Column.ENGINE, Column.LANGUAGE, Column.BATCH})


class Cells(QObject):
    """Texts of the job table.

    Attributes:
        words: the vocabulary.
        retries: how many retries a job gets.
    """

    def __init__(self, parent: QObject, *, retries: int) -> None:
        super().__init__(parent)
        self.words = UiLabels(self)
        self.retries = retries

    def heading(self, column: int) -> str:
        """Return a column's heading."""
        match column:
            case Column.FILE:
                return self.tr("Recording")
            case Column.STATE:
                return self.tr("State")
            case Column.PROGRESS:
                return self.tr("Stage")
            case Column.SPEAKERS:
                return self.tr("Speakers")
            case Column.LENGTH:
                return self.tr("Length")
            case Column.TIME:
                return self.tr("Time")
            case Column.LEFT:
                return self.tr("Time left")
            case Column.SUBMITTED:
                return self.tr("Submitted")
            case Column.FINISHED:
                return self.tr("Finished")
            case Column.ENGINE:
                return self.tr("Engine")
            case Column.LANGUAGE:
                return self.tr("Language")
            case Column.BATCH:
                return self.tr("Batch")
            case _:
                return self.tr("Attempts")

    def heading_tip(self, column: int) -> str:
        """Return what a column holds, in a sentence; "" where its heading says it."""
        match column:
            case Column.PROGRESS:
                return self.tr("What is being done, or how sure the result is")
            case Column.SPEAKERS:
                return self.tr("Speakers found; before that, those to look for")
            case Column.LENGTH:
                return self.tr("Length of the recording")
            case Column.TIME:
                return self.tr(
                    "How long it has been waiting or running, or how long it took with its retries and waits"
                )
            case Column.LEFT:
                return self.tr("About how long it will still take")
            case Column.ATTEMPTS:
                return self.tr("How often it was tried")
            case Column.ENGINE:
                return self.tr("What tells the voices apart")
            case Column.LANGUAGE:
                return self.tr("Language that was found; before that, the one that was chosen")
            case Column.BATCH:
                return self.tr("The same number: added together")
            case _:
                return ""

    def text(self, row: Row, column: int, now: float) -> str:
        """Return what a cell says."""
        match column:
            case Column.FILE:
                return self.name(row)
            case Column.STATE:
                return " · ".join(self.state_lines(row))
            case Column.PROGRESS:
                return self._progress(row)
            case Column.SPEAKERS:
                return self._speakers(row)
            case Column.LENGTH:
                return NOTHING if row.duration_s is None else clock(row.duration_s)
            case Column.TIME:
                spent = spent_s(row, now)
                return NOTHING if spent is None else clock(spent)
            case Column.LEFT:
                return self.left(row, now)
            case Column.SUBMITTED:
                return self.words.ago(row.submitted_at, now)
            case Column.FINISHED:
                return NOTHING if row.finished_at is None else self.words.ago(row.finished_at, now)
            case Column.ENGINE:
                return NOTHING if row.jobs is not None else self.words.engine(row.engine)
            case Column.LANGUAGE:
                return NOTHING if row.jobs is not None else self.words.language_asked(row.language)
            case Column.BATCH:
                return NOTHING if row.batch is None else str(row.batch)
            case _:
                return str(row.attempts) if row.attempts else NOTHING

    def name(self, row: Row) -> str:
        """Return what a row is called."""
        if row.jobs is None:
            return row.name
        recordings = self.tr("%Ln recording(s)", "", row.jobs.total)
        return f"{row.name} – {recordings}"

    def state_lines(self, row: Row) -> tuple[str, ...]:
        """Return a row's state; of a batch that is done, in a second line how many of its jobs failed."""
        word = self.words.state_of(row)
        if row.jobs is None or not row.jobs.failed or row.state is not JobState.COMPLETED:
            return (word,)
        return word, self.tr("%Ln failed", "", row.jobs.failed)

    def detail(self, row: Row, now: float) -> str:
        """Return the line below a row's name; "" where there is nothing to say."""
        if row.jobs is None:
            return self.words.detail(row, now, self.retries)
        completed = row.jobs.done - row.jobs.failed - row.jobs.cancelled
        parts = [self.tr("%Ln completed", "", completed)]
        if row.jobs.failed:
            parts.append(self.tr("%Ln failed", "", row.jobs.failed))
        if row.jobs.cancelled:
            parts.append(self.tr("%Ln cancelled", "", row.jobs.cancelled))
        return ", ".join(parts)

    def tip(self, row: Row, column: int, now: float) -> str | None:
        """Return a cell's tooltip."""
        match column:
            case Column.FILE | Column.STATE:
                detail = self.detail(row, now)
                added = self.tr("Added {moment}").format(moment=self.words.moment(row.submitted_at))
                return widgets.plain_tooltip("\n".join(filter(None, (row.path, added, detail))))
            case Column.PROGRESS if row.state is JobState.COMPLETED:
                return self.words.grade_sentence(row.grade) or None
            case Column.TIME if row.state is JobState.RUNNING:
                return self.tr("Running for this long")
            case Column.TIME if not row.state.final:
                return self.tr("Waiting for this long")
            case Column.TIME:
                return None if row.jobs is not None else self.tr("Took this long")
            case Column.SUBMITTED:
                return self.words.moment(row.submitted_at)
            case Column.FINISHED if row.finished_at is not None:
                return self.words.moment(row.finished_at)
            case _:
                return None

    def calculating(self) -> str:
        """Return what stands for a time left that is not known yet."""
        return self.tr("calculating…")

    def left(self, row: Row, now: float) -> str:
        """Return how long a running job, or a batch, will still take."""
        if row.state is not JobState.RUNNING or row.cancelling:
            return NOTHING
        left_s = eta_s(row, now)
        return self.calculating() if left_s is None else time_left(left_s)

    def _progress(self, row: Row) -> str:
        if row.jobs is not None:
            return f"{row.share:.0%}"
        if row.state is JobState.COMPLETED:
            return self.words.grade(row.grade) or NOTHING
        if row.state is JobState.RUNNING:
            return f"{self.words.stage(row.stage)}, {row.share:.0%}"
        return NOTHING

    def _speakers(self, row: Row) -> str:
        if row.jobs is not None:
            return NOTHING
        if row.speakers is not None:
            return str(row.speakers or "–")  # none: they could not be told apart, and the words are there
        return self.words.speakers_asked(row.asked)


def key_of(column: Column | None, now: Callable[[], float]) -> Key:
    """Return what a column sorts by; None: by submission."""
    if column is Column.LEFT:
        return lambda row: (eta_s(row, now()) or 0.0) if row.state is JobState.RUNNING else 0.0
    return _KEYS[column]


def _spent(row: Row) -> float:
    return row.ran_s or 0.0 if row.state.final else _UNDER_WAY - row.since


_KEYS: dict[Column | None, Key] = {
    None: lambda row: abs(row.id),
    Column.FILE: attrgetter("folded"),
    Column.STATE: lambda row: _STATE_ORDER[row.state],
    Column.PROGRESS: lambda row: 1.0 if row.state is JobState.COMPLETED else row.share,
    Column.SPEAKERS: lambda row: row.speakers or 0,
    Column.LENGTH: lambda row: row.duration_s or 0.0,
    Column.TIME: _spent,
    Column.ATTEMPTS: attrgetter("attempts"),
    Column.SUBMITTED: attrgetter("submitted_at"),
    Column.FINISHED: lambda row: row.finished_at or 0.0,
    Column.ENGINE: attrgetter("engine"),
    Column.LANGUAGE: lambda row: row.language or "",
    Column.BATCH: lambda row: row.batch or 0,
}
