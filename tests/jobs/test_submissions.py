"""A drive that does not answer holds up neither other recordings nor the program's exit.

A test cannot have a mount that hangs, so a blocking function replaces it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import Unreadable
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.jobs import submissions
from fi_desktop.jobs.transitions import ChangeResult
from tests.jobs.conftest import Bench

STALL_S = 1.0
NO_ANSWER = messages.PATH_NO_ANSWER()


class HangingDrive:
    """A folder in which every read blocks until `answers` is set."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.folder.mkdir()
        self.hangs = threading.Event()
        self.answers = threading.Event()
        for name in ("fingerprint", "source_sha256"):
            monkeypatch.setattr(submissions, name, self._hanging(getattr(submissions, name)))

    def _hanging(self, function):
        def hang(path: Path, *arguments, **named):
            if self.folder in path.parents and self.hangs.is_set():
                self.answers.wait()
            return function(path, *arguments, **named)

        return hang

    def recording(self, name: str, content: bytes = b"") -> Path:
        path = self.folder / name
        path.write_bytes(content or name.encode())
        return path


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(submissions, "STALL_S", STALL_S)
    bench = Bench(tmp_path / "home")
    yield bench
    bench.service.close()


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HangingDrive]:
    drive = HangingDrive(tmp_path / "share", monkeypatch)
    yield drive
    drive.answers.set()


def test_a_path_that_does_not_answer_is_left_out_and_the_rest_is_queued(bench: Bench, drive: HangingDrive):
    stuck, sibling, good = drive.recording("1.wav"), drive.recording("2.wav"), bench.home / "a.wav"
    good.write_bytes(b"RIFF")
    drive.hangs.set()
    taken = bench.answer(bench.service.submit([stuck, good, sibling]))
    assert [bench.job(job_id).path for job_id in taken.ids] == [str(good)]
    assert taken.left_out.unreadable == tuple(Unreadable(str(path), NO_ANSWER) for path in (stuck, sibling))
    with pytest.raises(UserError, match=str(NO_ANSWER)):
        bench.answer(bench.service.submit([stuck]))
    drive.answers.set()
    assert bench.answer(bench.service.submit([stuck, sibling])).ids == (2, 3)


def test_recordings_found_before_the_drive_stalled_are_queued(bench: Bench, drive: HangingDrive):
    first, below = drive.recording("a.wav"), drive.folder / "b"
    below.mkdir()
    (below / "b.wav").write_bytes(b"RIFF")
    drive.hangs.set()
    drive.folder = below
    taken = bench.answer(bench.service.submit([first.parent]))
    assert [bench.job(job_id).path for job_id in taken.ids] == [str(first)]
    assert taken.left_out.unreadable == (Unreadable(str(first.parent), NO_ANSWER),)


def test_a_recording_that_cannot_be_compared_is_queued(bench: Bench, drive: HangingDrive):
    known = drive.recording("a.wav", b"one")
    copy = bench.home / "copy.wav"
    copy.write_bytes(b"one")
    bench.answer(bench.service.submit([known]))
    assert bench.answer(bench.service.submit([copy])).known == (1,)
    drive.hangs.set()
    assert bench.answer(bench.service.submit([copy])).ids == (2,)


def test_options_change_even_if_the_drive_does_not_answer(bench: Bench, drive: HangingDrive):
    path = drive.recording("a.wav")
    bench.answer(bench.service.submit([path]))
    drive.hangs.set()
    three = JobOptions(SpeakerCount(3, 3))
    assert bench.answer(bench.service.change({1: path}, three)) == ChangeResult(changed=(1,))
    assert bench.job(1).options == three


ENDING = """
import signal, sys, threading
from pathlib import Path
from fi_desktop.app import App
from fi_desktop.jobs import submissions
from fi_desktop.settings import load

# A handler that sets an event deadlocks if the signal arrives while `wait` holds the event's lock.
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])

def never(path, options):
    print("it hangs", flush=True)
    threading.Event().wait()

submissions.fingerprint = never
app = App(load(), backend="idle")
app.start()
future = app.service.submit([Path(sys.argv[1])])
signal.sigwait([signal.SIGTERM])
app.stop()
print(type(future.exception()).__name__)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM there")
def test_the_program_ends_on_sigterm_while_a_drive_does_not_answer(home: Path, tmp_path: Path):
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF")
    process = subprocess.Popen(
        [sys.executable, "-c", ENDING, str(recording)],
        env={**os.environ, "FI_DESKTOP_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "it hangs\n"
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=300)
    assert (process.returncode, said) == (0, "UserError\n")
