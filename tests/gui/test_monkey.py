"""5,000 random events on the whole window with jobs in progress: no failure, no hang, no lost job.

pytest-qt fails a test on a Qt warning and on an exception in a slot. `make monkey` takes more seeds.
"""

import os
import socket

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.gui.conftest import FakeApp
from tests.gui.monkey import LEFT, Monkey, recordings_in

STEPS = 5000
FIRST_SEED = 20261124
SEEDS = range(FIRST_SEED, FIRST_SEED + int(os.environ.get("MONKEYS", "1")))


def no_network(*_where, **_how):
    raise OSError("No network in tests.")


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_random_input_breaks_nothing(qtbot, dressed, home, tmp_path, seed, monkeypatch):
    monkeypatch.chdir(tmp_path)  # in case a file dialog writes something
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(socket, "create_connection", no_network)  # the models dialog may start a download
    monkey = Monkey(home, recordings_in(tmp_path), seed)
    monkey.run(STEPS)
    monkey.end()
    assert len(monkey.added) > 20
    restarted = FakeApp(home)
    restarted.start()
    remaining = restarted.hand.do(lambda service: service.transitions.store.ids())
    assert restarted.service.verify().result(120) == []
    restarted.stop()
    assert set(remaining) == monkey.added - monkey.removed


class OpensMenus(Monkey):
    def act(self):
        QTest.mouseClick(self.window.options.more, LEFT)


def test_a_run_ends_although_its_last_input_opens_a_menu(qtbot, dressed, home, tmp_path):
    """A menu runs in a nested event loop, in which no signal is seen: the run once waited for it forever."""
    monkey = OpensMenus(home, recordings_in(tmp_path), FIRST_SEED)
    monkey.run(1)
    assert QApplication.activePopupWidget() is None
    monkey.end()
