"""`fi-desktop find`: what it prints, with the queue in this process and in another one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fi_desktop.app import App
from fi_desktop.cli import main
from fi_desktop.core.revision import Describe
from fi_desktop.core.transcript import Role
from fi_desktop.jobs.search_query import start_of
from fi_desktop.settings import load
from tests.jobs.archive import VISIT, Archive, transcript

TODAY = datetime.now(UTC).astimezone().date()


@pytest.fixture(params=["in this process", "in another process"])
def visits(request: pytest.FixtureRequest, home: Path) -> Iterator[None]:
    """Two consultations: of ten days ago, and of today."""
    archive = Archive(home)
    archive.bench.now = start_of(TODAY - timedelta(days=10)) + 3600.0
    first = archive.add(transcript(*VISIT), "Consulta Núñez.wav")
    archive.edit(first, Describe("SPEAKER_01", "María Ruiz", Role.PATIENT))
    archive.bench.now = start_of(TODAY)
    archive.add(transcript("Me duele el pecho", "¿Algún otro dolor?"), "Second.wav")
    archive.bench.service.close()
    if request.param == "in this process":
        yield
        return
    app = App(load(), backend="idle")
    app.start()
    app.index.compare()
    assert app.index.caught_up.wait(120)
    yield
    app.stop()


def rows(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def test_lines_are_printed_by_recording(visits: None, capsys: pytest.CaptureFixture[str]):
    assert main(["find", "dolores"]) == 0
    shown = capsys.readouterr().out
    assert shown.index("Second.wav  ·  job 2  ·  ") < shown.index("Consulta Núñez.wav  ·  job 1  ·  ")
    assert "María Ruiz (patient)" in shown
    assert "Speaker 2" in shown
    assert "¿Algún otro dolor?" in shown
    assert VISIT[3] in shown
    assert VISIT[2] not in shown


def test_json_has_all_that_is_known_of_a_line(visits: None, capsys: pytest.CaptureFixture[str]):
    assert main(["find", "dolores de cabeza", "--speaker", "patient", "--json"]) == 0
    (row,) = rows(capsys.readouterr().out)
    start = VISIT[1].index("dolores")
    assert row.pop("added_at").startswith((TODAY - timedelta(days=10)).isoformat())
    assert row == {
        "job": 1,
        "file": "Consulta Núñez.wav",
        "label": {},
        "segment": 1,
        "start": 2.0,
        "speaker": "SPEAKER_01",
        "name": "María Ruiz",
        "role": "patient",
        "language": "es",
        "text": VISIT[1],
        "marks": [[start, start + len("dolores de cabeza")]],
    }


@pytest.mark.parametrize(
    ("arguments", "jobs"),
    [
        (["dolor"], [2, 1, 1]),
        (["duele"], [2, 1]),
        (["dolor", "--since", TODAY.isoformat()], [2]),
        (["dolor", "--until", (TODAY - timedelta(days=1)).isoformat()], [1, 1]),
        (["dolor", "--when", "today"], [2]),
        (["dolor", "--when", "today", "--until", "yesterday"], []),
        (["dolor", "--limit", "1"], [2]),
        (["dolor", "paracetamol"], [1]),
        (["dolor -paracetamol"], [2, 1]),
        (["dolores de cabeza"], [1]),
        (["cabeza de dolores"], []),
        (['"otro dolor"'], [2]),
        (["--speaker", "maria"], [1, 1]),
        (["dolor", "--speaker", "nadie"], []),
    ],
)
def test_what_is_found(
    visits: None, capsys: pytest.CaptureFixture[str], arguments: list[str], jobs: list[int]
):
    assert main(["find", *arguments, "--json"]) == (0 if jobs else 1)
    assert [row["job"] for row in rows(capsys.readouterr().out)] == jobs


def test_it_says_if_nothing_is_found_or_more_is(visits: None, capsys: pytest.CaptureFixture[str]):
    assert main(["find", "xilofonomancia"]) == 1
    assert capsys.readouterr().out == "Nothing was found.\n"
    assert main(["find", "dolor", "--limit", "1"]) == 0
    assert "There are more lines" in capsys.readouterr().err


def test_wrong_usage_is_a_sentence(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["find"]) == 2
    assert "Say which words to find" in capsys.readouterr().err
    assert main(["find", "-- -dolor"]) == 2
    with pytest.raises(SystemExit) as ended:
        main(["find", "dolor", "--since", "someday"])
    assert ended.value.code == 2
    assert "'someday' is neither a day nor one of today" in capsys.readouterr().err


def test_a_queue_without_results_is_searched(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["find", "dolor"]) == 1
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("Nothing was found.\n", "")
