"""Acts of the queue on their way to the audit trail.

Acts are stored in the transaction that does them, under `a:<number of the last>`, so neither is ever there
without the other. After the commit they go to the trail. Rows are deleted in a later transaction that writes
anyway, once the trail has their entries on disk. What a killed program left in the store goes to the trail at
the next start; the trail knows the numbers it has.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from concurrent.futures import wait as futures_wait
from dataclasses import asdict
from functools import partial
from itertools import groupby
from pathlib import PurePath

from filelock import Timeout

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.trail import AuditTrail
from fi_desktop.core import events as ev
from fi_desktop.core.dataclass_fields import with_fields
from fi_desktop.core.job import JobState
from fi_desktop.core.review import StepKind
from fi_desktop.jobs.event_chain import UNREADABLE
from fi_desktop.jobs.queue_events import (
    ClockConfirmed,
    JobChanged,
    JobRemoved,
    QueueEvent,
    ResultCorrected,
    RetentionRan,
)
from fi_desktop.jobs.sql import to_text
from fi_desktop.jobs.store import JobStore
from fi_desktop.system import log

_ALL = "a:", "a;"
_SETTLE_TIMEOUT_S = 5.0
_DELETED_AT_ONCE = 200
_AUDITED = "m:audited"  # whether the trail had entries about this store

_KINDS: dict[type[ev.JobEvent], ActKind] = {
    ev.Submitted: ActKind.ADDED,
    ev.Completed: ActKind.COMPLETED,
    ev.CancelAsked: ActKind.CANCELLED,
    ev.RetryAsked: ActKind.PROCESSED_AGAIN,
    ev.VersionChosen: ActKind.VERSION_CHOSEN,
    ev.Relocated: ActKind.RELOCATED,
    ev.LabelChanged: ActKind.LABELLED,
    ev.LegalHoldPlaced: ActKind.HOLD_PLACED,
    ev.LegalHoldReleased: ActKind.HOLD_RELEASED,
}
_STEPS = {StepKind.SIGN: ActKind.SIGNED, StepKind.REVIEW: ActKind.REVIEWED}


class StoredActs:
    """The acts of an open store; used by the thread that owns it."""

    def __init__(self, trail: AuditTrail | None, now: Callable[[], float]) -> None:
        """Prepare. trail: None to keep no trail; now: UTC, seconds since the epoch."""
        self._trail = trail
        self._store: JobStore | None = None
        self._now = now
        self._new: list[tuple[float, tuple[Act, ...]]] = []  # in the present transaction
        self._last = 0
        self._recorded = 0  # in the trail; set by the trail's thread
        self._deleted = 0
        self._delivered: Future[None] | None = None  # the last one

    def open(self, store: JobStore) -> None:
        """Send what an earlier owner left to the trail. Needs a transaction, and `deliver` after it."""
        if self._trail is None:
            return
        self._store = store
        known = self._last_in_trail(self._trail)
        self._last = self._recorded = known
        for row in store.rows.between(*_ALL):
            try:
                stored = store.rows.value(row)
                at, acts = float(stored["at"]), tuple(map(Act.from_json, stored["acts"]))
            except UNREADABLE:
                continue
            self._last = max(self._last, *(act.stored or 0 for act in acts))
            if self._last > known:
                self._new.append((at, acts))
        audited = bool(store.rows.cache.get(_AUDITED, default=0))
        erased = audited and not self._trail.store.files()
        if erased or not (audited or self._last):
            ids = store.ids()
            if ids or erased:
                self._store_acts(store, [found_jobs(ids, erased=erased)])

    def collect(self, events: Iterable[QueueEvent]) -> None:
        """Store what the events of a transaction mean, at its end."""
        if self._trail is None or self._store is None:
            return
        acts = [act for event in events for act in self._acts(event)]
        if acts:
            self._store_acts(self._store, acts)
            self.tidy(least=_DELETED_AT_ONCE)

    def tidy(self, least: int = 1) -> None:
        """Delete what the trail has, if there are enough. Needs a transaction."""
        recorded = self._recorded
        if self._store is not None and recorded >= self._deleted + least:
            self._store.rows.delete_between(_ALL[0], _key(recorded + 1))
            self._store.rows.put(_AUDITED, 1)
            self._deleted = recorded

    def deliver(self) -> None:
        """Send what was stored to the trail, after the commit."""
        stored, self._new = self._new, []
        for at, acts in stored:
            if self._trail is not None:
                self._delivered = self._trail.record(*acts, at=at, urgent=False)
                self._delivered.add_done_callback(partial(self._on_recorded, acts[-1].stored or 0))

    def settle(self) -> None:
        """Wait a moment until the trail has what was delivered, and delete that; at the end."""
        if self._trail is not None and self._delivered is not None and self._store is not None:
            self._trail.flush()
            futures_wait([self._delivered], _SETTLE_TIMEOUT_S)
            with self._store.transaction():
                self.tidy()

    def forget(self) -> None:
        """Forget what was stored: the transaction failed."""
        self._new = []
        self._deleted = 0

    def _on_recorded(self, number: int, written: Future[None]) -> None:
        if written.exception() is None:
            self._recorded = max(self._recorded, number)

    def _store_acts(self, store: JobStore, acts: Sequence[Act]) -> None:
        numbered = tuple(with_fields(act, stored=number) for number, act in enumerate(acts, self._last + 1))
        self._last += len(numbered)
        at = self._now()
        store.rows.put(_key(self._last), to_text({"at": at, "acts": [act.to_json() for act in numbered]}))
        self._new.append((at, numbered))

    def _last_in_trail(self, trail: AuditTrail) -> int:
        try:
            return trail.store.last_stored()
        except (OSError, ValueError, Timeout) as error:
            log.event("AUDIT_UNREADABLE", error=type(error).__name__)
            return 0

    def _acts(self, event: QueueEvent) -> Iterator[Act]:
        match event:
            case JobChanged(job=job, event=job_event):  # nearly all events, so it comes first
                kind = _KINDS.get(type(job_event))
                if kind is ActKind.ADDED and isinstance(job_event, ev.Submitted):
                    detail = {} if job_event.batch is None else {"batch": job_event.batch}
                    yield Act(kind, job.id, self._code(job_event.path), detail=detail)
                elif kind is not None:
                    yield Act(kind, job.id)
                elif isinstance(job_event, ev.Failed) and job.state is JobState.FAILED:
                    yield Act(ActKind.FAILED, job.id)
            case JobRemoved(job_id=job_id, why=why):
                yield Act(ActKind.REMOVED, job_id, detail={"by": why.value})
            case RetentionRan():
                yield Act(ActKind.RETENTION_RAN, detail=asdict(event))
            case ClockConfirmed():
                yield Act(ActKind.CLOCK_CONFIRMED)
            case ResultCorrected(job_id=job_id, steps=steps):
                for kind in dict.fromkeys(_STEPS.get(step, ActKind.EDITED) for step in steps):
                    yield Act(kind, job_id)

    def _code(self, path: str) -> str | None:
        return None if self._trail is None else self._trail.code(PurePath(path).name)


def found_jobs(ids: Iterable[int], *, erased: bool = False) -> Act:
    """Return the act of finding jobs that the trail has no entries of; `erased`: with the trail before."""
    return Act(ActKind.QUEUE_FOUND, detail={"jobs": ranges(ids), "erased": erased})


def ranges(ids: Iterable[int]) -> str:
    """Return numbers as text, such as "1-3,7"."""
    numbers = sorted(ids)
    parts = []
    for _, group in groupby(enumerate(numbers), lambda item: item[1] - item[0]):
        run = [number for _, number in group]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ",".join(parts)


def in_ranges(text: str) -> set[int]:
    """Return the numbers in what `ranges` returned; ValueError if it is something else."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return numbers


def _key(number: int) -> str:
    return f"a:{number:012d}"
