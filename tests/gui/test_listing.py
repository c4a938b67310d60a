"""At start, the jobs are listed page by page, newest first, while the queue runs."""

import os
import random
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import Done, JobState
from fi_desktop.core.messages import verbatim
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount, Summary
from fi_desktop.gui import bridge as bridge_module
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.panel import JobsPanel
from fi_desktop.jobs.queue_events import JobRemoved
from fi_desktop.jobs.store import JobsPage, JobStore
from fi_desktop.jobs.transitions import FileIdentity, SubmittedFile, Transitions
from fi_desktop.viewmodel.rows import row_of, row_of_done
from tests.gui import samples

NOW = 1_790_000_000.0
JOBS = 12
OPTIONS = (
    JobOptions(),
    JobOptions(SpeakerCount(2, 4), "channels", "es", "none", ("lorazepam",), "Dear"),
    JobOptions(SpeakerCount(3, 3), transcriber="whisper-small"),
)
SUMMARIES = (
    Summary(2, 61.25, "builtin", "clear"),
    Summary(
        0,
        0.1,
        "",
        None,
        (verbatim("Speakers are missing."), samples.DOUBT),
        "whisper-small",
        12,
        "ca",
        wrong_share=0.0625,
    ),
)
BAD = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.")


@pytest.fixture
def filled(program) -> list[int]:
    """Fill a store with jobs of all kinds; return their ids, newest first."""
    program.settings.store.mkdir(parents=True)
    store = JobStore(program.settings.store)
    moment = count(NOW)
    policy = RetryPolicy((1.0,))
    transitions = Transitions(store, now=lambda: next(moment), rng=random.Random(1), policy=policy)
    with store.transaction():
        for number in range(JOBS):
            # names may contain undecodable bytes and very wide characters
            name = os.fsdecode(f"Zoë \U0001d11e {number}".encode() + b"\xff.wav")
            batch = 0 if number % 3 == 0 else None
            files = [SubmittedFile(Path(f"/clinic/{name}"), FileIdentity(f"{number:02}"))]
            priority = tuple(Priority)[number % 3]
            transitions.submit(files, OPTIONS[number % 3], priority, batch=batch, again=True)
        for number in range(JOBS - 3):
            job = transitions.claim("worker-1")
            if number == 2:
                transitions.failed(job.id, job.claim, BAD)
            elif number == 5:
                transitions.cancel(job)
            elif number != 7:
                transitions.completed(job.id, job.claim, SUMMARIES[number % 2])
        transitions.cancel(store.jobs(state=JobState.QUEUED)[0])
    ids = sorted(store.ids(), reverse=True)
    store.close()
    return ids


def settle(model):
    while not model.settled and (model._incoming or model._unshown):
        model._shown_at = model._took_s = 0.0
        model._on_collected()


def test_rows_match_the_stored_jobs(filled, program):
    store = JobStore(program.settings.store)
    listed = store.page(JOBS, 10**9).jobs
    assert sum(isinstance(job, Done) for job in listed) >= 4
    for job, short in zip(map(store.get, filled), listed, strict=True):
        row = row_of_done(short) if isinstance(short, Done) else row_of(short)
        assert row == row_of(job)
    assert [job.id for job in store.page(4, filled[3]).jobs] == filled[4:8]
    store.close()


def test_all_pages_are_listed_newest_first_and_counted_at_once(qtbot, monkeypatch, dressed, filled, program):
    monkeypatch.setattr(bridge_module, "_FIRST_PAGE", 2)
    monkeypatch.setattr(bridge_module, "_PAGE", 5)
    desktop = AppController(program)
    window, model = desktop.window, desktop.window.jobs
    totals = set()
    model.jobs_changed.connect(lambda _ids: totals.add(model.total))
    window.show()
    desktop.start([])
    qtbot.waitUntil(lambda: model.rowCount() == JOBS and model.settled)
    assert [model.entry_at(place) for place in range(JOBS)] == filled
    assert totals == {JOBS}
    model.add_page(JobsPage((), {JobState.QUEUED: 99}, 1))
    qtbot.waitUntil(lambda: window.status.jobs_text.endswith("Loading the list…"))
    model.add_page(JobsPage())
    qtbot.waitUntil(lambda: window.status.jobs_text.endswith("completed"))
    with qtbot.waitSignal(desktop.ended):
        desktop.stop()
    window.deleteLater()


def test_search_applies_to_jobs_listed_later(qtbot, dressed):
    model = JobsModel(now=lambda: NOW)
    panel = JobsPanel(model)
    qtbot.addWidget(panel)
    names = ("Álvarez", "Okafor")
    jobs = [samples.submitted(number, names[number % 2], at=NOW) for number in range(40, 0, -1)]
    counts = {JobState.QUEUED: len(jobs)}
    model.add_page(JobsPage([news.job for news in jobs[:10]], counts, 31))
    settle(model)
    assert (model.listing, model.settled, model.counts) == (True, False, Counter(counts))
    panel.search.setText("alv")
    panel.apply()
    model.apply_events([samples.claimed(jobs[30], NOW), samples.submitted(41, "New", at=NOW), JobRemoved(8)])
    model.add_page(JobsPage([news.job for news in jobs[10:] if news.job.id not in (8, 10)], counts))
    settle(model)
    expected = [number for number in range(40, 0, -2) if number != 8]
    assert [model.entry_at(place) for place in range(model.rowCount())] == expected
    assert (model.listing, model.settled) == (False, True)
    assert model.job(10).state is JobState.RUNNING
    panel.search.clear()
    panel.apply()
    assert model.rowCount() == model.total == 40


def test_failed_listing_stops_waiting(qapp):
    model = JobsModel(now=lambda: NOW)
    model.add_page(JobsPage([samples.submitted(9, at=NOW).job], {JobState.QUEUED: 9}, 9))
    settle(model)
    model.end_listing()
    settle(model)
    assert (model.settled, model.total) == (True, 1)
