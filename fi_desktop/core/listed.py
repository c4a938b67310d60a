"""Jobs as a long list needs them, read from their records without making each a `Job`.

A store may hold a hundred thousand jobs, and nearly all of them were done at the first try: of those a list
shows a few values alone. They are picked out of the record by the database, outside of Python's lock.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from fi_desktop.core.job import Job
from fi_desktop.core.messages import Note
from fi_desktop.core.records import job_from_json, notes_from_json


class Done(NamedTuple):
    """A job that was completed at the first try. Times are UTC, seconds since the epoch.

    Attributes:
        priority: as a number.
        speakers_asked, engine_asked, language_asked: of the options.
        started_at, ended_at: of its one attempt.
        speakers, duration_s, engine, grade, notes, language: of the summary.
    """

    id: int
    path: str
    priority: int
    submitted_at: float
    finished_at: float
    batch: int | None
    speakers_asked: str
    engine_asked: str
    language_asked: str | None
    started_at: float
    ended_at: float
    speakers: int
    duration_s: float
    engine: str
    grade: str | None
    notes: tuple[Note, ...]
    language: str | None


DONE_PATHS = (
    "$.id",
    "$.path",
    "$.priority",
    "$.submitted_at",
    "$.finished_at",
    "$.batch",
    "$.options.speakers",
    "$.options.engine",
    "$.options.language",
    "$.attempts[0].started_at",
    "$.attempts[0].ended_at",
    "$.summary.speakers",
    "$.summary.duration_s",
    "$.summary.engine",
    "$.summary.grade",
    "$.summary.notes",
    "$.summary.language",
)
"""Where `Done`'s values, in their order, stand in a record of `core/records.py`."""
_NOTES = DONE_PATHS.index("$.summary.notes")


def listed_from_json(data: dict[str, Any] | list[Any]) -> Job | Done:
    """Read a record, or of one that is `Done` the values at `DONE_PATHS`.

    Raises:
        KeyError, ValueError, TypeError: the record is damaged or of a newer program.
    """
    if isinstance(data, dict):
        return job_from_json(data)
    data[_NOTES] = notes_from_json(data[_NOTES])
    return Done(*data)
