"""Records of every released schema can be read: a file for each, never changed once released."""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path

import pytest

from fi_desktop.core.invariants import check
from fi_desktop.core.job import JobState, apply
from fi_desktop.core.records import event_from_json, job_from_json
from fi_desktop.jobs.store import SCHEMA_VERSION

DATA = Path(__file__).parent / "data"


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_an_old_record_is_the_fold_of_its_old_events(version: int):
    stored = json.loads((DATA / f"schema-{version}.json").read_text(encoding="utf-8"))
    job = job_from_json(stored["record"])
    assert reduce(apply, map(event_from_json, stored["events"]), None) == job
    check(job)
    assert (job.state, job.charged, job.deliveries) == (JobState.COMPLETED, 1, 3)
    assert job.summary is not None
    assert job.summary.notes == ("a note",)
