"""`fi-desktop jobs remove`: what it says, and recordings that go to the trash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import source_sha256
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail
from fi_desktop.cli import main
from fi_desktop.core.transcript import summarize
from fi_desktop.pipeline.stages import write_result
from tests.jobs.archive import VISIT, transcript
from tests.jobs.conftest import Bench


@pytest.fixture
def recordings(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Three recordings whose jobs are completed, and a trash."""
    (tmp_path / "data").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    files = [tmp_path / f"{number}.wav" for number in range(3)]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    bench = Bench(home)
    bench.now = 4e9  # so that nothing is old
    bench.answer(bench.service.submit(files))
    for file in files:
        job = bench.claim()
        folder = bench.service.folders.folder(job.id)
        folder.mkdir(parents=True)
        made = transcript(*VISIT)
        made = replace(made, provenance=replace(made.provenance, source_sha256=source_sha256(file)))
        version = write_result(folder, made)
        with bench.service.transaction():
            bench.service.transitions.completed(job.id, job.claim, summarize(made, version))
    bench.service.close()
    return files


def test_it_says_what_went_and_what_stays(recordings: list[Path], capsys: pytest.CaptureFixture):
    assert main(["jobs", "remove", "1", "2"]) == 0
    said = capsys.readouterr().out
    assert "Deleted: 2 jobs, 2 results with corrections." in said
    assert "Kept: recordings, exported files, and the entries in the audit trail." in said
    assert all(file.exists() for file in recordings)


def test_the_recording_goes_along_if_it_is_the_one_that_was_processed(
    home: Path, tmp_path: Path, recordings: list[Path], capsys: pytest.CaptureFixture
):
    recordings[1].write_bytes(b"another take")
    assert main(["jobs", "remove", "1", "2", "--with-recording"]) == 1
    output = capsys.readouterr()
    assert "Moved to the trash: 1 recording." in output.out
    said = " ".join(output.err.split())
    assert "1.wav stays: it is no longer the recording that was processed." in said
    assert [file.exists() for file in recordings] == [False, True, True]
    assert (tmp_path / "data" / "Trash" / "files" / "0.wav").exists()
    kinds = [entry.fields["kind"] for entry in verify_trail(TrailStore(home / "audit")).entries]
    assert kinds.count("recording moved to the trash") == 1
    assert kinds.count("removed") == 2


def test_nothing_goes_if_a_job_is_on_hold(recordings: list[Path], capsys: pytest.CaptureFixture):
    assert main(["retention", "hold", "2"]) == 0
    assert main(["jobs", "remove", "1", "2", "--with-recording"]) == 1
    assert "Job 2 is on legal hold." in capsys.readouterr().err
    assert all(file.exists() for file in recordings)
    assert main(["jobs", "remove", "1", "--with-recording"]) == 0
    assert [file.exists() for file in recordings] == [False, True, True]
