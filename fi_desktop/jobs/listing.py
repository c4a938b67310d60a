"""All jobs page by page, the newest first, for a list that shows what it has while it gets the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.listed import Done
from fi_desktop.jobs.store import JobStore


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the jobs, as they are between the news before and after it.

    Attributes:
        jobs: newest first.
        counts: how many jobs there are in each state, on whichever page.
        before: the id below which the next page begins; None: this is the last.
    """

    jobs: Sequence[Job | Done] = ()
    counts: Mapping[JobState, int] = field(default_factory=dict)
    before: int | None = None


def page(store: JobStore, limit: int, before: int | None) -> Page:
    """Return the newest jobs with an id below `before`.

    None: of all. Those are whole jobs: what they took says how fast the machine is.
    """
    jobs = store.newest(limit) if before is None else store.listed(before, limit)
    return Page(jobs, store.counts(), jobs[-1].id if len(jobs) == limit else None)
