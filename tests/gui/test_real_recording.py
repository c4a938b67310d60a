"""The whole program with its window and real workers: from a dropped recording to turns on the screen."""

import os
import re
import shutil
import signal
import subprocess
import sys
from itertools import permutations
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.app import App
from fi_desktop.core.job import JobState
from fi_desktop.core.transcript import Turn
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.result.speaker_dialog import SpeakerDialog
from fi_desktop.models import PackKind
from fi_desktop.settings import load
from tests.gui.events import drop_files
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper

TIMEOUT_MS = 90_000
SHOT = "FI_DESKTOP_TEST_SHOT"  # path of a screenshot of the result, if one is wanted
HEAVY = {"torch", "torchaudio", "faster_whisper", "ctranslate2", "onnxruntime", "av", "scipy", "numpy"}
SPOKEN = ("Buenos", "días,", "doctora.", "Me", "duele", "la", "cabeza", "desde", "ayer.")
FRAME_S = 0.01
COLLAR_S = 0.25

WINDOW_MODULES = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from fi_desktop.app import App
from fi_desktop.settings import load
from fi_desktop.gui.application import make_application, run
from fi_desktop.system.process import end_after_window

def poll():
    from PySide6.QtWidgets import QApplication
    (window,) = [w for w in QApplication.topLevelWidgets() if w.objectName() == "main"]
    if window.status.workers_text.startswith("Workers: "):
        window.close()
    else:
        QTimer.singleShot(50, poll)

if __name__ == "__main__":
    make_application()
    QTimer.singleShot(50, poll)
    assert run(App(load()), []) == 0
    from PySide6.QtWidgets import QApplication
    assert not QApplication.allWidgets()  # the interpreter's exit would delete them in no order, and crash
    print("\\n".join(sys.modules))
    end_after_window(0)
    sys.exit("the process goes on")
"""


def speakers_by_frame(turns: list[Turn], end_s: float) -> list[set[str]]:
    frames: list[set[str]] = [set() for _ in range(round(end_s / FRAME_S))]
    for turn in turns:
        for frame in range(round(turn.start / FRAME_S), min(len(frames), round(turn.end / FRAME_S))):
            frames[frame].add(turn.speaker)
    return frames


def diarization_error_rate(reference: list[Turn], found: list[Turn]) -> float:
    """Return the DER with a collar of 0.25 s around reference boundaries, for the best speaker mapping."""
    end_s = max(turn.end for turn in (*reference, *found))
    truth, guess = speakers_by_frame(reference, end_s), speakers_by_frame(found, end_s)
    for turn in reference:
        for border in (turn.start, turn.end):
            first, last = round((border - COLLAR_S) / FRAME_S), round((border + COLLAR_S) / FRAME_S)
            for frame in range(max(0, first), min(len(truth), last)):
                truth[frame] = guess[frame] = set()
    labels = sorted({turn.speaker for turn in reference})
    rates = []
    for names in permutations(labels):
        named = dict(zip(sorted({turn.speaker for turn in found}), names, strict=False))
        wrong = sum(
            max(len(t), len(g)) - len(t & {named.get(label, label) for label in g})
            for t, g in zip(truth, guess, strict=True)
        )
        rates.append(wrong / sum(map(len, truth)))
    return min(rates)


def read_rttm(path: Path) -> list[Turn]:
    rows = [line.split() for line in path.read_text().splitlines() if line.startswith("SPEAKER")]
    return [Turn(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows]


def is_on_screen(window) -> bool:
    """Return whether the display shows what a window paints; a busy one shows it later."""
    shown, painted = window.screen().grabWindow(0), window.grab()
    if shown.isNull() or painted.isNull():
        return False
    here = shown.copy(window.geometry()).toImage().scaled(64, 64)
    there = painted.toImage().scaled(64, 64)
    pixels = [(x, y) for x in range(64) for y in range(64)]
    same = sum(here.pixelColor(x, y) == there.pixelColor(x, y) for x, y in pixels)
    return same > 0.9 * len(pixels)


@pytest.fixture
def program(home):
    return App(load({"FI_DESKTOP_HOME": str(home)}))


@pytest.fixture
def desktop(qtbot, dressed, program):
    desktop = AppController(program)
    desktop.window.show()
    desktop.start([])
    yield desktop
    if not desktop.window.closable:
        with qtbot.waitSignal(desktop.ended, timeout=TIMEOUT_MS):
            desktop.stop()
    desktop.window.deleteLater()


def test_dropped_recording_becomes_turns_on_the_screen(qtbot, window, sample, program):
    seen: list[JobState] = []

    def record(_ids):
        if not window.jobs.rowCount():
            return  # the empty queue was listed
        row = window.jobs.row(window.jobs.index(0, 0))
        if seen[-1:] != [row.state]:
            seen.append(row.state)

    window.jobs.jobs_changed.connect(record)
    drop_files(window, sample)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1, timeout=TIMEOUT_MS)
    assert seen[-1] is JobState.COMPLETED
    assert set(seen) <= {JobState.QUEUED, JobState.RUNNING, JobState.COMPLETED}
    assert JobState.RUNNING in seen

    centre = window.table.visualRect(window.jobs.index(0, 0)).center()
    qtbot.mouseClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    qtbot.mouseDClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=centre)
    (opened,) = window.windows.all()
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.isVisible())
    shown = opened.result.turns.table.model()
    assert shown.rowCount() > 5
    assert {shown.index(row, 3).data() for row in range(shown.rowCount())} == {"Speaker 1", "Speaker 2"}

    turns = program.service.folders.transcript(window.jobs.row(window.jobs.index(0, 0)).id).turns
    assert len(turns) == shown.rowCount()
    rate = diarization_error_rate(read_rttm(sample.with_suffix(".rttm")), list(turns))
    assert rate <= 0.05, f"DER {rate:.1%}"

    if SHOT in os.environ:
        assert QTest.qWaitForWindowExposed(opened)
        assert QApplication.platformName() == "xcb"
        opened.result.lanes.choose(3)
        qtbot.waitUntil(lambda: is_on_screen(opened), timeout=TIMEOUT_MS)
        assert opened.screen().grabWindow(0).save(os.environ[SHOT])


def test_corrected_result_is_processed_again_with_three_speakers(qtbot, window, sample, program, home):
    folder = make_whisper(home / "models" / "test-words", SPOKEN, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)
    drop_files(window, sample)
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.COMPLETED] == 1, timeout=TIMEOUT_MS)
    job_id = window.jobs.row(window.jobs.index(0, 0)).id
    opened = window.windows.open(job_id)
    qtbot.waitUntil(lambda: opened.result is not None and opened.result.isVisible())
    first = opened.result
    first.naming.rename("SPEAKER_00")
    (dialog,) = [each for each in QApplication.topLevelWidgets() if isinstance(each, SpeakerDialog)]
    qtbot.keyClicks(dialog.name, "Dra. Robles")
    dialog.accept()
    said = first.session.transcript

    qtbot.mouseClick(first.again, Qt.MouseButton.LeftButton)
    qtbot.keyClicks(opened.versions.dialog.speakers, "3")
    qtbot.mouseClick(opened.versions.dialog.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(opened.rerun_bar.isVisible, timeout=TIMEOUT_MS)
    assert opened.result is first
    qtbot.waitUntil(opened.versions.bar.isVisible, timeout=TIMEOUT_MS)
    assert opened.versions.bar.text == "A new version is ready. You see version 1 of 2, which stays."
    qtbot.mouseClick(opened.versions.bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: opened.result is not first and opened.result.versions.isVisible())
    made = opened.result.session.transcript
    assert made.provenance.options["speakers"] == "3"
    assert len(made.speakers) == 3
    assert not made.people

    folders = program.service.folders
    assert folders.versions(job_id) == ["result-1.json", "result.json"]
    kept = folders.result(job_id, "result-1.json").review.transcript
    assert kept == said
    assert kept.person("SPEAKER_00").name == "Dra. Robles"
    assert kept.provenance.options["speakers"] == "2"
    job = program.service.job(job_id).result(TIMEOUT_MS / 1000)
    assert job.summary.version == opened.result.session.version
    assert {path.suffix for path in folders.folder(job_id).iterdir()} == {".json", ".jsonl", ".u8"}


def test_closing_requeues_a_running_job_and_the_next_start_completes_it(qtbot, home, dressed, two_minutes):
    first = AppController(App(load({"FI_DESKTOP_HOME": str(home)})))
    first.window.show()
    first.start([two_minutes])
    qtbot.waitUntil(
        lambda: (
            first.window.jobs.counts[JobState.RUNNING] == 1
            and first.window.jobs.row(first.window.jobs.index(0, 0)).share > 0
        ),
        timeout=TIMEOUT_MS,
    )
    first.window.close()
    (stop,) = [b for b in first.close_question.box.buttons() if b.text().replace("&", "") == "Stop and quit"]
    with qtbot.waitSignal(first.ended, timeout=TIMEOUT_MS):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
    second = AppController(App(load({"FI_DESKTOP_HOME": str(home)})))
    second.start([])
    qtbot.waitUntil(lambda: second.window.jobs.counts[JobState.COMPLETED] == 1, timeout=TIMEOUT_MS)
    with qtbot.waitSignal(second.ended, timeout=TIMEOUT_MS):
        second.stop()


def test_window_process_loads_no_heavy_modules(home, tmp_path):
    script = tmp_path / "window.py"
    script.write_text(WINDOW_MODULES)
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "FI_DESKTOP_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    modules = set(done.stdout.split())
    assert "fi_desktop.gui.main_window" in modules
    assert not {name.split(".")[0] for name in modules} & HEAVY
    assert "pyannote.audio" not in modules


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_termination_signal_stops_safely(home, tmp_path, number):
    script = tmp_path / "window.py"
    script.write_text(WINDOW_MODULES.replace("window.close()", 'print("ready", flush=True)'))
    child = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "FI_DESKTOP_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
        stdout=subprocess.PIPE,
        text=True,
    )
    with child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(number)
        assert child.wait(120) == 0
    assert "APP_STOPPED" in (home / "logs" / "fi-desktop.log").read_text()


@pytest.mark.skipif(not shutil.which("Xvfb"), reason="needs Xvfb")
def test_dropped_recording_on_a_real_x_display(tmp_path):
    shot = tmp_path / "result.png"
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with server:
        try:
            number = re.match(r"\d+", server.stdout.readline())
            assert number, "Xvfb did not start"
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
                    f"--basetemp={tmp_path / 'inner'}",  # two runs that tidy up one folder disturb each other
                    f"{__file__}::test_dropped_recording_becomes_turns_on_the_screen",
                ],
                env={
                    **os.environ,
                    "DISPLAY": f":{number[0]}",
                    "QT_QPA_PLATFORM": "xcb",
                    "QT_SCALE_FACTOR": "1",
                    SHOT: str(shot),
                },
                capture_output=True,
                text=True,
                timeout=500,
                check=False,
            )
            assert done.returncode == 0, done.stdout + done.stderr
        finally:
            server.terminate()
    assert shot.stat().st_size > 20_000
