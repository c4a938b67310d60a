"""The queue's clock: set at the start, and by nobody after."""

from __future__ import annotations

import time

import pytest

from fi_desktop.system.clock import Clock, awake_s


def test_it_tells_the_walls_time():
    assert Clock().now() == pytest.approx(time.time(), abs=1.0)


def test_a_wall_clock_that_jumps_moves_it_not(monkeypatch: pytest.MonkeyPatch):
    clock = Clock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: before + 7_200.0)
    assert clock.now() == pytest.approx(before, abs=1.0)


def test_it_never_goes_back():
    clock = Clock()
    moments = [clock.now() for _ in range(1_000)]
    assert moments == sorted(moments)


def test_the_time_that_a_worker_has_had_goes_on_while_the_computer_is_awake():
    before, clock = awake_s(), Clock()
    start = clock.now()
    while clock.now() < start + 0.02:
        pass
    assert awake_s() - before >= 0.02
