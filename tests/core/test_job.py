"""The state machine: transitions, and invariants in each state."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.codec import event_from_json, event_to_json, job_from_json, job_to_json
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import (
    START_NOW,
    AttemptOutcome,
    InvalidTransition,
    Job,
    JobState,
    StaleClaim,
    apply,
    check,
)
from fi_desktop.core.messages import verbatim
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount, Stage, StageEnd, StageTime, Summary

ERROR = ErrorInfo(ErrorKind.TRANSIENT, "disk.full", "The disk is full.", "Traceback …")
SUMMARY = Summary(2, 30.0, "builtin", "clear", (verbatim("a note"), messages.AUDIO_GAP(at=1.5, length=70.0)))


def submitted() -> ev.Submitted:
    return ev.Submitted(1, 100.0, "/recordings/señora núñez.wav", JobOptions(), Priority.NORMAL)


def replay(*events: ev.JobEvent) -> Job:
    job = None
    for event in events:
        job = apply(job, event)
        check(job)
    assert job is not None
    return job


def test_job_is_queued_claimed_and_completed():
    job = replay(
        submitted(),
        ev.Claimed(1, 101.0, "1.1.1", "worker-1"),
        ev.Completed(1, 111.0, "1.1.1", SUMMARY),
    )
    assert job.state is JobState.COMPLETED
    assert job.finished_at == 111.0
    assert job.summary == SUMMARY
    assert job.deliveries == 1
    assert [(a.number, a.outcome, a.worker) for a in job.attempts] == [
        (1, AttemptOutcome.COMPLETED, "worker-1")
    ]


def test_released_job_that_was_cancelled_is_not_queued_again():
    job = replay(
        submitted(),
        ev.Claimed(1, 101.0, "1.1.1", "worker-1"),
        ev.CancelAsked(1, 102.0),
        ev.Released(1, 103.0, "1.1.1"),
    )
    assert (job.state, job.finished_at) == (JobState.CANCELLED, 103.0)
    assert job.attempts[0].outcome is AttemptOutcome.CANCELLED


def test_failed_attempt_is_retried_at_its_due_time():
    failed = [
        submitted(),
        ev.Claimed(1, 101.0, "a", "worker-1"),
        ev.Failed(1, 102.0, "a", ERROR, retry_at=162.0),
    ]
    waiting = replay(*failed)
    assert (waiting.state, waiting.due_at, waiting.error) == (JobState.RETRYING, 162.0, ERROR)
    ready = replay(*failed, ev.Due(1, 162.0))
    assert (ready.state, ready.due_at, ready.charged) == (JobState.QUEUED, None, 1)


def test_failure_without_a_retry_is_final():
    job = replay(submitted(), ev.Claimed(1, 101.0, "a", "w"), ev.Failed(1, 102.0, "a", ERROR, retry_at=None))
    assert (job.state, job.finished_at) == (JobState.FAILED, 102.0)


def test_release_is_not_charged():
    job = replay(submitted(), ev.Claimed(1, 101.0, "a", "w"), ev.Released(1, 102.0, "a"))
    assert (job.state, job.charged, job.deliveries) == (JobState.QUEUED, 0, 1)


def test_delivery_that_the_server_lost_is_counted_separately():
    claimed = ev.Claimed(1, 101.0, "a", "server-1")
    lost = replay(submitted(), claimed, ev.Released(1, 102.0, "a", lost=True))
    assert (lost.state, lost.charged, lost.deliveries, lost.lost) == (JobState.QUEUED, 0, 1, 1)
    waited = replay(submitted(), claimed, ev.Released(1, 102.0, "a", lost=True, begun=False))
    assert (waited.state, waited.deliveries, waited.lost) == (JobState.QUEUED, 0, 0)
    failed = ev.Failed(1, 102.0, "a", ERROR, retry_at=110.0, charged=False, lost=True)
    assert replay(submitted(), claimed, failed).lost == 1
    asked = replay(submitted(), claimed, failed, ev.RetryAsked(1, 105.0))
    assert (asked.deliveries, asked.lost) == (0, 0)


def test_retry_by_a_person_resets_the_count_and_keeps_the_history():
    job = replay(
        submitted(),
        ev.Claimed(1, 101.0, "a", "w"),
        ev.Failed(1, 102.0, "a", ERROR, retry_at=None),
        ev.RetryAsked(1, 200.0),
    )
    assert (job.state, job.charged, job.deliveries) == (JobState.QUEUED, 0, 0)
    assert job.attempts[0].error == ERROR


DONE = (
    submitted(),
    ev.Claimed(1, 101.0, "a", "w"),
    ev.Completed(1, 111.0, "a", SUMMARY),
    ev.Seen(1, 120.0),
    ev.RetryAsked(1, 200.0, keep_result=True),
)
OTHER = Summary(3, 30.0, "builtin")


def test_retried_job_keeps_its_result_until_there_is_a_new_one():
    again = (*DONE, ev.Claimed(1, 201.0, "b", "w"))
    for events in (DONE, again, (*again, ev.Failed(1, 202.0, "b", ERROR, retry_at=262.0))):
        assert (replay(*events).summary, replay(*events).seen_at) == (SUMMARY, 120.0)
    failed = replay(*again, ev.Failed(1, 202.0, "b", ERROR, retry_at=None))
    assert (failed.state, failed.summary, failed.error) == (JobState.FAILED, SUMMARY, ERROR)
    done = replay(*again, ev.Completed(1, 211.0, "b", OTHER))
    assert (done.summary, done.seen_at, done.finished_at, done.earlier) == (OTHER, None, 211.0, None)


@pytest.mark.parametrize(
    "cancelled",
    [
        (ev.CancelAsked(1, 201.0),),
        (ev.OptionsChanged(1, 201.0, JobOptions(language="es"), "other"), ev.CancelAsked(1, 202.0)),
        (ev.Claimed(1, 201.0, "b", "w"), ev.CancelAsked(1, 202.0), ev.Cancelled(1, 203.0, "b")),
        (ev.Claimed(1, 201.0, "b", "w"), ev.CancelAsked(1, 202.0), ev.Released(1, 203.0, "b")),
        (
            ev.Claimed(1, 201.0, "b", "w"),
            ev.Failed(1, 202.0, "b", ERROR, retry_at=None),
            ev.RetryAsked(1, 203.0, keep_result=True),
            ev.CancelAsked(1, 204.0),
        ),
    ],
)
def test_cancelled_retry_restores_the_job(cancelled: tuple[ev.JobEvent, ...]):
    before, after = replay(*DONE[:-1]), replay(*DONE, *cancelled)
    assert (after.state, after.summary, after.error) == (JobState.COMPLETED, SUMMARY, None)
    assert (after.options, after.fingerprint) == (before.options, before.fingerprint)
    assert (after.finished_at, after.seen_at) == (before.finished_at, before.seen_at)


def test_retry_event_of_an_older_version_discards_the_result():
    stored = event_to_json(DONE[-1])
    del stored["keep_result"]
    job = replay(*DONE[:-1], event_from_json(stored))
    assert (job.state, job.summary, job.seen_at) == (JobState.QUEUED, None, None)


def test_options_of_a_waiting_job_can_be_changed():
    options = JobOptions(language="es")
    changed = ev.OptionsChanged(1, 101.0, options, "other")
    queued = replay(submitted(), changed)
    assert (queued.options, queued.fingerprint, queued.state) == (options, "other", JobState.QUEUED)
    retrying = replay(
        submitted(),
        ev.Claimed(1, 101.0, "a", "w"),
        ev.Failed(1, 102.0, "a", ERROR, retry_at=162.0),
        changed,
    )
    assert (retrying.options, retrying.due_at) == (options, 162.0)
    running = replay(submitted(), ev.Claimed(1, 101.0, "a", "w"))
    with pytest.raises(InvalidTransition):
        apply(running, changed)


def test_attempt_records_its_stage_times():
    first = (StageTime(Stage.DECODE, 2.5), StageTime(Stage.SPEECH, 1.0, StageEnd.BROKEN_OFF))
    second = (StageTime(Stage.DECODE, 0.01, StageEnd.KEPT), StageTime(Stage.SPEECH, 7.25))
    job = replay(
        submitted(),
        ev.Claimed(1, 101.0, "a", "w"),
        ev.Failed(1, 105.0, "a", ERROR, retry_at=105.0, crashed=True, stages=first),
        ev.Claimed(1, 106.0, "b", "w"),
        ev.Completed(1, 115.0, "b", SUMMARY, stages=second),
    )
    assert [attempt.stages for attempt in job.attempts] == [first, second]
    assert job_from_json(job_to_json(job)) == job


def test_cancelling_a_running_job_waits_for_its_worker():
    running = replay(submitted(), ev.Claimed(1, 101.0, "a", "w"), ev.CancelAsked(1, 102.0))
    assert running.state is JobState.RUNNING
    assert running.cancelling
    assert apply(running, ev.Cancelled(1, 103.0, "a")).state is JobState.CANCELLED
    # completed before the worker received the request: the result is kept
    assert apply(running, ev.Completed(1, 103.0, "a", SUMMARY)).state is JobState.COMPLETED


@pytest.mark.parametrize(
    "late",
    [
        ev.Completed(1, 110.0, "old", SUMMARY),
        ev.Failed(1, 110.0, "old", ERROR, retry_at=None),
        ev.Released(1, 110.0, "old"),
        ev.Cancelled(1, 110.0, "old"),
    ],
)
def test_event_of_an_abandoned_attempt_is_stale(late: ev.AttemptEvent):
    released = replay(submitted(), ev.Claimed(1, 101.0, "old", "w"), ev.Released(1, 102.0, "old"))
    reclaimed = apply(released, ev.Claimed(1, 103.0, "new", "w"))
    for job in (released, reclaimed):
        with pytest.raises(StaleClaim):
            apply(job, late)


@pytest.mark.parametrize(
    ("events", "impossible"),
    [
        ([], ev.Due(1, 1.0)),
        ([submitted()], submitted()),
        ([submitted()], ev.Due(1, 1.0)),
        ([submitted()], ev.RetryAsked(1, 1.0)),
        ([submitted(), ev.Claimed(1, 1.0, "a", "w")], ev.Claimed(1, 2.0, "b", "w")),
        ([submitted(), ev.CancelAsked(1, 1.0)], ev.CancelAsked(1, 2.0)),
        ([submitted(), ev.CancelAsked(1, 1.0)], ev.Claimed(1, 2.0, "a", "w")),
    ],
)
def test_invalid_transitions_are_refused(events: list[ev.JobEvent], impossible: ev.JobEvent):
    job = None
    for event in events:
        job = apply(job, event)
    with pytest.raises(InvalidTransition):
        apply(job, impossible)


at = st.floats(0, 1e10, allow_nan=False)
claims = st.sampled_from(["a", "b", "c"])
stages = st.lists(
    st.builds(StageTime, st.sampled_from(Stage), st.floats(0, 1e6), st.sampled_from(StageEnd)), max_size=5
).map(tuple)
errors = st.builds(ErrorInfo, st.sampled_from(ErrorKind), st.text(), st.text(), st.text())
options = st.builds(
    JobOptions,
    st.sampled_from([SpeakerCount(), SpeakerCount(2, 2), SpeakerCount(2, 4)]),
    st.text(),
    st.none() | st.text(),
    st.text(),
    st.lists(st.text()).map(tuple),
    st.text(),
)
later_events = st.one_of(
    st.builds(ev.Claimed, st.just(1), at, claims, st.text()),
    st.builds(ev.Due, st.just(1), at),
    st.builds(ev.CancelAsked, st.just(1), at),
    st.builds(ev.RetryAsked, st.just(1), at, st.booleans(), st.booleans()),
    st.builds(ev.Seen, st.just(1), at),
    st.builds(ev.StartChanged, st.just(1), at, st.none() | st.just(START_NOW) | at),
    st.builds(ev.Relocated, st.just(1), at, st.text()),
    st.builds(ev.CopyAdded, st.just(1), at, st.text(), st.sampled_from(["", "a1"])),
    st.builds(ev.ExportsChosen, st.just(1), at, st.text(), st.sampled_from(["", "a1"])),
    st.builds(ev.Prioritized, st.just(1), at, st.sampled_from(Priority)),
    st.builds(ev.OptionsChanged, st.just(1), at, options, st.none() | st.text()),
    st.builds(ev.Completed, st.just(1), at, claims, st.just(SUMMARY), stages=stages),
    st.builds(ev.Failed, st.just(1), at, claims, errors, st.none() | at, st.booleans(), stages=stages),
    st.builds(ev.Released, st.just(1), at, claims, stages=stages),
    st.builds(ev.Cancelled, st.just(1), at, claims, stages=stages),
)


@given(st.lists(later_events, max_size=40))
def test_invariants_hold_after_any_events_and_records_round_trip(events: list[ev.JobEvent]):
    job = apply(None, submitted())
    for event in events:
        assert event_from_json(event_to_json(event)) == event
        try:
            job = apply(job, event)
        except (StaleClaim, InvalidTransition):
            continue
        check(job)
        assert job_from_json(job_to_json(job)) == job
        assert job.deliveries <= len(job.attempts)


def test_check_finds_a_broken_record():
    job = replay(submitted(), ev.Claimed(1, 101.0, "a", "w"))
    data = job_to_json(job) | {"claim": None}
    with pytest.raises(ValueError, match="claim exactly while running"):
        check(job_from_json(data))
