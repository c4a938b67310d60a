"""SIGKILL at any moment loses no job and no correction, repeats no job and leaves no worker.

A few rounds; `make crash ROUNDS=200` runs many.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.crash.edit_rounds import EditHarness
from tests.crash.harness import KINDS, ORPHANS_S, PATIENCE_S, Harness, Victim
from tests.crash.rotation_rounds import RotationHarness

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL"),
]

ONLY_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills orphans")


def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path):
    figures = Harness(tmp_path, seed=1, sealed=True).run(6)
    assert (figures.rounds, figures.lost, figures.doubled) == (6, 0, 0)
    assert set(figures.kills) == set(KINDS)


def test_rotation_killed_at_any_moment_loses_no_key(tmp_path: Path):
    figures = RotationHarness(tmp_path / "keys", seed=20261129).run(5)
    assert figures.rounds == 5
    assert figures.generation > 1


@pytest.mark.parametrize(
    "held",
    [
        "in the engine",
        pytest.param("in native code, holding the GIL", marks=ONLY_LINUX),
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
    try:
        assert victim.ended_after_s() < ORPHANS_S
    finally:
        for worker in workers:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


def test_no_worker_outlives_an_app_killed_while_workers_start(home: Path):
    for moment in range(10):
        victim = Victim(home, "none", [])
        victim.read_until("started")
        with suppress(subprocess.TimeoutExpired):
            # no worker yet, an interpreter, its own modules, ours, the engine's
            victim.process.wait(moment * 0.02)
        victim.process.kill()
        assert victim.ended_after_s() < ORPHANS_S


def test_a_worker_exits_if_the_app_is_gone_when_it_starts(home: Path):
    victim = Victim(home, "pause", [])
    victim.read_until("starting")
    workers = victim.workers()
    assert workers
    victim.process.kill()
    victim.process.wait(PATIENCE_S)
    assert any(worker.is_running() for worker in workers)  # they do not watch the app yet
    assert victim.ended_after_s() < ORPHANS_S


def test_no_acknowledged_correction_is_lost(tmp_path: Path):
    figures = EditHarness(tmp_path, seed=3).run(4)
    assert (figures.rounds, figures.kills["alone"]) == (4, 2)
    assert figures.saved >= 4
    assert figures.refused >= 1  # of two people at once
