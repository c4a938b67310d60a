"""Labels of jobs, with a real service and store: read when a file is submitted, changed by a person."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from fi_desktop.core import events as ev
from fi_desktop.core.case_labels import NO_LABEL, CaseLabel, DateSource, LabelChange
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Done, Job
from fi_desktop.core.values import Summary
from fi_desktop.jobs.recovery import verify
from fi_desktop.viewmodel.rows import row_of, row_of_done

NOW = datetime.fromisoformat("2026-11-30T12:00:00").timestamp()


@pytest.fixture
def clinic(bench):
    bench.now = NOW
    return bench


def recording(folder: Path, name: str, content: bytes = b"") -> Path:
    path = folder / name
    path.write_bytes(content or name.encode())
    os.utime(path, (NOW, NOW - 3600))
    return path


def submitted(bench, *paths: Path, **how: str) -> list[Job]:
    ids = bench.answer(bench.service.submit(paths, **how)).ids
    return [bench.answer(bench.service.job(job_id)) for job_id in ids]


def test_job_has_the_label_of_its_file(clinic, tmp_path):
    clinic.service.change_names("{case}_{date}")
    names = ("Ana_20261129.wav", "20261128_101500.m4a", "REC0001.mp3")
    by_pattern, by_rule, by_file = submitted(clinic, *(recording(tmp_path, name) for name in names))
    assert by_pattern.label == CaseLabel("Ana", "2026-11-29", DateSource.NAME)
    assert by_rule.label == CaseLabel("", "2026-11-28T10:15:00", DateSource.NAME)
    assert by_file.label == CaseLabel("", "2026-11-30T11:00:00", DateSource.FILE)


def test_case_that_is_given_goes_before_the_name(clinic, tmp_path):
    clinic.service.change_names("{case} {date}")
    (job,) = submitted(clinic, recording(tmp_path, "Ana 20261129.wav"), case=" Beto\nRuiz ")
    assert job.label == CaseLabel("Beto Ruiz", "2026-11-29", DateSource.NAME)


def test_same_recording_is_known_whatever_it_is_called(clinic, tmp_path):
    clinic.service.change_names("{case}")
    (job,) = submitted(clinic, recording(tmp_path, "Ana.wav", b"same"))
    result = clinic.answer(clinic.service.submit([recording(tmp_path, "Beto.wav", b"same")]))
    assert (result.ids, result.known) == ((), (job.id,))


def test_change_by_a_person_is_stored_published_and_undone(clinic, tmp_path):
    first, second = submitted(clinic, *(recording(tmp_path, f"20261129_10000{n}.wav") for n in range(2)))
    clinic.events.clear()
    change = LabelChange("0042", "2026-11-27 09:00")
    clinic.answer(clinic.service.relabel({first.id: change, second.id: LabelChange("0043")}))
    assert [type(each.event) for each in clinic.events] == [ev.LabelChanged, ev.LabelChanged]
    clinic.restart()
    changed = [clinic.answer(clinic.service.job(job.id)).label for job in (first, second)]
    assert changed[0] == CaseLabel("0042", "2026-11-27T09:00:00", DateSource.PERSON)
    assert changed[1] == CaseLabel("0043", second.label.recorded_at, DateSource.NAME)
    clinic.answer(
        clinic.service.relabel({job.id: LabelChange("", "").undone(job.label) for job in (first, second)})
    )
    assert clinic.answer(clinic.service.job(first.id)).label == first.label
    assert list(verify(clinic.service.transitions.store)) == []


def test_change_that_changes_nothing_is_no_event(clinic, tmp_path):
    (job,) = submitted(clinic, recording(tmp_path, "a.wav"))
    clinic.events.clear()
    clinic.answer(clinic.service.relabel({job.id: LabelChange("", job.label.recorded_at)}))
    assert clinic.events == []


def test_date_that_is_none_is_refused_and_changes_nothing(clinic, tmp_path):
    one, other = submitted(clinic, recording(tmp_path, "a.wav"), recording(tmp_path, "b.wav"))
    with pytest.raises(UserError, match="“soon” is not a date"):
        clinic.answer(clinic.service.relabel({one.id: LabelChange("x"), other.id: LabelChange("x", "soon")}))
    assert clinic.answer(clinic.service.job(one.id)).label == one.label


def complete(bench, recorded_at: str) -> None:
    with bench.service.transaction():
        job = bench.service.transitions.claim("worker-1")
        summary = Summary(2, 60.0, "builtin", recorded_at=recorded_at)
        bench.service.transitions.completed(job.id, job.claim, summary)


def test_person_who_is_quicker_than_the_worker_is_right(clinic, tmp_path):
    ids = [job.id for job in submitted(clinic, recording(tmp_path, "a.wav"), recording(tmp_path, "b.wav"))]
    clinic.answer(clinic.service.relabel({ids[0]: LabelChange(recorded_at="2026-11-01")}))
    for _ in ids:
        complete(clinic, "2026-11-29T10:30:00")
    labels = [clinic.answer(clinic.service.job(job_id)).label for job_id in ids]
    assert labels[0] == CaseLabel("", "2026-11-01", DateSource.PERSON)
    assert labels[1] == CaseLabel("", "2026-11-29T10:30:00", DateSource.METADATA)


@pytest.mark.parametrize("label", [NO_LABEL, CaseLabel("Ñandú", "2026-11-29T10:30:00", DateSource.PERSON)])
def test_list_of_the_store_has_the_same_rows_as_the_jobs(clinic, tmp_path, label):
    (job,) = submitted(clinic, recording(tmp_path, "a.wav"))
    clinic.answer(clinic.service.relabel({job.id: LabelChange("", "").undone(label)}))
    complete(clinic, "")
    (done,) = clinic.answer(clinic.service.page(10, before=job.id + 1)).jobs
    assert isinstance(done, Done)
    assert row_of_done(done) == row_of(clinic.answer(clinic.service.job(job.id)))
    assert row_of_done(done).label == label
