"""`fi-desktop templates`, and `--template` of the commands that export."""

from __future__ import annotations

import json
import time
from pathlib import Path

import docx
import pytest

from fi_desktop.cli import main
from fi_desktop.cli.run import FollowedRecording, export_all, export_options
from fi_desktop.settings import load, save
from tests.cli.test_terminal import complete
from tests.exporters.test_exporters import WITH_WORDS
from tests.jobs.conftest import Bench


@pytest.fixture
def own(home: Path) -> Path:
    folder = home / "templates"
    folder.mkdir()
    return folder


@pytest.fixture
def done(home: Path) -> int:
    """A completed job."""
    bench = Bench(home)
    bench.now = time.time()  # old jobs would be deleted
    job_id = complete(bench, "visita.wav")
    bench.service.close()
    return job_id


def test_templates_are_listed_with_why_one_cannot_be_used(home, own, capsys):
    (own / "visita.toml").write_text('name = "Visita a domicilio"\nlayout = "paragraphs"', encoding="utf-8")
    save(home, {"export_template": "interview"})
    assert main(["templates", "list"]) == 0
    shown = capsys.readouterr().out
    assert ["interview", "Interview", "questions", "chosen"] in [line.split() for line in shown.splitlines()]
    assert str(own) in shown.replace("\n", "")
    (own / "bad.toml").write_text("time = true")
    assert main(["templates", "list", "--json"]) == 1
    rows = {row["name"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["visita"] == {
        "name": "visita",
        "title": "Visita a domicilio",
        "own": True,
        "layout": "paragraphs",
        "problem": None,
    }
    assert rows["bad"]["problem"].startswith("The template bad.toml is not used: time is none of the keys ")


def test_files_are_checked_wherever_they_are(tmp_path, capsys):
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    good.write_text('layout = "table"')
    bad.write_text('layout = "table')
    assert main(["templates", "check", str(good)]) == 0
    assert capsys.readouterr().out == "good.toml can be used.\n"
    assert main(["templates", "check", str(bad), str(good), str(tmp_path / "none.toml")]) == 1
    told = capsys.readouterr()
    assert told.out == "good.toml can be used.\n"
    assert "The template bad.toml is not used: line 1 is not written as TOML requires." in told.err
    assert "The template none.toml is not used: it cannot be read: No such file or directory." in told.err


def test_copies_are_put_where_the_program_looks(home, capsys):
    assert main(["templates", "copy"]) == 0
    assert str(home / "templates") in capsys.readouterr().out.replace("\n", "")
    assert main(["templates", "list", "--json"]) == 0
    assert [row["own"] for row in map(json.loads, capsys.readouterr().out.splitlines())] == [True, True]


def test_export_follows_the_template_asked_for_or_the_settings(home, own, done, tmp_path, capsys):
    (own / "sin.toml").write_text('heading = "Clínica del Valle"\ntimes = false', encoding="utf-8")
    target = tmp_path / "a.docx"
    export = ["export", str(done), "--to", "docx", "-o", str(target)]

    def first() -> str:
        return docx.Document(str(target)).paragraphs[0].text

    assert main([*export, "--template", "sin"]) == 0
    assert first() == "Clínica del Valle"
    assert main([*export, "--template", "consultation"]) == 0
    assert len(docx.Document(str(target)).tables) == 1
    save(home, {"export_template": "sin"})
    assert main(export) == 0
    assert first() == "Clínica del Valle"
    assert main([*export, "--template", ""]) == 0
    assert first() == WITH_WORDS.provenance.source_name.removesuffix(".m4a")
    (own / "sin.toml").unlink()
    assert main(export) == 1
    assert capsys.readouterr().err == (
        "fi-desktop: There is no template sin. There are: consultation, interview.\n"
    )
    assert first() != "Clínica del Valle"  # nothing was written in another layout
    assert main(["export", str(done), "--to", "json", "-o", str(tmp_path / "a.json")]) == 0


def test_bad_template_is_refused_before_any_recording_is_processed(own, tmp_path, capsys):
    (own / "x.toml").write_text("times = 1")
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    run = ["run", str(tmp_path / "a.wav"), "--to", "txt", "--out", str(tmp_path / "out"), "--template", "x"]
    assert main(run) == 1
    assert (
        capsys.readouterr().err
        == "fi-desktop: The template x.toml is not used: times must be true or false.\n"
    )
    assert not (tmp_path / "out").exists()


def test_run_names_files_by_the_template(home, own, tmp_path):
    (own / "x.toml").write_text('file_name = "{name}, {speakers}"')
    out = tmp_path / "out"
    out.mkdir()
    bench = Bench(home)
    complete(bench, "visita 1.5.wav")
    followed = [FollowedRecording(job, Path(job.path)) for job in bench.answer(bench.service.jobs())]
    settings = load()
    options = export_options(settings, "es", "x")
    (export,) = export_all(settings, followed, ("txt", "rttm"), out, options)
    bench.service.close()
    names = sorted(file.name for file in export.written)
    assert [name.partition(",")[0] for name in names] == ["visita 1.5", "visita 1.5"]
    assert all("Hablante 1" in name for name in names)


def test_deidentified_copy_has_no_heading_of_the_clinic(home, own, done, tmp_path):
    (own / "sin.toml").write_text('heading = "Clínica del Valle"', encoding="utf-8")
    save(home, {"export_template": "sin"})
    out = tmp_path / "out"
    out.mkdir()
    assert main(["jobs", "deidentify", str(done), "--to", "txt", "-o", str(out)]) == 0
    texts = [file.read_text(encoding="utf-8-sig") for file in out.rglob("*.txt")]
    assert len(texts) == 1
    assert "Clínica del Valle" not in texts[0]
