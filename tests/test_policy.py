"""The machine's policy: what it fixes and bounds, and files that are refused."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.cli import main
from fi_desktop.core.errors import UserError
from fi_desktop.jobs.export_plan import ExportPlan
from fi_desktop.jobs.export_rules import ExportRule
from fi_desktop.settings import SPECS, Kind, Settings, changed, load, policy_file, save_changes, with_private
from fi_desktop.settings.policy_file import read_policy
from fi_desktop.vault import keys_folder
from fi_desktop.vault.home_files import HomeFile, HomeFiles
from fi_desktop.vault.vault import Vault

HOSPITAL = """
keep_days = {min = 1, max = 30}
lock_after_min = {max = 15}
export_when = {fixed = "never"}
export_formats = {only = ["docx", "pdf"]}
notify = {only = ["never", "end"]}
retry_delays_s = {max = 100}
"""


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that writes the policy."""

    def write(text: str | bytes) -> Path:
        file = tmp_path / "policy.toml"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        monkeypatch.setenv("FI_DESKTOP_POLICY", str(file))
        return file

    return write


def with_file(home: Path, text: str) -> Settings:
    (home / "settings.toml").write_text(text)
    return load()


def test_values_of_the_file_move_to_the_nearest_allowed_ones(home: Path, policy):
    policy(HOSPITAL)
    text = (
        'keep_days = 90\nexport_when = "signed"\nexport_formats = ["txt", "pdf"]\nnotify = "each"\n'
        "retry_delays_s = [60, 240]\nlock_after_min = 5\n"
    )
    settings = with_file(home, text)
    assert settings.keep_days == 30.0
    assert settings.export_when == "never"
    assert settings.export_formats == ("pdf",)
    assert settings.notify == "end"
    assert settings.retry_delays_s == (60.0, 100.0)
    assert settings.lock_after_min == 5


def test_never_is_above_every_ceiling_and_below_no_floor(home: Path, policy):
    policy("keep_days = {max = 30}\nlock_after_min = {max = 15}\nkeep_trail_days = {min = 400}")
    settings = with_file(home, "keep_days = 0\nlock_after_min = 0\nkeep_trail_days = 0")
    assert (settings.keep_days, settings.lock_after_min, settings.keep_trail_days) == (30.0, 15, 0.0)
    assert isinstance(settings.lock_after_min, int)
    assert load().keep_days == 30.0
    with pytest.raises(UserError, match="Setting keep_days: your clinic allows at most 30"):
        save_changes(settings, {"keep_days": 0})


def test_the_environment_and_the_command_line_are_refused_with_a_sentence(
    home: Path, policy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
):
    policy(HOSPITAL)
    monkeypatch.setenv("FI_DESKTOP_KEEP_DAYS", "90")
    assert main(["jobs", "list"]) == 2
    assert "Setting keep_days: your clinic allows 1 to 30." in capsys.readouterr().err
    monkeypatch.setenv("FI_DESKTOP_KEEP_DAYS", "10")
    assert load().keep_days == 10.0
    policy("workers = {fixed = 1}")
    with pytest.raises(UserError, match="Setting workers is set by your clinic"):
        load(workers=4)
    assert load(workers=1).workers == 1


def test_changes_beyond_the_policy_are_refused_and_leave_the_file_as_it_was(home: Path, policy):
    policy(HOSPITAL)
    settings = load()
    for changes, sentence in (
        ({"keep_days": 31}, "Setting keep_days: your clinic allows 1 to 30."),
        ({"export_when": "signed"}, "Setting export_when is set by your clinic."),
        ({"notify": "each"}, "Setting notify: your clinic allows only never, end."),
        ({"lock_after_min": 0}, "Setting lock_after_min: your clinic allows at most 15."),
    ):
        with pytest.raises(UserError) as refused:
            save_changes(settings, changes)
        assert refused.value.message == sentence
    assert not (home / "settings.toml").exists()
    app = App(settings, backend="idle")
    assert app.change_settings({"keep_days": 20}).keep_days == 20.0
    assert load().keep_days == 20.0


def test_each_kind_of_setting_can_be_fixed(home: Path, policy):
    kinds = {spec.kind: spec for spec in SPECS.values()}
    assert set(kinds) == set(Kind)
    lines = [f"{spec.name} = {{fixed = {_toml(spec.default)}}}" for spec in kinds.values()]
    policy("\n".join(lines))
    settings = load()
    for spec in kinds.values():
        assert settings.policy.fixes(spec.name)
        assert getattr(settings, spec.name) == spec.default


def _toml(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def test_the_spec_within_a_policy_parses_only_what_is_allowed(policy):
    policy(HOSPITAL)
    rules = load().policy
    narrowed = rules.spec(SPECS["keep_days"])
    assert (narrowed.minimum, narrowed.maximum, narrowed.zero_allowed) == (1.0, 30.0, False)
    assert narrowed.default == 30.0
    for refused in ("31", "0"):
        with pytest.raises(UserError):
            narrowed.parse(refused)
    assert list(rules.spec(SPECS["notify"]).choices) == ["never", "end"]
    lock = rules.spec(SPECS["lock_after_min"])
    assert (lock.default, lock.minimum) == (15, 1.0)
    assert rules.spec(SPECS["theme"]) is SPECS["theme"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("keep_days = ", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        ("keep_dayz = {max = 30}", "names an unknown setting, “keep_dayz”"),
        ("keep_days = 30", "has a rule for keep_days that is not valid"),
        ("keep_days = {}", "has a rule for keep_days that is not valid"),
        ("keep_days = {most = 30}", "has a rule for keep_days that is not valid"),
        ("keep_days = {min = 40, max = 30}", "has a rule for keep_days that is not valid"),
        ("keep_days = {max = 0.01}", "has a rule for keep_days that is not valid"),
        ("keep_days = {max = 0}", "has a rule for keep_days that is not valid"),
        ("keep_days = {max = true}", "has a rule for keep_days that is not valid"),
        ("keep_days = {fixed = 30, max = 30}", "has a rule for keep_days that is not valid"),
        ("keep_days = {fixed = nan}", "has a rule for keep_days that is not valid"),
        ("keep_days = {only = [1]}", "has a rule for keep_days that is not valid"),
        ("notify = {only = []}", "has a rule for notify that is not valid"),
        ('notify = {only = ["often"]}', "has a rule for notify that is not valid"),
        ("theme = {max = 3}", "has a rule for theme that is not valid"),
        ("a = " + "[" * 5_000, "cannot be read"),
        ("#" * 70_000, "cannot be read"),
    ],
)
def test_a_bad_policy_is_refused_in_one_sentence_and_nothing_starts(
    home: Path, policy, capsys: pytest.CaptureFixture, text: str | bytes, sentence: str
):
    policy(text)
    assert main(["jobs", "list"]) == 2
    said = capsys.readouterr().err
    assert sentence in " ".join(said.split())
    assert "The program does not start before" in " ".join(said.split())
    assert list(home.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes of files")
def test_a_policy_that_others_could_have_written_is_refused(policy):
    file = policy(HOSPITAL)
    for path, mode, private in ((file, 0o664, 0o644), (file, 0o646, 0o644), (file.parent, 0o777, 0o755)):
        path.chmod(mode)
        with pytest.raises(UserError, match="must belong to the administrator"):
            load()
        path.chmod(private)
    assert load().export_when == "never"
    if os.geteuid() == 0:
        os.chown(file, 12_001, 12_001)
        with pytest.raises(UserError, match="must belong to the administrator"):
            load()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no FIFOs in folders")
def test_a_policy_that_is_no_file_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "missing", "."):
        monkeypatch.setenv("FI_DESKTOP_POLICY", str(tmp_path / name))
        with pytest.raises(UserError, match="The program does not start before"):
            load()


def test_the_variable_does_not_replace_the_machines_policy(
    tmp_path: Path, policy, monkeypatch: pytest.MonkeyPatch
):
    machine = tmp_path / "machine"
    machine.mkdir(mode=0o755)
    (machine / "policy.toml").write_text("keep_days = {fixed = 7}")
    policy("theme = {fixed = 'dark'}")
    monkeypatch.setattr(policy_file, "machine_file", lambda environment: machine / "policy.toml")
    assert read_policy(dict(os.environ), SPECS).rules.keys() == {"keep_days"}
    assert load().keep_days == 7.0


def test_what_the_policy_says_of_exports_holds_for_rules_of_folders(policy, tmp_path: Path):
    rule = ExportRule(when="completed", folder=str(tmp_path), formats=("txt", "pdf"))
    free = ExportPlan.of_rule(rule, load())
    assert free is not None
    assert free.formats == ("txt", "pdf")
    policy('export_formats = {only = ["pdf"]}')
    within = ExportPlan.of_rule(rule, load())
    assert within is not None
    assert within.formats == ("pdf",)
    policy('export_when = {fixed = "never"}')
    assert ExportPlan.of_rule(rule, load()) is None


def test_a_changed_setting_keeps_the_policy(home: Path, policy):
    policy(HOSPITAL)
    assert changed(load(), {"theme": "dark"}).policy.fixes("export_when")


def test_the_policy_is_above_settings_that_are_sealed(policy, home: Path):
    policy('export_folder = {fixed = "/srv/results"}')
    vault = Vault.create(keys_folder(home), keyring=False, passphrase="caballo grapa pila")
    files = HomeFiles(home, lambda: vault)
    files.write(HomeFile.SETTINGS, b'export_folder = "/home/elsewhere"\n')
    assert with_private(load(), files).export_folder == "/srv/results"
    vault.close()
