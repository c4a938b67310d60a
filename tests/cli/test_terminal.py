"""Terminal output: names and words never act as markup or control sequences."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

import fi_desktop.cli
from fi_desktop.cli import main
from fi_desktop.cli.terminal import Terminal, _time_spent, figures_view, job_table, transcript_view
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState
from fi_desktop.core.transcript import Person, Role, Segment, Transcript, Turn
from fi_desktop.core.values import JobOptions, Priority, Summary
from fi_desktop.exporters.exporter import DEFAULTS
from fi_desktop.exporters.figures import figures_of
from fi_desktop.system.files import RESULT
from tests.exporters.test_exporters import TURNS, WITH_WORDS, WITHOUT_WORDS
from tests.jobs.conftest import Bench

COMMANDS = Path(fi_desktop.cli.__file__).parent
CONTROLS = "\x1b]0;owned\x07\x1b]52;c;cm0gLXJm\x07\x9b31m\u202e"


def complete(bench: Bench, name: str, transcript: Transcript = WITH_WORDS) -> int:
    """Add a completed job to the queue."""
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
    bench.now = time.time()  # old jobs would be deleted
    return bench


def with_controls() -> Transcript:
    first, *rest = WITH_WORDS.segments
    return replace(
        WITH_WORDS,
        segments=(replace(first, text=f"Buenos{CONTROLS} días [bold]", words=()), *rest),
        provenance=replace(WITH_WORDS.provenance, source_name=f"Ana{CONTROLS}.wav"),
    )


def test_all_output_goes_through_this_module():
    """No print, no stream, and no rich Console, which would interpret names as markup."""
    for path in COMMANDS.rglob("*.py"):
        if path.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in ("print", "Console"), path
            if isinstance(node, ast.Attribute):
                assert ast.unparse(node) not in ("sys.stdout", "sys.stderr"), path


def test_markup_in_names_is_shown_literally(bench: Bench, capsys):
    names = ["Juan [garcia].wav", "Juan [lopez].wav", "[conceal]x.wav", "[link=x]b.wav", ":smile:.wav"]
    bench.submit(*names)
    bench.service.close()
    assert main(["jobs", "list"]) == 0
    shown = capsys.readouterr().out
    for name in names:
        assert name in shown


def test_control_sequences_are_not_printed(bench: Bench, capsys):
    job_id = complete(bench, f"Ana{CONTROLS}.wav", with_controls())
    bench.service.close()
    for command in (["list"], ["show", str(job_id)]):
        assert main(["jobs", *command]) == 0
        shown = capsys.readouterr().out
        assert "Ana" in shown
        assert ("[bold]" in "".join(shown.split())) is (command[0] == "show")
        assert not set("\x1b\x07\x9b\u202e") & set(shown)
    assert main(["jobs", "show", "99"]) == 1
    assert capsys.readouterr().err == "fi-desktop: There is no job 99.\n"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudoterminals")
@pytest.mark.parametrize("format", ["txt", "srt", "vtt", "rttm", "json"])
def test_export_to_a_terminal_has_no_control_sequences(bench: Bench, monkeypatch, format: str):
    job_id = complete(bench, "a.wav", with_controls())
    bench.service.close()
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdout", terminal)
        assert main(["export", str(job_id), "--to", format, "-o", "-"]) == 0
        shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "SPEAKER_00" in shown or "Speaker 1" in shown
    assert not set("\x1b\x07\x9b") & set(shown)


def test_export_through_a_pipe_is_the_file_byte_for_byte(bench: Bench, tmp_path: Path, monkeypatch):
    job_id = complete(bench, "a.wav")
    bench.service.close()
    piped = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(piped, encoding="cp1252"))
    assert main(["export", str(job_id), "--to", "txt", "-o", "-"]) == 0
    assert main(["export", str(job_id), "--to", "txt", "-o", str(tmp_path / "a.txt")]) == 0
    assert piped.getvalue() == (tmp_path / "a.txt").read_bytes()
    assert "¿".encode() in piped.getvalue()


@pytest.mark.skipif(os.name == "nt", reason="no POSIX modes on Windows")
def test_export_is_private(bench: Bench, tmp_path: Path):
    job_id = complete(bench, "a.wav")
    bench.service.close()
    target = tmp_path / "a.txt"
    target.touch(0o644)
    assert main(["export", str(job_id), "--to", "txt", "-o", str(target)]) == 0
    assert target.stat().st_mode & 0o777 == 0o600


def test_unencodable_characters_are_escaped_and_lanes_keep_their_width(bench: Bench, monkeypatch):
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


def test_styles_are_kept(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with terminal.capture() as capture:
        terminal.print("[red]a\x1b[31m", style="red")
    assert capture.get() == "\x1b[31m[red]a�[31m\x1b[0m\n"


@pytest.mark.parametrize("where", ["file", "below a file"])
def test_bad_export_folder_is_reported_before_any_work(home: Path, tmp_path: Path, capsys, where: str):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    out = file if where == "file" else file / "out"
    assert main(["run", str(file), "--to", "txt", "--out", str(out)]) == 2
    output = capsys.readouterr()
    assert output.err == (
        f"fi-desktop: Cannot write to {out} (it is a file). Choose another folder with --out.\n"
    )
    assert output.out == ""
    assert file.read_text() == "mine"
    assert not (home / "store").exists()


def test_data_folder_that_is_a_file_is_reported(tmp_path: Path, monkeypatch, capsys):
    file = tmp_path / "home"
    file.write_text("mine")
    monkeypatch.setenv("FI_DESKTOP_HOME", str(file))
    assert main(["jobs", "list"]) == 1
    assert capsys.readouterr().err == (
        f"fi-desktop: The data folder {file} is a file. Choose another with FI_DESKTOP_HOME.\n"
    )


def test_unreadable_result_is_reported(bench: Bench, capsys):
    job_id = complete(bench, "a.wav")
    (bench.service.folders.folder(job_id) / RESULT).write_text("{")
    bench.service.close()
    for command in (["jobs", "show", "1"], ["export", "1", "--to", "txt", "-o", "-"]):
        assert main(command) == 1
        errors = capsys.readouterr().err
        assert errors == "fi-desktop: The result of job 1 cannot be read. Retry the job to create it again.\n"


# ---- figures of a conversation


def talk() -> Transcript:
    """Return a result in which one person, with a hostile name, interrupts the other."""
    turns = (Turn(0.0, 10.0, "SPEAKER_00"), Turn(9.0, 14.0, "SPEAKER_01"), Turn(15.0, 21.0, "SPEAKER_00"))
    people = (Person("SPEAKER_01", f"Ana{CONTROLS} [red]", Role.PATIENT),)
    return replace(WITHOUT_WORDS, duration=30.0, turns=turns, segments=(), people=people)


def test_figures_of_a_result_are_a_table(bench: Bench, capsys):
    job_id = complete(bench, "a.wav", talk())
    bench.service.close()
    assert main(["jobs", "show", str(job_id), "--figures"]) == 0
    shown = capsys.readouterr().out
    rows = [re.split(" +", line.strip()) for line in shown.splitlines()]
    assert ["Speaker", "1", "0:16", "76\xa0%", "2", "0", "0:10", "1.0\xa0s"] in rows
    (ana,) = (row for row in rows if row[0] == "Ana")
    assert "24\xa0%" in ana
    assert "[red]" in shown
    assert "(Patient)" in shown
    assert not set("\x1b\x07\x9b\u202e") & set(shown)
    assert "Interruptions: 1" in shown
    assert "An interruption is a turn that begins" in shown


@pytest.mark.parametrize("columns", [80, 120])
def test_figures_fit_the_terminal(columns: int):
    console = Console(width=columns)
    figures = figures_of(WITH_WORDS, DEFAULTS)
    assert figures is not None
    with console.capture() as capture:
        console.print(figures_view(figures))
    shown = capture.get()
    assert "…" not in shown
    for part in ("Speaker", "1", "Interruptions", "Words/min", *figures.rows[0].cells[1:]):
        assert part in shown


def test_figures_for_programs_are_one_json_object(bench: Bench, capsys):
    job_id = complete(bench, "a.wav", talk())
    bench.service.close()
    assert main(["jobs", "show", str(job_id), "--figures", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["duration_s"], found["silence_s"], found["single_s"], found["overlap_s"]) == (30, 10, 19, 1)
    assert [(one["speakers"], one["interruptions"]) for one in found["speakers"]] == [
        (["SPEAKER_00"], 0),
        (["SPEAKER_01"], 1),
    ]
    assert [one["role"] for one in found["roles"]] == ["patient"]


def test_figures_of_a_result_without_turns_and_of_none(bench: Bench, capsys):
    job_id = complete(bench, "a.wav", replace(WITH_WORDS, turns=()))
    (other,) = bench.submit("b.wav")
    bench.service.close()
    assert main(["jobs", "show", str(job_id), "--figures"]) == 1
    assert capsys.readouterr().err == "fi-desktop: The result of job 1 does not say who speaks when.\n"
    assert main(["jobs", "show", str(other), "--figures"]) == 1
    assert "has no result" in capsys.readouterr().err


# ---- transcripts and times


def drawn(transcript, *, columns=60, styled=False):
    console = Console(width=columns, force_terminal=styled, color_system="standard" if styled else None)
    with console.capture() as capture:
        console.print(transcript_view(transcript, columns=columns))
    return capture.get()


def test_text_is_wrapped_below_its_time_and_speaker():
    (first, *rest) = WITH_WORDS.segments
    long = replace(first, text="Buenos días, " + "¿qué le pasa? " * 9)
    lines = drawn(replace(WITH_WORDS, segments=(long, *rest))).splitlines()
    at = lines.index("    0:00.5  SPEAKER_00")
    assert lines[at + 1].startswith(" " * 12 + "Buenos días, ¿qué")
    assert lines[at + 2].startswith(" " * 12 + "pasa? ¿qué")
    assert max(map(len, lines)) <= 60
    assert " 1:02:05.0  unknown speaker" in lines


def test_doubtful_words_are_underlined():
    (first, *_) = WITH_WORDS.segments
    doubtful = replace(first, words=(replace(first.words[0], probability=0.1), first.words[1]))
    text = drawn(replace(WITH_WORDS, segments=(doubtful,)), styled=True)
    assert "\x1b[4mBuenos\x1b[0m" in text
    assert "\x1b[4mdías," not in text


def test_overlapped_words_are_in_italics():
    (first, *_) = WITH_WORDS.segments
    overlapped = replace(first, words=(replace(first.words[0], overlap=True), first.words[1]))
    text = drawn(replace(WITH_WORDS, segments=(overlapped,)), styled=True)
    assert "\x1b[3mBuenos\x1b[0m" in text
    assert "\x1b[3mdías," not in text


def test_overlap_has_a_lane():
    assert "at once" not in drawn(WITHOUT_WORDS)
    first = TURNS[0]
    second = replace(first, start=first.end - 1.5, speaker="SPEAKER_09")
    lines = drawn(replace(WITHOUT_WORDS, turns=(*TURNS, second))).splitlines()
    (lane,) = [line for line in lines if line.startswith("at once")]
    assert lane.endswith("1.5 s")


def test_turns_are_listed_if_there_is_no_text():
    lines = drawn(WITHOUT_WORDS).splitlines()
    assert lines[-len(TURNS)].split() == ["0:00.5", "–", "0:03.3", "SPEAKER_00"]
    assert lines[0].startswith("SPEAKER_00")


def test_no_lanes_without_speakers():
    unassigned = tuple(replace(segment, speaker=None) for segment in WITH_WORDS.segments)
    lines = drawn(replace(WITH_WORDS, turns=(), segments=unassigned)).splitlines()
    assert lines[0] == "    0:00.5  unknown speaker"


BEGUN = Attempt(1, 1030.0, "worker-1")
ENDED = replace(BEGUN, ended_at=1090.0, outcome=AttemptOutcome.COMPLETED)


@pytest.mark.parametrize(
    ("state", "attempts", "spent"),
    [
        (JobState.QUEUED, (), "1:40"),
        (JobState.RUNNING, (BEGUN,), "1:10"),
        (JobState.RETRYING, (ENDED,), "0:10"),
        (JobState.COMPLETED, (ENDED,), "1:00"),
        (JobState.CANCELLED, (), ""),
    ],
)
def test_time_is_the_one_in_the_window(state, attempts, spent):
    job = Job(1, "/r/a.wav", JobOptions(), Priority.NORMAL, 1000.0, state, attempts, finished_at=1090.0)
    assert _time_spent(job, 1100.0) == spent


def test_speech_without_words_has_a_lane_and_a_line():
    segments = (WITH_WORDS.segments[0], Segment(3.4, 6.9, "SPEAKER_01", missing=True))
    out = io.StringIO()
    Console(file=out, width=100).print(transcript_view(replace(WITH_WORDS, segments=segments), columns=100))
    assert re.search(r"no words .*3\.5 s", out.getvalue())
    assert re.search(r"0:03\.4  SPEAKER_01\s+\[not understood, 0:03–0:06\]", out.getvalue())


def test_table_says_how_many_words_may_be_wrong():
    summary = Summary(2, 30.0, "builtin", "clear", words=400, wrong_share=0.061)
    job = Job(1, "/a.wav", JobOptions(), Priority.NORMAL, 0.0, JobState.COMPLETED, summary=summary)
    out = io.StringIO()
    Console(file=out, width=100).print(job_table([job]))
    assert "Job 1: About 6 in 100 words may be wrong." in out.getvalue()
