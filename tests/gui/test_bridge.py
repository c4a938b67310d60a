"""The bridge between threads and the window."""

from __future__ import annotations

import logging
import threading

import pytest
import shiboken6

from fi_desktop.gui.bridge import Bridge


@pytest.mark.parametrize("closed", [True, False], ids=["closed", "Qt ended before it was closed"])
def test_a_task_that_outlives_the_bridge_ends_silently(
    dressed, program, caplog: pytest.LogCaptureFixture, closed: bool
):
    bridge, ends, called = Bridge(program.service), threading.Event(), []
    thread = bridge.run_in_thread("speed-trial", ends.wait, called.append, called.append)
    if closed:
        bridge.close()
    shiboken6.delete(bridge)
    ends.set()
    thread.join()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
    assert called == []


def test_a_closed_bridge_passes_nothing_on(qtbot, dressed, program):
    bridge, ends, passed = Bridge(program.service), threading.Event(), []
    bridge.files_received.connect(passed.append)
    thread = bridge.run_in_thread("speed-trial", ends.wait, passed.append, passed.append)
    bridge.receive_files(["first.wav"])
    qtbot.waitUntil(lambda: passed == [["first.wav"]])
    bridge.close()
    ends.set()
    thread.join()
    bridge.receive_files(["second.wav"])
    after = Bridge(program.service)
    after.files_received.connect(passed.append)
    after.receive_files(["third.wav"])
    qtbot.waitUntil(lambda: ["third.wav"] in passed)
    assert passed == [["first.wav"], ["third.wav"]]
    after.close()
