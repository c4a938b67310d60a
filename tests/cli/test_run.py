"""`fi-desktop run`: the files it reads, and the exports it writes."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import LeftOut, Unreadable
from fi_desktop.cli.arguments import STDIN
from fi_desktop.cli.queue_access import LocalFollower, RemoteFollower
from fi_desktop.cli.run import FollowedRecording, _describe, _files, export_all, export_options, follow
from fi_desktop.core.errors import UserError
from fi_desktop.core.job import Job
from fi_desktop.core.messages import verbatim
from fi_desktop.core.values import JobOptions
from fi_desktop.rpc.client import LocalClient
from fi_desktop.settings import load
from fi_desktop.system.files import RESULT
from tests.app_driver import running_app
from tests.cli.test_terminal import complete
from tests.jobs.conftest import Bench


@pytest.fixture
def bench(home: Path):
    bench = Bench(home)
    yield bench
    bench.service.close()


def exported(bench: Bench, folder: Path, *formats: str):
    followed = [FollowedRecording(job, Path(job.path)) for job in bench.answer(bench.service.jobs())]
    settings = load()
    return list(export_all(settings, followed, formats, folder, export_options(settings, None, None)))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_existing_file_with_other_content_stays(bench: Bench, tmp_path: Path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "visita.txt").write_text("another visit")
    complete(bench, "visita.wav")
    (first,) = exported(bench, out, "txt", "rttm")
    assert names(out) == ["visita (2).txt", "visita.rttm", "visita.txt"]
    assert (out / "visita.txt").read_text() == "another visit"
    assert first.numbered == [("visita.txt", "visita (2).txt")]
    assert exported(bench, out, "txt", "rttm") == [first]
    assert len(names(out)) == 3


@pytest.mark.parametrize(
    ("asked", "saved", "state"),
    [
        (None, "system", "Draft, not reviewed."),
        (None, "es", "Borrador sin revisar."),
        ("es", "en", "Borrador sin revisar."),
        ("en", "es", "Draft, not reviewed."),
    ],
)
def test_language_of_exports_is_that_of_the_program_unless_asked(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str | None, saved: str, state: str
):
    complete(bench, "visita.wav")
    monkeypatch.setenv("FI_DESKTOP_LANGUAGE", saved)
    followed = [FollowedRecording(job, Path(job.path)) for job in bench.answer(bench.service.jobs())]
    options = export_options(load(), asked, None)
    (done,) = export_all(load(), followed, ("txt", "html"), tmp_path, options)
    assert [state in file.read_text(encoding="utf-8") for file in done.written] == [True, True]


def test_two_recordings_of_the_same_name_become_two_files(bench: Bench, tmp_path: Path):
    (tmp_path / "out").mkdir()
    (bench.home / "b").mkdir()
    complete(bench, "visita.wav")
    complete(bench, "b/VISITA.WAV")
    exported(bench, tmp_path / "out", "txt")
    assert names(tmp_path / "out") == ["VISITA (2).txt", "visita.txt"]


def test_failed_export_does_not_prevent_others(bench: Bench, tmp_path: Path):
    (tmp_path / "out").mkdir()
    first, second, third = (complete(bench, name) for name in ("a.wav", "b.wav", "c.wav"))
    (bench.service.folders.folder(second) / RESULT).write_text("{")
    exports = exported(bench, tmp_path / "out", "txt")
    assert names(tmp_path / "out") == ["a.txt", "c.txt"]
    assert [bool(one.failed) for one in exports] == [False, True, False]
    assert exports[1].failed == [("Job 2", "Its result cannot be read. Retry the job to create it again.")]
    gone = exported(bench, tmp_path / "gone", "txt", "rttm")
    assert len(gone[0].failed) == 2
    assert {one.job_id for one in gone} == {first, second, third}


def test_longest_possible_name_is_shortened(bench: Bench, tmp_path: Path):
    (tmp_path / "out").mkdir()
    for name in ("x" * 251 + ".wav", "ñ" * 125 + "x.wav"):
        complete(bench, name)
    exports = exported(bench, tmp_path / "out", "txt", "rttm", "json", "srt", "vtt")
    assert not any(one.failed for one in exports)
    assert len(names(tmp_path / "out")) == 10


def stdin(monkeypatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("content", [b"/r/a.wav\n\n/r/b \xff.wav\r\n", b"/r/a.wav\0/r/b \xff.wav\0"])
def test_files_can_be_named_on_stdin(monkeypatch, content):
    stdin(monkeypatch, content)
    read = [Path("/r/a.wav"), Path(os.fsdecode(b"/r/b \xff.wav"))]
    assert _files([Path("/first"), STDIN, Path("/last")]) == [Path("/first"), *read, Path("/last")]


def test_empty_list_does_not_mean_the_whole_queue(monkeypatch):
    stdin(monkeypatch, b"\n")
    with pytest.raises(UserError, match="names no files"):
        _files([STDIN])


def test_skipped_files_are_reported():
    left_out = LeftOut(((".ds2", 2), (".txt", 1)), (Unreadable("/r/locked", verbatim("Permission denied")),))
    assert list(_describe(left_out)) == [
        "/r/locked cannot be read (Permission denied).",
        "Skipped 3 files of other types (2 .ds2, 1 .txt).",
    ]
    assert list(_describe(LeftOut(((".txt", 1),)))) == ["Skipped 1 file of another type (1 .txt)."]


@pytest.mark.parametrize("owned", ["here", "elsewhere"])
def test_removed_job_is_not_waited_for(home: Path, tmp_path: Path, owned: str):
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    with running_app(home, backend="idle") as driver:
        service = driver.app.service
        follower = (
            LocalFollower(driver.app)
            if owned == "here"
            else RemoteFollower(LocalClient(service), lambda _s: None)
        )
        shown = []

        def show(job: Job) -> None:
            if not shown:
                service.remove([job.id]).result()
            shown.append(job.id)

        assert follow(follower, [tmp_path / "a.wav"], JobOptions(), show=show) == []
    assert set(shown) == {1}
