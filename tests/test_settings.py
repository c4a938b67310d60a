"""Settings: what overrules what, and bad values in one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobOptions
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.settings import ABOUT, DEFAULTS, Kind, Settings, load, save, save_changes
from fi_desktop.workers.queue_thread import Limits


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


GIVEN = {
    "theme": ("dark", "dark"),
    "language": ("es", "es"),
    "speakers": ("2-4", "2-4"),
    "engine": ("builtin", "builtin"),
    "transcriber": ("none", "none"),
    "spoken_language": ("es", "es"),
    "vocabulary": ("sertralina, enalapril,", ("sertralina", "enalapril")),
    "workers": ("1", 1),
    "soft_limit_s": ("10", 10.0),
    "hard_limit_s": ("20", 20.0),
    "limit_factor": ("0.5", 0.5),
    "stop_grace_s": ("1", 1.0),
    "stuck_after_s": ("30", 30.0),
    "recycle_jobs": ("5", 5),
    "recycle_mb": ("900", 900),
    "retry_delays_s": ("1, 2.5", (1.0, 2.5)),
    "max_deliveries": ("3", 3),
    "keep_days": ("1.5", 1.5),
    "keep_unseen": ("yes", True),
    "notify": ("each", "each"),
    "names_in_notifications": ("yes", True),
    "lock_after_min": ("5", 5),
    "check_updates": ("yes", True),
}
"""Each setting as the environment gives it, and as it is then."""


def test_every_setting_can_be_set_by_the_environment(tmp_path: Path):
    assert set(GIVEN) == set(ABOUT) == set(Settings.__slots__) - {"home", "overridden", "more_models"}
    environment = {f"FI_DESKTOP_{name.upper()}": given for name, (given, _) in GIVEN.items()}
    settings = load({**environment, "FI_DESKTOP_HOME": str(tmp_path)})
    assert settings == Settings(tmp_path, **{name: value for name, (_, value) in GIVEN.items()})
    assert settings.overridden == set(GIVEN)


def test_what_the_environment_or_the_command_line_gave_is_known(tmp_path: Path):
    save(tmp_path, {"keep_days": 3})
    settings = load(
        {"FI_DESKTOP_HOME": str(tmp_path), "FI_DESKTOP_ENGINE": "channels"}, workers=2, speakers=None
    )
    assert settings.overridden == {"engine", "workers"}


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
        ("KEEP_DAYS", "nan"),
        ("KEEP_DAYS", "inf"),
        ("KEEP_DAYS", "0.000001"),
        ("STOP_GRACE_S", "1e300"),
        ("WORKERS", "65"),
        ("THEME", "blue"),
    ],
)
def test_a_bad_value_is_refused_by_its_name(tmp_path: Path, name: str, value: str):
    with pytest.raises(UserError, match=name.lower()):
        load({"FI_DESKTOP_HOME": str(tmp_path), f"FI_DESKTOP_{name}": value})


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("wokers = 3\n")
    with pytest.raises(UserError, match="wokers"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


@pytest.mark.parametrize("text", ["workers = = 3", "a = " + "[" * 100_000, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_said(tmp_path: Path, text: str | bytes):
    (tmp_path / "settings.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=r"settings\.toml"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


def test_a_folder_in_the_files_place_is_said(tmp_path: Path):
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(UserError, match=r"settings\.toml"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


def test_what_is_saved_is_loaded_again(tmp_path: Path):
    save(tmp_path, {name: value for name, (_, value) in GIVEN.items()})
    settings = load({"FI_DESKTOP_HOME": str(tmp_path)})
    assert settings == Settings(tmp_path, **{name: value for name, (_, value) in GIVEN.items()})


def test_saving_keeps_comments_and_order_and_drops_what_is_usual(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text(
        '# ours\nworkers = 3  # as many as cores\nspeakers = "4"\nkeep_days = 7\n', encoding="utf-8"
    )
    save(tmp_path, {"workers": "2", "speakers": "2", "vocabulary": ["ñandú"]})
    assert file.read_text(encoding="utf-8") == (
        '# ours\nworkers = 2  # as many as cores\nkeep_days = 7\nvocabulary = ["ñandú"]\n'
    )


def test_saving_makes_the_data_folder_where_there_is_none(tmp_path: Path):
    save(tmp_path / "new", {"workers": 2})
    assert load({"FI_DESKTOP_HOME": str(tmp_path / "new")}).workers == 2


@pytest.mark.parametrize("changes", [{"workers": 3, "keep_days": "x"}, {"wokers": 3}, {"workers": 2.5}])
def test_a_bad_change_leaves_the_file_as_it_was(tmp_path: Path, changes: dict):
    save(tmp_path, {"workers": 2})
    before = (tmp_path / "settings.toml").read_bytes()
    with pytest.raises(UserError, match=list(changes)[-1]):
        save(tmp_path, changes)
    assert (tmp_path / "settings.toml").read_bytes() == before


def test_a_file_that_cannot_be_read_is_not_written_over(tmp_path: Path):
    (tmp_path / "settings.toml").write_bytes(b'engine = "\xff"')
    with pytest.raises(UserError, match=r"settings\.toml"):
        save(tmp_path, {"workers": 2})
    assert (tmp_path / "settings.toml").read_bytes() == b'engine = "\xff"'


def shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(shown, value))}]"
    return f"{value:g}"


def table_of_settings() -> str:
    lines = ["| Setting | Default | What it means |", "|---|---|---|"]
    for name, about in ABOUT.items():
        means = about.means
        if about.kind is Kind.CHOICE:
            means += f" One of {', '.join(map(shown, about.choices))}."
        if about.unit.value:
            means += f" In {about.unit.value}."
        means += "" if about.at_once else " From the next start on."
        lines.append(f"| `{name}` | `{shown(DEFAULTS[name])}` | {means} |")
    return "\n".join(lines)


def test_the_documentation_tells_every_setting():
    document = (Path(__file__).parent.parent / "docs" / "settings.md").read_text(encoding="utf-8")
    assert table_of_settings() in document


def test_a_file_whose_limits_do_not_fit_is_read_and_can_be_changed_elsewhere(tmp_path: Path):
    save(tmp_path, {"soft_limit_s": 600.0, "hard_limit_s": 300.0})
    settings = load({"FI_DESKTOP_HOME": str(tmp_path)})
    assert Limits.of(settings).hard_for(None) == 300.0
    assert save_changes(settings, {"keep_days": 1.0}).keep_days == 1.0
    with pytest.raises(UserError, match="last time limit"):
        save_changes(settings, {"soft_limit_s": 500.0})
    assert save_changes(settings, {"soft_limit_s": 300.0}).soft_limit_s == 300.0


def test_results_are_kept_for_ever_by_a_zero():
    assert load({}, keep_days="0").keep_days == 0.0
