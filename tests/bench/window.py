"""Start-up time of the window, and its cost while idle: `python -m tests.bench.window [times]`.

From the start of the process to the first event after the window was exposed and painted. Warm: one start is
not counted. Rendered in memory and, if Xvfb is installed, on an X display. Each start has an empty data
folder. The child prints the time of the clock that both processes share.

Sealed and in clear are later starts on two data folders, alternating; the keyring is a file.

Idle is the share of a core over 10 s, with 1,000 finished jobs in the table.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fi_desktop.settings import load
from fi_desktop.vault import vault_exists
from tests.vault.keyrings import FILE_KEYRING

HEAVY = {"torch", "torchaudio", "faster_whisper", "ctranslate2", "onnxruntime", "av", "scipy", "numpy"}

CHILD = """
import sys, time
from pathlib import Path
from fi_desktop.app import App
from fi_desktop.settings import load
from fi_desktop.gui.application import make_application, run
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QMainWindow

class Watch(QObject):
    seen = False

    def eventFilter(self, watched, event):
        if isinstance(watched, QMainWindow) and event.type() == QEvent.Type.Paint and not self.seen:
            self.seen = True
            QTimer.singleShot(0, lambda: self.painted(watched))
        return False

    def painted(self, window):
        assert window.windowHandle().isExposed()
        print(time.clock_gettime(time.CLOCK_MONOTONIC), *sys.modules, flush=True)
        QTimer.singleShot(300, window.close)

if __name__ == "__main__":
    application = make_application()
    watch = Watch()
    application.installEventFilter(watch)
    run(App(load()), [])
"""


IDLE = """
import sys, time
from fi_desktop.app import App
from fi_desktop.settings import load
from fi_desktop.gui.application import make_application, run
from PySide6.QtCore import QTimer
from tests.gui import samples

def fill():
    (window,) = [w for w in application.topLevelWidgets() if w.objectName() == "main"]
    now = time.time()
    jobs = [samples.finished(n, f"{n}.wav", now, ago_s=9, took_s=3) for n in range(1, 1001)]
    window.jobs.apply_events(jobs)
    QTimer.singleShot(3000, lambda: begin(window))

def begin(window):
    started = time.process_time(), time.monotonic()
    QTimer.singleShot(10_000, lambda: end(window, *started))

def end(window, worked, began):
    print((time.process_time() - worked) / (time.monotonic() - began), flush=True)
    window.close()

if __name__ == "__main__":
    application = make_application()
    QTimer.singleShot(1000, fill)
    run(App(load()), [])
"""


def idle_share() -> float:
    """Return the share of a core that an idle window uses, 0 to 1."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"QT_QPA_PLATFORM": "offscreen", "FI_DESKTOP_HOME": home}
        command = [sys.executable, "-c", IDLE]
        done = subprocess.run(
            command,
            cwd=Path(__file__).parents[2],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=True,
        )
    return float(done.stdout)


def start_s(environment: dict[str, str]) -> tuple[float, set[str]]:
    """Start the window on an empty data folder.

    Returns: the seconds to its first frame, and the packages loaded by then.
    """
    with tempfile.TemporaryDirectory() as home:
        return start_at(home, environment)


def start_at(home: str, environment: dict[str, str]) -> tuple[float, set[str]]:
    """Start the window on a data folder; see `start_s`."""
    started = time.clock_gettime(time.CLOCK_MONOTONIC)
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **environment, "FI_DESKTOP_HOME": home},
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    moment, *modules = done.stdout.split()
    return float(moment) - started, {module.split(".")[0] for module in modules}


def measure_sealed(environment: dict[str, str], times: int) -> None:
    """Print the rows of a data folder in clear, and of a sealed one."""
    rows: dict[str, list[float]] = {"in clear": [], "sealed": []}
    with tempfile.TemporaryDirectory() as folder:
        keys = {
            "PYTHON_KEYRING_BACKEND": "tests.vault.keyrings.FileKeyring",
            FILE_KEYRING: str(Path(folder) / "keyring.json"),
        }
        for number in range(times + 1):
            for name, seconds in rows.items():
                seal = {"FI_DESKTOP_SEAL": "true" if name == "sealed" else "false"}
                home = Path(folder) / name
                taken, _ = start_at(str(home), {**environment, **keys, **seal})
                assert vault_exists(load({"FI_DESKTOP_HOME": str(home)}).keys) == (name == "sealed")
                if number:  # the first one makes the folder
                    seconds.append(taken)
    for name, seconds in rows.items():
        spread = f"{min(seconds):.2f} to {max(seconds):.2f} s"
        print(f"| offscreen, later start, {name} | {statistics.median(seconds):.3f} s | {spread} | |")


@contextmanager
def x_display() -> Iterator[dict[str, str]]:
    """Run an X server that renders in memory."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            yield {"DISPLAY": f":{server.stdout.readline().strip()}", "QT_QPA_PLATFORM": "xcb"}
        finally:
            server.terminate()


def measure(name: str, environment: dict[str, str], times: int) -> None:
    """Print a row of the table."""
    start_s(environment)
    results = [start_s(environment) for _ in range(times)]
    seconds = [result[0] for result in results]
    heavy = set().union(*(modules for _, modules in results)) & HEAVY
    spread = f"{min(seconds):.2f} to {max(seconds):.2f} s"
    print(f"| {name} | {statistics.median(seconds):.2f} s | {spread} | {', '.join(heavy) or 'none'} |")


def main() -> None:
    """Measure and print a Markdown table."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| Display | First window, median | Spread | Heavy modules |\n|---|---|---|---|")
    measure("offscreen", {"QT_QPA_PLATFORM": "offscreen"}, times)
    if shutil.which("Xvfb"):
        with x_display() as environment:
            measure("X (Xvfb)", environment, times)
    measure_sealed({"QT_QPA_PLATFORM": "offscreen"}, times)
    print(f"\nIdle, 1,000 jobs shown: {idle_share():.2%} of a core")


if __name__ == "__main__":
    main()
