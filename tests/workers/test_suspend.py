"""Time in suspend does not count towards limits.

A test cannot suspend the computer. What the pool sees of a suspend is a jump of its clock, most likely while
it waits, so the tests make the clock jump. Everything else is real.
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

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows waits for pipes without a selector")

NIGHT_S = 36_000.0
AGES_S = 1e9
LIMITS = {
    "job.timeout": {"hard_limit_s": 600.0, "stuck_after_s": AGES_S},
    "worker.stuck": {"hard_limit_s": AGES_S, "stuck_after_s": 60.0},
}
"""Settings in which only one limit can end a job, by the code of its error."""

_real_main = process.main


def waiting_worker(pipe: Connection, device: str, *_confined: object) -> None:
    """A real worker whose pipeline waits for the test; see `running_job`."""
    from fi_desktop import pipeline

    def run(work: pipeline.Task, _report: object) -> Summary:
        with Client(work.path.read_text()) as test:
            test.recv()
        return Summary(2, 30.0, "builtin")

    pipeline.run = run
    _real_main(pipe, device)


class Computer:
    """A computer that can be suspended: the pool's clock jumps on demand."""

    def __init__(self) -> None:
        self.suspended_s = 0.0
        self.in_next_wait = threading.Event()
        self.resumed = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic() + self.suspended_s

    def suspend(self) -> None:
        """Suspend for one night; call this on the queue thread."""
        if not self.resumed.is_set():
            self.suspended_s = NIGHT_S
            self.resumed.set()

    def suspending(self, select: Callable[..., list[Any]]) -> Callable[..., list[Any]]:
        """Wrap a selector's `select`: the computer may be suspended in it until the queue thread is woken.

        Only if nothing else is ready: a suspended worker sends no message.
        """

        def select_or_suspend(selector: selectors.BaseSelector, timeout: float | None = None) -> list[Any]:
            ready = select(selector, timeout)
            if self.in_next_wait.is_set() and threading.current_thread().name == "queue":
                wakeup, *_ = selector.get_map().values()
                if [key for key, _ in ready] == [wakeup]:
                    self.suspend()
            return ready

        return select_or_suspend


@pytest.fixture
def computer(monkeypatch: pytest.MonkeyPatch) -> Computer:
    computer = Computer()
    clock = SimpleNamespace(monotonic=computer.monotonic)
    monkeypatch.setattr("fi_desktop.workers.pool.time", clock)
    monkeypatch.setattr("fi_desktop.workers.slot.time", clock)
    monkeypatch.setattr("fi_desktop.workers.process.main", waiting_worker)
    for selector in {selectors.PollSelector, selectors.DefaultSelector}:
        monkeypatch.setattr(selector, "select", computer.suspending(selector.select))
    return computer


def suspend_in_a_wait(computer: Computer, driver: Driver) -> None:
    """Suspend while the pool waits; return once it has handled that."""
    computer.in_next_wait.set()
    while not computer.resumed.is_set():
        wake(driver)
    wake(driver)


def suspend_in_a_transaction(computer: Computer, driver: Driver) -> None:
    """Suspend during a transaction; return once the pool has handled that."""
    driver.app.service.listen(lambda _events: computer.suspend())
    driver.app.service.pause().result(TIMEOUT_S)
    assert computer.resumed.wait(TIMEOUT_S)
    wake(driver)


def wake(driver: Driver) -> None:
    """Wake the queue thread, and return after its next transaction."""
    driver.app.service.counts().result(TIMEOUT_S)


@contextmanager
def running_job(
    home: Path, folder: Path, settings: dict[str, float]
) -> Iterator[tuple[Driver, int, Callable[[], None]]]:
    """Run a job that completes once the returned function is called."""
    with Listener() as listener:
        recording = folder / "recording.wav"
        recording.write_text(str(listener.address))
        with running_app(home, workers=1, retry_delays_s=(), **settings) as driver:
            (job_id,) = driver.submit(recording)
            with listener.accept() as run:
                yield driver, job_id, lambda: run.send("finish")


def suspend_while_a_job_runs(
    home: Path, folder: Path, settings: dict[str, float], suspend: Callable[[Driver], None]
) -> Job:
    with running_job(home, folder, settings) as (driver, job_id, finish):
        suspend(driver)
        if driver.job(job_id).state is JobState.RUNNING:
            finish()
        (job,) = driver.wait_until_done(job_id)
    return job


@pytest.mark.parametrize(
    "suspend",
    [
        suspend_in_a_wait,
        suspend_in_a_transaction,
    ],
)
@pytest.mark.parametrize("settings", [*LIMITS.values(), {}], ids=[*LIMITS, "as shipped"])
def test_no_worker_is_killed_for_time_in_suspend(
    home: Path,
    tmp_path: Path,
    computer: Computer,
    settings: dict[str, float],
    suspend: Callable[[Computer, Driver], None],
):
    job = suspend_while_a_job_runs(home, tmp_path, settings, partial(suspend, computer))
    assert [attempt.outcome for attempt in job.attempts] == [AttemptOutcome.COMPLETED]
    assert "WORKER_KILLED" not in (home / "logs" / "fi-desktop.log").read_text()


@pytest.mark.parametrize(("code", "settings"), LIMITS.items())
def test_a_pool_that_ignored_suspend_would_kill(
    home: Path,
    tmp_path: Path,
    computer: Computer,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    settings: dict[str, float],
):
    monkeypatch.setattr("fi_desktop.workers.pool._SUSPEND_S", inf)
    job = suspend_while_a_job_runs(home, tmp_path, settings, partial(suspend_in_a_wait, computer))
    assert job.error is not None
    assert (job.error.code, job.attempts[0].outcome) == (code, AttemptOutcome.CRASHED)
