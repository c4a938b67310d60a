"""`fi-desktop jobs label`, with the queue in this process and in another one."""

import json
import re
from dataclasses import replace

import pytest

from fi_desktop.cli import main
from fi_desktop.core.errors import UserError
from tests.cli.test_jobs import call, settings

__all__ = ["settings"]  # a fixture


def labels(settings, capsys) -> list[dict[str, str]]:
    call(settings, "list", "--json")
    return [json.loads(line)["label"] for line in capsys.readouterr().out.splitlines()]


def test_label_is_changed_listed_and_taken_away(settings, capsys):
    assert call(settings, "label", "1", "2", "--case", " Ana\tRuiz ", "--date", "2026-11-29 10:30") == 0
    assert capsys.readouterr().out == ""
    changed = {"case": "Ana Ruiz", "recorded_at": "2026-11-29T10:30:00", "recorded_from": "person"}
    assert labels(settings, capsys) == [changed, changed]
    assert call(settings, "label", "2", "--case", "", "--json") == 0
    assert json.loads(capsys.readouterr().out)["label"] == {
        name: value for name, value in changed.items() if name != "case"
    }
    call(settings, "list")
    lines = capsys.readouterr().out.splitlines()
    assert re.search(r"1 +Ana Ruiz · a\.wav +QUEUED +2026-11-29", lines[1])
    assert re.search(r"2 +b\.wav +QUEUED +2026-11-29", lines[2])


def test_label_is_read_from_the_name_by_the_pattern_of_the_settings(settings, capsys):
    named = replace(settings, name_pattern="{case}")
    call(settings, "label", "2", "--date", "2026-01-05")
    assert call(named, "label", "1", "2", "--from-name") == 0
    one, two = labels(settings, capsys)
    assert (one["case"], two["case"]) == ("a", "b")
    assert (two["recorded_at"], two["recorded_from"]) == ("2026-01-05", "person")


def test_label_that_changes_nothing_or_nobody_is_refused(settings):
    with pytest.raises(UserError, match="Give a case"):
        call(settings, "label", "1")
    with pytest.raises(UserError, match="no job 7"):
        call(settings, "label", "7", "--case", "Ana")


def test_date_that_is_none_is_refused(settings, capsys):
    with pytest.raises(SystemExit):
        call(settings, "label", "1", "--date", "29/11/2026")
    assert "'29/11/2026' is not a date such as 2026-11-29" in capsys.readouterr().err


def test_run_gives_its_files_a_case(settings, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FI_DESKTOP_HOME", str(tmp_path / "other"))
    broken = tmp_path / "20251128_101500.wav"
    broken.write_bytes(b"RIFF and no more")
    assert main(["run", str(broken), "--case", " 0042  García ", "--json"]) == 1
    shown = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = {"case": "0042 García", "recorded_at": "2025-11-28T10:15:00", "recorded_from": "name"}
    assert shown[-1]["state"] == "FAILED"
    assert all(line["label"] == expected for line in shown)
