"""The queue's clock does not follow changes of the system clock."""

from __future__ import annotations

import time

import pytest

from fi_desktop.system.clock import Clock, awake_s


def test_clock_starts_at_the_system_time():
    assert Clock().now() == pytest.approx(time.time(), abs=1.0)


def test_clock_ignores_a_jump_of_the_system_clock(monkeypatch: pytest.MonkeyPatch):
    clock = Clock()
    before = clock.now()
    monkeypatch.setattr(time, "time", lambda: before + 7_200.0)
    assert clock.now() == pytest.approx(before, abs=1.0)


def test_clock_never_goes_back():
    clock = Clock()
    moments = [clock.now() for _ in range(1_000)]
    assert moments == sorted(moments)


def test_awake_time_passes_while_the_computer_is_awake():
    before, clock = awake_s(), Clock()
    start = clock.now()
    while clock.now() < start + 0.02:
        pass
    assert awake_s() - before >= 0.02
