"""Results that are written automatically have the case and the date of their jobs, also corrected ones."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from fi_desktop.core.case_labels import LabelChange
from fi_desktop.system.files import WRITTEN
from tests.jobs.clinic import Clinic, visit

NOW = datetime.fromisoformat("2026-11-30T12:00:00").timestamp()


@pytest.fixture
def clinic(tmp_path: Path):
    clinic = Clinic(tmp_path / "home", tmp_path / "results")
    clinic.bench.now = NOW
    clinic.open_exports(export_name="{date} {time} {case}")
    yield clinic
    clinic.shut_exports()
    clinic.bench.service.close()


def relabel(clinic: Clinic, job_id: int, **change: str) -> None:
    clinic.bench.answer(clinic.bench.service.relabel({job_id: LabelChange(**change)}))
    clinic.finish()


def heading(clinic: Clinic, name: str) -> list[str]:
    return clinic.text(name).splitlines()[:3]


def test_name_and_heading_have_case_and_recorded_date(clinic):
    clinic.bench.service.change_names("{case}_{date}")
    clinic.add(visit("Ana_20261129.wav"), "Ana_20261129.wav")
    clinic.add(visit("20261128_101500.wav"), "20261128_101500.wav")
    clinic.finish()
    assert clinic.names() == ["2026-11-28 10-15.txt", "2026-11-29 Ana.txt"]
    assert heading(clinic, "2026-11-29 Ana.txt") == ["Ana", "Ana_20261129.wav", "Recorded: 2026-11-29"]
    assert heading(clinic, "2026-11-28 10-15.txt")[1] == "Recorded: 2026-11-28 10:15"


def test_corrected_date_is_in_the_file_that_was_written(clinic):
    clinic.change(export_name="{name}")
    job_id = clinic.add(visit("a.wav"), "20261129_a.wav")
    clinic.finish()
    (name,) = clinic.names()
    relabel(clinic, job_id, case="0042", recorded_at="2026-11-27 09:00")
    assert clinic.names() == [name]
    assert (heading(clinic, name)[0], heading(clinic, name)[2]) == ("0042", "Recorded: 2026-11-27 09:00")


def test_signed_file_stays_as_it_was_signed(clinic):
    clinic.change(export_name="{name}", export_when="signed")
    job_id = clinic.add(visit("a.wav"), "20261129_a.wav")
    clinic.review(job_id)
    clinic.sign(job_id)
    clinic.finish()
    (name,) = clinic.names()
    before = clinic.text(name)
    relabel(clinic, job_id, case="0042")
    assert (clinic.names(), clinic.text(name)) == ([name], before)


def test_list_of_before_there_were_cases_causes_no_second_export(clinic):
    job_id = clinic.add(visit("a.wav"), "20261129_a.wav")
    clinic.finish()
    clinic.shut_exports()
    listed = clinic.bench.service.folders.folder(job_id) / WRITTEN
    data = json.loads(listed.read_text())
    for done in data["done"]:
        del done["label"]
    listed.write_text(json.dumps(data))
    (name,) = clinic.names()
    (clinic.target / name).unlink()  # it would be written again
    clinic.open_exports()
    assert clinic.names() == []
