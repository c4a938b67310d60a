"""The real window, service and store, with a queue thread that does the workers' part on demand."""

import json
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QLocale, QSettings
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.core.errors import TransientError
from fi_desktop.core.job import Job
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import Summary
from fi_desktop.engines import speed_trial
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.application import GarbageCollector, make_application
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.jobs.file_sealing import FileSealing
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.retention import KEEP_ALL, KeepTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.pipeline.stages import write_result
from fi_desktop.settings import Settings, changed, load, save_changes
from fi_desktop.vault.vault import Vault
from fi_desktop.workers.queue_thread import QueueThread
from tests.gui import environments
from tests.gui.samples import claim_of

T = TypeVar("T")
TIMEOUT_S = 120.0


class SlowMachineBot(QtBot):
    """Waits long enough for a busy machine; a condition that never holds still fails.

    What changes a layout posts an event, so that the condition may hold before the layout is right.
    """

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: float = TIMEOUT_S * 1000) -> None:
        super().waitUntil(callback, timeout=round(timeout))
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)

    def waitSignal(self, signal: Any, *, timeout: float = TIMEOUT_S * 1000, **more: Any) -> Any:
        return super().waitSignal(signal, timeout=round(timeout), **more)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    return SlowMachineBot(request)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Ignore warnings about what the offscreen platform and a machine without sound or video lack."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            ignored = (
                "This plugin does not support",
                "PulseAudioService: pa_context_connect",
                "Couldn't load pipewire",
                "Couldn't resolve pipewire",
                "Couldn't load va",  # VA-API: video decoded by the graphics card
                "Couldn't resolve va",
                # Qt's print dialog, before it says that there is no such file
                "QFSFileEngine::open: No file name specified",
            )
            item.add_marker(pytest.mark.qt_log_ignore(*ignored))


class ManualQueueThread(QueueThread):
    """A queue thread that claims no jobs: the test plays the workers.

    Attributes:
        tolerant: whether to continue when a transaction cannot be written.
    """

    tolerant = False

    def __init__(self, service: JobService, settings: Settings) -> None:
        super().__init__(service, settings, ())
        self._actions: SimpleQueue[tuple[Future[Any], Callable[[JobService], Any]]] = SimpleQueue()

    def do(self, action: Callable[[JobService], T]) -> T:
        """Run an action in a transaction; return its result once it is committed and published."""
        future: Future[T] = Future()
        self._actions.put((future, action))
        self._wake()
        return future.result(TIMEOUT_S)

    def claim(self, worker: str = "worker-1") -> Job:
        job = self.do(lambda service: service.transitions.claim(worker))
        assert job is not None
        return job

    def complete(self, job: Job, transcript: Transcript) -> None:
        folder = self._service.folders.folder(job.id)
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(OSError):  # a made-up job may have no recording
            made_from = source_sha256(Path(job.path))
            provenance = replace(transcript.provenance, source_sha256=made_from)
            transcript = replace(transcript, provenance=provenance)
        version = write_result(folder, transcript)
        grade = transcript.grade.value if transcript.grade else None
        summary = Summary(len(transcript.speakers), transcript.duration, "builtin", grade, transcript.notes)
        summary = replace(summary, version=version)
        self.do(lambda service: service.transitions.completed(job.id, claim_of(job), summary))

    def _work(self) -> None:
        while not self._stopping.is_set():
            wait([self._wakeup_reader])
            self._clear_wakeup()
            done: list[tuple[Future[Any], object]] = []

            def act(done: list[tuple[Future[Any], object]] = done) -> list[Job]:
                while True:
                    try:
                        future, action = self._actions.get_nowait()
                    except Empty:
                        return []
                    done.append((future, action(self._service)))

            self._transact(act)
            for future, result in done:
                future.set_result(result)

    def _on_unwritable(self, error: TransientError) -> None:
        if not self.tolerant:
            raise error


def remember_speed(home: Path) -> None:
    """Keep what a trial of this computer's speed found: the welcome would start one of four seconds."""
    home.mkdir(parents=True, exist_ok=True)
    trial = {"computer": speed_trial._computer(), "speed": 1.0}
    (home / "speed.json").write_text(json.dumps(trial), encoding="utf-8")


class FakeApp:
    """Takes the place of `fi_desktop.app.App`, with a `ManualQueueThread` in place of workers.

    Attributes:
        calls: the window's calls, in order.
        refusal: raised by `start`, if set.
    """

    def __init__(self, home: Path, keep: KeepTimes = KEEP_ALL) -> None:
        # English on every machine, unless the settings file names a language
        self.settings = load({"FI_DESKTOP_HOME": str(home)})
        if self.settings.language == "system":
            self.settings = changed(self.settings, {"language": "en"})
        self.service = JobService(
            partial(JobStore, self.settings.store),
            JobFolders(self.settings.jobs),
            now=time.time,
            rng=random.Random(1),
            keep=keep,
        )
        self.hand = ManualQueueThread(self.service, self.settings)
        self.calls: list[str] = []
        self.refusal: Exception | None = None
        self.handover: Callable[[list[str]], None] = lambda paths: None
        self.vault: Vault | None = None
        self.sealing: FileSealing | None = None

    def start(self) -> None:
        self.calls.append("start")
        if self.refusal is not None:
            raise self.refusal
        self.hand.start()

    def lock(self) -> None:
        self.calls.append("lock")

    def unlock(self, passphrase: str = "") -> None:
        self.calls.append("unlock")

    def seal(self, *, keyring: bool, passphrase: str = "", recipients: Iterable[str] = ()) -> None:
        self.calls.append("seal")

    def stop(self) -> None:
        self.calls.append("stop")
        if self.refusal is None:
            self.hand.stop()

    def on_handover(self, callback: Callable[[list[str]], None]) -> None:
        self.handover = callback

    def on_settings(self, callback: Callable[[Settings], None]) -> None:
        self.other_settings = callback

    def gauges(self) -> tuple[WorkerGauge, ...]:
        return ()

    def change_settings(self, changes: Mapping[str, Any]) -> Settings:
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
def qapp_cls() -> type[QApplication]:
    return QApplication


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> Iterator[QApplication]:
    """The application, with the font of the environment that the tests run in."""
    font = environments.ENVIRONMENTS[environments.chosen()].font if environments.chosen() else None
    if font is not None:
        for file in environments.FILES.glob("*.ttf"):
            QFontDatabase.addApplicationFont(str(file))
        qapp.setFont(QFont(*font))
    yield qapp
    # the offscreen platform keeps what Python put there beyond Python's end, and then ends with a crash
    QGuiApplication.clipboard().clear()


@pytest.fixture(scope="session")
def dressed(qapp: QApplication) -> Iterator[QApplication]:
    application = make_application()
    collector = GarbageCollector(application)
    WindowLanguage(application, "en")  # for widgets without the window: the plural forms of English
    yield application
    collector.close()


@pytest.fixture(autouse=True)
def locale() -> Iterator[None]:
    """Restore the locale after a test that changed the window's language."""
    before = QLocale()
    yield
    QLocale.setDefault(before)


@pytest.fixture
def program(home: Path) -> FakeApp:
    return FakeApp(home)


@pytest.fixture
def desktop(qtbot: QtBot, dressed: QApplication, program: FakeApp) -> Iterator[AppController]:
    """The program with its window shown and its queue started."""
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
def known_speed(home: Path) -> None:
    remember_speed(home)


@pytest.fixture
def window(desktop: AppController) -> MainWindow:
    return desktop.window


@pytest.fixture
def hand(program: FakeApp, desktop: AppController) -> ManualQueueThread:
    return program.hand


@pytest.fixture
def bridge(dressed: QApplication, program: FakeApp) -> Iterator[Bridge]:
    """A separate bridge, for widgets without the main window."""
    bridge = Bridge(program.service)
    yield bridge
    bridge.close()


@pytest.fixture
def recordings(tmp_path: Path) -> list[Path]:
    """Three files that pass for recordings."""
    files = [tmp_path / name for name in ("First.wav", "Second ñ.mp3", "Third.m4a")]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    return files


@pytest.fixture
def ini(home: Path) -> QSettings:
    return QSettings(str(home / "window.ini"), QSettings.Format.IniFormat)
