"""`fi-desktop jobs options`, with the queue in this process and in another one."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.cli import parse
from fi_desktop.core.codec import options_from_json
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.settings import Settings, load


@pytest.fixture(params=["in this process", "in another process"])
def settings(request, tmp_path: Path) -> Iterator[Settings]:
    settings = load({"FI_DESKTOP_HOME": str(tmp_path / "home")})
    app = App(settings, backend="idle")
    app.start()
    files = [tmp_path / name for name in ("a.wav", "b.wav")]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    app.service.submit(files[:1], JobOptions(language="es")).result(120)
    app.service.submit(files[1:], JobOptions(prompt="Buenos días.")).result(120)
    if request.param == "in this process":
        app.stop()
        yield settings
    else:
        yield settings
        app.stop()


def call(settings: Settings, *words: str) -> int:
    options = parse(["jobs", *words])
    return options.command(settings, options)


def test_only_given_options_change(settings, capsys):
    assert call(settings, "options", "1", "2", "--speakers", "3") == 0
    assert call(settings, "options", "2", "--language", "de") == 0
    assert capsys.readouterr().out == ""
    for job_id, language, prompt in (("1", "es", ""), ("2", "de", "Buenos días.")):
        call(settings, "show", job_id, "--json")
        options = options_from_json(json.loads(capsys.readouterr().out)["options"])
        assert options == JobOptions(SpeakerCount.parse("3"), language=language, prompt=prompt)


def test_finished_job_runs_again_with_other_options(settings, capsys):
    call(settings, "cancel", "1")
    assert call(settings, "options", "1", "--speakers", "3", "--again") == 0
    assert capsys.readouterr().out == ""
    call(settings, "show", "1", "--json")
    job = json.loads(capsys.readouterr().out)
    assert (job["state"], job["options"]["speakers"], job["options"]["language"]) == ("QUEUED", "3", "es")


def test_finished_job_is_reported_and_left_alone(settings, capsys):
    call(settings, "cancel", "1")
    assert call(settings, "options", "1", "--speakers", "3") == 1
    assert capsys.readouterr().out == "Job 1 is no longer waiting.\n"
