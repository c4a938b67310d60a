"""Garbage is looked for seldom while a command works on the queue, and as before afterwards."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest

from fi_desktop.system.garbage import collect_seldom

_ROUND = """
import gc
from fi_desktop.system.garbage import collect_seldom

def collections():
    return sum(generation["collections"] for generation in gc.get_stats())

def make():
    before = collections()
    kept = [[number] for number in range(20_000)]
    return collections() - before

often = make()
with collect_seldom():
    seldom = make()
print(often > 20, seldom, make() > 20)
"""


class _Node:
    """An object that refers to itself."""

    def __init__(self) -> None:
        self.self = self


def test_thousands_of_objects_cause_no_collection() -> None:
    # in its own process: the suite's own settings are not Python's
    ran = subprocess.run([sys.executable, "-c", _ROUND], stdout=subprocess.PIPE, text=True, check=True)
    assert ran.stdout.split() == ["True", "0", "True"]


def test_garbage_is_still_found() -> None:
    with collect_seldom():
        gone = weakref.ref(_Node())
        gc.collect()
        assert gone() is None


def test_everything_is_as_before_after_an_error() -> None:
    thresholds, frozen = gc.get_threshold(), gc.get_freeze_count()
    with pytest.raises(KeyError), collect_seldom():
        raise KeyError
    assert (gc.get_threshold(), gc.get_freeze_count()) == (thresholds, frozen)
