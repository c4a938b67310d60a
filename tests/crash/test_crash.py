"""SIGKILL at any moment: nothing is lost, nothing is done twice, nobody is left behind.

A few rounds; `make crash ROUNDS=200` does many.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.crash.harness import KINDS, ORPHANS_S, Harness, Victim

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL there"),
]

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process that cannot watch")


def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path):
    figures = Harness(tmp_path, seed=1).run(6)
    assert (figures.rounds, figures.lost, figures.doubled) == (6, 0, 0)
    assert set(figures.kills) == set(KINDS)


@pytest.mark.parametrize(
    "held",
    [
        "in the engine",
        pytest.param("in native code, with Python's lock", marks=ONLY_LINUX),
        pytest.param("halted", marks=ONLY_LINUX),
    ],
)
def test_no_worker_outlives_a_killed_app(home: Path, long_recording: Path, held: str):
    native = held.startswith("in native code")
    victim = Victim(home, "hold" if native else "none", [long_recording])
    victim.read_until("holding" if native else "working")
    workers = victim.workers()
    assert workers
    if held == "halted":
        for worker in workers:
            os.kill(worker.pid, signal.SIGSTOP)
    victim.process.kill()
    _, alive = psutil.wait_procs(workers, timeout=ORPHANS_S)
    for worker in alive:
        worker.kill()
    assert alive == []
    victim.ended_after_s()
