"""The event log's chain: each event carries a hash of itself and of the one before.

An event that was changed, left out or put in later breaks the chain behind it, so that `fi-desktop jobs
verify` can prove that a record is the fold of the events that really were written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from fi_desktop.core.events import JobEvent
from fi_desktop.core.job import InvalidTransition, Job, StaleClaim, apply
from fi_desktop.core.records import event_from_json

UNREADABLE = (AttributeError, KeyError, TypeError, ValueError, InvalidTransition, StaleClaim)
"""What is raised where a row holds something else than was written into it."""

ROOT = ""
"""What the first event is chained to."""


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def link(last: str, event: dict[str, Any]) -> tuple[str, str]:
    """Chain an event (JSON values) to the one before, whose hash is `last`; return JSON text and its hash."""
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


def whole_events(links: Mapping[int, Any]) -> Iterator[JobEvent]:
    """Yield a job's events, given by number, up to the first that is lost, changed, or makes no sense."""
    numbers = takewhile(lambda number: number in links, range(1, len(links) + 1))
    chain: list[dict[str, Any]] = []
    job: Job | None = None
    for number in numbers:
        chain.append(links[number])
        try:
            if not unbroken(chain):
                return
            event = event_from_json(links[number]["event"])
            job = apply(job, event)
        except UNREADABLE:
            return
        yield event


def _hash(last: str, canonical: str) -> str:
    return hashlib.sha256((last + canonical).encode("ascii")).hexdigest()
