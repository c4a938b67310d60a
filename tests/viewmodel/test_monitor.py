import pytest

from fi_desktop.core.job import JobState
from fi_desktop.jobs.metrics import WINDOWS, history, measure
from fi_desktop.jobs.queue_events import JobChanged, JobRemoved
from fi_desktop.viewmodel.monitor import JobRecords
from tests.gui.monitor_samples import clinic_days, done, job, put_off, running

NOW = 1_790_000_000.0


@pytest.mark.parametrize("window", WINDOWS)
def test_reduced_records_give_the_same_metrics(window):
    jobs = clinic_days(NOW, days=3)
    records = JobRecords()
    records.put(jobs)
    window_s = WINDOWS[window]
    kept = records.since(None if window_s is None else NOW - window_s)
    assert measure(kept, now=NOW, window_s=window_s) == measure(jobs, now=NOW, window_s=window_s)
    assert history(kept, now=NOW, window_s=window_s, steps=50) == history(
        jobs, now=NOW, window_s=window_s, steps=50
    )


def test_only_listed_jobs_keep_their_names():
    records = JobRecords()
    records.put([done(1, NOW, NOW, NOW), job(2, NOW), running(3, NOW, NOW), put_off(4, NOW, NOW + 9)])
    assert [job.path for job in records.since(None) if job.id <= 2] == ["", ""]
    (runs,), (waits,) = records.open(JobState.RUNNING), records.open(JobState.RETRYING)
    assert runs.path.endswith("0003.wav")
    assert waits.error.message


def test_records_follow_events():
    records = JobRecords()
    records.put([job(1, NOW), job(2, NOW)])
    records.apply([JobChanged(running(1, NOW, NOW), None), JobRemoved(2), JobRemoved(7)])
    assert len(records) == 1
    assert [job.id for job in records.open(JobState.RUNNING)] == [1]
    records.apply([JobChanged(done(1, NOW, NOW, NOW), None)])
    assert len(records) == 1
    assert not records.open(JobState.RUNNING)
