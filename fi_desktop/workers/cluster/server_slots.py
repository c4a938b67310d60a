"""The slots whose jobs run on the server, and jobs there that no relay follows."""

from __future__ import annotations

import time
from collections import Counter, deque
from functools import partial

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import SERVER, Job
from fi_desktop.core.messages import Note
from fi_desktop.core.values import ServerLoad
from fi_desktop.settings import Settings
from fi_desktop.workers.cluster.link import ClusterLink, link_of, wants_local, wants_server
from fi_desktop.workers.cluster.relay_slot import SERVER_DEVICE, RelaySlot
from fi_desktop.workers.slot import WorkerSlot, resize

_MOST_RELAYS = 4  # that die with one job
SETTINGS = (
    "backend",
    "broker",
    "broker_certificates",
    "broker_unencrypted",
    "cluster_key",
    "cluster_queue",
    "transfer",
    "send_recordings",
    "agreed_server",
    "server_jobs",
)
"""The settings that say where the server is."""


class ServerSlots:
    """The relays that the settings ask for, or why there are none."""

    def __init__(self, settings: Settings) -> None:
        """Read the settings; nothing is connected."""
        self._settings = settings
        self._wanted = 0
        self._free: int | None = None  # workers that no other desktop uses; None: nobody has looked
        self._link: ClusterLink | None = None
        self._problem: Note | None = None
        if not wants_server(settings):
            return
        try:
            self._link, self._wanted = link_of(settings), settings.server_jobs
        except (UserError, TransientError) as error:
            self._problem = error.note

    def differs(self, settings: Settings) -> bool:
        """Whether these settings ask for other relays, or for another number."""
        return any(getattr(settings, name) != getattr(self._settings, name) for name in SETTINGS)

    def resized(self, slots: list[WorkerSlot]) -> list[WorkerSlot]:
        """Return the relays' slots after growing or shrinking to the wanted number."""
        create = partial(RelaySlot, link=self._link)
        return resize(slots, self._wanted, SERVER, lambda name, _: create(name, SERVER_DEVICE))

    def note_load(self, load: ServerLoad, slots: list[WorkerSlot]) -> None:
        """Note what the server has to do; part of it are the jobs of these slots."""
        others = load.waiting + load.working - _sent(slots)
        self._free = load.processes - max(0, others)

    @property
    def has_room(self) -> bool:
        """Whether a worker of the server is free for this desktop, as far as is known.

        If this computer does not work, too, its jobs may as well wait there.
        """
        return self._free is None or self._free > 0 or not wants_local(self._settings)

    def take_back(self, slots: list[WorkerSlot], most: int) -> int:
        """Ask for up to `most` jobs that wait on the server for a worker; return how many may come."""
        waiting = [slot for slot in slots if isinstance(slot, RelaySlot) and slot.waits]
        waiting.sort(key=lambda slot: slot.running.delivered_at if slot.running is not None else 0.0)
        for slot in waiting[:most]:
            slot.take_back()
        return min(most, len(waiting))

    def retire(self, slot: WorkerSlot) -> None:
        """Have one relay less, once its job is done; the last one stays."""
        if self._wanted > 1 and not slot.retiring:
            self._wanted -= 1
            slot.retire()

    def trouble(self, slots: list[WorkerSlot]) -> Note | None:
        """Return why no job can run on the server although the settings ask for that; None if some can."""
        reason = self._problem
        relays = [slot for slot in slots if isinstance(slot, RelaySlot) and not slot.retiring]
        if relays and all(slot.away is not None for slot in relays):
            reason = relays[0].away
        if reason is None:
            return None
        locally = wants_local(self._settings)
        return (messages.CLUSTER_WORKS_LOCALLY if locally else messages.CLUSTER_WAITS)(reason=reason)


def _sent(slots: list[WorkerSlot]) -> int:
    """Return how many of this desktop's jobs are on the server, or on their way."""
    return sum(slot.remote and slot.running is not None for slot in slots)


class OrphanedJobs:
    """Jobs that the server does, or may do, and that no relay follows now.

    The program was closed or killed, or a relay was. They wait for a relay that is ready; after a while they
    are queued again, and what the server still does with them is not wanted.
    """

    def __init__(self, patience_s: float) -> None:
        """patience_s: how long a job waits for a relay."""
        self._patience_s = patience_s
        self._waiting: deque[tuple[float, Job]] = deque()
        self._left: Counter[str] = Counter()

    def add(self, job: Job) -> None:
        """Have a job wait for a relay."""
        self._left[job.claim or ""] += 1
        patience_s = self._patience_s if self._left[job.claim or ""] < _MOST_RELAYS else 0.0
        self._waiting.append((time.monotonic() + patience_s, job))

    def next(self) -> Job | None:
        """Take the job that has waited longest; None if none waits."""
        now = time.monotonic()
        for entry in self._waiting:
            if entry[0] > now:
                self._waiting.remove(entry)
                return entry[1]
        return None

    def overdue(self) -> list[Job]:
        """Take the jobs that have waited too long."""
        now = time.monotonic()
        late = [job for until, job in self._waiting if until <= now]
        self._waiting = deque(entry for entry in self._waiting if entry[0] > now)
        return late

    @property
    def until(self) -> float | None:
        """When the next one has waited too long, monotonic, seconds; None if none waits."""
        return min((until for until, _ in self._waiting), default=None)
