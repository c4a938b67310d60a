"""A computer that sleeps while a job runs: that time counts against nobody.

No test can put the computer to sleep. What the pool sees of it is that its clock has jumped, most likely
while it waited; this, and only this, is arranged here. The worker is a real one.
"""

from __future__ import annotations

import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import inf
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fi_desktop.core.job import AttemptOutcome, Job, JobState
from fi_desktop.core.values import Summary
from fi_desktop.workers import process
from tests.app_driver import TIMEOUT_S, Driver, running_app

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it waits for pipes in another way there")

NIGHT_S = 36_000.0
AGES_S = 1e9
LIMITS = {
    "job.timeout": {"hard_limit_s": 600.0, "stuck_after_s": AGES_S},
    "worker.stuck": {"hard_limit_s": AGES_S, "stuck_after_s": 60.0},
}
"""Settings under which one limit alone can end a job, by the code of the error that it would leave."""

_real_main = process.main


def patient_worker(pipe: Connection, device: str) -> None:
    """A worker process as it is, whose pipeline ends once the test says so; see `running_job`."""
    from fi_desktop import pipeline

    def run(work: pipeline.Task, _report: object) -> Summary:
        with Client(work.path.read_text()) as test:
            test.recv()
        return Summary(2, 30.0, "builtin")

    pipeline.run = run
    _real_main(pipe, device)


class Computer:
    """The pool's clock, which jumps on demand."""

    def __init__(self) -> None:
        self.slept_s = 0.0
        self.in_next_wait = threading.Event()
        self.awake_again = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic() + self.slept_s

    def sleep(self) -> None:
        """Sleep for one night; to be called on the engine room's thread."""
        if not self.awake_again.is_set():
            self.slept_s = NIGHT_S
            self.awake_again.set()

    def sleeping(self, select: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """Return a system call that waits, and in which the computer may sleep until the pool's bell rings.

        The bell alone: a worker that was asleep as well has not said anything.
        """

        def select_or_sleep(selector: selectors.BaseSelector, timeout: float | None = None) -> list[Any]:
            heard = select(selector, timeout)
            if self.in_next_wait.is_set() and threading.current_thread().name == "queue":
                bell, *_ = selector.get_map().values()
                if [key for key, _ in heard] == [bell]:
                    self.sleep()
            return heard

        return select_or_sleep


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Computer:
    computer = Computer()
    clock = SimpleNamespace(monotonic=computer.monotonic)
    monkeypatch.setattr("fi_desktop.workers.pool.time", clock)
    monkeypatch.setattr("fi_desktop.workers.slot.time", clock)
    monkeypatch.setattr("fi_desktop.workers.process.main", patient_worker)
    for selector in {selectors.PollSelector, selectors.DefaultSelector}:
        monkeypatch.setattr(selector, "select", computer.sleeping(selector.select))
    return computer


def sleep_while_it_waits(computer: Computer, driver: Driver) -> None:
    """Return once the pool has done all that it does after a sleep."""
    computer.in_next_wait.set()
    while not computer.awake_again.is_set():
        look(driver)
    look(driver)


def sleep_in_a_turn(computer: Computer, driver: Driver) -> None:
    """Sleep in the midst of the engine room's turn; return as above."""
    driver.app.service.listen(lambda _news: computer.sleep())
    driver.app.service.pause().result(TIMEOUT_S)
    assert computer.awake_again.wait(TIMEOUT_S)
    look(driver)


def look(driver: Driver) -> None:
    """Ring the pool's bell, and return once it has taken a turn since."""
    driver.app.service.counts().result(TIMEOUT_S)


@contextmanager
def running_job(
    home: Path, folder: Path, settings: dict[str, float]
) -> Iterator[tuple[Driver, int, Callable[[], None]]]:
    """Run a job that ends well once the function that comes with it is called."""
    with Listener() as listener:
        recording = folder / "recording.wav"
        recording.write_text(str(listener.address))
        with running_app(home, workers=1, retry_delays_s=(), **settings) as driver:
            (job_id,) = driver.submit(recording)
            with listener.accept() as run:
                yield driver, job_id, lambda: run.send("go on")


def sleep_while_a_job_runs(
    home: Path, folder: Path, settings: dict[str, float], sleep: Callable[[Driver], None]
) -> Job:
    with running_job(home, folder, settings) as (driver, job_id, go_on):
        sleep(driver)
        if driver.job(job_id).state is JobState.RUNNING:
            go_on()
        (job,) = driver.wait_until_done(job_id)
    return job


@pytest.mark.parametrize(
    "sleep",
    [
        sleep_while_it_waits,
        sleep_in_a_turn,
    ],
)
@pytest.mark.parametrize("settings", [*LIMITS.values(), {}], ids=[*LIMITS, "as shipped"])
def test_nobody_is_killed_for_the_time_that_the_computer_slept(
    home: Path,
    tmp_path: Path,
    computer: Computer,
    settings: dict[str, float],
    sleep: Callable[[Computer, Driver], None],
):
    job = sleep_while_a_job_runs(home, tmp_path, settings, partial(sleep, computer))
    assert [attempt.outcome for attempt in job.attempts] == [AttemptOutcome.COMPLETED]
    assert "WORKER_KILLED" not in (home / "logs" / "fi-desktop.log").read_text()


@pytest.mark.parametrize(("code", "settings"), LIMITS.items())
def test_a_pool_that_took_no_notice_would_kill(
    home: Path,
    tmp_path: Path,
    computer: Computer,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    settings: dict[str, float],
):
    monkeypatch.setattr("fi_desktop.workers.pool._SUSPEND_S", inf)
    job = sleep_while_a_job_runs(home, tmp_path, settings, partial(sleep_while_it_waits, computer))
    assert job.error is not None
    assert (job.error.code, job.attempts[0].outcome) == (code, AttemptOutcome.CRASHED)
