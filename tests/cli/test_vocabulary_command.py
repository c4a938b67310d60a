"""`fi-desktop vocabulary`: lists, terms and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fi_desktop.cli import main


@pytest.fixture
def lists(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FI_DESKTOP_HOME", str(home))
    folder = home / "vocabulary"
    folder.mkdir(parents=True)
    return folder


def test_bundled_lists_and_ones_own_are_listed(lists: Path, capsys: pytest.CaptureFixture[str]):
    (lists / "people.txt").write_text("Dra. Núñez Landa\n", encoding="utf-8")
    assert main(["vocabulary", "list", "--json"]) == 0
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["people"] == {"name": "people", "languages": ["all"], "terms": 1}
    assert rows["cardiology"]["languages"] == ["en", "es"]
    assert main(["vocabulary", "show", "people"]) == 0
    assert capsys.readouterr().out.splitlines() == ["# all languages", "Dra. Núñez Landa"]


def test_a_bad_list_is_named_in_one_sentence(lists: Path, capsys: pytest.CaptureFixture[str]):
    (lists / "bad.txt").write_bytes(b"caf\xe9\n")
    assert main(["vocabulary", "list"]) == 1
    assert "The vocabulary list bad is not used: bad.txt is not a text in UTF-8." in capsys.readouterr().out
    assert main(["vocabulary", "show", "bad"]) == 1
    assert main(["vocabulary", "show", "no-such-list"]) == 1
    assert "There is no vocabulary list no-such-list." in capsys.readouterr().err
