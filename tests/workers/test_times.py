"""The times of the queue with real workers, and a clock and a power supply that the test sets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from datetime import time as clock
from pathlib import Path

import pytest

from fi_desktop.app import BackendName
from fi_desktop.core.job import START_NOW, JobState
from fi_desktop.jobs import run_times
from fi_desktop.jobs.queue_events import QueueHeld
from fi_desktop.jobs.run_times import TimesCheck
from fi_desktop.settings import save
from tests.app_driver import TIMEOUT_S, Driver, running_app

NOON = datetime.combine(datetime.now(UTC).astimezone().date(), clock(12)).timestamp()
EIGHT = NOON + 8 * 3600


class Surroundings:
    """The computer's clock and power supply.

    Attributes:
        now: UTC, seconds since the epoch.
        battery: whether the computer runs on its battery.
        asked: how often the queue has looked at the clock.
    """

    def __init__(self) -> None:
        self.now = NOON
        self.battery = False
        self.asked = 0
        self._looked = threading.Condition()
        self.check = TimesCheck(clock=self._clock, on_battery=lambda: self.battery)

    def _clock(self) -> float:
        with self._looked:
            self.asked += 1
            self._looked.notify_all()
        return self.now

    def wait_for_a_look(self) -> None:
        """Wait until the queue has looked at the clock again."""
        with self._looked:
            before = self.asked
            assert self._looked.wait_for(lambda: self.asked > before, TIMEOUT_S)


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    monkeypatch.setattr(run_times, "RECHECK_S", 0.2)
    return Surroundings()


@pytest.fixture(params=["pool", "thread", "inline"])
def driver(request: pytest.FixtureRequest, home: Path, surroundings: Surroundings) -> Iterator[Driver]:
    save(home, {"run_at": "night"})
    backend: BackendName = request.param
    with running_app(home, backend=backend, times=surroundings.check, workers=1) as driver:
        yield driver


def held(driver: Driver) -> QueueHeld:
    """Return what the listeners know of the times."""
    known = [event for event in driver.events if isinstance(event, QueueHeld)]
    return known[-1] if known else QueueHeld()


def test_a_job_waits_for_the_night_and_starts_by_itself(
    driver: Driver, surroundings: Surroundings, ten_seconds: Path
):
    (job_id,) = driver.submit(ten_seconds)
    driver.wait_for(lambda: held(driver) == QueueHeld(EIGHT))
    surroundings.wait_for_a_look()
    assert driver.job(job_id).state is JobState.QUEUED
    surroundings.now = EIGHT
    (job,) = driver.wait_until_done(job_id)
    assert job.state is JobState.COMPLETED
    assert held(driver) == QueueHeld()


def test_a_job_is_started_now_in_spite_of_the_times(driver: Driver, ten_seconds: Path):
    first, second = driver.submit(ten_seconds), driver.submit(ten_seconds)
    driver.wait_for(lambda: held(driver).holds)
    driver.app.service.schedule(second, START_NOW).result(TIMEOUT_S)
    (job,) = driver.wait_until_done(*second)
    assert job.state is JobState.COMPLETED
    assert driver.job(first[0]).state is JobState.QUEUED


def test_new_times_apply_at_once(driver: Driver, ten_seconds: Path):
    (job_id,) = driver.submit(ten_seconds)
    driver.wait_for(lambda: held(driver).holds)
    driver.app.configure({"run_at": "any"}).result(TIMEOUT_S)
    driver.wait_until_done(job_id)
    assert not held(driver).holds


def test_a_job_waits_for_mains_power(home: Path, surroundings: Surroundings, ten_seconds: Path):
    surroundings.battery = True
    save(home, {"only_mains": True})
    with running_app(home, times=surroundings.check, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds)
        driver.wait_for(lambda: held(driver) == QueueHeld(for_mains=True))
        surroundings.battery = False
        driver.wait_until_done(job_id)


def test_a_running_job_is_finished_when_the_night_ends_and_no_other_starts(
    home: Path, surroundings: Surroundings, one_minute: Path, ten_seconds: Path
):
    surroundings.now = EIGHT
    save(home, {"run_at": "night"})
    with running_app(home, times=surroundings.check, workers=1) as driver:
        running, waiting = *driver.submit(one_minute), *driver.submit(ten_seconds)
        driver.wait_for_progress(running)
        surroundings.now = NOON + 24 * 3600
        (job,) = driver.wait_until_done(running)
        assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1)
        driver.wait_for(lambda: held(driver) == QueueHeld(EIGHT + 24 * 3600))
        assert driver.job(waiting).state is JobState.QUEUED


def test_times_hold_after_a_restart(home: Path, surroundings: Surroundings, ten_seconds: Path):
    save(home, {"run_at": "night"})
    with running_app(home, times=surroundings.check, workers=1) as driver:
        (job_id,) = driver.submit(ten_seconds)
        driver.wait_for(lambda: held(driver).holds)
    again = Surroundings()
    with running_app(home, times=again.check, workers=1) as driver:
        driver.wait_for(lambda: held(driver).holds)
        again.wait_for_a_look()
        assert driver.job(job_id).state is JobState.QUEUED
        again.now = EIGHT
        driver.wait_for_state(job_id, JobState.COMPLETED)


def test_a_pool_without_waiting_jobs_does_not_look_at_the_clock(home: Path, surroundings: Surroundings):
    save(home, {"run_at": "night"})
    with running_app(home, times=surroundings.check, workers=1) as driver:
        driver.wait_for(lambda: held(driver).holds)
        hold_s = driver.app.service._commands.put(driver.app._backend._hold_s)  # on the queue's thread
        assert hold_s.result(TIMEOUT_S) is None
