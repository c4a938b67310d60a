"""Progress within a batch, estimated from elapsed time."""

from __future__ import annotations

import pytest

from fi_desktop.engines.whisper.steps import ProgressMeter, Throughput


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_within_a_step_follows_measured_throughput_and_never_reaches_its_end():
    clock, fractions = Clock(), list[float]()
    meter = ProgressMeter(Throughput(), 200.0, fractions.append, clock)
    meter.start(100.0)
    clock.now = 50.0
    meter.end()  # half a second of work per second of sound
    assert fractions == [0.5]
    meter.start(100.0)
    for now in (50.0, 75.0, 100.0, 150.0, 1000.0):
        clock.now = now
        meter.report()
    assert fractions[1:4] == pytest.approx([0.5, 0.725, 0.95])
    assert fractions[1:] == sorted(set(fractions[1:]))
    assert fractions[-1] < 1.0


def test_throughput_carries_over_from_the_previous_recording():
    clock, fractions, throughput = Clock(), list[float](), Throughput()
    before = ProgressMeter(throughput, 10.0, fractions.append, clock)
    before.start(10.0)
    clock.now = 20.0
    before.end()
    after = ProgressMeter(throughput, 100.0, fractions.append, clock)
    after.start(100.0)
    clock.now += 100.0
    after.report()
    assert fractions[-1] == pytest.approx(0.45)


def test_progress_before_the_first_step_is_zero():
    fractions: list[float] = []
    ProgressMeter(Throughput(), 10.0, fractions.append, Clock()).report()
    assert fractions == [0.0]
