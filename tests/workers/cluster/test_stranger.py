"""Who can write to Redis, but has no key, can neither submit nor answer."""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions, Stage
from fi_desktop.jobs.queue_events import JobProgressed
from tests.app_driver import running_app
from tests.workers.cluster.clinic import MISSING, Clinic, running_clinic, until

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

TASK = "0123456789ab-1.1.1"


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clinic]:
    with running_clinic(tmp_path_factory.mktemp("stranger")) as clinic:
        yield clinic


class Stranger:
    """Somebody with all rights in Redis, but without the key."""

    def __init__(self, clinic: Clinic) -> None:
        from fi_desktop.workers.cluster.broker import celery_app
        from fi_desktop.workers.cluster.link import BrokerPlace
        from fi_desktop.workers.cluster.orders import ClusterKey

        self.redis = clinic.client
        self.app = celery_app(BrokerPlace(clinic.url))
        self.key = ClusterKey(b"s" * 32)
        self.log = clinic.folder / "worker-0" / "logs" / "fi-desktop.log"
        self.clinic = clinic

    def refusals(self) -> int:
        """Return how often the worker has logged that it refused a task."""
        return self.log.read_text().count("CLUSTER_TASK_REFUSED")

    def begun(self) -> int:
        """Return how many attempts the worker has begun."""
        return self.log.read_text().count("CLUSTER_ATTEMPT_BEGUN")

    def waiting(self) -> int:
        """Return how many tasks no worker has acknowledged."""
        return self.redis.llen("fi-desktop") + self.redis.hlen("unacked")


def order(claim: str = "1.1.1") -> Any:
    from fi_desktop.workers.cluster.orders import Order

    return Order(claim, 1, b"k" * 32, JobOptions(), 30.0, 540.0, 600.0, 3.0, 0, False, (), False)


def signed_with_nothing(stranger: Stranger) -> dict[str, Any]:
    return {name: value for name, value in stranger.key.close(order(), TASK).items() if name != "mac"}


def of_another_task(clinic: Clinic) -> dict[str, Any]:
    """Return a message of the clinic's own, as read from Redis, that was about another task."""
    from fi_desktop.workers.cluster.orders import ClusterKey

    return ClusterKey.read(clinic.key).close(order("1.1.2"), "0123456789ab-1.1.2")


def test_nothing_that_a_stranger_submits_is_done(clinic: Clinic):
    stranger = Stranger(clinic)
    stranger.redis.hset(f"fi:claim:{TASK}", "wanted", "1")
    closed = stranger.key.close(order(), TASK)
    submitted = {
        "another key": [closed],
        "no signature": [signed_with_nothing(stranger)],
        "a signature that is none": [closed | {"mac": "ñ" * 64}],
        "no text as signature": [closed | {"mac": 7}],
        "another task's message": [of_another_task(clinic)],
        "its message, about this task": [of_another_task(clinic) | {"about": TASK}],
        "oversize": [closed | {"body": base64.b64encode(bytes(8_000_000)).decode()}],
        "no message": ["rm -rf /"],
        "nothing": [],
        "more": [closed, closed],
    }
    for what, args in submitted.items():
        before = stranger.refusals()
        stranger.app.send_task("fi_desktop.attempt", args=args, task_id=TASK, queue="fi-desktop")
        until(lambda before=before: stranger.refusals() == before + 1)
        assert stranger.begun() == 0, what
    for task_id in ("../../etc/passwd", "0123456789ab-1.1.1/../x", "/tmp/x", "x" * 300):
        before = stranger.refusals()
        stranger.app.send_task("fi_desktop.attempt", args=[closed], task_id=task_id, queue="fi-desktop")
        until(lambda before=before: stranger.refusals() == before + 1)
    for name in ("os.system", "celery.chain", "celery.backend_cleanup", "celery.map"):
        before = stranger.refusals()
        stranger.app.send_task(name, args=["true"], queue="fi-desktop")
        until(lambda before=before: stranger.refusals() == before + 1)
    until(lambda: stranger.waiting() == 0)
    assert stranger.begun() == 0
    assert list((clinic.folder / "worker-0" / "cluster").iterdir()) == []
    stranger.redis.delete(f"fi:claim:{TASK}")


class Trap:
    """Leaves a file if it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def test_pickle_is_not_read(clinic: Clinic, tmp_path: Path):
    stranger, trap = Stranger(clinic), tmp_path / "trap"
    pickle.loads(pickle.dumps(Trap(trap)))
    assert trap.exists()  # it would do so
    trap.unlink()
    body = base64.b64encode(pickle.dumps(([Trap(trap)], {}, {}))).decode()
    for content_type in ("application/x-python-serialize", "application/json", "application/x-yaml"):
        message = {
            "body": body,
            "content-encoding": "binary",
            "content-type": content_type,
            "headers": {"lang": "py", "task": "fi_desktop.attempt", "id": TASK, "root_id": TASK},
            "properties": {
                "correlation_id": TASK,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": "fi-desktop"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": f"tag-{content_type}",
            },
        }
        stranger.redis.lpush("fi-desktop", json.dumps(message))
    until(lambda: stranger.waiting() == 0)
    assert not trap.exists()
    assert stranger.begun() == 0


def test_worker_obeys_no_command_that_changes_it(clinic: Clinic):
    stranger = Stranger(clinic)
    control = stranger.app.control
    for command in ("shutdown", "pool_grow", "pool_restart", "add_consumer", "rate_limit", "time_limit"):
        control.broadcast(command, arguments={"task_name": "fi_desktop.attempt", "queue": "x", "n": 1})
    (answer,) = control.inspect(timeout=10.0, limit=1).stats().values()
    assert answer["pool"]["max-concurrency"] == 1
    (queues,) = control.inspect(timeout=10.0, limit=1).active_queues().values()
    assert [queue["name"] for queue in queues] == ["fi-desktop"]
    assert clinic.workers[0].poll() is None


def test_answers_of_a_stranger_are_refused_and_the_worker_answer_counts(
    home: Path, clinic: Clinic, ten_seconds: Path
):
    """A stranger says, all the time, that the job has ended, and repeats what others said."""
    from fi_desktop.core import messages
    from fi_desktop.core.errors import FiError, error_info
    from fi_desktop.workers.cluster.orders import Returned
    from fi_desktop.workers.protocol import AttemptFailed, AttemptStopped

    stranger, ended = Stranger(clinic), threading.Event()
    failure = AttemptFailed("1.1.1", error_info(FiError(messages.CLUSTER_ODD)))
    stopped = AttemptStopped("1.1.1", cancelled=False)
    repeated = []

    def answer() -> None:
        while not ended.wait(0.1):
            for key in stranger.redis.keys("fi:reports:*"):
                task = key.decode().removeprefix("fi:reports:")
                for number, said in enumerate((Returned(), failure, stopped)):
                    closed = stranger.key.close(said, task, delivery=9, number=number)
                    for forged in (closed, {**closed, "mac": ""}, None, [closed]):
                        stranger.redis.xadd(key, {"said": json.dumps(forged)})
                for _, fields in stranger.redis.xrange(key, count=3):
                    content = json.loads(fields[b"said"])
                    if isinstance(content, dict) and content.get("delivery") == 1:
                        stranger.redis.xadd(key, {"said": json.dumps(content)})
                        stranger.redis.xadd(key, {"said": json.dumps(content | {"number": 5_000})})
                        repeated.append(content["kind"])

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with running_app(home, backend="cluster", **clinic.settings()) as driver:
            (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
            stages = [event.stage for event in driver.events if isinstance(event, JobProgressed)]
            log = (home / "logs" / "fi-desktop.log").read_text()
    finally:
        ended.set()
        thread.join()
    assert repeated
    assert (job.state, len(job.attempts)) == (JobState.COMPLETED, 1), job.error
    assert stages == sorted(stages, key=list(Stage).index)  # nothing old was shown again
    assert "CLUSTER_REPORT_REFUSED" in log
    for key in stranger.redis.keys("fi:reports:*"):
        stranger.redis.delete(key)


def test_announcement_of_a_stranger_is_no_worker(home: Path, clinic: Clinic):
    from fi_desktop.settings import load
    from fi_desktop.workers.cluster.link import link_of
    from fi_desktop.workers.cluster.orders import ClusterKey, Present
    from fi_desktop.workers.cluster.server_access import ServerAccess

    stranger = Stranger(clinic)
    access = ServerAccess(
        link_of(load({"FI_DESKTOP_HOME": str(home)}, backend="cluster", **clinic.settings()))
    )
    (worker,) = access.check().usable
    said = Present("trap", 1, worker.version, worker.root, 1)
    stranger.redis.set("fi:worker:trap", json.dumps(stranger.key.close(said, "trap")))
    genuine = ClusterKey.read(clinic.key).close(replace(said, host="other"), "other")
    stranger.redis.set("fi:worker:elsewhere", json.dumps(genuine))  # of another name
    servers = access.check()
    assert (servers.usable, servers.refused) == ((worker,), 2)
    stranger.redis.delete("fi:worker:trap", "fi:worker:elsewhere")
