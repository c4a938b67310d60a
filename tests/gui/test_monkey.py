"""5,000 random events on the whole window with jobs in progress: no failure, no hang, no lost job.

pytest-qt fails a test on a Qt warning and on an exception in a slot. `make monkey` takes more seeds.
"""

import os
import socket

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog

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


class OpensMenu(Monkey):
    def act(self):
        QTest.mouseClick(self.window.options.more, LEFT)


class OpensDialog(Monkey):
    def act(self):
        QDialog(self.window).exec()  # as the print dialog's "Properties" does


@pytest.mark.parametrize("kind", [OpensMenu, OpensDialog])
@pytest.mark.parametrize("steps", [1, 3])
def test_a_run_ends_although_its_last_input_opened_something(qtbot, dressed, home, tmp_path, kind, steps):
    """Both run nested event loops, in which no signal is seen: a run once waited for one forever."""
    monkey = kind(home, recordings_in(tmp_path), FIRST_SEED)
    monkey.run(steps)
    assert QApplication.activePopupWidget() is None
    assert QApplication.activeModalWidget() is None
    monkey.end()


class Fails(Monkey):
    def act(self):
        raise ValueError("wrong")


def test_a_run_that_fails_stops_the_program(qtbot, dressed, home, tmp_path):
    monkey = Fails(home, recordings_in(tmp_path), FIRST_SEED)
    with pytest.raises(ValueError, match="wrong"):
        monkey.run(2)
    assert "stop" in monkey.program.calls
