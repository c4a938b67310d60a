"""One real recording through a server on this computer: `make cluster-demo`.

Redis with TLS and users, a worker with a separate data folder, and a separate account if root runs this;
transfer by SFTP with a real sshd, and by S3 with moto's server. Each once undisturbed, and once with the
worker killed half-way.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from fi_desktop.core.job import Job, JobState
from fi_desktop.core.values import JobOptions, Stage
from fi_desktop.jobs.queue_events import JobProgressed
from fi_desktop.models import PackKind
from fi_desktop.system.files import resource
from tests.app_driver import Driver, running_app
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper
from tests.workers.cluster.clinic import MISSING, until
from tests.workers.cluster.secured import (
    NO_SSH,
    STRANGER_UID,
    SecuredClinic,
    SftpServer,
    listens,
    other_account,
    running_sftp,
)

ROOT = Path(__file__).resolve().parents[3]
RECORDING = resource("samples", "consulta.flac")
REAL = ROOT / "build" / "real" / "models" / "faster-whisper-base"
LOST_AFTER_S = 8.0
_WORDS = ("Buenos", "dias", "doctora", "me", "duele", "la", "cabeza")
_S3 = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def main() -> int:
    """Run it; return the exit code."""
    if MISSING or NO_SSH:
        print(f"The demo cannot run: {MISSING or NO_SSH}.")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="fi-desktop-demo-"))
    folder.chmod(0o711)
    os.environ["HOME"] = str(folder / "account")
    (folder / "account").mkdir(mode=0o700)
    try:
        run(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def run(folder: Path) -> None:
    """Run all of it in a folder."""
    model = words_model(folder / "models")
    account = other_account()
    as_whom = f"account {STRANGER_UID}" if account else "this account: no other one can run this Python"
    print(f"The worker runs as {as_whom}. Words are from {model.name}.", flush=True)
    with running_sftp(folder / "sftp") as sftp:
        sftp.welcome(folder / "account")
        with running_demo(folder / "by-sftp", model, account, sftp=sftp) as clinic:
            check("SFTP", folder / "desktop-1", clinic, model, undisturbed)
            check("SFTP, worker killed", folder / "desktop-2", clinic, model, kill)
    if find_spec("s3fs") is None or moto() is None:
        print("S3 was not tried: pip install s3fs 'moto[server]'.")
        return
    with running_s3() as address:
        os.environ.update(_S3 | {"AWS_ENDPOINT_URL": address})
        with running_demo(folder / "by-s3", model, account, transfer="s3://clinic/transfer") as clinic:
            check("S3", folder / "desktop-3", clinic, model, undisturbed)
            check("S3, worker killed", folder / "desktop-4", clinic, model, kill)


def words_model(folder: Path) -> Path:
    """Return a model for words: Whisper base if it is there, or else one made for the tests."""
    if REAL.is_dir():
        return REAL.resolve()
    made = folder / "test-words"
    make_whisper(made, _WORDS, language="es", seconds_per_word=0.5)
    install(made, PackKind.WHISPER)
    return made


def check(
    what: str,
    home: Path,
    clinic: SecuredClinic,
    model: Path,
    disturb: Callable[[Driver, SecuredClinic, int], None],
) -> None:
    """Have the recording done, and say what came back and what is left."""
    from fi_desktop.workers.cluster.transfer import TransferRoot

    (home / "models").mkdir(parents=True)
    shutil.copytree(model, home / "models" / model.name)
    os.environ["FI_DESKTOP_HOME"] = str(home)
    root, began = TransferRoot(clinic.url_of_transfer), time.monotonic()
    settings = clinic.settings(stuck_after_s=LOST_AFTER_S, retry_delays_s=(1.0, 1.0))
    options = JobOptions(engine="builtin", transcriber=model.name, language="es")
    with running_app(home, backend="cluster", **settings) as driver:
        (job_id,) = driver.submit(RECORDING, options=options)
        driver.wait_for(lambda: at_work(driver, job_id))
        assert root.files(), "nothing was sent"
        disturb(driver, clinic, job_id)
        (job,) = driver.wait_until_done(job_id)
        assert job.state is JobState.COMPLETED, job.error
        said(what, driver, job, time.monotonic() - began)
        until(lambda: not root.files() and not clinic.keys())
        assert driver.app.service.verify().result(60) == []
    refused = clinic.acl_log()
    assert not refused, refused
    print("    nothing is left in the folder for transfers, nor of the task in Redis", flush=True)


def said(what: str, driver: Driver, job: Job, took_s: float) -> None:
    """Say what came back."""
    transcript = driver.app.service.folders.transcript(job.id)
    words = [word for segment in transcript.segments for word in segment.words]
    assert len(transcript.speakers) == 2
    assert words
    outcomes = ", ".join(str(attempt.outcome and attempt.outcome.value) for attempt in job.attempts)
    print(
        f"{what}: {len(transcript.segments)} turns, {len(words)} words, {len(transcript.speakers)} speakers; "
        f"{took_s:.1f} s; attempts: {outcomes}",
        flush=True,
    )


def at_work(driver: Driver, job_id: int) -> bool:
    """Whether the server reports what only it does."""
    return any(
        isinstance(event, JobProgressed) and event.job_id == job_id and event.stage is Stage.TRANSCRIBE
        for event in driver.events
    )


def undisturbed(driver: Driver, clinic: SecuredClinic, job_id: int) -> None:
    """Leave it alone."""


def kill(driver: Driver, clinic: SecuredClinic, job_id: int) -> None:
    """Kill the worker with all its processes, and start another one on another data folder."""
    clinic.kill_worker(clinic.workers[0])
    clinic.start_worker()


@contextmanager
def running_demo(
    folder: Path,
    model: Path,
    account: tuple[str, str] | None,
    *,
    sftp: SftpServer | None = None,
    transfer: str = "",
) -> Iterator[SecuredClinic]:
    """Run Redis and a worker. transfer: URL of the folder for transfers, if not by SFTP."""
    clinic = SecuredClinic(folder, sftp=sftp, account=account)
    clinic.model = model
    clinic.url_of_transfer = transfer or clinic.url_of_transfer
    try:
        clinic.start_redis()
        clinic.start_worker()
        yield clinic
    finally:
        clinic.stop()


def moto() -> str | None:
    """Return moto's server; None if it is not installed."""
    here = str(Path(sys.executable).parent)
    return shutil.which("moto_server", path=os.pathsep.join((here, os.environ["PATH"])))


@contextmanager
def running_s3() -> Iterator[str]:
    """Run an S3 server with an empty bucket `clinic`; give its address."""
    import s3fs

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [moto() or "", "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: listens(port))
        s3fs.S3FileSystem(key="demo", secret="demo", endpoint_url=address).mkdir("clinic")
        yield address
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    sys.exit(main())
