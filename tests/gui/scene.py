"""The whole program on a busy day: the real window over a real store with jobs in every state.

Screenshots and the accessibility tests use the same scenes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from fi_desktop.core import events as ev
from fi_desktop.core.job import AttemptOutcome, Job, JobState, apply
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import ServerLoad
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.window_state import resize_to_screen
from fi_desktop.jobs.queue_events import JobChanged, QueueEvent, WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.pipeline.stages import write_result
from fi_desktop.system.files import WAVEFORM
from fi_desktop.vault.vault import Vault
from tests.gui import samples
from tests.gui.conftest import TIMEOUT_S, FakeApp, remember_speed
from tests.gui.events import drag_out
from tests.gui.monitor_samples import gauge


class BusyApp(FakeApp):
    """A program with two busy workers."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self._readings = 0

    def gauges(self) -> tuple[WorkerGauge, ...]:
        self._readings += 1
        load = max(0.0, 96 - 30 * math.sin(self._readings / 5) ** 2 - (60 if self._readings % 23 < 3 else 0))
        load_there = ServerLoad("server.example.org", waiting=12, working=3, processes=4, commands_s=56.0)
        there = gauge(3, cpu=load * 4, rss=6_100_000_000, done=1204, device="cuda:0", host="servidor-2")
        return (
            gauge(1, cpu=load, rss=412_000_000, done=214, failed=3, silent_s=0.4),
            gauge(2, cpu=load / 2.5, rss=1_534_000_000, done=208, uptime_s=190.0, uptime=0.998, silent_s=2.1),
            replace(there, server=load_there),
        )


class Scene:
    """The running program with its windows.

    Attributes:
        program: the fake app below the window.
        desktop: the controller of the windows.
        keys: the vault of the views of encryption, once one was shown.
    """

    keys: Vault | None = None

    def __init__(self, home: Path, jobs: Iterable[QueueEvent] = (), *, language: str = "en") -> None:
        """Fill a store with jobs and open the window."""
        remember_speed(home)
        self.program = BusyApp(home)
        self.program.settings = replace(self.program.settings, language=language)
        self.desktop = AppController(self.program)
        self.tidy()
        self.desktop.start([])
        self.wait(lambda: "start" in self.program.calls)
        events = tuple(jobs)
        self.program.hand.do(partial(_store, events))
        listed = self.desktop.window.jobs
        self.wait(lambda: all(listed.job(job.id) for job in samples.jobs_of(events)))
        self.settle()

    def finish(self, job_id: int, *transcripts: Transcript) -> None:
        """Write a job's result, as several versions if several are given, in place of what it had."""
        folder = self.program.service.folders.folder(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        for earlier in folder.glob("result*.json"):
            earlier.unlink()
        for transcript in transcripts:
            write_result(folder, transcript)
            (folder / WAVEFORM).write_bytes(samples.waveform(transcript))

    def tidy(self) -> None:
        """Restore the initial state: only the main window, unlocked and without a selection."""
        window = self.desktop.window
        if self.desktop.lock.locked:
            assert self.desktop.lock.screen is not None
            self.desktop.lock.screen.unlocked.emit()
            (self.program.settings.home / "pin.json").unlink()
        for other in QApplication.topLevelWidgets():
            if not isinstance(other, MainWindow) and other.isVisible():
                other.close()
        self.program.vault = None
        drag_out(window)
        window.message.dismiss()
        window.add_controller.sheet.hide()
        for folder in self.desktop.watch.watcher.folders:
            self.desktop.watch.stop(folder)
        window.panel.chips.show_all()
        window.table.clearSelection()
        if window.commands.details.isChecked():
            window.commands.details.trigger()
        resize_to_screen(window, (1180, 700))
        window.show()

    def close(self) -> None:
        """Stop the program."""
        if self.keys is not None:
            self.keys.close()
        window = self.desktop.window
        self.desktop.stop()
        self.wait(lambda: window.closable)
        self.desktop.language.close()
        window.deleteLater()
        QApplication.processEvents()

    def wait(self, condition: Callable[[], object]) -> None:
        """Process events until a condition holds."""
        until = time.monotonic() + TIMEOUT_S
        while not condition():
            assert time.monotonic() < until, "timed out"
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)

    def settle(self, milliseconds: int = 200) -> None:
        """Let the window show batched updates."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()


def history(job: Job) -> Iterator[ev.JobEvent]:
    """Yield events that lead to a made-up job."""
    yield ev.Submitted(
        job.id,
        job.submitted_at,
        job.path,
        job.options,
        job.priority,
        job.batch,
        job.fingerprint,
        label=job.label,
    )
    for attempt in job.attempts:
        claim = f"1.{job.id}.{attempt.number}"
        if attempt.number > 1:
            yield ev.Due(job.id, attempt.started_at)
        yield ev.Claimed(job.id, attempt.started_at, claim, attempt.worker, attempt.device)
        if attempt.ended_at is None:
            continue
        at, stages = attempt.ended_at, attempt.stages
        if attempt.outcome is AttemptOutcome.COMPLETED and job.summary is not None:
            yield ev.Completed(job.id, at, claim, job.summary, stages=stages)
        elif attempt.error is not None:
            last = attempt is job.attempts[-1]
            retry_at = job.due_at if last else at + 60.0
            yield ev.Failed(job.id, at, claim, attempt.error, retry_at, stages=stages)
    if job.state is JobState.CANCELLED and job.finished_at is not None:
        yield ev.CancelAsked(job.id, job.finished_at)


def _store(events: Iterable[QueueEvent], service: JobService) -> None:
    """Write made-up jobs into the store and publish their events."""
    for item in events:
        if not isinstance(item, JobChanged):
            service.publish(item)
            continue
        job: Job | None = None
        for event in history(item.job):
            before, job = job, apply(job, event)
            service.transitions.store.write(before, job, event)
            service.publish(JobChanged(job, event))
        assert job is not None
        service.transitions.store.reserve_ids(max(job.id, service.transitions.store.last_id))
