"""What Redis and the folder for transfers hold, and what a stranger who can write to both can do: nothing."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError, error_info
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions, SpeakerCount, Stage
from fi_desktop.settings import load
from fi_desktop.system.files import WAVEFORM
from fi_desktop.workers.protocol import AttemptFailed, Progressed
from tests.app_driver import running_app
from tests.workers.cluster.clinic import MISSING, Clinic, make_certificate, running_clinic, until

if MISSING:
    pytest.skip(MISSING, allow_module_level=True)

from fi_desktop.audio.recording import Recording
from fi_desktop.vault.sealed_file import IN_CLEAR
from fi_desktop.vault.sealing import SealBroken, new_key
from fi_desktop.workers.cluster import bundles
from fi_desktop.workers.cluster.desktop_id import desktop_id
from fi_desktop.workers.cluster.link import checked_place, destination, link_of
from fi_desktop.workers.cluster.orders import (
    Begun,
    ClusterKey,
    Order,
    OtherProtocol,
    Returned,
    checked_task_id,
    job_of,
)
from fi_desktop.workers.cluster.transfer import TransferRoot, audio_name, order_name, result_name

TASK = "0123456789ab-1.17.2"
COMPLETED = JobState.COMPLETED
PROMPT, TERM = "Metoprolol Quetzalcoatl", "Zenaidamicina"


def order(**changes: Any) -> Order:
    return replace(
        Order(
            "1.17.2", 17, new_key(), JobOptions(prompt=PROMPT), 30.0, 1.0, 2.0, 3.0, 0, False, ("es",), False
        ),
        **changes,
    )


@pytest.fixture
def key() -> ClusterKey:
    return ClusterKey(bytes(range(32)))


# ---- messages


def test_message_comes_back_as_it_was_sent(key: ClusterKey):
    sent = order()
    closed = json.loads(json.dumps(key.close(sent, TASK, delivery=2, number=3)))
    envelope = key.open(closed, TASK)
    assert envelope.message == sent
    assert (envelope.delivery, envelope.number, job_of(envelope.about)) == (2, 3, 17)


def test_message_says_nothing_to_those_without_the_key(key: ClusterKey):
    text = json.dumps(key.close(order(), TASK))
    assert not [word for word in (*PROMPT.split(), "prompt", "options", "builtin") if word in text]


@pytest.mark.parametrize("field", ["kind", "about", "delivery", "number", "body", "mac"])
def test_changed_message_is_refused(key: ClusterKey, field: str):
    closed = key.close(Returned(), TASK, delivery=1, number=1)
    changed = copy.deepcopy(closed)
    other = key.close(Begun("host", 1, "cpu"), "0123456789ab-1.18.2", delivery=2, number=2)
    changed[field] = other[field]
    with pytest.raises(ValueError, match=r"signed|sealed"):
        key.open(changed)


def test_message_about_another_task_is_refused(key: ClusterKey):
    with pytest.raises(ValueError, match="something else"):
        key.open(key.close(Returned(), TASK), "0123456789ab-1.18.2")


def test_message_of_another_clinic_is_refused(key: ClusterKey):
    with pytest.raises(ValueError, match="another key"):
        key.open(ClusterKey(bytes(32)).close(Returned(), TASK), TASK)


def test_message_of_another_version_is_no_strangers_message(key: ClusterKey, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("fi_desktop.workers.cluster.orders.PROTOCOL", 99)
    closed = key.close(Returned(), TASK)
    monkeypatch.undo()
    with pytest.raises(OtherProtocol):
        key.open(closed, TASK)


@pytest.mark.parametrize(
    "message",
    [
        Progressed("1.17.2", Stage.JOIN, 7.0),
        Begun("h" * 300, 1, "cpu"),
        AttemptFailed("1.17.2", error_info(ValueError())),
    ],
)
def test_impossible_values_are_refused(key: ClusterKey, message: Any):
    if isinstance(message, AttemptFailed):
        message = replace(message, error=replace(message.error, code="no code!"))
    with pytest.raises(ValueError, match=r"impossible|too long"):
        key.open(key.close(message, TASK), TASK)


@pytest.mark.parametrize(
    "name", ["../../etc-1.2.3", "0123456789ab-1.2.3/..", "0123456789ab-1.2", "", "x" * 99]
)
def test_task_that_would_name_another_file_is_refused(name: str):
    for make in (checked_task_id, audio_name, order_name, lambda task: result_name(task, 1)):
        with pytest.raises(ValueError, match="no task"):
            make(name)


def test_key_that_others_can_read_is_refused(tmp_path: Path):
    path = tmp_path / "key"
    ClusterKey.create(path)
    ClusterKey.read(path)
    path.chmod(0o644)
    with pytest.raises(UserError, match="Other accounts"):
        ClusterKey.read(path)
    path.write_text("secret")
    with pytest.raises(UserError, match="damaged"):
        ClusterKey.read(path)


# ---- connections


@pytest.mark.parametrize("url", ["rediss://clinic:6380/0", "redis://127.0.0.1:6379/0", "redis://localhost"])
def test_safe_connections_are_used(url: str):
    assert checked_place(url).encrypted is url.startswith("rediss")


def test_connection_without_tls_leaves_this_computer_only_if_that_is_allowed():
    with pytest.raises(UserError, match="not be encrypted"):
        checked_place("redis://clinic:6379/0")
    assert not checked_place("redis://clinic:6379/0", unencrypted=True).encrypted


@pytest.mark.parametrize(
    "url", ["http://clinic", "clinic", "rediss://", "rediss://clinic/0?ssl_cert_reqs=none", "amqp://clinic"]
)
def test_other_addresses_are_refused(url: str):
    with pytest.raises(UserError, match="does not begin"):
        checked_place(url)


def test_certificate_of_redis_is_checked(tmp_path: Path, ten_seconds: Path, home: Path):
    with running_clinic(tmp_path, tls=True) as clinic:
        with running_app(home, backend="cluster", **clinic.settings()) as driver:
            (job,) = driver.wait_until_done(*driver.submit(ten_seconds))
            assert job.state is JobState.COMPLETED
        other = tmp_path / "other"
        other.mkdir()
        make_certificate(other)
        settings = clinic.settings(broker_certificates=str(other / "ca.pem"))
        with running_app(home, backend="cluster", **settings) as driver:
            driver.submit(ten_seconds)
            driver.wait_for(lambda: any(getattr(event, "trouble", None) for event in driver.events))
            assert driver.app.service.counts().result(120)[JobState.QUEUED] == 1


# ---- what travels


@pytest.mark.parametrize("channels", range(1, 9))
def test_samples_arrive_bit_by_bit(tmp_path: Path, channels: int):
    noise = np.random.default_rng(channels).integers(-32768, 32768, (channels * 161_111,)).astype("<i2")
    source, flac, target = (tmp_path / name for name in ("audio.s16", "flac", "back.s16"))
    source.write_bytes(noise.tobytes())
    seal = bundles.seal_of(new_key(), "audio")
    bundles.write_audio(Recording(source, channels, 161_111), flac, seal, lambda _: None)
    assert bundles.read_audio(flac, seal, target, IN_CLEAR, channels) == 161_111
    assert target.read_bytes() == noise.tobytes()


def test_file_that_was_changed_on_the_way_is_refused(tmp_path: Path):
    bundle, key = tmp_path / "bundle", new_key()
    bundles.write_bundle({"decoded.json": b"{}"}, bundle, bundles.seal_of(key, "order"))
    assert bundles.read_bundle(bundle, bundles.seal_of(key, "order")) == {"decoded.json": b"{}"}
    with pytest.raises(SealBroken):
        bundles.seal_of(key, "result 1").read(bundle)  # one file in the place of another
    data = bytearray(bundle.read_bytes())
    data[-1] ^= 1
    bundle.write_bytes(data)
    with pytest.raises(Exception, match="makes no sense"):
        bundles.read_bundle(bundle, bundles.seal_of(key, "order"))


@pytest.mark.parametrize(
    "name", ["../../evil", "/etc/passwd", "vocabulary/../../x.txt", "hold", "vocabulary/es/a.sh"]
)
def test_bundle_cannot_write_elsewhere(tmp_path: Path, name: str):
    from fi_desktop.vault.job_files import CLEAR

    folder = tmp_path / "job"
    folder.mkdir()
    with pytest.raises(Exception, match="makes no sense"):
        bundles.write_small_files({name: b"x"}, folder, CLEAR)
    assert [path.name for path in tmp_path.rglob("*")] == ["job"]


def test_nothing_private_is_in_redis_or_in_the_folder(home: Path, clinic: Clinic, patient: Path):
    words = [*patient.stem.split(), *PROMPT.split(), TERM, "sample", "SPEAKER"]
    options = JobOptions(prompt=PROMPT, vocabulary=(TERM,), speakers=SpeakerCount(2, 2))
    seen: list[bytes] = []
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        process = clinic.suspend_process()
        (job_id,) = driver.submit(patient, options=options)
        until(
            lambda: (
                len(clinic.files()) == 2 and clinic.client.llen("fi-desktop") + clinic.client.hlen("unacked")
            )
        )
        seen += everything(clinic)
        process.resume()
        driver.wait_for(
            lambda: not seen.extend(everything(clinic)) and driver.states(job_id)[-1:] == [COMPLETED]
        )
        (job,) = driver.wait_until_done(job_id)
    assert job.state is JobState.COMPLETED
    assert any(b"fi_desktop.attempt" in data for data in seen)
    assert any(data.startswith(b"fi-seal1") for data in seen)
    found = {word for word in words for data in seen if word.encode() in data}
    assert found == set()
    assert not any(data.startswith((b"RIFF", b"fLaC")) for data in seen)


def everything(clinic: Clinic) -> list[bytes]:
    """Return all that Redis and the folder for transfers hold now."""
    client = clinic.client
    dumped = [client.dump(name) or b"" for name in client.scan_iter()]
    plain = [repr(client.hgetall(name)).encode() for name in client.scan_iter(_type="hash")]
    plain += [repr(client.lrange(name, 0, -1)).encode() for name in client.scan_iter(_type="list")]
    plain += [client.get(name) or b"" for name in client.scan_iter(_type="string")]
    files = []
    for path in clinic.transfer.iterdir():
        with suppress(FileNotFoundError):  # it has just been deleted
            files.append(path.read_bytes())
    return dumped + plain + files


def test_stranger_can_neither_submit_nor_answer(home: Path, clinic: Clinic, patient: Path):
    """Somebody who may write to Redis, and has no key."""
    from fi_desktop.workers.cluster.broker import Broker, celery_app

    stranger, place = ClusterKey(bytes(32)), checked_place(clinic.url)
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        process = clinic.suspend_process()
        (job_id,) = driver.submit(patient)
        until(clinic.keys)
        task = clinic.keys()[0].removeprefix("fi:claim:")
        forged = stranger.close(
            AttemptFailed("1.1.1", error_info(UserError(messages.AUDIO_EMPTY))), task, delivery=9
        )
        broker = Broker(place)
        broker.report(task, [forged, stranger.close(Returned(), task, delivery=9, number=9)])
        app = celery_app(place)
        app.send_task("fi_desktop.attempt", args=[stranger.close(order(), TASK)], task_id=TASK)
        app.send_task("fi_desktop.attempt", args=[{"kind": "Order"}], task_id="../../etc")
        process.resume()
        (job,) = driver.wait_until_done(job_id)
        assert job.state is JobState.COMPLETED
        assert [attempt.error for attempt in job.attempts] == [None]
        until(lambda: "CLUSTER_TASK_REFUSED" in clinic.log() and clinic.log().count("REFUSED") == 2)


def test_result_has_the_name_of_the_recording_and_the_server_never_had_it(
    home: Path, clinic: Clinic, patient: Path
):
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        (job_id,) = driver.submit(patient)
        driver.wait_until_done(job_id)
        assert driver.app.service.folders.transcript(job_id).provenance.source_name == patient.name
        assert (driver.app.service.folders.folder(job_id) / WAVEFORM).is_file()
    written = [path for path in clinic.folder.rglob("*") if path.is_file()]
    assert not [path for path in written if b"Quetzalcoatl" in path.read_bytes()]


def test_monitors_see_states_and_numbers_of_jobs(home: Path, clinic: Clinic, patient: Path):
    """What Celery keeps of a task, which Flower shows."""
    with running_app(home, backend="cluster", **clinic.settings()) as driver:
        ids = driver.submit(patient) + driver.submit(patient, options=JobOptions(engine="pyannote"))
        driver.wait_until_done(*ids)
    desktop = desktop_id(home)
    kept = [f"celery-task-meta-{desktop}-1.{job_id}.1" for job_id in ids]
    until(lambda: clinic.client.exists(*kept) == 2)
    done, failed = (json.loads(clinic.client.get(name)) for name in kept)
    assert (done["status"], done["result"]) == ("SUCCESS", "returned")
    assert (failed["status"], failed["result"]["exc_message"]) == ("FAILURE", ["engine.no_model"])


def test_folder_for_transfers_must_be_one(tmp_path: Path):
    for url in ("nonsense://x/y", "relative/folder"):
        with pytest.raises(UserError, match="folder for transfers"):
            TransferRoot(url).files()
    with pytest.raises(Exception, match="cannot be reached"):
        TransferRoot((tmp_path / "missing").as_uri()).files()


def test_settings_that_do_not_say_where_the_server_is_are_refused(home: Path):
    with pytest.raises(UserError, match="do not say where"):
        link_of(load({}, backend="cluster", send_recordings=True))


def test_place_that_people_agree_to_names_no_account():
    url = "rediss://desktop:secret@Server.example.org:6380/0"
    for transfer, shown in (
        ("sftp://user:word@nas.example.org:22/transfer", "sftp://nas.example.org"),
        ("file:///mnt/clinic/transfer", "file:///mnt/clinic/transfer"),
        ("s3://bucket/transfer", "s3://bucket"),
    ):
        settings = load({}, broker=url, transfer=transfer)
        assert destination(settings) == f"server.example.org {shown}"
    for broken in ({"broker": "rediss://[", "transfer": "s3://b/t"}, {"broker": url, "transfer": "folder"}):
        assert destination(load({}, **broken)) == ""
