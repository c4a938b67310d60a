"""Pictures of the monitor, into docs/images or the folder named:

xvfb-run -s "-screen 0 2400x1600x24" python -m tests.ui.monitor_shots [folder]
"""

import math
import os
import sys
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QFont

from fi_desktop.core.job import Stage
from fi_desktop.jobs.news import JobProgressed, WorkerInfo, WorkersChanged, WorkerState
from fi_desktop.ui.bridge import Bridge
from fi_desktop.ui.main import make_application
from fi_desktop.ui.monitor import watch
from fi_desktop.ui.monitor.window import MonitorWindow
from tests.ui.monitor_stories import Clinic, clinic_days, gauge
from tests.ui.shots import dark_palette

_LOOKS = 60


class _Busy(Clinic):
    """Workers whose load goes up and down."""

    def __init__(self, jobs, *, device="cpu"):
        super().__init__(jobs)
        self.looks = 0
        self.device = device

    def gauges(self):
        self.looks += 1
        load = max(0.0, 96 - 30 * math.sin(self.looks / 5) ** 2 - (60 if self.looks % 23 < 3 else 0))
        return (
            gauge(1, device=self.device, cpu=load, rss=412_000_000, done=214, failed=3),
            gauge(2, cpu=load / 2.5, rss=1_534_000_000, done=208, uptime_s=190.0, uptime=0.998),
            gauge(3, uptime_s=4.0, rss=48_000_000, cpu=2.0),
        )


def _settle(milliseconds=400):
    loop = QEventLoop()
    QTimer.singleShot(milliseconds, loop.quit)
    loop.exec()


def _open(now, **more):
    program = _Busy(clinic_days(now), **more)
    bridge = Bridge(program.service)
    window = MonitorWindow(bridge, program)
    window.show()
    states = (WorkerState.BUSY, WorkerState.BUSY, WorkerState.STARTING)
    infos = [WorkerInfo(f"worker-{n}", 4000 + n, s, None, now, 0, 0) for n, s in enumerate(states, 1)]
    _settle(1500)
    ids = [job.id for job in program.service.known if job.claim]
    progress = (JobProgressed(ids[0], Stage.DIARIZE, 0.34), JobProgressed(ids[1], Stage.SPEECH, 0.4))
    bridge.news_arrived.emit((WorkersChanged(tuple(infos)), *progress))
    for _ in range(_LOOKS):
        window._on_tick()
        _settle(12)
    return window, bridge


def _take(window, folder, name):
    _settle()
    window.grab().save(str(folder / f"{name}.png"))


def _close(window, bridge):
    window.close()
    window.deleteLater()
    bridge.close()


def main() -> None:
    os.environ.setdefault("QT_SCALE_FACTOR", "1.5")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/images")
    folder.mkdir(parents=True, exist_ok=True)
    application = make_application()
    application.setFont(QFont("Inter", 10))
    watch.gpu_memory = lambda: {4001: 2_312_000_000}
    now = time.time()
    window, bridge = _open(now)
    _take(window, folder, "monitor-workers")
    window.pages.choose(1)
    _take(window, folder, "monitor-queue")
    window.pages.choose(2)
    _take(window, folder, "monitor-targets")
    window.targets.span.choose(1)
    window.targets.plots.read(66)
    _take(window, folder, "monitor-targets-day")
    _close(window, bridge)
    application.setPalette(dark_palette())
    window, bridge = _open(now, device="cuda:0")
    _take(window, folder, "monitor-workers-dark")
    window.pages.choose(1)
    window.queue.show_paused(True)
    _take(window, folder, "monitor-queue-dark")
    window.pages.choose(2)
    window.targets.span.choose(2)
    _take(window, folder, "monitor-targets-dark")
    _close(window, bridge)


if __name__ == "__main__":
    main()
