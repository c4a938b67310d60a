"""Arguments that several commands share."""

from pathlib import Path

import pytest

from fi_desktop.cli import parse


def test_recording_has_one_path_however_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "one").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    monkeypatch.chdir(tmp_path / "one")
    for command in ("run", "window"):
        files = parse([command, "../a.wav", "b.wav", str(link / "c.wav")]).files
        assert files == [(tmp_path / "a.wav").resolve(), tmp_path / "one" / "b.wav", link / "c.wav"]
