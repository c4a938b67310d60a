"""A record that cannot be read is what its job's events say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import reduce
from typing import Any, cast

from fi_desktop.core.job import Job, apply
from fi_desktop.jobs.chain import whole_events
from fi_desktop.jobs.keys import event_key
from fi_desktop.system import log


def restored(sql: Callable[..., Any], value: Callable[[Sequence[Any]], Any], job_id: int) -> Job | None:
    """Return the job as far as its events are whole, and delete those behind and its place; None: none is.

    Args:
        sql: carries out a statement in the store.
        value: reads the value of a row (mode, file name, value); raises ValueError.
        job_id: whose record cannot be read.
    """
    bounds = event_key(job_id, 0), event_key(job_id + 1, 0)
    query = "SELECT key, mode, filename, value FROM Cache WHERE key >= ? AND key < ? AND raw = 1"
    links: dict[int, Any] = {}
    for key, *row in sql(query, bounds).fetchall():
        with suppress(ValueError):
            links[int(key.rpartition(":")[2])] = value(row)
    events = list(whole_events(links))
    log.event("STORE_ROW_DAMAGED", job=job_id, events=len(events))
    if not events:
        return None
    last = event_key(job_id, len(events))
    sql("DELETE FROM Cache WHERE key > ? AND key < ? AND raw = 1", (last, bounds[1]))
    sql(
        "DELETE FROM Cache WHERE (key >= 'q:' AND key < 'q;' OR key >= 'd:' AND key < 'd;')"
        " AND raw = 1 AND value = ?",
        (job_id,),
    )
    return reduce(apply, events, cast("Job | None", None))
