"""Pictures of the window in its states: `xvfb-run -s "-screen 0 2400x1600x24"
python -m tests.ui.shots [folder]`."""

import os
import random
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QFont, QPalette
from PySide6.QtWidgets import QApplication

from fi_desktop.core.transcript import Grade
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.settings import Settings
from fi_desktop.ui.bridge import Bridge
from fi_desktop.ui.main import make_application
from fi_desktop.ui.main_window import MainWindow
from fi_desktop.ui.result_view import ResultView
from tests.ui import stories

_DARK = {
    QPalette.ColorRole.Window: "#1e2227",
    QPalette.ColorRole.Base: "#16191d",
    QPalette.ColorRole.AlternateBase: "#1b1f24",
    QPalette.ColorRole.Button: "#2a2f36",
    QPalette.ColorRole.ToolTipBase: "#2a2f36",
}


def dark_palette() -> QPalette:
    palette = QPalette(QColor("#2a2f36"), QColor("#1e2227"))
    for role, colour in _DARK.items():
        palette.setColor(role, QColor(colour))
    for role in (
        QPalette.ColorRole.WindowText,
        QPalette.ColorRole.Text,
        QPalette.ColorRole.ButtonText,
        QPalette.ColorRole.ToolTipText,
    ):
        palette.setColor(role, QColor("#e7ebef"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#3d8fd6"))
    return palette


def settle(application: QApplication, seconds: float = 0.35) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        application.processEvents()


class Photographer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._application = make_application()
        self._application.setFont(QFont("Inter", 10))
        self._home = Path(tempfile.mkdtemp())
        self._service = JobService(
            partial(JobStore, self._home / "store"),
            JobFolders(self._home / "jobs"),
            now=time.time,
            rng=random.Random(1),
        )
        self._bridge = Bridge(self._service)

    def window(self) -> MainWindow:
        window = MainWindow(self._service, Settings(self._home), self._bridge)
        window.resize(1180, 700)
        window.show()
        return window

    def take(self, name: str, widget) -> None:
        settle(self._application)
        widget.grab().save(str(self._folder / f"{name}.png"))

    def all(self, suffix: str = "") -> None:
        window = self.window()
        self._bridge.news_arrived.emit((stories.workers(*2 * [stories.WorkerState.IDLE]),))
        self.take(f"window-empty{suffix}", window)
        self._bridge.news_arrived.emit(stories.busy_day(time.time()))
        settle(self._application)
        window.table.select(8)
        self.take(f"window{suffix}", window)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile("/tmp/a.wav")])
        event = QDragEnterEvent(
            QPoint(200, 200),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(window, event)
        self.take(f"window-drop{suffix}", window)
        window.message.say("No audio or video was found there.", "bad")
        window._overlay.hide()
        self.take(f"window-message{suffix}", window)
        self.page(window, 6, f"job-retrying{suffix}")
        window.closable = True
        window.close()
        window.deleteLater()
        self.result(f"result{suffix}", stories.conversation(58))
        doubtful = stories.conversation(
            34, speakers=3, grade=Grade.DOUBTFUL, name="WS330117.WMA", notes=(stories.DOUBT,)
        )
        self.result(f"result-doubtful{suffix}", doubtful)
        self.result(f"result-long{suffix}", stories.conversation(5000 // 3, speakers=4))

    def page(self, window: MainWindow, job_id: int, name: str) -> None:
        opened = window.windows.open(job_id)
        news = next(
            item
            for item in stories.busy_day(time.time())
            if getattr(item, "job", None) and item.job.id == job_id
        )
        opened.page.show_attempts(news.job)
        opened.resize(640, 420)
        self.take(name, opened)
        opened.close()

    def result(self, name: str, transcript) -> None:
        view = ResultView(transcript, "/home/clinic/Recordings/x.wav", self._bridge)
        view.setWindowFlag(Qt.WindowType.Window)
        view.resize(980, 640)
        view.show()
        settle(self._application, 0.1)
        view.turns.choose(9)
        view.lanes.choose(9)
        self.take(name, view)
        view.close()
        view.deleteLater()

    def dark(self) -> None:
        self._application.setPalette(dark_palette())
        self.all("-dark")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("QT_SCALE_FACTOR", "1.5")
    photographer = Photographer(folder)
    photographer.all()
    photographer.dark()


if __name__ == "__main__":
    main()
