"""5,000 random events on the whole window with jobs under way: nothing breaks, hangs or is lost.

pytest-qt fails a test on a Qt warning and on an exception in a slot. `make monkey` takes more seeds.
"""

import os
import socket

import pytest

from tests.gui.conftest import FakeApp
from tests.gui.monkey import Monkey, recordings_in

STEPS = 5000
FIRST_SEED = 20261124
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("MONKEYS", "1")))


def no_network(*_where, **_how):
    raise OSError("There is no network here.")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_a_monkey_breaks_nothing(qtbot, dressed, home, tmp_path, seed, monkeypatch):
    monkeypatch.chdir(tmp_path)  # should it ever get a file dialog to do something
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", no_network)  # it may ask for models
    monkey = Monkey(home, recordings_in(tmp_path), seed)
    monkey.run(STEPS)
    monkey.end()
    assert len(monkey.given) > 20
    after = FakeApp(home)
    after.start()
    kept = after.hand.do(lambda service: service.transitions.store.ids())
    assert after.service.verify().result(120) == []
    after.stop()
    assert set(kept) == monkey.given - monkey.removed
