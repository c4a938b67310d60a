"""The places of a pool: as many as are wanted, each with a name and a device of its own."""

from __future__ import annotations

import os

import psutil

from fi_desktop.workers.devices import devices
from fi_desktop.workers.place import Place

_MEMORY_A_WORKER_BYTES = 1_500_000_000


def default_workers() -> int:
    """Return how many workers this computer carries: two, where cores and free memory allow."""
    cores = os.cpu_count() or 1
    fitting = psutil.virtual_memory().available // _MEMORY_A_WORKER_BYTES
    return int(max(1, min(2, cores, fitting)))


def fit(places: list[Place], wanted: int) -> list[Place]:
    """Return the places once there are as many as wanted.

    Those that are too many, the last ones, finish their job first; a name is free again once its worker is
    gone.
    """
    staying = [place for place in places if not place.retiring]
    for place in staying[wanted:]:
        place.retire()
    missing = range(max(0, wanted - len(staying)))
    left = [place for place in places if place.held or not place.retiring]
    taken = {place.name for place in left}
    numbers = [n for n in range(1, len(taken) + len(missing) + 1) if _name(n) not in taken]
    on = devices(max(numbers, default=0)) if missing else ()
    left += [Place(_name(n), on[n - 1]) for n, _ in zip(numbers, missing, strict=False)]
    return sorted(left, key=lambda place: (len(place.name), place.name))


def _name(number: int) -> str:
    return f"worker-{number}"
