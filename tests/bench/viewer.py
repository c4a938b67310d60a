"""The result window with three hours of six people: opening, painting, editing, memory.

    python -m tests.bench.viewer [--words 30000]

Uses the offscreen platform and no audio device: what is measured is the window's own work per frame, key and
edit, as processor time of its thread, so that it is the same on a busy machine. Prints a line per figure.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import psutil
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core.alignment import segments_of_words
from fi_desktop.core.revision import Split
from fi_desktop.core.transcript import Provenance, Transcript, Turn, Word
from fi_desktop.core.values import JobOptions
from fi_desktop.gui.application import GarbageCollector, make_application, shorten_switch_interval
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.view import ResultView
from fi_desktop.jobs.review_files import read_result
from fi_desktop.system.files import PEAKS_HZ, RESULT, WAVEFORM
from tests.gui.conftest import FakeApp

_DURATION_S = 3 * 3600.0
_SPEAKERS = 6
_MADE = Provenance("1.0", "builtin", "", {}, "00", "Long.m4a", "2026-11-29T10:00:00+00:00", "whisper", "base")


@dataclass
class Frames:
    """Times of frames, seconds."""

    times: list[float]

    def __str__(self) -> str:
        ordered = sorted(self.times)
        return (
            f"median {1000 * ordered[len(ordered) // 2]:.1f} ms, worst {1000 * ordered[-1]:.1f} ms"
            f" of {len(ordered)}"
        )


def conversation(words: int) -> Transcript:
    """Return three hours of turns of six people."""
    rng = random.Random(5)
    letters = "abcdefghijklmnoprstuv"
    spoken: list[Word] = []
    turns: list[Turn] = []
    step = _DURATION_S / words
    while len(spoken) < words:
        speaker = f"SPEAKER_{rng.randrange(_SPEAKERS):02d}"
        first = len(spoken)
        for _ in range(min(rng.randint(3, 40), words - len(spoken))):
            at = len(spoken) * step
            text = "".join(rng.choices(letters, k=rng.randint(2, 9)))
            spoken.append(Word(at, at + 0.8 * step, text, rng.choice((0.3, 0.95, 0.99)), speaker))
        if first and rng.random() < 0.5:  # before the one who speaks ends
            first_word = spoken[first]
            spoken[first] = replace(first_word, overlap=True)
            turns.append(Turn((first - 1) * step, len(spoken) * step, speaker))
        else:
            turns.append(Turn(first * step, len(spoken) * step, speaker))
    return Transcript(_DURATION_S, _DURATION_S, tuple(turns), segments_of_words(spoken), _MADE)


def timed(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long an action and the painting that it causes take, seconds of a clock."""
    began = clock()
    action()
    QApplication.processEvents()
    return clock() - began


def worked(action: Callable[[], object]) -> float:
    """Return what an action and its painting take of this thread; others save and read meanwhile."""
    return timed(action, time.thread_time)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--words", type=int, default=30_000)
    words: int = parser.parse_args().words
    application = make_application()
    shorten_switch_interval()
    collector = GarbageCollector(application)
    with tempfile.TemporaryDirectory() as home:
        program = FakeApp(Path(home))
        program.hand.start()
        bridge = Bridge(program.service)
        recording = phone_call()
        assert recording is not None
        program.service.submit([recording], JobOptions(), again=True).result(30)
        job = program.hand.claim()
        program.hand.complete(job, conversation(words))
        folder = program.service.folders.folder(job.id)
        peaks = random.Random(1).randbytes(round(_DURATION_S * PEAKS_HZ))
        (folder / WAVEFORM).write_bytes(peaks)
        before = psutil.Process().memory_info().rss
        began = time.perf_counter()
        stored = read_result(folder / RESULT)
        print(f"read: {time.perf_counter() - began:.2f} s, off the window's thread")
        began = time.perf_counter()
        session = ReviewSession(job.id, stored, program.service, bridge)
        view = ResultView(session, "/nowhere/Long.m4a", bridge, output=lambda: None)
        view.resize(1100, 760)
        view.show()
        QApplication.processEvents()
        print(f"open: {time.perf_counter() - began:.2f} s")
        assert view.text is not None
        assert view.corrections is not None
        table, bar = view.text.table, view.text.table.verticalScrollBar()
        steps = [round(bar.maximum() * share / 100) for share in range(0, 100, 2)]
        print("scroll:", Frames([worked(lambda at=at: bar.setValue(at)) for at in steps]))  # type: ignore[misc]
        print("zoom in:", Frames([worked(view.lanes.zoom_in) for _ in range(12)]))
        moments = [7.0 + 0.033 * number for number in range(120)]
        print("playback, zoomed in:", Frames([worked(partial(view.player.moved.emit, s)) for s in moments]))
        view.lanes.zoom_to_fit()
        print("playback, whole:", Frames([worked(partial(view.player.moved.emit, s)) for s in moments]))
        table.choose(20)
        QApplication.processEvents()
        view.corrections._on_edit_key()
        keys = [worked(lambda: QTest.keyClick(view.corrections.editor, Qt.Key.Key_A)) for _ in range(40)]  # type: ignore[union-attr]
        print("key in the editor:", Frames(keys))
        print(f"edit taken: {1000 * worked(view.corrections.editor.commit):.1f} ms")
        while table.unmeasured or not session.all_saved:  # what an open window does in its first second
            QApplication.processEvents()
        edits, undone = [], []
        for number in range(20):
            row = 20 + number
            table.choose(row)
            QApplication.processEvents()
            first = session.transcript.segments[row].speaker == "SPEAKER_00"
            edits.append(worked(lambda n=int(first): view.corrections.speakers.assign_number(n)))  # type: ignore[misc]
            undone.append(worked(session.undo))
        print("speaker of a turn:", Frames(edits))
        print("undo:", Frames(undone))
        edits = [worked(lambda row=row: session.edit(Split(2 * row, word=1))) for row in range(20)]  # type: ignore[misc]
        print("split of a turn:", Frames(edits))
        place = table.text_rect(20).center()
        clicked = timed(
            lambda: QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
        )
        print(f"click on a word, to the request for sound: {1000 * clicked:.1f} ms")
        print(f"memory: {(psutil.Process().memory_info().rss - before) / 1e6:.0f} MB more than before")
        view.close_player()
        bridge.close()
        program.hand.stop()
    collector.close()
    application.quit()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
