"""When jobs start: nights, power supplies, and jobs for which a person chose the start."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, error_info
from fi_desktop.core.events import StartChanged
from fi_desktop.core.job import START_NOW, JobState
from fi_desktop.core.values import Priority
from fi_desktop.jobs.queue_events import JobChanged, QueueHeld
from fi_desktop.jobs.recovery import verify
from fi_desktop.jobs.run_times import RECHECK_S, RunTimes, TimesCheck
from fi_desktop.settings import changed, load

MADRID = ZoneInfo(
    "Europe/Madrid"
)  # begins daylight saving on 29 March 2026 at 2:00, ends on 25 October at 3:00


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=MADRID).timestamp()


def night(begins: str = "20:00", ends: str = "06:00", *, only_mains: bool = False) -> RunTimes:
    return RunTimes(True, time.fromisoformat(begins), time.fromisoformat(ends), only_mains, MADRID)


def mains() -> bool:
    return False


def battery() -> bool:
    return True


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("19:59:59", False),
        ("20:00", True),
        ("23:59:59", True),
        ("00:00", True),
        ("05:59:59", True),
        ("06:00", False),
        ("12:00", False),
    ],
)
def test_a_night_may_cross_midnight(clock: str, expected: bool):
    now = at(f"2026-11-28T{clock}")
    assert night().is_night(now) is expected
    assert night().held(now, on_battery=mains).holds is not expected


def test_a_night_may_lie_within_a_day():
    lunch = night("13:00", "15:00")
    assert [lunch.is_night(at(f"2026-11-28T{hour}:30")) for hour in (12, 13, 14, 15)] == [
        False,
        True,
        True,
        False,
    ]


def test_a_night_without_an_end_is_always():
    assert all(night("20:00", "20:00").is_night(at(f"2026-11-28T{hour:02}:00")) for hour in range(24))


def test_jobs_are_held_until_the_next_night():
    assert night().held(at("2026-11-28T19:00"), on_battery=mains) == QueueHeld(at("2026-11-28T20:00"))
    assert night("01:00", "05:00").held(at("2026-11-28T23:00"), on_battery=mains) == QueueHeld(
        at("2026-11-29T01:00")
    )


@pytest.mark.parametrize(
    ("now", "begins", "expected"),
    [
        ("2026-03-28T21:00", "20:00", "2026-03-29T20:00"),  # 22 hours later on the clock's short day
        ("2026-10-24T21:00", "20:00", "2026-10-25T20:00"),
    ],
)
def test_a_night_begins_when_the_clock_says_so_after_daylight_saving(now: str, begins: str, expected: str):
    times = night(begins, "20:30")
    assert times.next_night(at(now)) == at(expected)
    assert times.is_night(at(expected))


def test_a_time_that_daylight_saving_leaves_out_is_passed_once():
    times = night("02:15", "02:45")
    moments = [at("2026-03-28T12:00")]
    for _ in range(3):
        moments.append(times.next_night(moments[-1]))
    assert moments == sorted(set(moments))
    assert moments[2] == at("2026-03-30T02:15")


def test_an_hour_that_the_clock_says_twice_is_night_twice():
    times = night("02:15", "02:45")
    assert times.is_night(at("2026-10-25T02:30"))
    assert times.is_night(at("2026-10-25T02:30") + 3600)
    assert not times.is_night(at("2026-10-25T02:30") + 7200)


def test_battery_holds_jobs_only_if_asked_and_at_night():
    now = at("2026-11-28T23:00")
    assert night().held(now, on_battery=battery) == QueueHeld()
    assert night(only_mains=True).held(now, on_battery=battery) == QueueHeld(for_mains=True)
    assert night(only_mains=True).held(now, on_battery=mains) == QueueHeld()
    assert night(only_mains=True).held(at("2026-11-28T12:00"), on_battery=battery).until is not None


def test_tonight_is_now_with_the_others_if_it_is_night():
    assert night().tonight(at("2026-11-28T12:00")) == at("2026-11-28T20:00")
    assert night().tonight(at("2026-11-28T21:00")) is None


def test_the_next_time_of_a_clock_may_be_tomorrow():
    now = at("2026-11-28T12:00")
    assert night().next_at(time(13, 30), now) == at("2026-11-28T13:30")
    assert night().next_at(time(11, 30), now) == at("2026-11-29T11:30")


def test_a_clock_that_is_set_is_followed(tmp_path: Path):
    settings = changed(load({"FI_DESKTOP_HOME": str(tmp_path)}), {"run_at": "night"})
    now = [at("2026-11-28T12:00")]
    local = datetime.fromtimestamp(now[0]).astimezone()
    noon = now[0] + 3600 * (12 - local.hour) - 60 * local.minute  # whatever the zone of this computer
    now[0] = noon
    check = TimesCheck(clock=lambda: now[0], on_battery=mains)
    assert check.changed(settings)
    assert check.held.until == noon + 8 * 3600
    assert check.wait_s == RECHECK_S
    now[0] = noon + 8 * 3600 - 5
    assert not check.changed(settings)
    assert check.wait_s == pytest.approx(5)
    now[0] = noon + 9 * 3600  # the lid was closed, or the clock was set
    assert check.changed(settings)
    assert not check.held.holds
    now[0] = noon  # and set back
    assert check.changed(settings)
    assert check.held.holds


# ---- jobs


def test_no_job_starts_while_the_queue_is_held_but_those_to_start_now(bench):
    first, second = bench.submit("a.wav", "b.wav")
    with bench.service.transaction():
        assert bench.service.transitions.claim("worker-1", held=True) is None
    bench.answer(bench.service.schedule([second], START_NOW))
    with bench.service.transaction():
        job = bench.service.transitions.claim("worker-1", held=True)
        assert job is not None
        assert job.id == second
        assert bench.service.transitions.claim("worker-2", held=True) is None
    assert bench.claim().id == first


def test_a_job_to_start_now_goes_before_urgent_ones(bench):
    urgent, now = bench.submit("a.wav", "b.wav")
    bench.answer(bench.service.prioritize([urgent], Priority.URGENT))
    bench.answer(bench.service.schedule([now], START_NOW))
    assert bench.claim().id == now


def test_a_job_to_start_later_waits_for_its_time_even_after_a_restart(bench):
    (job_id,) = bench.submit("a.wav")
    bench.answer(bench.service.schedule([job_id], bench.now + 600))
    assert bench.claim() is None
    bench.restart()
    assert bench.job(job_id).start_at == bench.now + 600
    assert bench.service.transitions.store.queue.next_due_at() == bench.now + 600
    bench.now += 599
    assert bench.claim() is None
    bench.now += 1
    job = bench.claim()
    assert (job.id, job.start_at) == (job_id, None)
    assert list(verify(bench.service.transitions.store)) == []


def test_a_job_keeps_its_start_through_a_restart_of_the_program(bench):
    (job_id,) = bench.submit("a.wav")
    bench.answer(bench.service.schedule([job_id], START_NOW))
    assert bench.claim().id == job_id
    bench.restart()  # it is requeued
    assert (bench.job(job_id).state, bench.job(job_id).start_at) == (JobState.QUEUED, START_NOW)
    with bench.service.transaction():
        assert bench.service.transitions.claim("worker-1", held=True) is not None


def test_a_start_is_taken_back(bench):
    (job_id,) = bench.submit("a.wav")
    bench.answer(bench.service.schedule([job_id], bench.now + 600))
    bench.answer(bench.service.schedule([job_id], None))
    bench.answer(bench.service.schedule([job_id], None))
    assert bench.claim().id == job_id
    starts = [
        e.event for e in bench.events if isinstance(e, JobChanged) and isinstance(e.event, StartChanged)
    ]
    assert [event.start_at for event in starts] == [1600.0, None]


def test_a_running_or_finished_job_stays_as_it_is(bench):
    running, cancelled = bench.submit("a.wav", "b.wav")
    assert bench.claim().id == running
    bench.answer(bench.service.schedule([cancelled], START_NOW))
    bench.answer(bench.service.cancel([cancelled]))
    bench.answer(bench.service.schedule([running, cancelled], START_NOW))
    assert [bench.job(i).start_at for i in (running, cancelled)] == [None, None]


def test_a_job_that_is_to_start_now_does_not_wait_for_its_retry(bench):
    (job_id,) = bench.submit("a.wav")
    job = bench.claim()
    error = error_info(TransientError(messages.AUDIO_CHANGING))
    with bench.service.transaction():
        bench.service.transitions.failed(job_id, job.claim, error)
    assert bench.job(job_id).state is JobState.RETRYING
    bench.answer(bench.service.schedule([job_id], START_NOW))
    with bench.service.transaction():
        assert bench.service.transitions.claim("worker-1", held=True) is not None
