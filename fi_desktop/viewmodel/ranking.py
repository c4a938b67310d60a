"""An order that is kept while things come and go: ids by a key, found by bisection."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from operator import eq, gt
from typing import Any


class Ranking:
    """Ids in the order of their keys; those with the same key newest first, whichever way it goes.

    Where a place is looked up, a hundred thousand ids cost three bisections; a change costs two moves of
    memory, where an index of all places would have to be made anew. A ranking that descends is kept the
    other way round, so that what is new is put at the end of a list.

    Attributes:
        descending: whether the greatest key comes first.
    """

    def __init__(self, keys: dict[int, Any] | None = None, *, descending: bool = True) -> None:
        """Order these ids by these keys. An id may be negative; its age is its absolute value.

        keys: kept as it is, not copied: it is large.
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
        """Return whether the id has a place."""
        return entry in self._key_of

    def __iter__(self) -> Iterator[int]:
        """Return the ids from the first place to the last."""
        return reversed(self._ids) if self.descending else iter(self._ids)

    def __getitem__(self, place: int) -> int:
        """Return the id at a place, from 0."""
        return self._ids[len(self._ids) - 1 - place if self.descending else place]

    def key(self, entry: int) -> Any:
        """Return the key under which the id stands."""
        return self._key_of[entry]

    def keys(self) -> dict[int, Any]:
        """Return the ids with their keys, in no order."""
        return dict(self._key_of)

    def place(self, entry: int) -> int:
        """Return where the id stands."""
        at = self._find(entry, self._key_of[entry])
        return len(self._ids) - 1 - at if self.descending else at

    def place_for(self, entry: int, key: Any) -> int:
        """Return where an id that has no place yet would stand."""
        at = self._find(entry, key)
        return len(self._ids) - at if self.descending else at

    def gaps(self, keys: Mapping[int, Any]) -> dict[int, Mapping[int, Any]]:
        """Return ids that have no place yet by where they would stand, as `insert` takes them."""
        new = Ranking(dict(keys), descending=self.descending)
        if new and self._gap(new[0], keys) == self._gap(new[len(new) - 1], keys):
            return {self._gap(new[0], keys): keys}  # as when older jobs are listed: all in one
        found: dict[int, dict[int, Any]] = {}
        for entry, key in keys.items():
            found.setdefault(self.place_for(entry, key), {})[entry] = key
        return dict(found)

    def turned(self) -> Ranking:
        """Return the same ids with the same keys the other way round, without sorting them anew."""
        other = copy(self)
        other.descending = not self.descending
        other._age = _older if self.descending else abs
        other._ids, other._key_of = list(self._ids), dict(self._key_of)
        keys = list(map(self._key_of.__getitem__, self._ids))
        ties = [*map(eq, keys, keys[1:]), False]
        last = -1
        for _ in range(sum(map(gt, ties, [False, *ties]))):  # runs of the same key
            first = ties.index(True, last + 1)
            last = ties.index(False, first)
            other._ids[first : last + 1] = reversed(self._ids[first : last + 1])
        return other

    def insert(self, place: int, keys: Mapping[int, Any]) -> None:
        """Put ids in that all stand in the gap before this place."""
        at = len(self._ids) - place if self.descending else place
        new = Ranking(dict(keys), descending=self.descending)
        self._ids[at:at] = new._ids
        self._key_of.update(keys)

    def remove(self, first: int, last: int) -> None:
        """Take the ids from one place to another out."""
        if self.descending:
            first, last = len(self._ids) - 1 - last, len(self._ids) - 1 - first
        for entry in self._ids[first : last + 1]:
            del self._key_of[entry]
        del self._ids[first : last + 1]

    def move(self, entry: int, key: Any) -> None:
        """Give an id the place of another key."""
        place = self.place(entry)
        self.remove(place, place)
        self.insert(self.place_for(entry, key), {entry: key})

    def _gap(self, entry: int, keys: Mapping[int, Any]) -> int:
        return self.place_for(entry, keys[entry])

    def _find(self, entry: int, key: Any) -> int:
        low = bisect_left(self._ids, key, key=self._key_of.__getitem__)
        high = bisect_right(self._ids, key, low, key=self._key_of.__getitem__)
        return bisect_left(self._ids, self._age(entry), low, high, key=self._age)


def runs(places: Iterable[int]) -> list[tuple[int, int]]:
    """Return (first, last) of each run of neighbours, the last run first."""
    found: list[tuple[int, int]] = []
    for place in sorted(places, reverse=True):
        if found and found[-1][0] == place + 1:
            found[-1] = (place, found[-1][1])
        else:
            found.append((place, place))
    return found


def _older(entry: int) -> int:
    return -abs(entry)
