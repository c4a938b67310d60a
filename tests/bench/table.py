"""The window with many jobs: `QT_QPA_PLATFORM=offscreen python -m tests.bench.table [jobs] [seconds]`.

A real store, kept in the temporary folder between rounds, a real main window with its bridge, and an owner
thread that commits a thousand changes a second. Delays are measured on the GUI thread: the time until a step
is done and painted, and how late a 4 ms timer fires.
"""

from __future__ import annotations

import gc
import random
import shutil
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
from PySide6.QtCore import QElapsedTimer, QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import Job
from fi_desktop.core.values import Stage
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.application import GarbageCollector, make_application, shorten_switch_interval
from fi_desktop.gui.job_table.columns import COLUMNS
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import Transitions
from tests.bench import peers_table
from tests.bench.table_store import end, home_with
from tests.gui.conftest import FakeApp

CHANGES_PER_S = 1000
BEAT_MS = 4
POLL_MS = 5
PEAK = 0.99


class Heartbeat:
    """Measures how late the event loop runs a timer, milliseconds."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self._clock = QElapsedTimer()
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._on_timeout)
        self._clock.start()
        self._timer.start()

    def stop(self) -> list[float]:
        """Return what was measured, sorted."""
        self._timer.stop()
        return sorted(self.late_ms)

    def _on_timeout(self) -> None:
        self.late_ms.append(max(0.0, self._clock.nsecsElapsed() / 1e6 - BEAT_MS))
        self._clock.restart()


class Churn:
    """Makes a thousand changes a second: jobs are claimed, make progress, end, are cancelled and removed."""

    def __init__(self, program: FakeApp, seconds: float) -> None:
        self._hand = program.hand
        self._rng = random.Random(2)
        self._seconds = seconds
        self._running: list[Job] = []
        self._thread = threading.Thread(target=self._run)
        self.made = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        started = time.monotonic()
        while (passed := time.monotonic() - started) < self._seconds:
            due = int(passed * CHANGES_PER_S) - self.made
            if due > 0:
                self._hand.do(partial(self._change_service, number=due))
            time.sleep(0.005)

    def _change_service(self, service: JobService, number: int) -> None:
        self._change(service.transitions, service.publish, number)

    def _change(self, transitions: Transitions, publish: Callable[..., None], number: int) -> None:
        for _ in range(number):
            dice = self._rng.random()
            if dice < 0.15 and len(self._running) < 64 and (job := transitions.claim("worker-1")) is not None:
                self._running.append(job)
            elif dice < 0.3 and self._running:
                end(transitions, self._running.pop(0), self._rng)
            elif dice < 0.4 and (
                job := transitions.store.get(self._rng.randrange(1, transitions.store.last_id))
            ):
                if job.state.final:
                    transitions.remove(job)
                elif job.state.value == "QUEUED":
                    transitions.cancel(job)
            elif self._running:
                job = self._rng.choice(self._running)
                publish(JobProgressed(job.id, Stage.SPEECH, self._rng.random()))
        self.made += number


def took_ms(application: QApplication, step: Callable[[], object]) -> float:
    """Return how long a step takes to run and be painted, milliseconds."""
    clock = QElapsedTimer()
    clock.start()
    step()
    application.processEvents()
    return clock.nsecsElapsed() / 1e6


def say(what: str, value: str) -> None:
    """Print a line of the table."""
    print(f"| {what} | {value} |", flush=True)


def start(application: QApplication, home: Path, jobs: int) -> tuple[AppController, FakeApp]:
    """Open the window over the store."""
    started = time.monotonic()
    program = FakeApp(home)
    desktop = AppController(program)
    window = desktop.window
    window.resize(1120, 700)
    window.show()
    application.processEvents()
    beat = Heartbeat()
    desktop.start([])
    run_until(lambda: window.jobs.rowCount() > 0)
    took_ms(application, window.grab)
    first = time.monotonic() - started
    counted = window.jobs.total
    run_until(lambda: window.jobs.settled)
    took_ms(application, window.grab)
    late = beat.stop()
    say(f"start → newest jobs painted, {counted:,} counted", f"{first:.2f} s")
    say(f"start → all {jobs:,} listed and painted", f"{time.monotonic() - started:.2f} s")
    say("longest delay meanwhile", f"{late[-1]:.0f} ms")
    return desktop, program


def scroll(application: QApplication, window: MainWindow) -> None:
    """Scroll and sort."""
    bar = window.table.verticalScrollBar()
    steps = [
        took_ms(application, partial(bar.setValue, at))
        for at in range(0, bar.maximum(), bar.maximum() // 300)
    ]
    pages = [took_ms(application, lambda: bar.setValue(bar.value() - bar.pageStep())) for _ in range(100)]
    say("long scroll, longest of 300", f"{max(steps):.0f} ms")
    say("scroll by a page, longest of 100", f"{max(pages):.0f} ms")
    bar.setValue(0)
    times: dict[str, float] = {}
    for column, declared in enumerate(COLUMNS):
        for order in Qt.SortOrder:
            key = declared.heading
            times[key] = max(
                times.get(key, 0),
                took_ms(application, partial(window.table.sortByColumn, column, order)),
            )
    slowest = max(times, key=times.__getitem__)
    say("sort by a column, longest of all, both orders", f"{times[slowest]:.0f} ms ({slowest})")
    window.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)


def find(application: QApplication, window: MainWindow) -> None:
    """Type a search, select and collapse."""
    panel = window.panel

    def typed(key: str) -> None:
        panel.search.setText(key)
        panel.apply()

    times = [
        took_ms(application, partial(typed, t)) for t in ("g", "ga", "gar", "garcia state:failed", "-g", "")
    ]
    say("a key typed in the search field, longest of 6", f"{max(times):.0f} ms")
    window.table.setFocus()
    say("Ctrl+A", f"{took_ms(application, window.table.selectAll):.0f} ms")
    say(
        "… and a sort then",
        f"{took_ms(application, lambda: window.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)):.0f} ms",
    )
    window.table.clearSelection()
    window.table.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    say("collapse all batches", f"{took_ms(application, window.jobs.collapse_all):.0f} ms")
    say("expand all", f"{took_ms(application, window.jobs.expand_all):.0f} ms")
    window.table.selectAll()
    say("remove all", f"{took_ms(application, lambda: remove_all(window)):.0f} ms")
    say("… and undo", f"{took_ms(application, window.job_controller.removal.undo):.0f} ms")
    window.table.clearSelection()


def remove_all(window: MainWindow) -> None:
    """Remove the selected jobs, without the question."""
    window.job_controller.removal.remove([row.id for row in window.table.selected_rows() if row.removable])


def churn(application: QApplication, window: MainWindow, program: FakeApp, seconds: float) -> None:
    """Measure delays and memory during a thousand changes a second."""
    process = psutil.Process()
    application.processEvents()
    gc.collect()
    before = process.memory_info().rss
    work = Churn(program, seconds)
    beat = Heartbeat()
    work.start()
    run_until(lambda: not work.running)
    late = beat.stop()
    run_until(lambda: window.jobs.settled)
    grown = (process.memory_info().rss - before) / 1e6
    say("changes a second", f"{work.made / seconds:,.0f} for {seconds:.0f} s")
    for share in (0.5, PEAK, 1.0):
        at = min(len(late) - 1, int(len(late) * share))
        say(f"event loop late by, {'longest' if share == 1 else f'{share:.0%} below'}", f"{late[at]:.1f} ms")
    say("memory grown by", f"{grown:.0f} MB")


def run_until(done: Callable[[], bool]) -> None:
    """Run an event loop until `done`, polled rarely enough not to slow the other thread."""
    loop, look = QEventLoop(), QTimer()
    look.setInterval(POLL_MS)
    look.timeout.connect(lambda: loop.quit() if done() else None)
    look.start()
    loop.exec()


def main() -> None:
    """Measure and print a Markdown table."""
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    home = home_with(jobs)
    application = make_application()
    shorten_switch_interval()
    collector = GarbageCollector(application)
    print("| What | Figure |\n|---|---|")
    desktop, program = start(application, home, jobs)
    scroll(application, desktop.window)
    find(application, desktop.window)
    churn(application, desktop.window, program, seconds)
    ended: list[bool] = []
    desktop.ended.connect(lambda: ended.append(True))
    desktop.stop()
    run_until(lambda: bool(ended))
    if "--alone" not in sys.argv:
        peers_table.measure(application, jobs, took_ms, say)
    collector.close()
    shutil.rmtree(home.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
