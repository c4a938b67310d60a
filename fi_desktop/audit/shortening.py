"""Deletes the oldest files of the audit trail so that the rest can still be verified.

Before files go, the trail gets an entry that says with which entry the rest begins, what that one is chained
to, and which key signs its next checkpoint. The entry is chained and signed like any other, so nobody without
the keys can write one that accounts for files that they deleted. What follows the deleted part is verified
from there as before: every number, MAC and signature.

A file with a damaged line stays, and so do those after it: it is evidence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import BrokenLine, Entry, digest_of, forward
from fi_desktop.audit.keys import RootKeys, load_roots, save_roots
from fi_desktop.audit.trail_store import TrailStore


@dataclass(frozen=True, slots=True)
class TrailStart:
    """Where a shortened trail begins.

    Attributes:
        first: number of the first entry that stayed.
        mac: of the entry before it.
        digest: of all entries before it.
        key: public key of its next checkpoint.
        began: public key of the trail's very first checkpoint.
    """

    first: int
    mac: str
    digest: str
    key: str
    began: str

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> TrailStart | None:
        """Return what the last entry about it says; None if nothing was ever deleted."""
        for entry in reversed(entries):
            if entry.fields.get("kind") != ActKind.TRAIL_SHORTENED:
                continue
            try:
                detail = entry.fields["detail"]
                texts = (str(detail[name]) for name in ("mac", "digest", "key", "began"))
                return cls(int(detail["first"]), *texts)
            except (KeyError, TypeError, ValueError):
                return None  # not written by this program, which its MAC shows
        return None


def old_files(store: TrailStore, before: float) -> list[int]:
    """Return the numbers of the files that were last written before a moment; never the present one."""
    found: list[int] = []
    for number in store.files()[:-1]:
        if store.path(number).stat().st_mtime >= before:
            break
        found.append(number)
    return found


def shorten(
    store: TrailStore, before: float, who: Mapping[str, Any], *, at: float, sent: float = math.inf
) -> int:
    """Delete files whose entries are all from before a moment, and return how many.

    Args:
        store: the trail.
        before: UTC, seconds since the epoch.
        who: see `actor`.
        at: the time of the entry that says so.
        sent: the highest number that was sent on; what was not stays.

    Raises:
        UserError: the keys are sealed, and the vault is locked.
        OSError, ValueError: files or keys cannot be read or written.
    """
    with store.lock:
        old: dict[int, list[Entry]] = {}
        start = TrailStart.of(list(store.entries(0)))
        for number in old_files(store, before):
            entries = _intact(store, number)
            if not entries or entries[-1].number > sent or _moment(entries[-1]) >= before:
                break
            old[number] = entries
        if not old:
            return 0
        gone = [entry for entries in old.values() for entry in entries]
        began = start.began if start is not None else str((gone[0].fields.get("detail") or {}).get("key", ""))
        following = _start_after(gone, began)
        if following is None:
            return 0
        roots = load_roots(store.folder, store.home_files)
        save_roots(store.folder, _with_key(roots, following.first), store.home_files)
        detail = {
            "first": following.first,
            "mac": following.mac,
            "digest": following.digest,
            "key": following.key,
            "began": began,
            "entries": len(gone),
        }
        store.append([(at, Act(ActKind.TRAIL_SHORTENED, detail=detail))], who)
        for number in old:
            store.path(number).unlink()
        roots = load_roots(store.folder, store.home_files)
        chains = {number: key for number, key in roots.chains.items() if number >= following.first - 1}
        save_roots(store.folder, replace(roots, chains=chains), store.home_files)
        return len(old)


def _intact(store: TrailStore, number: int) -> list[Entry]:
    """Return the entries of a file; none if a line is damaged."""
    try:
        return [Entry.of(line) for line in store.path(number).read_bytes().splitlines(keepends=True)]
    except BrokenLine:
        return []


def _moment(entry: Entry) -> float:
    return datetime.fromisoformat(str(entry.fields["at"])).timestamp()


def _start_after(entries: Sequence[Entry], began: str) -> TrailStart | None:
    """Return where the trail begins behind these entries; None if they hold no checkpoint."""
    for index in range(len(entries) - 1, -1, -1):
        if entries[index].fields.get("kind") == ActKind.CHECKPOINT:
            digest = str(entries[index].fields["digest"])
            for entry in entries[index:]:
                digest = digest_of(digest, entry.line)
            last, key = entries[-1], str(entries[index].fields["next"])
            return TrailStart(last.number + 1, last.mac, digest, key, began)
    return None


def _with_key(roots: RootKeys, first: int) -> RootKeys:
    """Return the keys with the one for the chain from an entry on, if it can be found."""
    base = max((number for number in roots.chains if number < first), default=None)
    if base is None:
        return roots
    key = roots.chains[base]
    for _ in range(first - 1 - base):
        key = forward(key)
    return replace(roots, chains={**roots.chains, first - 1: key})
