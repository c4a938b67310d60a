"""The engine room hears whoever speaks, whoever comes and goes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from multiprocessing import Pipe

import pytest

from fi_desktop.workers.ears import Ears


@pytest.fixture
def ears() -> Iterator[Ears]:
    ears = Ears()
    yield ears
    ears.close()


def test_who_speaks_is_heard_and_nobody_else(ears: Ears):
    (one, one_says), (other, other_says) = Pipe(duplex=False), Pipe(duplex=False)
    assert ears.wait([one, other], 0.0) == set()
    other_says.send("!")
    assert ears.wait([one, other], None) == {other}
    one_says.send("!")
    assert ears.wait([one, other], None) == {one, other}
    for end in (one, one_says, other, other_says):
        end.close()


def test_one_that_came_in_the_place_of_another_is_heard(ears: Ears):
    gone, gone_says = Pipe(duplex=False)
    assert ears.wait([gone], 0.0) == set()
    number = gone.fileno()
    gone.close()
    gone_says.close()
    came, came_says = Pipe(duplex=False)
    if sys.platform != "win32":
        assert came.fileno() == number  # the system gives the lowest that is free
    came_says.send("!")
    assert ears.wait([came], 5.0) == {came}
    came.close()
    came_says.close()


def test_one_whose_other_end_was_closed_is_heard(ears: Ears):
    left, other_end = Pipe(duplex=False)
    other_end.close()
    assert ears.wait([left], 5.0) == {left}
    left.close()
