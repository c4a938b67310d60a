"""Alerts: what raises one, that each is sent once, and that it reaches real servers, encrypted."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from queue import Empty

import psutil
import pytest

from fi_desktop import cli
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobState
from fi_desktop.jobs.alert_channels import (
    PASSWORD_VARIABLE,
    Alert,
    AlertCommand,
    AlertDelivery,
    MailChannel,
    WebhookChannel,
    channels_of,
)
from fi_desktop.jobs.alerts import AlertFigures, AlertJudge, AlertLimits
from fi_desktop.jobs.queue_events import AlertsChanged
from fi_desktop.jobs.queue_history import HistoryKind, read_history
from fi_desktop.settings import load, save_changes
from tests.app_driver import running_app
from tests.certificates import server_context
from tests.jobs.alert_servers import HookServer, MailServer

TIMEOUT_S = 60.0
NOTE = messages.ALERT_QUEUE(number=25, limit=20, minutes=15)
ALERT = Alert(NOTE, str(NOTE), 1_790_000_000.0, "Recepción 2")
LIMITS = AlertLimits(queue=20, queue_s=900.0, failures=50, disk_bytes=5_000, restarts=3, every_s=3600.0)


def codes(notes):
    return [note.code.removeprefix("alert.") for note in notes]


@pytest.fixture
def tls(tmp_path):
    return server_context(tmp_path)


@pytest.fixture
def mail(tls):
    server = MailServer(tls[0])
    yield server
    server.close()


@pytest.fixture
def hook():
    server = HookServer()
    yield server
    server.close()


def received(server):
    return server.received.get(timeout=TIMEOUT_S)


# ---- what is an alert


def test_a_long_queue_is_an_alert_once_it_lasted():
    judge = AlertJudge()
    assert judge.judge(LIMITS, AlertFigures(waiting=21), 0.0) == ()
    assert judge.judge(LIMITS, AlertFigures(waiting=20), 600.0) == ()  # starts again
    assert judge.judge(LIMITS, AlertFigures(waiting=21), 700.0) == ()
    assert judge.judge(LIMITS, AlertFigures(waiting=30), 1599.0) == ()
    (note,) = judge.judge(LIMITS, AlertFigures(waiting=25), 1600.0)
    assert str(note) == "Waiting recordings: 25, more than 20 for 15 minutes."


def test_an_alert_is_sent_once_until_it_is_over_and_not_again_within_the_interval():
    judge, bad, good = AlertJudge(), AlertFigures(lost=3), AlertFigures(lost=2)
    assert codes(judge.judge(LIMITS, bad, 0.0)) == ["restarts"]
    assert judge.judge(LIMITS, bad, 5000.0) == ()
    assert codes(judge.raised.values()) == ["restarts"]
    assert judge.judge(LIMITS, good, 6000.0) == ()
    assert judge.raised == {}
    assert codes(judge.judge(LIMITS, bad, 6001.0)) == ["restarts"]
    assert judge.judge(LIMITS, good, 6002.0) == ()
    assert judge.judge(LIMITS, bad, 6003.0) == ()  # within the interval
    assert judge.raised == {}
    assert codes(judge.judge(LIMITS, bad, 6001.0 + 3600.0)) == ["restarts"]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        (AlertFigures(completed=2, failed=2), ["failures"]),
        (AlertFigures(completed=3, failed=2), []),
        (AlertFigures(completed=0, failed=3), []),  # too few to say
        (AlertFigures(disk_free=4999), ["disk"]),
        (AlertFigures(disk_free=5000), []),
        (AlertFigures(disk_free=None), []),
        (AlertFigures(disk_free=0, lost=9, failed=4), ["failures", "disk", "restarts"]),
    ],
)
def test_limits(figures, expected):
    assert codes(AlertJudge().judge(LIMITS, figures, 0.0)) == expected


def test_nothing_is_an_alert_by_default():
    limits = AlertLimits.of(load({}))
    assert not limits.any
    everything = AlertFigures(waiting=9999, failed=99, disk_free=0, lost=99)
    assert AlertJudge().judge(limits, everything, 0.0) == ()
    assert channels_of(load({})) == ()


# ---- where it is sent


@pytest.mark.parametrize("implicit", [False, True], ids=["STARTTLS", "TLS"])
def test_mail_is_encrypted_and_has_numbers_only(tls, implicit):
    server = MailServer(tls[0], implicit=implicit)
    try:
        MailChannel(
            "127.0.0.1",
            server.port,
            "alertas@example.org",
            ("it@example.org", "ana@example.org"),
            "tls" if implicit else "starttls",
            "monitor",
            lambda: "secret of the test",
            str(tls[1]),
        ).send(ALERT)
        mail = received(server)
    finally:
        server.close()
    assert mail.secure
    assert mail.login == "monitor:secret of the test"
    assert mail.sender == mail.message["From"] == "alertas@example.org"
    assert mail.recipients == ("it@example.org", "ana@example.org")
    assert mail.greeting == "[127.0.0.1]"
    assert mail.message["Subject"] == "Recepción 2: Waiting recordings: 25, more than 20 for 15 minutes."
    assert mail.message.get_content().strip() == mail.message["Subject"]


def test_mail_is_not_sent_without_encryption_unless_the_server_is_here(mail):
    plain = MailServer()
    here = MailChannel("127.0.0.1", plain.port, "a@b.org", ("c@d.org",), "none")
    try:
        here.send(ALERT)
        assert not received(plain).secure
        with pytest.raises(ValueError, match="not encrypted"):
            replace(here, host="192.0.2.1").send(ALERT)
        with pytest.raises(OSError, match="STARTTLS"):  # an attacker in between took the offer away
            replace(here, security="starttls").send(ALERT)
        with pytest.raises(OSError, match="certificate"):
            MailChannel("127.0.0.1", mail.port, "a@b.org", ("c@d.org",)).send(ALERT)
    finally:
        plain.close()
    with pytest.raises(Empty):
        mail.received.get_nowait()


def test_web_address_gets_json_and_redirections_are_not_followed(tls, hook):
    secure = HookServer(tls[0])
    try:
        WebhookChannel(secure.address, str(tls[1])).send(ALERT)
        path, content = received(secure)
        with pytest.raises(OSError, match="certificate"):
            WebhookChannel(secure.address).send(ALERT)
    finally:
        secure.close()
    assert path == "/alerts?token=7"
    fields = json.loads(content)
    assert fields.pop("version")
    assert fields == {
        "alert": "queue",
        "text": "Recepción 2: Waiting recordings: 25, more than 20 for 15 minutes.",
        "at": "2026-09-21T14:13:20+00:00",
        "name": "Recepción 2",
        "values": {"limit": 20, "minutes": 15, "number": 25},
        "program": "fi-desktop",
    }
    WebhookChannel(hook.address).send(ALERT)  # to this computer
    received(hook)
    hook.status = 302
    with pytest.raises(OSError, match="302"):
        WebhookChannel(hook.address).send(ALERT)
    with pytest.raises(ValueError, match="not encrypted"):
        WebhookChannel("http://192.0.2.1/").send(ALERT)


def test_command_reads_the_alert(tmp_path):
    script, out = tmp_path / "alert.py", tmp_path / "out"
    script.write_text("import sys; open(sys.argv[1], 'wb').write(sys.stdin.buffer.read())")
    AlertCommand(shlex.join([sys.executable, str(script), str(out)])).send(ALERT)
    assert json.loads(out.read_bytes())["values"]["number"] == 25
    with pytest.raises(OSError, match="failed"):
        AlertCommand(shlex.join([sys.executable, "-c", "raise SystemExit(3)"])).send(ALERT)


def test_a_hanging_server_holds_up_nobody_and_a_refusal_is_tried_again(tls, mail, hook):
    hanging = MailServer()
    hanging.silent = True
    mail.refusals = 1
    delivery = AlertDelivery(first_pause_s=0.05)
    hung = MailChannel("127.0.0.1", hanging.port, "a@b.org", ("c@d.org",), "none", timeout_s=TIMEOUT_S)
    trusted = MailChannel("127.0.0.1", mail.port, "a@b.org", ("c@d.org",), certificates=str(tls[1]))
    delivery.change([hung, trusted, WebhookChannel(hook.address)])
    began = time.monotonic()
    delivery.send(ALERT)
    assert time.monotonic() - began < 1.0
    assert hanging.connections.get(timeout=TIMEOUT_S) == "opened"
    assert received(hook)
    assert received(mail).message["Subject"]  # at the second try
    began = time.monotonic()
    delivery.close()
    assert time.monotonic() - began < 5.0
    hanging.close()


# ---- the whole program


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process by a signal")
def test_a_killed_worker_and_failures_reach_mail_web_address_and_history(
    home: Path, tmp_path: Path, tls, mail, hook, monkeypatch
):
    monkeypatch.setattr("fi_desktop.jobs.alerts.LOOK_S", 0.1)
    monkeypatch.setenv(PASSWORD_VARIABLE, "of the test")
    broken = [tmp_path / f"Paciente García {number}.wav" for number in range(4)]
    for number, file in enumerate(broken):
        file.write_bytes(b"RIFF no recording %d" % number)
    settings = {
        "alert_restarts": 1,
        "alert_failures": 80,
        "alert_disk_gb": 90_000.0,
        "alert_queue": 2,
        "alert_queue_min": 0,
        "alert_mail_to": "it@example.org",
        "alert_mail_server": f"127.0.0.1:{mail.port}",
        "alert_mail_user": "monitor",
        "alert_certificates": str(tls[1]),
        "alert_webhook": hook.address,
        "language": "es",
    }
    with running_app(home, workers=1, **settings) as driver:
        driver.wait_for(lambda: bool(driver.workers()))
        psutil.Process(driver.workers()[0].pid).send_signal(signal.SIGKILL)
        driver.app.service.pause().result(TIMEOUT_S)
        ids = driver.submit(*broken)
        found = {}
        while {"queue", "disk", "restarts"} - found.keys():
            fields = json.loads(received(hook)[1])
            found[fields["alert"]] = fields
        driver.app.service.resume().result(TIMEOUT_S)
        for job_id in ids:
            driver.wait_for_state(job_id, JobState.FAILED)
        fields = json.loads(received(hook)[1])
        found[fields["alert"]] = fields
        mails = [received(mail) for _ in range(4)]
        driver.wait_for(
            lambda: any(
                isinstance(event, AlertsChanged) and "alert.failures" in {note.code for note in event.raised}
                for event in driver.events
            )
        )
    assert set(found) == {"queue", "disk", "restarts", "failures"}
    assert found["failures"]["values"] == {"failed": 4, "ended": 4, "percent": 100, "limit": 80}
    assert found["restarts"]["values"] == {"number": 1, "limit": 1}
    assert "Procesos" in found["restarts"]["text"]
    assert hook.received.empty()  # each once
    assert mail.received.empty()
    assert {each.login for each in mails} == {"monitor:of the test"}
    sent = b"".join(each.message.as_bytes() for each in mails) + json.dumps(found).encode()
    assert b"Garc" not in sent
    assert os.fsencode(tmp_path) not in sent
    entries = read_history(home / "history.jsonl", since=0)
    raised = sorted(entry.code for entry in entries if entry.kind is HistoryKind.ALERT_RAISED)
    assert raised == ["alert.disk", "alert.failures", "alert.queue", "alert.restarts"]


def test_settings_refuse_plain_mail_elsewhere_mail_without_a_server_and_bad_addresses(home: Path):
    settings = load()
    with pytest.raises(UserError, match="mail server"):
        save_changes(settings, {"alert_mail_to": "it@example.org"})
    mail = {"alert_mail_to": "it@example.org", "alert_mail_server": "smtp.example.org"}
    with pytest.raises(UserError, match="on this computer"):
        save_changes(settings, {**mail, "alert_mail_security": "none"})
    here = {**mail, "alert_mail_server": "[::1]:2525", "alert_mail_security": "none"}
    (channel,) = channels_of(save_changes(settings, here))
    assert (channel.host, channel.port, channel.sender) == ("::1", 2525, "it@example.org")
    (channel,) = channels_of(save_changes(settings, mail))
    assert (channel.host, channel.port, channel.security) == ("smtp.example.org", 587, "starttls")
    for name, value in (
        ("alert_webhook", "http://example.org/"),
        ("alert_webhook", "https://user:word@example.org/"),
        ("alert_webhook", "ftp://example.org/"),
        ("alert_webhook", "https://example.org:x/"),
        ("alert_mail_to", "it@example.org\nBcc: all@example.org"),
        ("alert_mail_to", "nobody"),
    ):
        with pytest.raises(UserError, match=name):
            save_changes(settings, {name: value})


def test_the_command_line_shows_limits_and_sends_a_test(home: Path, hook, capsys, monkeypatch):
    monkeypatch.setenv("FI_DESKTOP_ALERT_WEBHOOK", hook.address)
    monkeypatch.setenv("FI_DESKTOP_ALERT_QUEUE", "7")
    assert cli.main(["alerts", "show"]) == 0
    shown = capsys.readouterr().out
    assert "more than 7 for 15 minutes" in shown
    assert "Sent by: webhook." in shown
    assert cli.main(["alerts", "test"]) == 0
    assert json.loads(received(hook)[1])["alert"] == "test"
    hook.status = 500
    assert cli.main(["alerts", "test"]) == 1
    assert "webhook" in capsys.readouterr().err
    monkeypatch.delenv("FI_DESKTOP_ALERT_WEBHOOK")
    assert cli.main(["alerts", "test"]) == 1
