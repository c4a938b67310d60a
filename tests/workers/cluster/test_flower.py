"""Flower shows attempts on the server as it is, and learns nothing that names a patient."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from tests.app_driver import running_app
from tests.workers.cluster.clinic import until
from tests.workers.cluster.flower import NO_FLOWER, running_flower
from tests.workers.cluster.secured import running_secured_clinic


@pytest.mark.skipif(bool(NO_FLOWER), reason=NO_FLOWER)
def test_flower_lists_attempts_by_the_numbers_of_jobs(home: Path, tmp_path: Path, patient: Path):
    with (
        running_secured_clinic(tmp_path) as clinic,
        running_flower(clinic) as flower,
        running_app(home, backend="cluster", **clinic.settings()) as driver,
    ):
        clinic.client.acl_log_reset()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{flower.address}/api/tasks", timeout=20.0)
        (done,) = driver.submit(patient, options=JobOptions(prompt="Metoprolol"))
        assert driver.wait_until_done(done)[0].state is JobState.COMPLETED
        (cancelled,) = driver.submit(patient)
        driver.wait_for_progress(cancelled)
        process = clinic.suspend_process()
        driver.app.service.cancel([cancelled]).result(60)
        driver.wait_until_done(cancelled)
        process.resume()
        until(lambda: {task["state"] for task in flower.tasks().values()} <= {"SUCCESS", "REVOKED"})
        tasks = sorted(flower.tasks().values(), key=lambda task: task["args"])
        assert [task["name"] for task in tasks] == ["fi_desktop.attempt"] * len(tasks)
        assert (tasks[0]["state"], tasks[0]["args"], tasks[0]["result"]) == (
            "SUCCESS",
            "(job 1)",
            "'returned'",
        )
        assert {task["retries"] for task in tasks} == {0}
        assert tasks[0]["runtime"] > 0.0
        (worker,) = flower.get("/api/workers?refresh=1").values()
        assert worker["registered"] == ["fi_desktop.attempt"]
        assert worker["stats"]["pool"]["max-concurrency"] == 1
        assert flower.get("/api/queues/length") == {"active_queues": [{"name": "fi-desktop", "messages": 0}]}
        shown = json.dumps([tasks, worker, flower.get("/api/tasks"), flower.get("/api/workers")])
        passwords = [urlsplit(url).password or "?" for url in (clinic.url, clinic.settings()["broker"])]
        key = clinic.key.read_text().strip()
        assert not [text for text in (*patient.stem.split(), "Metoprolol", key, *passwords) if text in shown]
        assert clinic.acl_log() == []
