"""A server with TLS, users of Redis and SFTP, as docs/cluster.md sets it up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.values import JobOptions
from tests.app_driver import running_app
from tests.workers.cluster.clinic import until
from tests.workers.cluster.secured import SecuredClinic, SftpServer, running_secured_clinic, running_sftp
from tests.workers.cluster.test_faults import wait_until_at_work

LOST_AFTER_S = 3.0


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    with running_sftp(tmp_path_factory.mktemp("ssh") / "sftp") as server:
        yield server


@pytest.fixture(scope="module")
def clinic(tmp_path_factory: pytest.TempPathFactory, sftp: SftpServer) -> Iterator[SecuredClinic]:
    with running_secured_clinic(tmp_path_factory.mktemp("secured"), sftp=sftp) as clinic:
        yield clinic


@pytest.fixture
def account(home: Path, sftp: SftpServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of the desktop's account, which knows the SFTP server."""
    folder = home / "account"
    folder.mkdir()
    sftp.welcome(folder)
    monkeypatch.setenv("HOME", str(folder))
    return folder


def test_recording_is_done_over_tls_and_sftp_with_the_least_rights(
    home: Path, account: Path, clinic: SecuredClinic, ten_seconds: Path
):
    clinic.client.acl_log_reset()
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
        assert job.state is JobState.COMPLETED, job.error
        assert job.summary is not None
        assert job.summary.speakers == 2
        until(clinic.is_clean)
    assert clinic.acl_log() == []


@pytest.mark.slow
def test_worker_that_is_killed_over_tls_and_sftp_costs_one_attempt(
    home: Path, account: Path, clinic: SecuredClinic, recording: Path
):
    clinic.client.acl_log_reset()
    with running_app(home, backend="cluster", **clinic.settings(stuck_after_s=LOST_AFTER_S)) as driver:
        (job_id,) = driver.submit(recording, options=JobOptions(transcriber="none"))
        wait_until_at_work(driver, job_id)
        clinic.kill_worker(clinic.workers[0])
        clinic.start_worker()
        (job,) = driver.wait_until_done(job_id)
        assert job.state is JobState.COMPLETED, job.error
        outcomes = [attempt.outcome for attempt in job.attempts]
        assert outcomes == [AttemptOutcome.CRASHED, AttemptOutcome.COMPLETED]
        assert (job.charged, job.lost) == (1, 0)
        until(clinic.is_clean)
    assert clinic.acl_log() == []


def test_no_user_of_redis_may_do_more_than_it_needs(clinic: SecuredClinic):
    import redis

    desktop = clinic.user("desktop")
    worker = clinic.user("worker")
    flower = clinic.user("flower")
    refused = {
        "desktop reads tasks": lambda: desktop.lrange("fi-desktop", 0, -1),
        "desktop takes a task": lambda: desktop.rpop("fi-desktop"),
        "desktop answers": lambda: desktop.xadd("fi:reports:0", {"said": "x"}),
        "desktop is a worker": lambda: desktop.set("fi:worker:x", "x"),
        "desktop sees what has no acknowledgement": lambda: desktop.hset("unacked", "x", "x"),
        "worker has another key": lambda: worker.get("other"),
        "worker lists keys": lambda: worker.keys("*"),
        "flower submits": lambda: flower.lpush("fi-desktop", "x"),
        "flower takes a task": lambda: flower.brpop("fi-desktop", 1),
        "flower reads reports": lambda: flower.xread({"fi:reports:0": "0"}),
        "flower reads a claim": lambda: flower.get("fi:claim:0"),
    }
    for name, user in (("desktop", desktop), ("worker", worker), ("flower", flower)):
        refused |= {
            f"{name} deletes everything": lambda user=user: user.flushall(),
            f"{name} changes users": lambda user=user: user.acl_setuser("x", enabled=True),
            f"{name} changes Redis": lambda user=user: user.config_set("dir", "/"),
            f"{name} reads Redis' settings": lambda user=user: user.config_get("*"),
            f"{name} listens to all": lambda user=user: user.execute_command("MONITOR"),
            f"{name} copies a key": lambda user=user: user.dump("fi:claim:0"),
            f"{name} stops Redis": lambda user=user: user.execute_command("SHUTDOWN"),
        }
    for what, call in refused.items():
        with pytest.raises(redis.exceptions.NoPermissionError):
            call()
            raise AssertionError(what)
    with pytest.raises(redis.AuthenticationError):
        clinic.connection("default", "").ping()
    with pytest.raises(redis.AuthenticationError):
        clinic.connection("desktop", "0" * 64).ping()


def test_server_with_a_certificate_of_another_name_or_authority_is_refused(
    clinic: SecuredClinic, tmp_path: Path
):
    import redis

    from fi_desktop.workers.cluster.broker import Broker, celery_app
    from fi_desktop.workers.cluster.link import BrokerPlace

    right = clinic.settings()["broker"]
    certificates = str(clinic.certificates)
    assert Broker(BrokerPlace(right, certificates)).ping_s() < 5.0
    for place in (
        BrokerPlace(right.replace("localhost", "127.0.0.1"), certificates),
        BrokerPlace(right),  # the authorities of this computer
    ):
        with pytest.raises(redis.ConnectionError, match="certificate verify failed"):
            Broker(place).ping_s()
        with celery_app(place).connection_for_write() as connection:
            with pytest.raises(Exception, match="certificate verify failed"):
                connection.ensure_connection(max_retries=1, interval_start=0)


def test_sftp_server_with_another_host_key_gets_nothing(
    account: Path, sftp: SftpServer, clinic: SecuredClinic
):
    from fi_desktop.core.errors import TransientError
    from fi_desktop.workers.cluster.transfer import TransferRoot

    assert TransferRoot(clinic.url_of_transfer).files() == []
    sftp.welcome(account, host_key="stranger")
    with pytest.raises(TransientError, match="BadHostKey"):
        TransferRoot(clinic.url_of_transfer)
    (account / ".ssh" / "known_hosts").unlink()
    with pytest.raises(TransientError, match="SSHException"):
        TransferRoot(clinic.url_of_transfer)
