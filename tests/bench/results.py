"""The list of results in a result window: opening, scrolling, filtering, live changes, going to the next one.

    python -m tests.bench.results [--jobs 10000]

Uses the offscreen platform. All jobs share the rows of a real queue; only the results that are opened are on
disk. Prints a line per figure.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.core.values import ReviewState
from fi_desktop.gui.application import GarbageCollector, make_application, shorten_switch_interval
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.result.window import JobWindow
from tests.bench.viewer import Frames, timed
from tests.gui import samples
from tests.gui.scene import Scene

_OPENED = 30


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10_000)
    number: int = parser.parse_args().jobs
    application = make_application()
    shorten_switch_interval()
    collector = GarbageCollector(application)
    with tempfile.TemporaryDirectory() as home:
        now = time.time()
        jobs = [
            samples.finished(n, f"Visit {n:05}.m4a", now, ago_s=60.0 * (number - n), took_s=9)
            for n in range(1, number + 1)
        ]
        scene = Scene(Path(home), jobs)
        for job_id in range(number - _OPENED, number + 1):
            scene.finish(job_id, samples.consultation(200))
        measure(scene, number)
        scene.close()
    collector.close()
    application.quit()
    sys.stdout.flush()
    os._exit(0)


def measure(scene: Scene, number: int) -> None:
    """Print the figures of a window with this many results."""
    opened: list[JobWindow] = []
    print(f"open: {timed(lambda: opened.append(scene.desktop.window.windows.open(number))):.3f} s")
    (window,) = opened
    window.resize(1180, 700)
    scene.wait(partial(shows, window, number))
    scene.settle()
    lines, field = window.results.view, window.results.field
    bar = lines.verticalScrollBar()
    places = [round(bar.maximum() * share / 100) for share in range(0, 100, 2)]
    print("scroll:", Frames([timed(partial(bar.setValue, place)) for place in places]))
    keys = [timed(partial(QTest.keyClick, field, key)) for key in "visit 09999"]
    print("key in the filter:", Frames(keys))
    print(f"filter cleared: {1000 * timed(field.clear):.1f} ms")
    jobs = scene.desktop.window.jobs
    news = [timed(partial(jobs.jobs_changed.emit, frozenset({job_id}))) for job_id in range(1, 100)]
    print("a job changed:", Frames(news))
    many = frozenset(range(1, number, 2))
    changed = timed(partial(window.results.model._on_jobs_changed, many))
    print(f"{len(many)} jobs changed at once: {1000 * changed:.1f} ms")
    before = psutil.Process().memory_info().rss
    going = [gone(scene, window, Qt.Key.Key_Down, number - step) for step in range(1, _OPENED)]
    going += [gone(scene, window, Qt.Key.Key_Up, number - step) for step in reversed(range(_OPENED - 1))]
    print("next result, to its picture:", Frames(going))
    scene.settle(1500)
    gc.collect()
    views = sum(isinstance(each, ResultView) for each in QApplication.allWidgets())
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    print(f"after {len(going)} results: {views} view, {grown:.0f} MB more")
    assert jobs.to_review == number
    assert window.results.model.row(lines.currentIndex()).review is ReviewState.DRAFT  # type: ignore[union-attr]


def shows(window: JobWindow, job_id: int) -> bool:
    """Whether a window shows a job's result."""
    view = window.result
    return view is not None and view.session.job_id == job_id and view.isVisible()


def gone(scene: Scene, window: JobWindow, key: Qt.Key, job_id: int) -> float:
    """Return how long it takes from a key to another result on the screen, seconds."""

    def go() -> None:
        QTest.keyClick(window, key, Qt.KeyboardModifier.AltModifier)
        scene.wait(partial(shows, window, job_id))

    return timed(go)


if __name__ == "__main__":
    main()
