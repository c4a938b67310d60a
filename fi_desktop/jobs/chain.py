"""The event log's chain: each event carries a hash of itself and of the one before.

An event that was changed, left out or put in later breaks the chain behind it, so that `fi-desktop jobs
verify` can prove that a record is the fold of the events that really were written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

ROOT = ""
"""What the first event is chained to."""


def link(last: str, event: dict[str, Any]) -> dict[str, Any]:
    """Chain an event (JSON values) to the one before, whose hash is `last`."""
    return {"event": event, "hash": _hash(last, event)}


def unbroken(links: Sequence[dict[str, Any]]) -> bool:
    """Whether all links, from the first event on, are chained as they were written."""
    last = ROOT
    for item in links:
        if item["hash"] != _hash(last, item["event"]):
            return False
        last = item["hash"]
    return True


def _hash(last: str, event: dict[str, Any]) -> str:
    canonical = json.dumps(event, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((last + canonical).encode("ascii")).hexdigest()
