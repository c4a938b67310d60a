"""A data folder has one owner, and other processes use the queue through it."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.cli.queue_access import idle_queue, own_or_hand_over
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc.instance import AlreadyOwned, InstanceLock
from fi_desktop.settings import load
from tests.app_driver import running_app
from tests.e2e.commands import fi_desktop, lines, start


def test_a_second_owner_is_refused_until_the_first_one_stops(home: Path):
    first, second = InstanceLock(home), InstanceLock(home)
    first.acquire()
    with pytest.raises(AlreadyOwned):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_the_lock_of_a_killed_owner_is_released(home: Path, long_recording: Path):
    owner = start("run", long_recording, "--json", home=home)
    assert owner.stdout is not None
    assert owner.stdout.readline()
    with pytest.raises(AlreadyOwned):
        InstanceLock(home).acquire()
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    lock = InstanceLock(home)
    lock.acquire()
    lock.release()


def test_the_command_line_uses_the_running_app(home: Path, ten_seconds: Path):
    with running_app(home) as driver:
        done = fi_desktop("run", ten_seconds, "--json", home=home)
        assert done.returncode == 0, done.stderr
        assert lines(done.stdout)[-1]["state"] == "COMPLETED"
        assert driver.job(1).state is JobState.COMPLETED
        (listed,) = lines(fi_desktop("jobs", "list", "--json", home=home).stdout)
        assert listed["id"] == 1
        assert fi_desktop("jobs", "remove", 1, home=home).returncode == 0
        driver.wait_for(lambda: driver.removed(1))


def test_a_remote_caller_gets_the_owners_errors(home: Path, ten_seconds: Path):
    with running_app(home) as driver:
        client = driver.app.owner()
        with pytest.raises(UserError, match="no job 7"):
            client.call(JobService.cancel, [7])
        with pytest.raises(UserError, match="No audio or video"):
            client.call(JobService.submit, [home / "logs"], JobOptions())
        taken = client.call(JobService.submit, [ten_seconds], JobOptions(SpeakerCount(1, 3)))
        assert client.call(JobService.job, taken.ids[0]).options.speakers == SpeakerCount(1, 3)


def test_a_second_launch_passes_its_files_to_the_first(home: Path, ten_seconds: Path):
    received = []
    with running_app(home) as driver:
        driver.app.on_handover(received.append)
        done = fi_desktop(ten_seconds, home=home)
        assert done.returncode == 0, done.stderr
    assert received == [[str(ten_seconds)]]


def test_a_second_launch_is_refused_if_the_owner_has_no_window(home: Path, ten_seconds: Path):
    with running_app(home):
        done = fi_desktop(ten_seconds, home=home)
    assert (done.returncode, done.stderr) == (
        1,
        "fi-desktop: The program is already running. Close it first.\n",
    )


def test_a_window_waits_for_a_short_command(home: Path):
    settings = load({"FI_DESKTOP_HOME": str(home)})
    app = App(settings)
    with ThreadPoolExecutor(1) as pool:
        with idle_queue(settings) as client:
            client.call(JobService.jobs)
            taken = pool.submit(own_or_hand_over, app, [])
        assert taken.result(120) is True
    app.stop()


def test_a_window_gets_the_files_of_a_second_launch(home: Path):
    settings = load({"FI_DESKTOP_HOME": str(home)})
    given: list[str] = []
    first = App(settings, backend="idle")
    first.on_handover(given.extend)
    first.start()
    try:
        assert own_or_hand_over(App(settings), [home / "consulta.wav"]) is False
    finally:
        first.stop()
    assert given == [str(home / "consulta.wav")]
