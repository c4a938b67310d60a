"""The real queue compared with a model, through random sequences of commands, worker reports and faults.

Transactions and the clock are driven by the test. FI_STATEFUL_EXAMPLES=20000 tries more examples than the
suite does, and other ones each time.
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
from dataclasses import replace
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
from fi_desktop.core.values import JobOptions, Priority, ReviewState, SpeakerCount, Stage, Summary
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.queue_events import JobChanged, JobProgressed, JobRemoved, QueueEvent, QueuePaused
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.retention import KeepTimes
from fi_desktop.jobs.review_files import ChosenResult, ReviewOutcome
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.store import JobStore
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
from fi_desktop.system.files import RESULT
from fi_desktop.system.result_files import version_of
from fi_desktop.vault.vault import Vault
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
from tests.vault.keyrings import memory_keyring

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]  # some seconds; more with FI_STATEFUL_EXAMPLES

HOUR_S = 3600.0
KEEP_S = 5 * HOUR_S
PATIENCE_S = 300.0
MEMORY = Path("/dev/shm")
"""Linux keeps these files in memory, where a commit is cheap."""

ERRORS = {
    "bad file": ErrorInfo(ErrorKind.USER, "audio.empty", "The file is empty."),
    "transient": ErrorInfo(ErrorKind.TRANSIENT, "audio.read", "The drive did not answer."),
    "bug": ErrorInfo(ErrorKind.BUG, "engine.unexpected", "Something unexpected went wrong.", "Traceback"),
    "crashed": ErrorInfo(ErrorKind.BUG, "worker.crashed", "The worker ended unexpectedly."),
}
ENDS = ("completed", "released", "cancelled", *ERRORS)
SUMMARY = Summary(2, 30.0, "builtin")

priorities = st.sampled_from(Priority)
faults = st.sampled_from(["commit fails", "disk is full", "error in the transaction"])


class FailingCommit:
    """A connection whose COMMIT fails, as if the disk broke at that moment."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, *arguments: Any) -> Any:
        if sql == "COMMIT":
            raise OperationalError("disk I/O error")
        return self._connection.execute(sql, *arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class Queue(RuleBasedStateMachine):
    """A queue, its model, and what is not committed yet.

    Attributes:
        commands: commands that wait for a transaction, each with its effect on the model.
        reports: what workers reported, each with its effect on the model; kept if a transaction fails.
        claims: every claim ever made, with its job.
        submitted: the recordings of each submit.
        vault: has the keys, if it is sealed.
        published: the last published record of each job.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
        self.home = Path(self.folder.name)
        self.now = 1_700_000_000.0
        self.rng = random.Random(1)
        self.commands: list[tuple[Future[Any], Effect]] = []
        self.reports: list[tuple[Callable[[], None], Effect]] = []
        self.claims: list[tuple[int, str]] = []
        self.published: dict[int, Job] = {}
        self.published_paused = False
        self.progress: list[JobProgressed] = []
        self.posted = threading.Event()
        self.submitted: list[list[Path]] = []
        self.vault: Vault | None = None

    @initialize(keep_unseen=st.booleans(), sealed=st.booleans())
    def start(self, keep_unseen: bool, sealed: bool) -> None:
        self.model = Model(keep_s=KEEP_S, keep_unseen=keep_unseen)
        if sealed:
            with memory_keyring():
                self.vault = Vault.create(self.home / "keys", keyring=True)
        self._open()

    def teardown(self) -> None:
        if hasattr(self, "service"):
            self.service.close()
        if self.vault is not None:
            self.vault.close()
        self.folder.cleanup()

    def _open(self) -> None:
        self.service = JobService(
            partial(JobStore, self.home / "store", self.vault),
            JobFolders(self.home / "jobs", self.vault),
            now=lambda: self.now,
            rng=self.rng,
            policy=RetryPolicy(DELAYS_S, JITTER, max_deliveries=MAX_DELIVERIES),
            keep=KeepTimes(KEEP_S, self.model.keep_unseen),
        )
        self.service.listen(self._on_events)
        self.service.open(self.posted.set)
        if self.vault is not None:
            assert set(self.vault.jobs()) == set(self.service.transitions.store.ids())

    def _on_events(self, events: tuple[QueueEvent, ...]) -> None:
        for item in events:
            match item:
                case JobChanged(job=job):
                    self.published[job.id] = job
                case JobRemoved(job_id=job_id):
                    del self.published[job_id]
                case QueuePaused(paused=paused):
                    self.published_paused = paused
                case JobProgressed():
                    self.progress.append(item)

    # ---- transactions

    def _transact(self, *, workers: int = 0, expiring: bool = False, fault: str | None = None) -> None:
        """Run a transaction of the real queue and one of the model, and compare their answers."""
        expected, answers = deepcopy(self.model), []
        for _, effect in self.commands:
            trial = deepcopy(expected)
            try:
                answers.append(effect(trial))
            except Refused as refusal:
                answers.append(refusal)
            else:
                expected = trial
        for _, effect in self.reports:
            effect(expected)
        if expiring:
            expected.expire(self.now)
        try:
            with self._faulty(fault), self.service.transaction():
                for record, _ in self.reports:
                    record()
                if expiring:
                    self.service.retention.expire()
                claimed = [
                    self.service.transitions.claim(f"worker-{number + 1}") for number in range(workers)
                ]
                if fault == "error in the transaction":
                    raise TransientError(messages.STORE_UNWRITABLE)
        except TransientError:
            assert fault is not None
            # commands after the one that did not fit still wait
            done = len(self.commands) - self.service._commands._calls.qsize()
            for future, _ in self.commands[:done]:
                assert isinstance(future.exception(PATIENCE_S), TransientError)
            del self.commands[:done]
            return
        assert fault in (None, "disk is full")  # what was written may have fitted
        for job in claimed:
            self._check_claim(job, expected)
        for (future, _), answer in zip(self.commands, answers, strict=True):
            if isinstance(answer, Refused):
                assert isinstance(future.exception(PATIENCE_S), UserError)
            else:
                assert future.result(PATIENCE_S) == answer
        self.commands.clear()
        self.reports.clear()
        self.model = expected
        self._learn_due_times()

    def _check_claim(self, job: Job | None, expected: Model) -> None:
        """The model says which job is claimed; the queue chooses the token, which must be new."""
        job_id = expected.claim(self.now)
        assert (job and job.id) == job_id
        if job is not None:
            assert job.claim not in {claim for _, claim in self.claims}
            self.claims.append((job.id, job.claim))
            expected.jobs[job.id]["claim"] = job.claim

    def _learn_due_times(self) -> None:
        """Copy due times within the allowed range: the queue varies them at random."""
        for job_id, record in self.model.jobs.items():
            if isinstance(record["due"], tuple):
                earliest, latest = record["due"]
                due_at = self.published[job_id].due_at
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

    def _call(self, future: Future[Any], effect: Effect, *, at_once: bool) -> None:
        self.commands.append((future, effect))
        if at_once:
            self._transact()

    def _some(self, data: st.DataObject) -> list[int]:
        """Draw ids of jobs; sometimes one that does not exist."""
        known = sorted(self.model.jobs) or [1]
        return data.draw(st.lists(st.sampled_from([*known, *known, 99]), min_size=1, max_size=3, unique=True))

    # ---- commands

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
        self._finish_submits()
        if known and self.submitted:
            paths = data.draw(st.sampled_from(self.submitted))
        else:
            paths = self._new_recordings(names)
            self.submitted.append(paths)
        given = [paths[0].parent] if as_folder else paths
        single = len(paths) == 1 and not as_folder
        options = JobOptions(SpeakerCount(speakers, speakers))
        self.posted.clear()
        future = self.service.submit(given, options, priority=priority, again=again)
        assert self.posted.wait(PATIENCE_S)  # the folder is searched on another thread

        def effect(model: Model) -> SubmitResult:
            return SubmitResult(*model.submit(paths, options, priority, self.now, single=single, again=again))

        self._call_or_compare(future, effect, effect(deepcopy(self.model)).known, at_once=at_once)

    def _call_or_compare(
        self, future: Future[Any], effect: Effect, known: tuple[int, ...], *, at_once: bool
    ) -> None:
        """Comparing the bytes of possible duplicates takes more than one transaction."""
        if not known:
            self._call(future, effect, at_once=at_once)
            return
        while not future.done():
            with self.service.transaction():
                pass
        assert future.result() == effect(self.model)

    def _new_recordings(self, names: int) -> list[Path]:
        folder = self.home / f"recordings-{len(self.submitted):03}"
        folder.mkdir()
        paths = [folder / f"{name}.wav" for name in range(names)]
        for path in paths:
            path.write_bytes(str(path).encode())
        return paths

    @rule()
    def submit_nothing(self) -> None:
        self._finish_submits()
        folder = self.home / "empty"
        folder.mkdir(exist_ok=True)
        assert isinstance(self.service.submit([folder]).exception(PATIENCE_S), UserError)

    def _finish_submits(self) -> None:
        """A submit that waits for a transaction holds up the next one."""
        if self.commands:
            self._transact()

    @rule(
        data=st.data(),
        do=st.sampled_from(["cancel", "cancel", "retry", "remove", "see", "hold", "release"]),
        at_once=st.booleans(),
    )
    def decide_on_jobs(self, data: st.DataObject, do: str, at_once: bool) -> None:
        ids = self._some(data)
        future, effect = {
            "cancel": (self.service.cancel, lambda model: model.cancel(ids, self.now)),
            "retry": (self.service.retry, lambda model: model.retry(ids)),
            "remove": (self.service.remove, lambda model: model.remove(ids)),
            "hold": (self.service.hold, lambda model: model.hold(ids, on_hold=True)),
            "release": (self.service.release, lambda model: model.hold(ids, on_hold=False)),
            "see": (self.service.mark_seen, lambda model: model.mark_seen(ids, self.now)),
        }[do]
        self._call(future(ids), effect, at_once=at_once)

    @precondition(lambda self: any(job["result"] for job in self.model.jobs.values()))
    @rule(data=st.data(), at_once=st.booleans())
    def use_version(self, data: st.DataObject, at_once: bool) -> None:
        """A person goes on with the result that there is, made with the options of now or of before."""
        job_id = data.draw(st.sampled_from([i for i, job in self.model.jobs.items() if job["result"]]))
        job = self.model.jobs[job_id]
        options = data.draw(st.sampled_from([job["options"], *(job["earlier"] or ())[:1]]))
        folders = self.service.folders
        version = version_of(folders.files(job_id).read(folders.folder(job_id) / RESULT))
        chosen = ChosenResult(replace(SUMMARY, version=version), options, ReviewOutcome(ReviewState.DRAFT))
        future = self.service.use_version(job_id, chosen)
        self._call(future, lambda model: model.use_version(job_id, options), at_once=at_once)

    @rule(data=st.data(), priority=priorities, at_once=st.booleans())
    def prioritize(self, data: st.DataObject, priority: Priority, at_once: bool) -> None:
        ids = self._some(data)
        future = self.service.prioritize(ids, priority)
        self._call(future, lambda model: model.prioritize(ids, priority), at_once=at_once)

    @rule(data=st.data(), speakers=st.integers(2, 4), again=st.booleans(), at_once=st.booleans())
    def change_options(self, data: st.DataObject, speakers: int, again: bool, at_once: bool) -> None:
        self._finish_submits()
        ids = [job_id for job_id in self._some(data) if job_id in self.published]
        options = JobOptions(SpeakerCount(speakers, speakers))
        self.posted.clear()
        recordings = {job_id: Path(self.published[job_id].path) for job_id in ids}
        future = self.service.change(recordings, options, again=again)
        assert self.posted.wait(PATIENCE_S)  # the recordings are read on another thread

        def effect(model: Model) -> ChangeResult:
            return ChangeResult(*model.change(ids, options, again=again))

        self._call_or_compare(future, effect, effect(deepcopy(self.model)).known, at_once=at_once)

    @rule(states=st.sampled_from([WAITING, FINAL, ("RUNNING",)]), at_once=st.booleans())
    def purge(self, states: tuple[str, ...], at_once: bool) -> None:
        future = self.service.purge(map(JobState, states))
        self._call(future, lambda model: model.purge(states), at_once=at_once)

    @rule(do=st.sampled_from(["retry failed", "pause", "resume", "resume"]), at_once=st.booleans())
    def decide_on_the_queue(self, do: str, at_once: bool) -> None:
        future, effect = {
            "retry failed": (self.service.retry_failed, lambda model: model.retry_failed()),
            "pause": (self.service.pause, lambda model: model.pause(paused=True)),
            "resume": (self.service.resume, lambda model: model.pause(paused=False)),
        }[do]
        self._call(future(), effect, at_once=at_once)

    # ---- workers

    @rule(workers=st.integers(1, 3))
    def claim(self, workers: int) -> None:
        self._transact(workers=workers)

    def _running(self) -> list[tuple[int, str]]:
        return [(i, job["claim"]) for i, job in sorted(self.model.jobs.items()) if job["claim"]]

    @precondition(lambda self: self._running())
    @rule(data=st.data(), fraction=st.floats(0, 1))
    def progress_made(self, data: st.DataObject, fraction: float) -> None:
        job_id, _ = data.draw(st.sampled_from(self._running()))
        event = JobProgressed(job_id, Stage.DIARIZE, fraction)
        self.service.publish(event)
        self._transact()
        assert self.progress[-1] is event

    @precondition(lambda self: self.claims)
    @rule(
        data=st.data(),
        how=st.sampled_from(ENDS),
        late=st.sampled_from([False, False, True]),
        at_once=st.booleans(),
    )
    def end(self, data: st.DataObject, how: str, late: bool, at_once: bool) -> None:
        """A worker reports how an attempt ended; late: perhaps under a claim that ended long ago."""
        named = data.draw(st.sampled_from(self.claims if late else self._running() or self.claims))
        self.reports.append((partial(self._record, how, *named), partial(self._model, how, *named)))
        if at_once:
            self._transact()

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
        """Write a result as a worker does, with the hash of its recording."""
        if job_id in self.published:
            folder = self.service.folders.folder(job_id)
            folder.mkdir(parents=True, exist_ok=True)
            made_from = source_sha256(Path(self.published[job_id].path))
            result = json.dumps({"provenance": {"source_sha256": made_from}}).encode()
            self.service.folders.files(job_id).write(folder / RESULT, result)

    def _model(self, how: str, job_id: int, claim: str, model: Model) -> None:
        match how:
            case "completed":
                model.completed(job_id, claim, self.now)
            case "released":
                model.released(job_id, claim, self.now)
            case "cancelled":
                model.cancelled(job_id, claim, self.now)
            case _:
                permanent, crashed = how == "bad file", how == "crashed"
                model.failed(job_id, claim, self.now, permanent=permanent, crashed=crashed)

    # ---- clock and faults

    @rule(
        seconds=st.sampled_from([1.0, 53.0, 67.0, 133.0])
        | st.integers(-6, 6).map(lambda hours: hours * HOUR_S)
    )
    def move_clock(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.service.transitions.store.queue.next_due_at() is not None)
    @rule(seconds=st.sampled_from([-1.0, 0.0, 1.0]))
    def move_clock_to_next_retry(self, seconds: float) -> None:
        due = min(job["due"] for job in self.model.jobs.values() if job["state"] == "RETRYING")
        self.now = due + seconds

    @rule()
    def expire(self) -> None:
        self._transact(expiring=True)

    @rule(fault=faults, workers=st.integers(0, 2), expiring=st.booleans())
    def fail_transaction(self, fault: str, workers: int, expiring: bool) -> None:
        self._transact(workers=workers, expiring=expiring, fault=fault)

    @rule()
    def kill_program(self) -> None:
        """Die during a transaction: commands are not answered, and worker reports are lost."""
        if self.commands:
            self._transact(fault="commit fails")
        self.reports.clear()
        self.service.transitions.store.close()
        self.model.restart(self.now)
        self.model.expire(self.now)
        self._open()

    # ---- invariants

    @invariant()
    def store_equals_model(self) -> None:
        store = self.service.transitions.store
        assert {job.id: as_record(job) for job in store.jobs()} == self.model.jobs
        states = [job["state"] for job in self.model.jobs.values()]
        assert store.counts() == {state: states.count(state.value) for state in JobState}
        assert store.paused == self.model.paused

    @invariant()
    def published_events_equal_store(self) -> None:
        assert {i: as_record(job) for i, job in self.published.items()} == self.model.jobs
        assert self.published_paused == self.model.paused

    @invariant()
    def next_retry_is_known(self) -> None:
        due = [job["due"] for job in self.model.jobs.values() if job["state"] == "RETRYING"]
        assert self.service.transitions.store.queue.next_due_at() == (
            pytest.approx(min(due), abs=0.001) if due else None
        )

    @invariant()
    def each_job_has_a_key(self) -> None:
        if self.vault is not None:
            assert set(self.vault.jobs()) >= set(self.model.jobs)

    @invariant()
    def verify_finds_nothing(self) -> None:
        assert list(verify(self.service.transitions.store)) == []


_EXAMPLES = os.environ.get("FI_STATEFUL_EXAMPLES")

Queue.TestCase.settings = settings(
    max_examples=int(_EXAMPLES or 150),
    stateful_step_count=20,
    deadline=None,
    derandomize=_EXAMPLES is None,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)

TestQueue = Queue.TestCase
