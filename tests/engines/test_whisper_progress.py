"""Progress between one batch and the next."""

from __future__ import annotations

import pytest

from fi_desktop.engines.whisper.transcriber import Course, Pace


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_progress_inside_a_stretch_follows_the_pace_of_the_ones_before_and_never_reaches_its_end():
    clock, told = Clock(), list[float]()
    course = Course(Pace(), 200.0, told.append, clock)
    course.begin(100.0)
    clock.now = 50.0
    course.end()  # half a second of work for a second of sound
    assert told == [0.5]
    course.begin(100.0)
    for now in (50.0, 75.0, 100.0, 150.0, 1000.0):
        clock.now = now
        course.tell()
    assert told[1:4] == pytest.approx([0.5, 0.725, 0.95])
    assert told[1:] == sorted(set(told[1:]))
    assert told[-1] < 1.0


def test_a_pace_is_known_from_the_recording_before():
    clock, told, pace = Clock(), list[float](), Pace()
    before = Course(pace, 10.0, told.append, clock)
    before.begin(10.0)
    clock.now = 20.0
    before.end()
    after = Course(pace, 100.0, told.append, clock)
    after.begin(100.0)
    clock.now += 100.0
    after.tell()
    assert told[-1] == pytest.approx(0.45)


def test_work_before_the_first_stretch_tells_its_beginning():
    told: list[float] = []
    Course(Pace(), 10.0, told.append, Clock()).tell()
    assert told == [0.0]
