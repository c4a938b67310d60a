"""The real queue against a model of it, through any sequence of what persons, workers and the world do.

Turns are taken by hand and the clock is moved by hand. FI_STATEFUL_EXAMPLES=20000 looks further than the
suite does, and elsewhere each time.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from pathlib import Path
from sqlite3 import Connection, OperationalError
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind, TransientError, UserError
from fi_desktop.core.job import Job, JobState
from fi_desktop.core.retry import RetryPolicy
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount, Stage, Summary
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, QueueEvent, QueuePaused
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
from fi_desktop.jobs.verify import verify
from tests.jobs.model import (
    DELAYS_S,
    FINAL,
    JITTER,
    MAX_DELIVERIES,
    WAITING,
    Effect,
    Model,
    Refused,
    as_record,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # some seconds, or what one asks for

HOUR_S = 3600.0
KEEP_S = 5 * HOUR_S
PATIENCE_S = 300.0
MEMORY = Path("/dev/shm")
"""Where Linux keeps files in memory: a commit costs nothing there."""

ERRORS = {
    "bad file": ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty."),
    "trouble": ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer."),
    "our bug": ErrorInfo(ErrorKind.BUG, "engine.unexpected", "Something unexpected went wrong.", "Traceback"),
    "crashed": ErrorInfo(ErrorKind.BUG, "worker.crashed", "The worker ended unexpectedly."),
}
ENDS = ("completed", "released", "cancelled", *ERRORS)
SUMMARY = Summary(2, 30.0, "builtin")

priorities = st.sampled_from(Priority)
faults = st.sampled_from(["commit fails", "disk is full", "trouble in the turn"])


class FailingCommit:
    """A connection whose COMMIT fails, as where the disk breaks at this moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *arguments: Any) -> Any:
        if sql == "COMMIT":
            raise OperationalError("disk I/O error")
        return self._connection.execute(sql, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Queue(RuleBasedStateMachine):
    """A queue, the model of it, and what was asked and told but not committed yet.

    Attributes:
        asked: commands that wait for a turn, each with what it does to the model.
        told: what workers told, each with what it does to the model; kept over a turn that failed.
        claims: every claim that was ever handed out, with its job.
        handed_in: the recordings of each submit.
        picture: what listeners were told of each job last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.home = Path(self.folder.name)
        self.now = 1_700_000_000.0
        self.rng = random.Random(1)
        self.asked: list[tuple[Future[Any], Effect]] = []
        self.told: list[tuple[Callable[[], None], Effect]] = []
        self.claims: list[tuple[int, str]] = []
        self.picture: dict[int, Job] = {}
        self.shown_paused = False
        self.progress: list[JobProgressed] = []
        self.posted = threading.Event()
        self.handed_in: list[list[Path]] = []

    @initialize(keep_unseen=st.booleans())
    def start(self, keep_unseen: bool) -> None:
        self.model = Model(keep_s=KEEP_S, keep_unseen=keep_unseen)
        self._open()

    def teardown(self) -> None:
        if hasattr(self, "service"):
            self.service.close()
        self.folder.cleanup()

    def _open(self) -> None:
        self.service = JobService(
            partial(JobStore, self.home / "store"),
            JobFolders(self.home / "jobs"),
            now=lambda: self.now,
            rng=self.rng,
            policy=RetryPolicy(DELAYS_S, JITTER, MAX_DELIVERIES),
            keep_s=KEEP_S,
            keep_unseen=self.model.keep_unseen,
        )
        self.service.listen(self._on_news)
        self.service.open(self.posted.set)

    def _on_news(self, news: tuple[QueueEvent, ...]) -> None:
        for item in news:
            match item:
                case JobChanged(job=job):
                    self.picture[job.id] = job
                case JobRemoved(job_id=job_id):
                    del self.picture[job_id]
                case QueuePaused(paused=paused):
                    self.shown_paused = paused
                case JobProgressed():
                    self.progress.append(item)

    # ---- turns

    def _take_turn(self, *, workers: int = 0, expiring: bool = False, fault: str | None = None) -> None:
        """Take a turn of the real queue and one of the model, and hold their answers against each other."""
        expected, answers = deepcopy(self.model), []
        for _, effect in self.asked:
            trial = deepcopy(expected)
            try:
                answers.append(effect(trial))
            except Refused as refusal:
                answers.append(refusal)
            else:
                expected = trial
        for _, effect in self.told:
            effect(expected)
        if expiring:
            expected.expire(self.now)
        try:
            with self._faulty(fault), self.service.transaction():
                for record, _ in self.told:
                    record()
                if expiring:
                    self.service.transitions.expire()
                claimed = [
                    self.service.transitions.claim(f"worker-{number + 1}") for number in range(workers)
                ]
                if fault == "trouble in the turn":
                    raise TransientError(messages.STORE_UNWRITABLE)
        except TransientError:
            assert fault is not None
            # those behind the command for which there was no room still wait
            taken = len(self.asked) - self.service._commands._calls.qsize()
            for future, _ in self.asked[:taken]:
                assert isinstance(future.exception(PATIENCE_S), TransientError)
            del self.asked[:taken]
            return
        assert fault in (None, "disk is full")  # a full disk may have had room for so little
        for job in claimed:
            self._check_claim(job, expected)
        for (future, _), answer in zip(self.asked, answers, strict=True):
            if isinstance(answer, Refused):
                assert isinstance(future.exception(PATIENCE_S), UserError)
            else:
                assert future.result(PATIENCE_S) == answer
        self.asked.clear()
        self.told.clear()
        self.model = expected
        self._learn_due_times()

    def _check_claim(self, job: Job | None, expected: Model) -> None:
        """The model says which job is claimed; the token is the queue's to choose, and is new each time."""
        job_id = expected.claim(self.now)
        assert (job and job.id) == job_id
        if job is not None:
            assert job.claim not in {claim for _, claim in self.claims}
            self.claims.append((job.id, job.claim))
            expected.jobs[job.id]["claim"] = job.claim

    def _learn_due_times(self) -> None:
        """The queue varies each wait a little: within its bounds, take over what it chose."""
        for job_id, record in self.model.jobs.items():
            if isinstance(record["due"], tuple):
                earliest, latest = record["due"]
                due_at = self.picture[job_id].due_at
                assert due_at is not None
                assert earliest <= due_at <= latest
                record["due"] = due_at

    @contextmanager
    def _faulty(self, fault: str | None) -> Iterator[None]:
        cache = self.service.transitions.store.rows.cache
        connection = cache._con
        if fault == "commit fails":
            cache._local.con = FailingCommit(connection)
        elif fault == "disk is full":
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        try:
            yield
        finally:
            cache._local.con = connection
            connection.execute("PRAGMA max_page_count = 1073741823")

    def _ask(self, future: Future[Any], effect: Effect, *, at_once: bool) -> None:
        self.asked.append((future, effect))
        if at_once:
            self._take_turn()

    def _some(self, data: st.DataObject) -> list[int]:
        """Ids of one job or more; now and then one that never was, or is no more."""
        known = sorted(self.model.jobs) or [1]
        return data.draw(st.lists(st.sampled_from([*known, *known, 99]), min_size=1, max_size=3, unique=True))

    # ---- persons

    @rule(
        data=st.data(),
        names=st.integers(1, 3),
        known=st.booleans(),
        speakers=st.integers(2, 3),
        priority=priorities,
        as_folder=st.booleans(),
        again=st.booleans(),
        at_once=st.booleans(),
    )
    def submit(
        self,
        data: st.DataObject,
        *,
        names: int,
        known: bool,
        speakers: int,
        priority: Priority,
        as_folder: bool,
        again: bool,
        at_once: bool,
    ) -> None:
        self._let_intake_go_on()
        if known and self.handed_in:
            paths = data.draw(st.sampled_from(self.handed_in))
        else:
            paths = self._new_recordings(names)
            self.handed_in.append(paths)
        given = [paths[0].parent] if as_folder else paths
        single = len(paths) == 1 and not as_folder
        options = JobOptions(SpeakerCount(speakers, speakers))
        self.posted.clear()
        future = self.service.submit(given, options, priority=priority, again=again)
        assert self.posted.wait(PATIENCE_S)  # the folder is walked on a thread of its own

        def effect(model: Model) -> SubmitResult:
            return SubmitResult(*model.submit(paths, options, priority, self.now, single=single, again=again))

        self._ask_or_settle(future, effect, effect(deepcopy(self.model)).known, at_once=at_once)

    def _ask_or_settle(
        self, future: Future[Any], effect: Effect, known: tuple[int, ...], *, at_once: bool
    ) -> None:
        """Where recordings look known, their bytes are compared in between: that takes more than one turn."""
        if not known:
            self._ask(future, effect, at_once=at_once)
            return
        while not future.done():
            with self.service.transaction():
                pass
        assert future.result() == effect(self.model)

    def _new_recordings(self, names: int) -> list[Path]:
        folder = self.home / f"recordings-{len(self.handed_in):03}"
        folder.mkdir()
        paths = [folder / f"{name}.wav" for name in range(names)]
        for path in paths:
            path.write_bytes(str(path).encode())
        return paths

    @rule()
    def submit_nothing(self) -> None:
        self._let_intake_go_on()
        folder = self.home / "empty"
        folder.mkdir(exist_ok=True)
        assert isinstance(self.service.submit([folder]).exception(PATIENCE_S), UserError)

    def _let_intake_go_on(self) -> None:
        """Folders are taken in one after the other: a submit that waits for its turn holds up the next."""
        if self.asked:
            self._take_turn()

    @rule(
        data=st.data(),
        do=st.sampled_from(["cancel", "cancel", "retry", "remove", "see"]),
        at_once=st.booleans(),
    )
    def decide_on_jobs(self, data: st.DataObject, do: str, at_once: bool) -> None:
        ids = self._some(data)
        future, effect = {
            "cancel": (self.service.cancel, lambda model: model.cancel(ids, self.now)),
            "retry": (self.service.retry, lambda model: model.retry(ids)),
            "remove": (self.service.remove, lambda model: model.remove(ids)),
            "see": (self.service.mark_seen, lambda model: model.mark_seen(ids, self.now)),
        }[do]
        self._ask(future(ids), effect, at_once=at_once)

    @rule(data=st.data(), priority=priorities, at_once=st.booleans())
    def prioritize(self, data: st.DataObject, priority: Priority, at_once: bool) -> None:
        ids = self._some(data)
        future = self.service.prioritize(ids, priority)
        self._ask(future, lambda model: model.prioritize(ids, priority), at_once=at_once)

    @rule(data=st.data(), speakers=st.integers(2, 4), at_once=st.booleans())
    def change_options(self, data: st.DataObject, speakers: int, at_once: bool) -> None:
        self._let_intake_go_on()
        ids = [job_id for job_id in self._some(data) if job_id in self.picture]
        options = JobOptions(SpeakerCount(speakers, speakers))
        self.posted.clear()
        future = self.service.change({job_id: Path(self.picture[job_id].path) for job_id in ids}, options)
        assert self.posted.wait(PATIENCE_S)  # the recordings are read on a thread of its own

        def effect(model: Model) -> ChangeResult:
            return ChangeResult(*model.change(ids, options))

        self._ask_or_settle(future, effect, effect(deepcopy(self.model)).known, at_once=at_once)

    @rule(states=st.sampled_from([WAITING, FINAL, ("RUNNING",)]), at_once=st.booleans())
    def purge(self, states: tuple[str, ...], at_once: bool) -> None:
        future = self.service.purge(map(JobState, states))
        self._ask(future, lambda model: model.purge(states), at_once=at_once)

    @rule(do=st.sampled_from(["retry failed", "pause", "resume", "resume"]), at_once=st.booleans())
    def decide_on_the_queue(self, do: str, at_once: bool) -> None:
        future, effect = {
            "retry failed": (self.service.retry_failed, lambda model: model.retry_failed()),
            "pause": (self.service.pause, lambda model: model.pause(paused=True)),
            "resume": (self.service.resume, lambda model: model.pause(paused=False)),
        }[do]
        self._ask(future(), effect, at_once=at_once)

    # ---- workers

    @rule(workers=st.integers(1, 3))
    def claim(self, workers: int) -> None:
        self._take_turn(workers=workers)

    def _running(self) -> list[tuple[int, str]]:
        return [(i, job["claim"]) for i, job in sorted(self.model.jobs.items()) if job["claim"]]

    @precondition(lambda self: self._running())
    @rule(data=st.data(), fraction=st.floats(0, 1))
    def get_on(self, data: st.DataObject, fraction: float) -> None:
        job_id, _ = data.draw(st.sampled_from(self._running()))
        news = JobProgressed(job_id, Stage.DIARIZE, fraction)
        self.service.publish(news)
        self._take_turn()
        assert self.progress[-1] is news

    @precondition(lambda self: self.claims)
    @rule(
        data=st.data(),
        how=st.sampled_from(ENDS),
        late=st.sampled_from([False, False, True]),
        at_once=st.booleans(),
    )
    def end(self, data: st.DataObject, how: str, late: bool, at_once: bool) -> None:
        """An attempt tells how it ended; late: one that may have been given up long ago."""
        named = data.draw(st.sampled_from(self.claims if late else self._running() or self.claims))
        self.told.append((partial(self._record, how, *named), partial(self._model, how, *named)))
        if at_once:
            self._take_turn()

    def _record(self, how: str, job_id: int, claim: str) -> None:
        transitions = self.service.transitions
        match how:
            case "completed":
                self._write_result(job_id)
                transitions.completed(job_id, claim, SUMMARY)
            case "released":
                transitions.released(job_id, claim)
            case "cancelled":
                transitions.cancelled(job_id, claim)
            case _:
                transitions.failed(job_id, claim, ERRORS[how], crashed=how == "crashed")

    def _write_result(self, job_id: int) -> None:
        """Leave the result of a job as its worker does: it says of which recording it is."""
        if job_id in self.picture:
            folder = self.service.folders.folder(job_id)
            folder.mkdir(parents=True, exist_ok=True)
            made_from = source_sha256(Path(self.picture[job_id].path))
            (folder / "result.json").write_text(json.dumps({"provenance": {"source_sha256": made_from}}))

    def _model(self, how: str, job_id: int, claim: str, model: Model) -> None:
        match how:
            case "completed":
                model.completed(job_id, claim, self.now)
            case "released":
                model.released(job_id, claim, self.now)
            case "cancelled":
                model.cancelled(job_id, claim, self.now)
            case _:
                mendable, crashed = how == "bad file", how == "crashed"
                model.failed(job_id, claim, self.now, mendable=mendable, crashed=crashed)

    # ---- the world

    @rule(
        seconds=st.sampled_from([1.0, 53.0, 67.0, 133.0])
        | st.integers(-6, 6).map(lambda hours: hours * HOUR_S)
    )
    def clock_moves(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.service.transitions.store.next_due_at() is not None)
    @rule(seconds=st.sampled_from([-1.0, 0.0, 1.0]))
    def a_retry_is_all_but_due(self, seconds: float) -> None:
        due = min(job["due"] for job in self.model.jobs.values() if job["state"] == "RETRYING")
        self.now = due + seconds

    @rule()
    def expire(self) -> None:
        self._take_turn(expiring=True)

    @rule(fault=faults, workers=st.integers(0, 2), expiring=st.booleans())
    def turn_that_cannot_be_written(self, fault: str, workers: int, expiring: bool) -> None:
        self._take_turn(workers=workers, expiring=expiring, fault=fault)

    @rule()
    def program_dies(self) -> None:
        """It dies in the middle of a turn: who waits for an answer gets none, and no worker's news arrive."""
        if self.asked:
            self._take_turn(fault="commit fails")
        self.told.clear()
        self.service.transitions.store.close()
        self.model.restart(self.now)
        self.model.expire(self.now)
        self._open()

    # ---- what holds at any time

    @invariant()
    def store_is_as_the_model_says(self) -> None:
        store = self.service.transitions.store
        assert {job.id: as_record(job) for job in store.jobs()} == self.model.jobs
        states = [job["state"] for job in self.model.jobs.values()]
        assert store.counts() == {state: states.count(state.value) for state in JobState}
        assert store.paused == self.model.paused

    @invariant()
    def listeners_see_what_is_stored(self) -> None:
        assert {i: as_record(job) for i, job in self.picture.items()} == self.model.jobs
        assert self.shown_paused == self.model.paused

    @invariant()
    def next_retry_is_known(self) -> None:
        due = [job["due"] for job in self.model.jobs.values() if job["state"] == "RETRYING"]
        assert self.service.transitions.store.next_due_at() == (
            pytest.approx(min(due), abs=0.001) if due else None
        )

    @invariant()
    def store_proves_itself(self) -> None:
        assert list(verify(self.service.transitions.store)) == []


_FURTHER = os.environ.get("FI_STATEFUL_EXAMPLES")

Queue.TestCase.settings = settings(
    max_examples=int(_FURTHER or 500),
    stateful_step_count=20,
    deadline=None,
    derandomize=_FURTHER is None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

TestQueue = Queue.TestCase
