"""The real window over the real service and store, with an owner thread that does what a test says."""

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from queue import Empty, SimpleQueue

import pytest
from PySide6.QtCore import QLocale, QSettings
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.errors import TransientError
from fi_desktop.core.job import Job
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import Summary
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.application import GarbageCollector, make_application
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import Settings, changed, load, save_changes
from fi_desktop.system.files import RESULT, write_whole
from fi_desktop.workers.queue_thread import QueueThread
from tests.gui import surroundings

PATIENCE_S = 120.0


class PatientBot(QtBot):
    """Waits as long as a busy machine needs; what never comes fails all the same."""

    def waitUntil(self, callback, *, timeout=PATIENCE_S * 1000):
        super().waitUntil(callback, timeout=round(timeout))

    def waitSignal(self, signal, *, timeout=PATIENCE_S * 1000, **more):
        return super().waitSignal(signal, timeout=round(timeout), **more)


@pytest.fixture
def qtbot(qapp, request) -> QtBot:
    return PatientBot(request)


def pytest_collection_modifyitems(items):
    """The offscreen platform says of many window functions that it has none; that is no fault of ours."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


class Hand(QueueThread):
    """An owner thread that claims nothing by itself: a test does the workers' part by hand.

    Attributes:
        patient: whether a turn that cannot be written is survived.
    """

    patient = False

    def __init__(self, service: JobService, settings: Settings) -> None:
        super().__init__(service, settings, ())
        self._deeds: SimpleQueue[tuple[Future, Callable]] = SimpleQueue()

    def do(self, deed: Callable[[JobService], object]):
        """Do something in a turn; return once it was committed and told."""
        future: Future = Future()
        self._deeds.put((future, deed))
        self._wake()
        return future.result(PATIENCE_S)

    def claim(self, worker: str = "worker-1") -> Job:
        return self.do(lambda service: service.transitions.claim(worker))

    def complete(self, job: Job, transcript: Transcript) -> None:
        folder = self._service.folders.folder(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # a job of a story may have no recording
            made_from = source_sha256(Path(job.path))
            provenance = replace(transcript.provenance, source_sha256=made_from)
            transcript = replace(transcript, provenance=provenance)
        write_whole(folder / RESULT, json.dumps(transcript_to_json(transcript)).encode())
        grade = transcript.grade.value if transcript.grade else None
        summary = Summary(len(transcript.speakers), transcript.duration, "builtin", grade, transcript.notes)
        self.do(lambda service: service.transitions.completed(job.id, job.claim, summary))

    def _work(self) -> None:
        while not self._stopping.is_set():
            wait([self._wakeup_reader])
            self._clear_wakeup()
            done: list[tuple[Future, object]] = []

            def act(done=done):
                while True:
                    try:
                        future, deed = self._deeds.get_nowait()
                    except Empty:
                        return []
                    done.append((future, deed(self._service)))

            self._transact(act)
            for future, result in done:
                future.set_result(result)

    def _on_unwritable(self, error: TransientError) -> None:
        if not self.patient:
            raise error


class FakeProgram:
    """What `fi_desktop.app.App` is to the window, with a `Hand` for its workers.

    Attributes:
        calls: what the window asked for, in order.
        refusal: raised by `start`.
    """

    def __init__(self, home: Path) -> None:
        # English wherever the tests run; what the file says goes before that
        self.settings = load({"FI_DESKTOP_HOME": str(home)})
        if self.settings.language == "system":
            self.settings = changed(self.settings, {"language": "en"})
        self.service = JobService(
            partial(JobStore, self.settings.store),
            JobFolders(self.settings.jobs),
            now=time.time,
            rng=random.Random(1),
        )
        self.hand = Hand(self.service, self.settings)
        self.calls: list[str] = []
        self.refusal: Exception | None = None
        self.handover: Callable[[list[str]], None] = lambda paths: None

    def start(self) -> None:
        self.calls.append("start")
        if self.refusal is not None:
            raise self.refusal
        self.hand.start()

    def stop(self) -> None:
        self.calls.append("stop")
        if self.refusal is None:
            self.hand.stop()

    def on_handover(self, callback) -> None:
        self.handover = callback

    def gauges(self) -> tuple[WorkerGauge, ...]:
        return ()

    def change_settings(self, changes) -> Settings:
        self.settings = save_changes(self.settings, changes)
        return self.settings

    def resize_workers(self, workers: int) -> None:
        self.calls.append(f"resize {workers}")

    def restart_worker(self, name: str) -> None:
        self.calls.append(f"restart {name}")

    def recycle_worker(self, name: str) -> None:
        self.calls.append(f"recycle {name}")

    def retire_worker(self, name: str) -> None:
        self.calls.append(f"retire {name}")


@pytest.fixture(scope="session")
def qapp_cls():
    return QApplication


@pytest.fixture(scope="session")
def qapp(qapp):
    """The application, with the font of the surroundings that the tests run in."""
    font = surroundings.SURROUNDINGS[surroundings.chosen()].font if surroundings.chosen() else None
    if font is not None:
        for file in surroundings.FILES.glob("*.ttf"):
            QFontDatabase.addApplicationFont(str(file))
        qapp.setFont(QFont(*font))
    return qapp


@pytest.fixture(scope="session")
def dressed(qapp):
    application = make_application()
    collector = GarbageCollector(application)
    WindowLanguage(application, "en")  # for widgets without the window: the plural forms of English
    yield application
    collector.close()


@pytest.fixture(autouse=True)
def locale() -> Iterator[None]:
    """Dates and numbers are written as before, whatever language a test's window spoke."""
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.fixture
def program(home: Path) -> FakeProgram:
    return FakeProgram(home)


@pytest.fixture
def desktop(qtbot, dressed, program: FakeProgram) -> Iterator[AppController]:
    """The window, shown, its queue started and listed."""
    desktop = AppController(program)
    desktop.window.show()
    desktop.start([])
    qtbot.waitUntil(lambda: "start" in program.calls)
    program.hand.do(lambda _service: None) if program.refusal is None else None
    yield desktop
    if not desktop.window.closable:
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
    desktop.window.deleteLater()


@pytest.fixture
def window(desktop: AppController):
    return desktop.window


@pytest.fixture
def hand(program: FakeProgram, desktop: AppController) -> Hand:
    return program.hand


@pytest.fixture
def bridge(dressed, program: FakeProgram) -> Iterator[Bridge]:
    """A crossing of its own, for widgets without the window."""
    bridge = Bridge(program.service)
    yield bridge
    bridge.close()


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Three files that look like recordings."""
    files = [tmp_path / name for name in ("First.wav", "Second ñ.mp3", "Third.m4a")]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    return files


@pytest.fixture
def ini(home: Path) -> QSettings:
    return QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
