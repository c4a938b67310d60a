"""A job's event log as a hash chain: each stored event carries a hash of itself and of the one before.

An event that was changed, left out or inserted breaks the chain after it. So `fi-desktop jobs verify` can
prove that a record is the replay of the events that were really written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import takewhile
from typing import Any, cast

from fi_desktop.core.codec import event_from_json
from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import InvalidTransition, Job, StaleClaim, apply

UNREADABLE = (AttributeError, LookupError, TypeError, ValueError, InvalidTransition, StaleClaim)
"""Raised when a row holds something other than what was written."""

ROOT = ""
"""The hash that the first event is chained to."""

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def link(last: str, event: dict[str, Any]) -> tuple[str, str]:
    """Chain an event, as JSON values, to the hash of the one before; return JSON text and its hash."""
    canonical = _canonical(event)
    digest = _hash(last, canonical)
    return f'{{"event":{canonical},"hash":"{digest}"}}', digest


def unbroken(links: Sequence[dict[str, Any]]) -> bool:
    """Whether all links, from the first event on, are chained as they were written."""
    last = ROOT
    for item in links:
        if item["hash"] != _hash(last, _canonical(item["event"])):
            return False
        last = item["hash"]
    return True


def valid_events(
    links: Mapping[int, Any], unseal: Callable[[int, Any], Any] = lambda _number, event: event
) -> Iterator[JobEvent]:
    """Yield a job's events, given by number, up to the first that is lost, changed or impossible.

    unseal: returns an event with its number as it was before it was sealed.
    """
    last, job = ROOT, cast("Job | None", None)
    for number in takewhile(links.__contains__, range(1, len(links) + 1)):
        item = links[number]
        try:
            if item["hash"] != (last := _hash(last, _canonical(item["event"]))):
                return
            event = event_from_json(unseal(number, item["event"]))
            job = apply(job, event)
        except UNREADABLE:
            return
        yield event


def replay(events: Iterable[JobEvent]) -> Job | None:
    """Return the job that events lead to; None if there are none."""
    return reduce(apply, events, cast("Job | None", None))


def _hash(last: str, canonical: str) -> str:
    return hashlib.sha256((last + canonical).encode("ascii")).hexdigest()
