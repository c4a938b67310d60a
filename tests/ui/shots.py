"""Pictures of the window in its states, into docs/images or the folder named:

xvfb-run -s "-screen 0 2400x1600x24" python -m tests.ui.shots [folder]
"""

import os
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QWidget

from fi_desktop.core.transcript import Grade, Transcript
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import Settings
from fi_desktop.ui.bridge import Bridge
from fi_desktop.ui.main import make_application
from fi_desktop.ui.main_window import MainWindow
from fi_desktop.ui.result.view import ResultView
from tests.ui import stories
from tests.ui.events import drag_in, drag_out, files_data

_SETTLE_MS = 400
_FONT = "Inter"  # Qt takes the system's where it is not installed


def dark_palette() -> QPalette:
    """A dark desktop's colours: a bare X server has none of its own."""
    palette = QPalette(QColor("#2a2f36"), QColor("#1e2227"))
    grounds = {"Window": "#1e2227", "Base": "#16191d", "AlternateBase": "#1b1f24", "ToolTipBase": "#2a2f36"}
    for name, colour in grounds.items():
        palette.setColor(QPalette.ColorRole[name], QColor(colour))
    for name in ("WindowText", "Text", "ButtonText", "ToolTipText"):
        palette.setColor(QPalette.ColorRole[name], QColor("#e7ebef"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#3d8fd6"))
    return palette


class Photographer:
    """Puts the window into its states and takes pictures."""

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder = folder
        self._home = home
        self._application = make_application()
        self._application.setFont(QFont(_FONT, 10))
        self._service = JobService(
            partial(JobStore, home / "store"), JobFolders(home / "jobs"), now=time.time, rng=random.Random(1)
        )
        self._bridge = Bridge(self._service)

    def light(self) -> None:
        window = self._window()
        self._take("window-empty", window)
        self._fill(window)
        self._take("window", window)
        drag_in(window, files_data([Path("/recordings/a.wav")]))
        self._take("window-drop", window)
        drag_out(window)
        window.message.say("No audio or video was found there.", "bad")
        self._take("window-message", window)
        self._take_page(window, 6, "job-retrying")
        self._end(window)
        self._take_result("result", stories.conversation(58))
        doubtful = stories.conversation(
            34, speakers=3, grade=Grade.DOUBTFUL, name="WS330117.WMA", notes=(stories.DOUBT,)
        )
        self._take_result("result-doubtful", doubtful)
        self._take_result("result-long", stories.conversation(1700, speakers=4, name="Family meeting.mp4"))

        self._take_result("reading", stories.consultation())
        missing = ("The speakers are missing: the model pack does not fit this computer's memory.",)
        self._take_result("reading-unnamed", stories.consultation(named=False, notes=missing))

    def dark(self) -> None:
        self._application.setPalette(dark_palette())
        window = self._window()
        self._fill(window)
        self._take("window-dark", window)
        self._end(window)
        self._take_result("result-dark", stories.conversation(58))
        self._take_result("reading-dark", stories.consultation(), sought="dolor")

    def _window(self) -> MainWindow:
        window = MainWindow(self._service, Settings(self._home), self._bridge)
        window.resize(1180, 700)
        window.show()
        window.show_jobs()
        self._bridge.news_arrived.emit((stories.workers(*2 * [stories.WorkerState.IDLE]),))
        return window

    def _fill(self, window: MainWindow) -> None:
        self._bridge.news_arrived.emit(stories.busy_day(time.time()))
        self._settle()
        window.table.select(8)

    def _end(self, window: MainWindow) -> None:
        window.closable = True
        window.close()
        window.deleteLater()

    def _take_page(self, window: MainWindow, job_id: int, name: str) -> None:
        opened = window.windows.open(job_id)
        (job,) = [job for job in stories.jobs_of(stories.busy_day(time.time())) if job.id == job_id]
        opened.page.show_attempts(job)
        opened.resize(640, 420)
        self._take(name, opened)
        opened.close()

    def _take_result(self, name: str, transcript: Transcript, *, sought: str = "") -> None:
        view = ResultView(transcript, "", self._bridge)
        view.setWindowFlag(Qt.WindowType.Window)
        view.resize(980, 640)
        view.show()
        self._settle()
        if view.turns is not None:
            view.turns.choose(9)
            view.lanes.choose(9)
        if view.reading is not None:
            view.reading.table.selectRow(3)
        if view.reading is not None and sought:
            view.reading.bar.open()
            view.reading.bar.field.setText(sought)
        self._take(name, view)
        view.close()
        view.deleteLater()

    def _take(self, name: str, widget: QWidget) -> None:
        self._settle()
        widget.grab().save(str(self._folder / f"{name}.png"))

    def _settle(self) -> None:
        loop = QEventLoop()
        QTimer.singleShot(_SETTLE_MS, loop.quit)
        loop.exec()


def main() -> None:
    os.environ.setdefault("QT_SCALE_FACTOR", "1.5")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        photographer = Photographer(folder, Path(home))
        photographer.light()
        photographer.dark()


if __name__ == "__main__":
    main()
