"""The queue over time, as the monitor plots it."""

from fi_desktop.jobs.metrics import history
from tests.gui.monitor_samples import done, job

NOW = 1_790_000_000.0


def test_history_has_the_greatest_depth_and_finished_attempts_of_each_step():
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


def test_history_without_jobs_has_empty_steps():
    past = history([], now=NOW, window_s=None, steps=4)
    assert past.depth == (0, 0, 0, 0)
    assert past.run_s == (None,) * 4


def test_job_waiting_before_the_span_counts_from_its_start():
    past = history([job(1, NOW - 500)], now=NOW, window_s=100.0, steps=5)
    assert past.depth == (1,) * 5
