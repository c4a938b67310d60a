"""A settings.toml that somebody else wrote, or that is damaged: one sentence, and no job is lost."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fi_desktop.cli import main
from tests.jobs.conftest import Bench

REFUSED = (1, 2)
HOSTILE: dict[str, bytes] = {
    "no TOML": b"workers = = 3",
    "nested arrays": b"a = " + b"[" * 100_000,
    "nested tables": b"[" + b".".join([b"a"] * 5_000) + b"]\n",
    "not UTF-8": b'language = "\xff\xfe"',
    "UTF-16": "workers = 3\n".encode("utf-16"),
    "NUL": b'language = "\x00"',
    "a binary file": bytes(range(256)) * 40,
    "an unknown name": b"wokers = 3",
    "a table for a value": b"[workers]\nmany = 1",
    "a list for a value": b"workers = [1, 2]",
    "a date for a value": b"keep_days = 2026-11-29",
    "deleting at once": b"keep_days = 0.000001",
    "deleting before": b"keep_days = -1",
    "keeping without end": b"keep_days = inf",
    "no number": b"keep_days = nan",
    "waiting without end": b"stop_grace_s = 1e300",
    "no time at all": b"soft_limit_s = 0.0\nhard_limit_s = 0.0",
    "stuck at once": b"stuck_after_s = 0.0",
    "a million workers": b"workers = 1000000",
    "negative workers": b"workers = -1",
    "endless retries": b'retry_delays_s = "' + b"1," * 100_000 + b'"',
    "another program": b'engine = "os.system"',
    "another program's model": b'transcriber = "../../etc/passwd"',
    "a control sequence": b'theme = "\x1b]0;owned\x07"',
    "a control sequence in TOML": b'theme = "\\u001b]52;c;b3duZWQ=\\u0007"',
    "code in a template": b'export_name = "{name.__class__}"',
    "exports without a folder": b'export_when = "signed"\nexport_folder = "../elsewhere"',
    "a name twice": b"workers = 1\nworkers = 2",
    "a very long word": b'vocabulary = ["' + b"x" * 3_000_000 + b'"]',
}
# accepted: they cost attempts of jobs, whose number is limited, and no result
ACCEPTED = {
    "a very long word",
    "another program",
    "another program's model",
    "endless retries",
    "no time at all",
    "stuck at once",
}


@pytest.fixture
def queue(home: Path) -> Path:
    """A data folder with a waiting job."""
    bench = Bench(home)
    bench.submit("visit.wav")
    bench.service.close()
    return home


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_settings_end_in_one_sentence(queue: Path, capsys: pytest.CaptureFixture[str], kind: str):
    (queue / "settings.toml").write_bytes(HOSTILE[kind])
    status = main(["jobs", "list"])
    shown = capsys.readouterr()
    if kind in ACCEPTED:
        assert (status, shown.err) == (0, "")
        assert "visit.wav" in shown.out
    else:
        assert status in REFUSED
        assert shown.out == ""
        assert shown.err.startswith("fi-desktop: ")
        assert shown.err.count("\n") == 1
        assert len(shown.err) < 500
        assert not set("\x1b\x07") & set(shown.err)
    (queue / "settings.toml").unlink()
    assert main(["jobs", "list"]) == 0
    assert "visit.wav" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the administrator reads any file")
def test_settings_that_cannot_be_read_end_in_one_sentence(queue: Path, capsys: pytest.CaptureFixture[str]):
    (queue / "settings.toml").write_text("workers = 1\n")
    (queue / "settings.toml").chmod(0)
    assert main(["jobs", "list"]) in REFUSED
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_settings_that_are_a_pipe_or_a_loop_end_in_one_sentence(
    queue: Path, capsys: pytest.CaptureFixture[str]
):
    settings = queue / "settings.toml"
    settings.symlink_to(settings)
    assert main(["jobs", "list"]) in REFUSED
    assert capsys.readouterr().err.count("\n") == 1
    settings.unlink()
    os.mkfifo(settings)
    assert main(["jobs", "list"]) in REFUSED
    assert capsys.readouterr().err.count("\n") == 1
