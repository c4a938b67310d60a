"""`fi-desktop queue` and `jobs start`, with the queue in this process and in another one."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date, datetime
from datetime import time as clock
from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.cli import main, parse
from fi_desktop.cli.queue_access import waiting_for
from fi_desktop.core.job import START_NOW
from fi_desktop.jobs.queue_events import QueueHeld
from fi_desktop.models import PackKind
from fi_desktop.settings import Settings, load
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper


class Owner:
    """What the process that owns the queue has heard of its settings."""

    def __init__(self, app: App | None) -> None:
        self.app = app
        self.heard: list[Settings] = []
        if app is not None:
            app.on_settings(self.heard.append)


@pytest.fixture(params=["in this process", "in another process"])
def owner(request, home: Path, tmp_path: Path, monkeypatch) -> Iterator[Owner]:
    monkeypatch.setenv("FI_DESKTOP_HOME", str(home))
    app = App(load(), backend="idle")
    app.start()
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF")
    app.service.submit([recording]).result(120)
    if request.param == "in this process":
        app.stop()
        yield Owner(None)
    else:
        yield Owner(app)
        app.stop()


def test_times_are_saved_applied_and_shown(owner, capsys):
    assert main(["queue", "times", "--start", "night", "--night", "22:00-5:30", "--only-mains", "on"]) == 0
    shown = capsys.readouterr().out
    assert "Jobs start between 22:00 and 05:30." in shown
    assert "No job starts on battery." in shown
    settings = load()
    times = settings.run_at, settings.night_from, settings.night_until, settings.only_mains
    assert times == ("night", "22:00", "05:30", True)
    if owner.app is not None:
        assert [each.night_from for each in owner.heard] == ["22:00"]
        assert owner.app.settings.run_at == "night"
    assert main(["queue", "times", "--start", "any", "--only-mains", "off"]) == 0
    assert main(["queue", "show"]) == 0
    assert capsys.readouterr().out.count("Jobs start at any time.") == 2


def test_priority_is_saved(owner, capsys):
    assert main(["queue", "priority", "normal"]) == 0
    assert not load().low_priority
    main(["queue", "show"])
    assert "Jobs run at normal priority." in capsys.readouterr().out


def test_pause_and_resume(owner, capsys):
    assert main(["queue", "pause"]) == 0
    main(["queue", "show"])
    assert "The queue is paused." in capsys.readouterr().out
    assert main(["queue", "resume"]) == 0
    main(["queue", "show"])
    assert "paused" not in capsys.readouterr().out


def test_a_setting_of_the_environment_is_not_changed(owner, capsys, monkeypatch):
    if owner.app is not None:
        pytest.skip("the environment of the owner counts")
    monkeypatch.setenv("FI_DESKTOP_RUN_AT", "any")
    assert main(["queue", "times", "--start", "night"]) == 2
    assert "run_at" in capsys.readouterr().err


def start_of(capsys) -> float | None:
    capsys.readouterr()
    main(["jobs", "show", "1", "--json"])
    return json.loads(capsys.readouterr().out).get("start_at")


def test_a_job_starts_when_a_person_says(owner, capsys):
    assert main(["jobs", "start", "1", "--at", "now"]) == 0
    assert start_of(capsys) == START_NOW
    soon = datetime.fromtimestamp(time.time() + 7200).astimezone()
    assert main(["jobs", "start", "1", "--at", f"{soon:%H:%M}"]) == 0
    start_at = start_of(capsys)
    assert start_at is not None
    assert f"{datetime.fromtimestamp(start_at).astimezone():%H:%M}" == f"{soon:%H:%M}"
    assert 0 < start_at - time.time() <= 7200
    assert main(["jobs", "start", "1", "--at", "queue"]) == 0
    assert start_of(capsys) is None


@pytest.mark.parametrize("words", [["times", "--night", "20:00"], ["times", "--night", "25:00-06:00"]])
def test_a_night_that_is_none_is_refused(words: list[str], capsys):
    with pytest.raises(SystemExit):
        parse(["queue", *words])
    assert "is not like 20:00-06:00" in capsys.readouterr().err


def test_a_start_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit):
        parse(["jobs", "start", "1", "--at", "noon"])
    assert "'noon' is neither now, tonight, queue nor a time" in capsys.readouterr().err


def test_what_jobs_wait_for_is_one_sentence():
    eight = datetime.combine(date(2026, 11, 28), clock(20)).timestamp()
    assert waiting_for(QueueHeld(eight)) == "Waiting until 20:00."
    assert waiting_for(QueueHeld(for_mains=True)) == "Waiting for mains power."
    assert waiting_for(QueueHeld()) == ""


def test_words_are_added_only_with_a_model_and_to_results_without_words(owner, home: Path, capsys):
    assert main(["jobs", "add-words", "1"]) == 1
    assert "No transcription model is installed." in capsys.readouterr().err
    install(make_whisper(home / "models" / "test-words", ["Hola."]), PackKind.WHISPER)
    assert main(["jobs", "add-words", "1"]) == 1
    assert "None of these jobs has a result without words." in capsys.readouterr().out
