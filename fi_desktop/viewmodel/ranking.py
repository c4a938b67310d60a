"""Ids in the order of their keys, kept sorted while ids are added, moved and removed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from operator import eq, gt
from typing import Any


class Ranking:
    """Ids sorted by key; ids with equal keys newest first, in either direction.

    Finding a position takes three bisections, also among 100,000 ids; a change moves part of a list. An index
    of all positions would have to be rebuilt at each change. A descending ranking is stored in reverse, so
    that the newest ids are appended.

    Attributes:
        descending: whether the greatest key comes first.
    """

    def __init__(self, keys: dict[int, Any] | None = None, *, descending: bool = True) -> None:
        """Sort these ids by their keys. An id may be negative; its absolute value says how new it is.

        keys: owned by the ranking from now on, not copied.
        """
        self.descending = descending
        self._age = abs if descending else _older
        self._key_of: dict[int, Any] = {} if keys is None else keys
        self._ids = sorted(self._key_of, key=abs, reverse=not descending)
        self._ids.sort(key=self._key_of.__getitem__)

    def __len__(self) -> int:
        """Return the number of ids."""
        return len(self._ids)

    def __contains__(self, entry: int) -> bool:
        """Return whether the id is ranked."""
        return entry in self._key_of

    def __iter__(self) -> Iterator[int]:
        """Return the ids from first to last."""
        return reversed(self._ids) if self.descending else iter(self._ids)

    def __getitem__(self, position: int) -> int:
        """Return the id at a position."""
        return self._ids[len(self._ids) - 1 - position if self.descending else position]

    def key(self, entry: int) -> Any:
        """Return an id's key."""
        return self._key_of[entry]

    def keys(self) -> dict[int, Any]:
        """Return a copy of all ids with their keys, in no order."""
        return dict(self._key_of)

    def position(self, entry: int) -> int:
        """Return an id's position, from 0."""
        at = self._find(entry, self._key_of[entry])
        return len(self._ids) - 1 - at if self.descending else at

    def position_for(self, entry: int, key: Any) -> int:
        """Return the position at which a new id would be inserted."""
        at = self._find(entry, key)
        return len(self._ids) - at if self.descending else at

    def gaps(self, keys: Mapping[int, Any]) -> dict[int, Mapping[int, Any]]:
        """Group new ids by the position at which `insert` takes them."""
        new = Ranking(dict(keys), descending=self.descending)
        if new and self._gap(new[0], keys) == self._gap(new[len(new) - 1], keys):
            return {self._gap(new[0], keys): keys}  # usual while older jobs are listed
        found: dict[int, dict[int, Any]] = {}
        for entry, key in keys.items():
            found.setdefault(self.position_for(entry, key), {})[entry] = key
        return dict(found)

    def flipped(self) -> Ranking:
        """Return the ranking in the other direction, without sorting again."""
        other = copy(self)
        other.descending = not self.descending
        other._age = _older if self.descending else abs
        other._ids, other._key_of = list(self._ids), dict(self._key_of)
        keys = list(map(self._key_of.__getitem__, self._ids))
        ties = [*map(eq, keys, keys[1:]), False]
        last = -1
        for _ in range(sum(map(gt, ties, [False, *ties]))):  # runs of equal keys, which stay newest first
            first = ties.index(True, last + 1)
            last = ties.index(False, first)
            other._ids[first : last + 1] = reversed(self._ids[first : last + 1])
        return other

    def insert(self, position: int, keys: Mapping[int, Any]) -> None:
        """Insert ids that all belong at this position."""
        at = len(self._ids) - position if self.descending else position
        new = Ranking(dict(keys), descending=self.descending)
        self._ids[at:at] = new._ids
        self._key_of.update(keys)

    def remove(self, first: int, last: int) -> None:
        """Remove the ids from one position to another, inclusive."""
        if self.descending:
            first, last = len(self._ids) - 1 - last, len(self._ids) - 1 - first
        for entry in self._ids[first : last + 1]:
            del self._key_of[entry]
        del self._ids[first : last + 1]

    def move(self, entry: int, key: Any) -> None:
        """Give an id another key."""
        position = self.position(entry)
        self.remove(position, position)
        self.insert(self.position_for(entry, key), {entry: key})

    def _gap(self, entry: int, keys: Mapping[int, Any]) -> int:
        return self.position_for(entry, keys[entry])

    def _find(self, entry: int, key: Any) -> int:
        low = bisect_left(self._ids, key, key=self._key_of.__getitem__)
        high = bisect_right(self._ids, key, low, key=self._key_of.__getitem__)
        return bisect_left(self._ids, self._age(entry), low, high, key=self._age)


def runs(positions: Iterable[int]) -> list[tuple[int, int]]:
    """Return (first, last) of each run of consecutive positions, the last run first."""
    found: list[tuple[int, int]] = []
    for position in sorted(positions, reverse=True):
        if found and found[-1][0] == position + 1:
            found[-1] = (position, found[-1][1])
        else:
            found.append((position, position))
    return found


def _older(entry: int) -> int:
    return -abs(entry)
