"""`fi-desktop jobs deidentify`, on a result in a real queue."""

from __future__ import annotations

import json
import stat
import sys
import time
from pathlib import Path

import pytest

from fi_desktop.cli import main
from fi_desktop.core.transcript import Transcript
from tests.exporters.said_lines import transcript_of
from tests.jobs.archive import Archive

LINES = (
    ("SPEAKER_00", "Pase, señora Ruiz. ¿Y su teléfono?"),
    (
        "SPEAKER_01",
        "55 1234 5678, y soy Eulalia. La torre azul es alta. Vino Ximénez el 15 de marzo de 2020.",
    ),
)
NAME = "Consulta Ximénez Barrientos.wav"
SAID = ("Ruiz", "1234", "Eulalia", "Ximénez", "Barrientos", "marzo")


@pytest.fixture(autouse=True)
def visit(home: Path) -> Transcript:
    archive = Archive(home)
    archive.bench.now = time.time()  # old jobs would be deleted
    transcript = transcript_of(LINES, "es", name=NAME)
    archive.add(transcript, NAME)
    archive.bench.service.close()
    return transcript


def deidentify(*words: str) -> int:
    return main(["jobs", "deidentify", "1", *words])


def items(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_list_says_what_was_found_and_that_it_is_not_complete(capsys):
    assert deidentify("--list", "--lang", "es") == 0
    shown = capsys.readouterr()
    for text in ("[PERSONA 1]", "señora Ruiz", "[TELÉFONO 1]", "55 1234 5678", "[FECHA 1]"):
        assert text in shown.out
    assert "a person must read the copy" in shown.err


def test_json_has_a_line_for_each_item(capsys):
    assert deidentify("--list", "--json", "--lang", "es") == 0
    found = items(capsys)
    assert [(item["number"], item["kind"], item["label"], item["text"]) for item in found] == [
        (1, "person", "[PERSONA 1]", "Ruiz"),
        (2, "phone", "[TELÉFONO 1]", "55 1234 5678"),
        (3, "person", "[PERSONA 2]", "Eulalia"),
        (4, "person", "[PERSONA 3]", "Ximénez"),
        (5, "date", "[FECHA 1]", "15 de marzo de 2020"),
    ]
    assert found[0] | {"speaker": "SPEAKER_00", "before": "Pase, señora ", "at_s": 0.0} == found[0]


def test_copy_and_key_are_written(tmp_path, capsys):
    out, key = tmp_path / "out", tmp_path / "key.json"
    out.mkdir()
    assert deidentify("--to", "txt,json", "-o", str(out), "--lang", "es", "--key", str(key)) == 0
    assert sorted(file.name for file in out.iterdir()) == [
        "Copia desidentificada.json",
        "Copia desidentificada.txt",
    ]
    for file in out.iterdir():
        content = file.read_text(encoding="utf-8")
        assert "[PERSONA 1]" in content
        assert not [text for text in SAID if text in content]
        if sys.platform != "win32":
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(key.read_text(encoding="utf-8"))["labels"]["[PERSONA 2]"] == ["Eulalia"]
    shown = capsys.readouterr()
    assert str(out / "Copia desidentificada.txt") in shown.out
    assert not [text for text in SAID if text in shown.out + shown.err]


def test_no_key_is_written_unless_it_is_asked_for(tmp_path):
    assert deidentify("--to", "txt", "-o", str(tmp_path / "absent")) == 1
    out = tmp_path / "out"
    out.mkdir()
    assert deidentify("--to", "txt", "-o", str(out)) == 0
    assert [file.name for file in out.iterdir()] == ["De-identified copy.txt"]


def test_person_adds_and_keeps(tmp_path, capsys):
    choice = ("--add", "torre azul=organisation", "--keep", "Ruiz", "--keep-item", "2", "--lang", "es")
    assert deidentify("--list", "--json", *choice) == 0
    found = items(capsys)
    assert [(item["label"], item["text"]) for item in found] == [
        ("[TELÉFONO 1]", "55 1234 5678"),
        ("", "Eulalia"),
        ("[INSTITUCIÓN 1]", "torre azul"),
        ("[PERSONA 1]", "Ximénez"),
        ("[FECHA 1]", "15 de marzo de 2020"),
    ]
    assert deidentify("--to", "txt", "-o", str(tmp_path), *choice) == 0
    text = (tmp_path / "Copia desidentificada.txt").read_text(encoding="utf-8")
    assert "señora Ruiz" in text
    assert "Eulalia" in text
    assert "La [INSTITUCIÓN 1] es alta" in text
    assert deidentify("--list", "--keep-item", "9") == 2


def test_shifted_dates(tmp_path):
    key = tmp_path / "key.json"
    assert (
        deidentify("--to", "txt", "-o", str(tmp_path), "--shift-dates", "--lang", "es", "--key", str(key))
        == 0
    )
    text = (tmp_path / "Copia desidentificada.txt").read_text(encoding="utf-8")
    assert "15 de marzo de 2020" not in text
    assert "[FECHA" not in text
    assert json.loads(key.read_text())["shift_days"] % 7 == 0


def test_clinics_list_is_used(home, capsys):
    (home / "identifiers.txt").write_text("torre azul = place\n!Ruiz\n", encoding="utf-8")
    assert deidentify("--list", "--json") == 0
    texts = [item["text"] for item in items(capsys)]
    assert "torre azul" in texts
    assert "Ruiz" not in texts
    (home / "identifiers.txt").write_text("torre azul = castle\n", encoding="utf-8")
    assert deidentify("--list") == 1
    assert "Line 1 of the list of names cannot be used" in capsys.readouterr().err


def test_wrong_usage(capsys):
    assert deidentify() == 2
    assert main(["jobs", "deidentify", "7", "--list"]) == 1
    assert "no job 7" in capsys.readouterr().err
