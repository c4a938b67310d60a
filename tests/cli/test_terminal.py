"""What commands print: names and words are shown, and never obeyed."""

from __future__ import annotations

import ast
import io
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import fi_desktop.cli
from fi_desktop.cli import main
from fi_desktop.cli.terminal import Terminal
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import Summary
from fi_desktop.system.files import RESULT
from tests.exporters.test_exporters import WITH_WORDS
from tests.jobs.conftest import Bench

COMMANDS = Path(fi_desktop.cli.__file__).parent
ORDERS = "\x1b]0;owned\x07\x1b]52;c;cm0gLXJm\x07\x9b31m\u202e"


def complete(bench: Bench, name: str, transcript: Transcript = WITH_WORDS) -> int:
    """Put a job with a result into the queue."""
    (job_id,) = bench.submit(name)
    claimed = bench.claim()
    folder = bench.service.folders.folder(job_id)
    folder.mkdir(parents=True)
    (folder / RESULT).write_text(json.dumps(transcript_to_json(transcript)), encoding="utf-8")
    with bench.service.transaction():
        bench.service.transitions.completed(job_id, claimed.claim, Summary(2, 30.0, "builtin", "clear", ()))
    return job_id


@pytest.fixture
def bench(home: Path):
    """A queue in the data folder, closed before a command opens it."""
    bench = Bench(home)
    bench.now = time.time()  # jobs of long ago would leave the list
    return bench


def poisoned() -> Transcript:
    first, *rest = WITH_WORDS.segments
    return replace(
        WITH_WORDS,
        segments=(replace(first, text=f"Buenos{ORDERS} días [bold]", words=()), *rest),
        provenance=replace(WITH_WORDS.provenance, source_name=f"Ana{ORDERS}.wav"),
    )


def test_there_is_no_other_way_to_the_terminal():
    """Neither print nor a stream nor rich's own console, which would take names for markup."""
    for path in COMMANDS.rglob("*.py"):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("print", "Console"), path
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("sys.stdout", "sys.stderr"), path


def test_names_that_look_like_markup_are_shown_as_they_are(bench: Bench, capsys):
    names = ["Juan [garcia].wav", "Juan [lopez].wav", "[conceal]x.wav", "[link=x]b.wav", ":smile:.wav"]
    bench.submit(*names)
    bench.service.close()
    assert main(["jobs", "list"]) == 0
    shown = capsys.readouterr().out
    for name in names:
        assert name in shown


def test_what_orders_a_terminal_about_is_not_printed(bench: Bench, capsys):
    job_id = complete(bench, f"Ana{ORDERS}.wav", poisoned())
    bench.service.close()
    for command in (["list"], ["show", str(job_id)]):
        assert main(["jobs", *command]) == 0
        shown = capsys.readouterr().out
        assert "Ana" in shown
        assert ("[bold]" in "".join(shown.split())) is (command[0] == "show")
        assert not set("\x1b\x07\x9b\u202e") & set(shown)
    assert main(["jobs", "show", "99"]) == 1
    assert capsys.readouterr().err == "fi-desktop: There is no job 99.\n"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="this system has no such terminals")
@pytest.mark.parametrize("format", ["txt", "srt", "vtt", "rttm", "json"])
def test_an_export_to_a_terminal_gives_it_no_orders(bench: Bench, monkeypatch, format: str):
    job_id = complete(bench, "a.wav", poisoned())
    bench.service.close()
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["export", str(job_id), "--to", format, "-o", "-"]) == 0
        shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "SPEAKER_00" in shown or "Speaker 1" in shown
    assert not set("\x1b\x07\x9b") & set(shown)


def test_an_export_through_a_pipe_is_the_file_byte_for_byte(bench: Bench, tmp_path: Path, monkeypatch):
    job_id = complete(bench, "a.wav")
    bench.service.close()
    piped = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(piped, encoding="cp1252"))
    assert main(["export", str(job_id), "--to", "txt", "-o", "-"]) == 0
    assert main(["export", str(job_id), "--to", "txt", "-o", str(tmp_path / "a.txt")]) == 0
    assert piped.getvalue() == (tmp_path / "a.txt").read_bytes()
    assert "¿".encode() in piped.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="rights are another thing there")
def test_an_export_is_for_this_account_alone(bench: Bench, tmp_path: Path):
    job_id = complete(bench, "a.wav")
    bench.service.close()
    target = tmp_path / "a.txt"
    target.touch(0o644)
    assert main(["export", str(job_id), "--to", "txt", "-o", str(target)]) == 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_what_an_encoding_lacks_is_escaped_and_a_drawing_keeps_its_width(bench: Bench, monkeypatch):
    job_id = complete(bench, "אנה.wav")
    bench.service.close()
    narrow = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(narrow, encoding="cp1252"))
    assert main(["jobs", "show", str(job_id)]) == 0
    shown = narrow.getvalue().decode("cp1252")
    assert r"\u05d0\u05e0\u05d4.wav" in shown
    assert "SPEAKER_00" in shown
    assert "#" in shown
    assert r"\u2588" not in shown


def test_styles_are_still_drawn(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with terminal.capture() as capture:
        terminal.print("[red]a\x1b[31m", style="red")
    assert capture.get() == "\x1b[31m[red]a�[31m\x1b[0m\n"


@pytest.mark.parametrize("where", ["file", "below a file"])
def test_a_bad_folder_for_exports_is_one_sentence_before_any_work(
    home: Path, tmp_path: Path, capsys, where: str
):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    out = file if where == "file" else file / "out"
    assert main(["run", str(file), "--to", "txt", "--out", str(out)]) == 2
    told = capsys.readouterr()
    assert told.err == (
        f"fi-desktop: Nothing can be written to {out} (it is a file): choose another folder with --out.\n"
    )
    assert told.out == ""
    assert file.read_text() == "mine"
    assert not (home / "store").exists()


def test_a_data_folder_that_is_a_file_is_one_sentence(tmp_path: Path, monkeypatch, capsys):
    file = tmp_path / "home"
    file.write_text("mine")
    monkeypatch.setenv("FI_DESKTOP_HOME", str(file))
    assert main(["jobs", "list"]) == 1
    assert capsys.readouterr().err == (
        f"fi-desktop: The data folder {file} is a file: choose another by FI_DESKTOP_HOME.\n"
    )


def test_a_result_that_cannot_be_read_is_one_sentence(bench: Bench, capsys):
    job_id = complete(bench, "a.wav")
    (bench.service.folders.folder(job_id) / RESULT).write_text("{")
    bench.service.close()
    for command in (["jobs", "show", "1"], ["export", "1", "--to", "txt", "-o", "-"]):
        assert main(command) == 1
        told = capsys.readouterr().err
        assert told == "fi-desktop: The result of job 1 cannot be read: retry the job to make it again.\n"
