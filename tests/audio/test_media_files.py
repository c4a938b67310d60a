import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import (
    AUDIO_EXTENSIONS,
    NOTHING_LEFT_OUT,
    VIDEO_EXTENSIONS,
    LeftOut,
    NotAFileError,
    Tally,
    Unreadable,
    media_files,
    nothing_found,
    source_sha256,
)
from fi_desktop.core import messages

NO_RIGHTS_COUNT = sys.platform == "win32" or os.geteuid() == 0


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_folders_are_searched_in_order(tmp_path):
    for name in [
        "b.MP3",
        "a.wav",
        "notes.txt",
        "sub/video.Mp4",
        "sub/.hidden.wav",
        ".git/c.wav",
        "sub/deep/z.opus",
    ]:
        touch(tmp_path / name)

    found = list(media_files([tmp_path], Tally()))

    assert names(found, tmp_path) == ["a.wav", "b.MP3", "sub/deep/z.opus", "sub/video.Mp4"]


def test_named_file_is_accepted_whatever_its_extension(tmp_path):
    odd = touch(tmp_path / "recording.bin")

    assert list(media_files([odd], Tally())) == [odd]


def test_missing_path_is_skipped_and_reported(tmp_path):
    file, tally = touch(tmp_path / "a.wav"), Tally()
    gone = [tmp_path / "gone.wav", file / "below a file.wav"]

    assert list(media_files([gone[0], file, gone[1]], tally)) == [file]
    assert tally.left_out().unreadable == tuple(
        Unreadable(str(path), messages.PATH_MISSING()) for path in gone
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pipes are no files there")
def test_pipe_is_skipped_without_waiting(tmp_path):
    pipe, file, tally = tmp_path / "pipe.wav", touch(tmp_path / "a.wav"), Tally()
    os.mkfifo(pipe)

    assert list(media_files([pipe, file, tmp_path], tally)) == [file]
    assert tally.left_out().unreadable == (Unreadable(str(pipe), messages.PATH_NOT_A_FILE()),)
    with pytest.raises(NotAFileError):
        source_sha256(pipe)
    with pytest.raises(NotAFileError):
        source_sha256(tmp_path)


def test_skipped_files_of_two_searches_add_up(tmp_path):
    touch(tmp_path / "1.ds2")
    touch(tmp_path / "1.txt")
    both = NOTHING_LEFT_OUT
    for number in range(2):
        tally = Tally()
        assert list(media_files([tmp_path, tmp_path / f"gone {number}.wav"], tally)) == []
        both += tally.left_out()
        touch(tmp_path / "2.txt")
    assert both.others == ((".txt", 3), (".ds2", 2))
    assert [one.path for one in both.unreadable] == [
        str(tmp_path / f"gone {number}.wav") for number in (0, 1)
    ]


def test_file_named_twice_is_found_once(tmp_path):
    file = touch(tmp_path / "a.wav")

    assert list(media_files([file, tmp_path, file], Tally())) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_circular_links_end(tmp_path):
    file = touch(tmp_path / "one/a.wav")
    (tmp_path / "one/back").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "one/self.wav").symlink_to(tmp_path / "one/self.wav")

    assert list(media_files([tmp_path], Tally())) == [file]


@pytest.fixture
def refused(tmp_path):
    """Create a readable and an unreadable folder."""
    folder = tmp_path / "refused"
    touch(tmp_path / "open/b.wav")
    if NO_RIGHTS_COUNT:
        folder.symlink_to(folder)
        yield folder
    else:
        touch(folder / "a.wav")
        folder.chmod(0)
        yield folder
        folder.chmod(0o700)


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_unreadable_folder_is_reported_and_the_rest_found(tmp_path, refused):
    tally = Tally()

    assert list(media_files([tmp_path], tally)) == [tmp_path / "open/b.wav"]
    (one,) = tally.left_out().unreadable
    assert one.path == str(refused)
    assert str(one.reason) in ("Permission denied", "Too many levels of symbolic links")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_unreadable_path_does_not_stop_the_search(tmp_path, refused):
    tally = Tally()
    given = [tmp_path / "open/b.wav", refused / "a.wav", refused]

    assert list(media_files(given, tally)) == given[:1]
    assert [one.path for one in tally.left_out().unreadable] == [str(path) for path in given[1:]]
    assert nothing_found(tally.left_out()).code == "submit.unreadable"


def test_impossible_name_does_not_stop_the_search(tmp_path):
    file, tally = touch(tmp_path / "a.wav"), Tally()

    assert list(media_files([tmp_path / "x\0y", file], tally)) == [file]
    assert len(tally.left_out().unreadable) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shorter there")
def test_deeply_nested_folders_are_searched(tmp_path):
    top = touch(tmp_path / "top.wav")
    here = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1050):
        os.mkdir("d", dir_fd=here)
        here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
        os.close(above)
    os.close(os.open("a.wav", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)

    try:
        found = list(media_files([tmp_path], Tally()))
    finally:
        while (tmp_path / "d").exists():  # from the top: rmtree is recursive
            if (tmp_path / "d" / "d").exists():
                (tmp_path / "d" / "d").rename(tmp_path / "below")
            shutil.rmtree(tmp_path / "d")
            if (tmp_path / "below").exists():
                (tmp_path / "below").rename(tmp_path / "d")

    assert [found[0].name, found[1]] == ["a.wav", top]


def test_files_of_other_kinds_are_counted_by_extension(tmp_path):
    for name in ["a.wav", "1.DS2", "2.ds2", "notes.txt", "LICENSE", ".hidden.txt", "Thumbs.db", "sub/3.ds2"]:
        touch(tmp_path / name)
    tally = Tally()

    assert len(list(media_files([tmp_path], tally))) == 1
    left_out = tally.left_out()
    assert left_out.number == 5
    assert left_out.kinds == "3 .ds2, 1 .txt, …"


def test_part_of_a_name_is_not_an_extension():
    assert LeftOut(others=((".garcía lópez", 1),)).kinds == "…"


@pytest.mark.parametrize(
    "name",
    [
        "llamada.awb", "nota.qta", "tono.m4r", "dictado.DSS", "a.mpga", "a.gsm", "a.dts", "a.eac3", "a.ec3",
        "Voz 001.3gpp",
    ],
)  # fmt: skip
def test_dictations_and_recorded_calls_are_recordings(tmp_path, name):
    file = touch(tmp_path / name)

    assert list(media_files([tmp_path], Tally())) == [file]


def test_extensions_are_lower_case_and_distinct():
    assert not AUDIO_EXTENSIONS & VIDEO_EXTENSIONS
    assert all(
        extension == extension.lower() and extension.startswith(".")
        for extension in AUDIO_EXTENSIONS | VIDEO_EXTENSIONS
    )


def test_sha256_of_a_file(tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "a.wav").write_bytes(content)

    assert source_sha256(tmp_path / "a.wav") == hashlib.sha256(content).hexdigest()


def test_module_imports_no_decoder():
    code = "import sys, fi_desktop.audio.media_files; sys.exit(bool({'av', 'numpy'} & set(sys.modules)))"

    subprocess.run([sys.executable, "-c", code], check=True)
