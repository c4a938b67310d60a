import pytest

from fi_desktop.core.job import JobState
from fi_desktop.gui.monitor.monitor_labels import STATE_ICONS, STATE_TONES, MonitorLabels
from fi_desktop.jobs.metrics import WINDOWS, Target, history, measure
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved, WorkerState
from fi_desktop.system.devices import parse_gpu_memory
from fi_desktop.viewmodel.axis import tick_step_s, ticks, top, top_span
from fi_desktop.viewmodel.monitor import JobRecords
from tests.gui.monitor_samples import clinic_days, done, job, put_off, running

NOW = 1_790_000_000.0


def test_history_tells_the_greatest_depth_and_what_ended_in_each_step():
    jobs = [
        done(1, NOW - 95, NOW - 91, NOW - 75),
        done(2, NOW - 95, NOW - 75, NOW - 35),
        done(3, NOW - 94, NOW - 35, NOW - 31),
        job(4, NOW - 5),
    ]
    past = history(jobs, now=NOW, window_s=100.0, steps=10)
    assert past.depth == (3, 2, 2, 1, 1, 1, 1, 0, 0, 1)
    assert past.per_s == (0, 0, 0.1, 0, 0, 0, 0.2, 0, 0, 0)
    assert past.run_s == (None, None, 16.0, None, None, None, 22.0, None, None, None)


def test_history_of_nothing_is_empty_and_has_its_steps():
    past = history([], now=NOW, window_s=None, steps=4)
    assert past.depth == (0, 0, 0, 0)
    assert past.run_s == (None,) * 4


def test_a_job_that_waited_before_the_window_began_counts_from_its_start():
    past = history([job(1, NOW - 500)], now=NOW, window_s=100.0, steps=5)
    assert past.depth == (1,) * 5


@pytest.mark.parametrize("window", WINDOWS)
def test_what_is_remembered_measures_like_all_of_it(window):
    jobs = clinic_days(NOW, days=3)
    records = JobRecords()
    records.put(jobs)
    window_s = WINDOWS[window]
    kept = records.since(None if window_s is None else NOW - window_s)
    assert measure(kept, now=NOW, window_s=window_s) == measure(jobs, now=NOW, window_s=window_s)
    assert history(kept, now=NOW, window_s=window_s, steps=50) == history(
        jobs, now=NOW, window_s=window_s, steps=50
    )


def test_only_what_is_shown_keeps_its_name():
    records = JobRecords()
    records.put([done(1, NOW, NOW, NOW), job(2, NOW), running(3, NOW, NOW), put_off(4, NOW, NOW + 9)])
    assert [job.path for job in records.since(None) if job.id <= 2] == ["", ""]
    (runs,), (waits,) = records.open(JobState.RUNNING), records.open(JobState.RETRYING)
    assert runs.path.endswith("0003.wav")
    assert waits.error.message


def test_records_follow_the_news():
    records = JobRecords()
    records.put([job(1, NOW), job(2, NOW)])
    records.apply([JobChanged(running(1, NOW, NOW), None), JobRemoved(2), JobRemoved(7)])
    assert len(records) == 1
    assert [job.id for job in records.open(JobState.RUNNING)] == [1]
    records.apply([JobChanged(done(1, NOW, NOW, NOW), None)])
    assert len(records) == 1
    assert not records.open(JobState.RUNNING)


@pytest.mark.parametrize(
    ("told", "used"),
    [
        ("4711, 1532\n4712, 8\n", {4711: 1532 * 2**20, 4712: 8 * 2**20}),
        ("4711, 10\n4711, 20\n", {4711: 30 * 2**20}),  # on two GPUs
        ("4711, [N/A]\n", {}),
        ("No devices were found\n", {}),
        ("", {}),
    ],
)
def test_the_drivers_table_is_read(told, used):
    assert parse_gpu_memory(told) == used


@pytest.mark.parametrize(
    ("highest", "edge"), [(0, 1), (1, 1), (3, 5), (9, 10), (10, 10), (11, 20), (0.033, 0.05), (0.0049, 0.005)]
)
def test_axes_end_at_round_numbers(highest, edge):
    assert top(highest) == pytest.approx(edge)


@pytest.mark.parametrize(("longest", "edge"), [(0, 1), (4, 5), (61, 120), (5000, 7200), (200_000, 259_200)])
def test_axes_of_time_end_at_round_spans(longest, edge):
    assert top_span(longest) == edge


def test_ticks_fall_on_whole_steps_of_local_time():
    assert tick_step_s(3600, 8) == 600
    assert tick_step_s(86_400, 8) == 14_400
    assert tick_step_s(9 * 86_400, 8) == 2 * 86_400
    assert list(ticks(100, 7300, 3600, offset_s=0)) == [3600, 7200]
    assert list(ticks(100, 7300, 3600, offset_s=1800)) == [1800, 5400]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, "–"),
        (-3, "0s"),
        (42, "42s"),
        (187, "3m 07s"),
        (12_140, "3h 22m"),
        (187_300, "2d 4h"),
    ],
)
def test_spans(qapp, seconds, shown):
    assert MonitorLabels().span(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0s"), (0.42, "0.4s"), (9.94, "9.9s"), (12.7, "12s")])
def test_short_spans_have_tenths(qapp, seconds, shown):
    assert MonitorLabels().short(seconds) == shown


@pytest.mark.parametrize(
    ("per_s", "shown"), [(0, "0"), (0.0011, "0.0011"), (0.05, "0.05"), (0.333, "0.33"), (312.44, "312.4")]
)
def test_rates_have_as_many_figures_as_they_need(qapp, per_s, shown):
    assert MonitorLabels().rate(per_s) == shown


def test_amounts(qapp):
    words = MonitorLabels()
    assert [words.amount(size) for size in (None, 412_300_000, 1_534_000_000)] == ["–", "412 MB", "1.5 GB"]


def test_everything_has_a_word_and_every_state_its_sign(qapp):
    words, states = MonitorLabels(), (None, *WorkerState)
    assert len({words.state(state) for state in states}) == len(states)
    assert set(STATE_ICONS) == set(STATE_TONES) == set(states)


def test_targets_are_shown_in_their_units(qapp):
    words = MonitorLabels()
    assert words.measured(Target("completed", "≥ 95 %", 0.9732, True)) == "97.3 %"
    assert words.measured(Target("longest attempt", "< 10 min", 316.0, True)) == "5m 16s"
    assert words.measured(Target("depth p99", "< 10", 4.0, True)) == "4"
    assert words.measured(Target("depth p99", "< 10", None, None)) == "–"
    assert len({words.verdict(met) for met in (True, False, None)}) == 3
