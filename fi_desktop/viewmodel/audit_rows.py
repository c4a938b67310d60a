"""Entries of the audit trail as the window shows them: newest first, by day and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.audit.formats import of_people
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.audit.verification import verify_trail
from fi_desktop.core.messages import Note
from fi_desktop.jobs.audit_check import check_jobs
from fi_desktop.jobs.service import JobService

MOST_ROWS = 5000
"""The newest entries of a day and kind that are shown."""

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry.

    Attributes:
        at: local time.
        who: the system's account and computer.
        program: the part of the program.
        job: its number, if it is about one.
        detail: what else the entry says.
    """

    number: int
    at: datetime
    kind: ActKind
    who: str
    program: str
    job: int | None
    detail: Mapping[str, Any]

    @classmethod
    def of(cls, entry: Entry) -> AuditRow:
        """Return the row of an entry.

        Raises:
            KeyError, ValueError: the entry is not one that this version writes.
        """
        fields = entry.fields
        at = datetime.fromisoformat(str(fields["at"])).astimezone()
        who = f"{fields.get('user', '')}@{fields.get('host', '')}"
        program, detail = str(fields.get("program", "")), fields.get("detail") or {}
        return cls(entry.number, at, ActKind(fields["kind"]), who, program, fields.get("job"), detail)


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What can be shown of the trail.

    Attributes:
        rows: newest first.
        days: with entries, newest first.
        kinds: with entries, the most frequent first.
        entries: what is exported.
    """

    rows: Sequence[AuditRow] = ()
    days: Sequence[date] = ()
    kinds: Sequence[ActKind] = ()
    entries: Sequence[Entry] = ()

    def shown(self, day: date | None, kind: ActKind | None) -> list[AuditRow]:
        """Return the rows of a day and a kind; None: of all."""
        found = [
            row for row in self.rows if day in (None, row.at.date()) and (kind is None or row.kind is kind)
        ]
        return found[:MOST_ROWS]


def read_page(trail: AuditTrail) -> AuditPage:
    """Read the trail, after recording that it is read; blocks.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    trail.record_first(Act(ActKind.TRAIL_READ, detail={"purpose": "list"}))
    entries = of_people(verify_trail(trail.store).entries)
    rows = sorted(_rows(entries), key=lambda row: row.number, reverse=True)
    days = sorted({row.at.date() for row in rows}, reverse=True)
    kinds = [kind for kind, _ in Counter(row.kind for row in rows).most_common()]
    return AuditPage(rows, days, kinds, entries)


def verify_all(trail: AuditTrail, service: JobService) -> list[Note]:
    """Verify the trail, and what it says of the jobs; one sentence for each finding. Blocks.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    trail.record_first(Act(ActKind.TRAIL_READ, detail={"purpose": "verify"}))
    ids = [job.id for job in service.jobs().result(_TIMEOUT_S)]
    verified = verify_trail(trail.store)
    return [*verified.findings, *check_jobs(verified.entries, ids, service.folders)]


def _rows(entries: Iterable[Entry]) -> Iterable[AuditRow]:
    for entry in entries:
        try:
            yield AuditRow.of(entry)
        except (KeyError, ValueError):
            continue
