"""Settings: what overrules what, and bad values in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobOptions
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.settings import Settings, load


def test_the_command_line_overrules_the_environment_and_that_the_file(tmp_path: Path):
    (tmp_path / "settings.toml").write_text('workers = 3\nengine = "channels"\nsoft_limit_s = 9\n')
    environment = {
        "FI_DESKTOP_HOME": str(tmp_path),
        "FI_DESKTOP_WORKERS": "4",
        "FI_DESKTOP_ENGINE": "builtin",
    }
    settings = load(environment, workers=5, speakers=None)
    assert (settings.workers, settings.engine, settings.soft_limit_s) == (5, "builtin", 9.0)
    assert settings.speakers == "2"


def test_everything_lies_under_home(tmp_path: Path):
    settings = load({"FI_DESKTOP_HOME": str(tmp_path / "señal")})
    for folder in (settings.store, settings.jobs, settings.logs, settings.models):
        assert folder.is_relative_to(tmp_path / "señal")


def test_every_setting_can_be_set_by_the_environment(tmp_path: Path):
    environment = {
        "FI_DESKTOP_HOME": str(tmp_path),
        "FI_DESKTOP_WORKERS": "1",
        "FI_DESKTOP_SPEAKERS": "2-4",
        "FI_DESKTOP_ENGINE": "builtin",
        "FI_DESKTOP_TRANSCRIBER": "none",
        "FI_DESKTOP_SPOKEN_LANGUAGE": "es",
        "FI_DESKTOP_VOCABULARY": "sertralina, enalapril,",
        "FI_DESKTOP_RETRY_DELAYS_S": "1, 2.5",
        "FI_DESKTOP_MAX_DELIVERIES": "3",
        "FI_DESKTOP_SOFT_LIMIT_S": "10",
        "FI_DESKTOP_HARD_LIMIT_S": "20",
        "FI_DESKTOP_LIMIT_FACTOR": "0.5",
        "FI_DESKTOP_STOP_GRACE_S": "1",
        "FI_DESKTOP_STUCK_AFTER_S": "30",
        "FI_DESKTOP_RECYCLE_JOBS": "5",
        "FI_DESKTOP_RECYCLE_MB": "900",
        "FI_DESKTOP_KEEP_DAYS": "0.5",
        "FI_DESKTOP_KEEP_UNSEEN": "yes",
    }
    assert {f"FI_DESKTOP_{name.upper()}" for name in Settings.__slots__} == set(environment)
    said = ("builtin", "none", "es", ("sertralina", "enalapril"))
    assert load(environment) == Settings(
        tmp_path, 1, "2-4", *said, (1.0, 2.5), 3, 10.0, 20.0, 0.5, 1.0, 30.0, 5, 900, 0.5, True
    )


def test_a_job_is_done_as_the_settings_say():
    assert load({}).job_options == JobOptions()
    said = load({}, speakers="auto", spoken_language="es", transcriber="none", vocabulary=["enalapril"])
    assert said.job_options == JobOptions(
        SpeakerCount(None, None), language="es", transcriber="none", vocabulary=("enalapril",)
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "many"),
        ("WORKERS", "-1"),
        ("RETRY_DELAYS_S", "1,x"),
        ("SPEAKERS", "4-2"),
        ("KEEP_UNSEEN", "maybe"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(tmp_path: Path, name: str, value: str):
    with pytest.raises(UserError, match=name.lower()):
        load({"FI_DESKTOP_HOME": str(tmp_path), f"FI_DESKTOP_{name}": value})


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("wokers = 3\n")
    with pytest.raises(UserError, match="wokers"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("workers = = 3")
    with pytest.raises(UserError, match=r"settings\.toml"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})
