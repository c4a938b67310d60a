"""When jobs start: at any time or at night, on any power supply or on mains power only.

The times are local and the clock is the system's, whatever it is set to: "20:00" is what the clock on the
wall says, also after daylight saving begins or ends. Running jobs are never stopped for them.
"""

from __future__ import annotations

import math
import time as system_time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

from fi_desktop.jobs.queue_events import QueueHeld
from fi_desktop.settings import Settings
from fi_desktop.system import power

RECHECK_S = 30.0
"""Longest wait before times are checked again: no event says that power came back or the lid was opened."""
_SUPPLY_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class RunTimes:
    """When jobs may start.

    Attributes:
        at_night: only between `begins` and `ends`, local times; at any time if they are equal.
        only_mains: not while the computer runs on its battery.
        zone: of the local times; None: the computer's.
    """

    at_night: bool
    begins: time
    ends: time
    only_mains: bool
    zone: tzinfo | None = None

    @classmethod
    def of(cls, settings: Settings) -> RunTimes:
        """Return the times in the settings."""
        return cls(
            settings.run_at == "night",
            time.fromisoformat(settings.night_from),
            time.fromisoformat(settings.night_until),
            settings.only_mains,
        )

    @property
    def limited(self) -> bool:
        """Whether there are times at which no job starts."""
        return self.at_night or self.only_mains

    def held(self, now: float, *, on_battery: Callable[[], bool] = power.on_battery) -> QueueHeld:
        """Return what keeps jobs from starting. now: UTC, seconds since the epoch, as the system has it."""
        if self.at_night and not self.is_night(now):
            return QueueHeld(until=self.next_night(now))
        return QueueHeld(for_mains=self.only_mains and on_battery())

    def is_night(self, now: float) -> bool:
        """Whether it is between the beginning and the end of the night."""
        clock = self._local(now).time()
        if self.begins < self.ends:
            return self.begins <= clock < self.ends
        return clock >= self.begins or clock < self.ends

    def next_night(self, now: float) -> float:
        """Return when the next night begins, UTC, seconds since the epoch."""
        today = self._local(now).date()
        moments = (datetime.combine(today + timedelta(days), self.begins, self.zone) for days in range(3))
        return next(moment.timestamp() for moment in moments if moment.timestamp() > now)

    def tonight(self, now: float) -> float | None:
        """Return when a job that is to start tonight starts; None at night: with the others."""
        return None if self.is_night(now) else self.next_night(now)

    def next_at(self, clock: time, now: float) -> float:
        """Return when the clock on the wall next says `clock`, UTC, seconds since the epoch."""
        return RunTimes(True, clock, clock, False, self.zone).next_night(now)

    def _local(self, now: float) -> datetime:
        return datetime.fromtimestamp(now, UTC).astimezone(self.zone)


class TimesCheck:
    """Checks the times for the queue thread, which publishes what changes.

    Attributes:
        held: what keeps jobs from starting, when it was last checked.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = system_time.time,
        on_battery: Callable[[], bool] = power.on_battery,
    ) -> None:
        """Prepare. clock: UTC, seconds since the epoch, as the system has it."""
        self._clock, self._read_supply = clock, on_battery
        self._supply_read_at, self._on_battery = -math.inf, False
        self.held = QueueHeld()

    @property
    def on_battery(self) -> bool:
        """Whether the computer runs on its battery; known for some seconds, since asking takes time."""
        now = self._clock()
        if abs(now - self._supply_read_at) >= _SUPPLY_EVERY_S:
            self._supply_read_at, self._on_battery = now, self._read_supply()
        return self._on_battery

    def changed(self, settings: Settings) -> bool:
        """Check the times; return whether something else keeps jobs from starting than before."""
        before, self.held = self.held, RunTimes.of(settings).held(self._clock(), on_battery=self._read_supply)
        return self.held != before

    @property
    def wait_s(self) -> float:
        """Seconds until the times are to be checked again, while jobs are held."""
        until = self.held.until
        return RECHECK_S if until is None else min(RECHECK_S, max(0.0, until - self._clock()))
