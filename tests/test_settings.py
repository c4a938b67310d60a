"""Settings: precedence, validation, saving, documentation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.core.name_template import filled
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.settings import SPECS, Kind, Settings, SettingSpec, load, save, save_changes, with_private
from fi_desktop.vault import keys_folder
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.vault.vault import Vault
from fi_desktop.workers.queue_thread import Limits

sys.path.append(str(Path(__file__).parent.parent / "packaging"))
import settings_table


def test_command_line_overrides_environment_overrides_file(tmp_path: Path):
    (tmp_path / "settings.toml").write_text('workers = 3\nengine = "channels"\nsoft_limit_s = 9\n')
    environment = {
        "FI_DESKTOP_HOME": str(tmp_path),
        "FI_DESKTOP_WORKERS": "4",
        "FI_DESKTOP_ENGINE": "builtin",
    }
    settings = load(environment, workers=5, speakers=None)
    assert (settings.workers, settings.engine, settings.soft_limit_s) == (5, "builtin", 9.0)
    assert settings.speakers == "2"


def test_all_folders_are_in_home(tmp_path: Path):
    settings = load({"FI_DESKTOP_HOME": str(tmp_path / "señal")})
    for folder in (settings.store, settings.jobs, settings.logs, settings.models):
        assert folder.is_relative_to(tmp_path / "señal")


_FOLDER = str(Path(Path.cwd().anchor, "results"))
SAMPLES = {
    Kind.INTEGER: ("5", 5),
    Kind.NUMBER: ("40.5", 40.5),
    Kind.NUMBERS: ("1, 2.5", (1.0, 2.5)),
    Kind.TERMS: ("sertralina, enalapril,", ("sertralina", "enalapril")),
    Kind.TERM_LISTS: ("cardiology, people", ("cardiology", "people")),
    Kind.SPEAKERS: ("2-4", "2-4"),
    Kind.ENGINE: ("builtin", "builtin"),
    Kind.TRANSCRIBER: ("none", "none"),
    Kind.LANGUAGE: ("es, en", "es,en"),
    Kind.LANGUAGES: ("fr, EN,", ("fr", "en")),
    Kind.CLOCK: ("7:30", "07:30"),
    Kind.FOLDER: (_FOLDER, _FOLDER),
    Kind.FORMATS: ("pdf, txt, pdf", ("pdf", "txt")),
    Kind.NAME_PATTERN: (" {case}_{date} ", "{case}_{date}"),
    Kind.NAME_TEMPLATE: (" {date} {name} ", "{date} {name}"),
    Kind.TEMPLATE: (" interview ", "interview"),
    Kind.TEXT: (" ship --all ", "ship --all"),
    Kind.SERVER: (" syslog.example.org:6514 ", "syslog.example.org:6514"),
    Kind.ADDRESSES: ("it@example.org,ana@example.org ,", "it@example.org, ana@example.org"),
    Kind.WEB_ADDRESS: (" https://hooks.example.org/a?b=c ", "https://hooks.example.org/a?b=c"),
}
"""For each kind, text in the environment and its parsed value."""


def sample(spec: SettingSpec) -> tuple[str, Any]:
    """Return text for a setting, and its parsed value, which is not the default."""
    if spec.kind is Kind.CHOICE:
        last = list(spec.choices)[-1]
        return last, last
    if spec.kind is Kind.FLAG:
        return str(not spec.default).lower(), not spec.default
    return SAMPLES[spec.kind]


GIVEN = {name: sample(spec) for name, spec in SPECS.items()}


def test_the_environment_can_set_every_setting(tmp_path: Path):
    assert set(SPECS) == set(Settings.__slots__) - {"home", "overridden", "more_models", "policy"}
    assert not [spec.name for spec in SPECS.values() if GIVEN[spec.name][1] == spec.default]
    environment = {f"FI_DESKTOP_{name.upper()}": given for name, (given, _) in GIVEN.items()}
    settings = load({**environment, "FI_DESKTOP_HOME": str(tmp_path)})
    assert settings == Settings(tmp_path, **{name: value for name, (_, value) in GIVEN.items()})
    assert settings.overridden == set(GIVEN)


def test_settings_know_what_the_environment_or_command_line_overrides(tmp_path: Path):
    save(tmp_path, {"keep_days": 3})
    settings = load(
        {"FI_DESKTOP_HOME": str(tmp_path), "FI_DESKTOP_ENGINE": "channels"}, workers=2, speakers=None
    )
    assert settings.overridden == {"engine", "workers"}


def test_job_options_come_from_the_settings():
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
        ("EXPORT_FOLDER", "results"),
        ("EXPORT_WHEN", "later"),
    ],
)
def test_an_invalid_value_raises_an_error_that_names_the_setting(tmp_path: Path, name: str, value: str):
    with pytest.raises(UserError, match=name.lower()):
        load({"FI_DESKTOP_HOME": str(tmp_path), f"FI_DESKTOP_{name}": value})


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (
            "{patient}",
            r"File names cannot contain {patient}\. They can contain {date}, {time}, {case}, {name}",
        ),
        ("{name!r}", r"cannot contain {name!r}"),
        ("{date:%Y}", r"cannot contain {date:%Y}"),
        ("{name.parent}", r"cannot contain {name\.parent}"),
        ("{}", r"cannot contain {}"),
        ("{0}", r"cannot contain {0}"),
        ("{name", "has a brace without its counterpart"),
        ("name}", "has a brace without its counterpart"),
        ("  ", "Enter a file name"),
    ],
)
def test_a_bad_template_is_refused_in_a_sentence(tmp_path: Path, template: str, sentence: str):
    with pytest.raises(UserError, match=sentence):
        save(tmp_path, {"export_name": template})
    assert not (tmp_path / "settings.toml").exists()


def test_a_template_is_filled_without_reading_its_values():
    values = {"date": "2026-11-29", "name": "{date} {x}", "speakers": "Ana\n Ruiz"}
    assert filled("{{a}} {date}-{name} ({speakers})", values) == "{a} 2026-11-29-{date} {x} (Ana Ruiz)"


def test_exports_need_a_folder_and_a_format(tmp_path: Path):
    settings = load({"FI_DESKTOP_HOME": str(tmp_path)})
    for changes in ({}, {"export_folder": str(tmp_path), "export_formats": ""}):
        with pytest.raises(UserError, match="Choose the folder and the formats"):
            save_changes(settings, {"export_when": "signed", **changes})
    saved = save_changes(settings, {"export_when": "signed", "export_folder": str(tmp_path)})
    assert saved == load({"FI_DESKTOP_HOME": str(tmp_path)})


def test_an_unknown_setting_in_the_file_is_an_error(tmp_path: Path):
    (tmp_path / "settings.toml").write_text("wokers = 3\n")
    with pytest.raises(UserError, match="wokers"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


@pytest.mark.parametrize("text", ["workers = = 3", "a = " + "[" * 100_000, b"\xff\xfe"])
def test_an_unreadable_file_is_an_error(tmp_path: Path, text: str | bytes):
    (tmp_path / "settings.toml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=r"settings\.toml"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


def test_a_folder_named_like_the_file_is_an_error(tmp_path: Path):
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(UserError, match=r"settings\.toml"):
        load({"FI_DESKTOP_HOME": str(tmp_path)})


def test_saved_settings_load_again(tmp_path: Path):
    save(tmp_path, {name: value for name, (_, value) in GIVEN.items()})
    settings = load({"FI_DESKTOP_HOME": str(tmp_path)})
    assert settings == Settings(tmp_path, **{name: value for name, (_, value) in GIVEN.items()})


def test_saving_keeps_comments_and_order_and_drops_defaults(tmp_path: Path):
    file = tmp_path / "settings.toml"
    file.write_text(
        '# ours\nworkers = 3  # as many as cores\nspeakers = "4"\nkeep_days = 7\n', encoding="utf-8"
    )
    save(tmp_path, {"workers": "2", "speakers": "2", "vocabulary": ["ñandú"]})
    assert file.read_text(encoding="utf-8") == (
        '# ours\nworkers = 2  # as many as cores\nkeep_days = 7\nvocabulary = ["ñandú"]\n'
    )


def test_saving_creates_the_data_folder(tmp_path: Path):
    save(tmp_path / "new", {"workers": 2})
    assert load({"FI_DESKTOP_HOME": str(tmp_path / "new")}).workers == 2


@pytest.mark.parametrize("changes", [{"workers": 3, "keep_days": "x"}, {"wokers": 3}, {"workers": 2.5}])
def test_an_invalid_change_leaves_the_file_unchanged(tmp_path: Path, changes: dict):
    save(tmp_path, {"workers": 2})
    before = (tmp_path / "settings.toml").read_bytes()
    with pytest.raises(UserError, match=list(changes)[-1]):
        save(tmp_path, changes)
    assert (tmp_path / "settings.toml").read_bytes() == before


def test_an_unreadable_file_is_not_overwritten(tmp_path: Path):
    (tmp_path / "settings.toml").write_bytes(b'engine = "\xff"')
    with pytest.raises(UserError, match=r"settings\.toml"):
        save(tmp_path, {"workers": 2})
    assert (tmp_path / "settings.toml").read_bytes() == b'engine = "\xff"'


def test_the_documentation_lists_every_setting():
    now = settings_table.DOCUMENT.read_text(encoding="utf-8")
    assert now == settings_table.document(), "run `python packaging/settings_table.py`"


def test_a_file_with_a_hard_limit_below_the_soft_limit_loads(tmp_path: Path):
    save(tmp_path, {"soft_limit_s": 600.0, "hard_limit_s": 300.0})
    settings = load({"FI_DESKTOP_HOME": str(tmp_path)})
    assert Limits.of(settings).hard_for(None) == 300.0
    assert save_changes(settings, {"keep_days": 1.0}).keep_days == 1.0
    with pytest.raises(UserError, match="hard time limit"):
        save_changes(settings, {"soft_limit_s": 500.0})
    assert save_changes(settings, {"soft_limit_s": 300.0}).soft_limit_s == 300.0


def test_zero_keeps_results_forever():
    assert load({}, keep_days="0").keep_days == 0.0


def test_sealed_settings_are_below_the_environment_and_what_was_typed_in_the_file(tmp_path: Path):
    home = tmp_path / "home"
    vault = Vault.create(keys_folder(home), keyring=False, passphrase="caballo grapa pila")
    files = HomeFiles(home, lambda: vault)
    home.mkdir()
    save(home, {"vocabulary": ("sealed",), "export_folder": str(tmp_path), "workers": 3}, files)
    assert (home / "settings.toml").read_text(encoding="utf-8") == "workers = 3\n"
    environment = {"FI_DESKTOP_HOME": str(home)}
    assert with_private(load(environment), files).vocabulary == ("sealed",)
    (home / "settings.toml").write_text('vocabulary = ["typed"]\n', encoding="utf-8")
    typed = with_private(load(environment), files)
    assert (typed.vocabulary, typed.export_folder) == (("typed",), str(tmp_path))
    overridden = load(environment | {"FI_DESKTOP_VOCABULARY": "given"})
    assert with_private(overridden, files).vocabulary == ("given",)
    assert save_changes(typed, {"vocabulary": ()}, files).vocabulary == ()
    assert with_private(load(environment), files).vocabulary == ()  # also what was typed is gone
    vault.lock()
    with pytest.raises(UserError, match="locked"):
        save_changes(typed, {"vocabulary": ("other",)}, files)
    with pytest.raises(UserError, match="locked"):
        with_private(load(environment), files)
    assert save_changes(typed, {"workers": 2}, files).workers == 2
    vault.close()
