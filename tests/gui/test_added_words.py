"""A result without words gets words: from the table, the details, or the result, with real workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from fi_desktop.app import App
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.values import JobOptions, Stage, StageEnd
from fi_desktop.gui.app_controller import AppController
from fi_desktop.models import PackKind
from fi_desktop.settings import load, save
from tests.app_driver import TIMEOUT_S
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper

TIMEOUT_MS = 120_000
SPOKEN = ("Buenos", "días,", "doctora.", "Me", "duele", "la", "cabeza", "desde", "ayer.")


@pytest.fixture
def program(home: Path) -> App:
    save(home, {"language": "en", "workers": 1})
    return App(load({"FI_DESKTOP_HOME": str(home)}))


@pytest.fixture
def desktop(qtbot, dressed, program: App) -> Iterator[AppController]:
    desktop = AppController(program)
    desktop.window.show()
    desktop.start([])
    yield desktop
    if not desktop.window.closable:
        with qtbot.waitSignal(desktop.ended, timeout=TIMEOUT_MS):
            desktop.stop()
    desktop.window.deleteLater()


@pytest.fixture
def turns(qtbot, window, program: App, ten_seconds: Path) -> int:
    """The id of a job that is done without words."""
    options = JobOptions(language="es")
    qtbot.waitUntil(lambda: window.status.workers_text.startswith("Workers:"), timeout=TIMEOUT_MS)
    (job_id,) = program.service.submit([ten_seconds], options).result(TIMEOUT_S).ids
    wait_until_done(qtbot, window, program, job_id, runs=1)
    return job_id


def job(program: App, job_id: int) -> Job:
    found = program.service.job(job_id).result(TIMEOUT_S)
    assert found is not None
    return found


def wait_until_done(qtbot, window, program: App, job_id: int, *, runs: int) -> Job:
    def done() -> bool:
        row = window.jobs.job(job_id)
        return row is not None and row.state is JobState.COMPLETED and row.attempts == runs

    qtbot.waitUntil(done, timeout=TIMEOUT_MS)
    return job(program, job_id)


def add_pack(home: Path) -> None:
    folder = make_whisper(home / "models" / "test-words", SPOKEN, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)


def click(qtbot, button) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_recommended_model_is_offered_and_words_follow_once_it_is_there(
    qtbot, desktop, window, program, home, turns
):
    before = program.service.folders.transcript(turns)
    view = window.windows.open(turns)
    qtbot.waitUntil(lambda: view.result is not None and view.result.isVisible(), timeout=TIMEOUT_MS)
    click(qtbot, view.result.turns.note.words)
    qtbot.waitUntil(lambda: window.models.dialog is not None)
    qtbot.waitUntil(lambda: window.models.dialog._prompts._open is not None)
    assert window.message.text == "Words are added once the model is installed."
    question = window.models.dialog._prompts._open
    recommended = [entry for entry in window.models.dialog._catalog.models if entry.recommended]
    assert len(recommended) == 1
    assert recommended[0].name.startswith("faster-whisper-")
    question.reject()
    assert job(program, turns).state is JobState.COMPLETED
    add_pack(home)  # as an import does
    window.models.dialog.controller.refresh()
    after = wait_until_done(qtbot, window, program, turns, runs=2)
    stages = {time.stage: time.end for time in after.attempts[-1].stages}
    assert (stages[Stage.DIARIZE], stages[Stage.TRANSCRIBE]) == (StageEnd.KEPT, StageEnd.DONE)
    words = program.service.folders.transcript(turns)
    assert words.turns == before.turns
    assert "doctora." in {word.text for part in words.segments for word in part.words}
    assert not window.added_words.waiting
    qtbot.waitUntil(lambda: view.result.text is not None, timeout=TIMEOUT_MS)


def test_words_are_added_from_the_details_and_from_the_table(qtbot, window, program, home, turns):
    add_pack(home)
    window.table.select(turns)
    window.commands.details.trigger()
    qtbot.waitUntil(lambda: window.details.panel is not None)
    button = window.details.panel.job.words
    qtbot.waitUntil(button.isVisible)
    click(qtbot, button)
    wait_until_done(qtbot, window, program, turns, runs=2)
    qtbot.waitUntil(lambda: not button.isVisible())
    assert not window.jobs.job(turns).lacks_words
