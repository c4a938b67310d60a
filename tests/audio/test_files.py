import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fi_desktop.audio.files import AUDIO_EXTENSIONS, VIDEO_EXTENSIONS, media_files, source_sha256


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    return path


def names(paths: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_folders_are_walked_in_order_for_recordings_alone(tmp_path):
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

    found = list(media_files([tmp_path]))

    assert names(found, tmp_path) == ["a.wav", "b.MP3", "sub/deep/z.opus", "sub/video.Mp4"]


def test_a_named_file_is_taken_whatever_its_ending(tmp_path):
    odd = touch(tmp_path / "recording.bin")
    missing = tmp_path / "gone.wav"

    assert list(media_files([odd, missing])) == [odd, missing]


def test_a_file_that_is_named_twice_comes_once(tmp_path):
    file = touch(tmp_path / "a.wav")

    assert list(media_files([file, tmp_path, file])) == [file]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_that_go_round_end(tmp_path):
    file = touch(tmp_path / "one/a.wav")
    (tmp_path / "one/back").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "one/self.wav").symlink_to(tmp_path / "one/self.wav")

    assert list(media_files([tmp_path])) == [file]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="this account may read everything")
def test_a_folder_that_may_not_be_read_is_passed_over(tmp_path):
    touch(tmp_path / "locked/a.wav")
    file = touch(tmp_path / "open/b.wav")
    (tmp_path / "locked").chmod(0)
    try:
        assert list(media_files([tmp_path])) == [file]
    finally:
        (tmp_path / "locked").chmod(0o700)


def test_endings_are_lower_case_and_of_one_kind():
    assert not AUDIO_EXTENSIONS & VIDEO_EXTENSIONS
    assert all(
        ending == ending.lower() and ending.startswith(".") for ending in AUDIO_EXTENSIONS | VIDEO_EXTENSIONS
    )


def test_hash_of_a_file(tmp_path):
    content = os.urandom(3_000_000)
    (tmp_path / "a.wav").write_bytes(content)

    assert source_sha256(tmp_path / "a.wav") == hashlib.sha256(content).hexdigest()


def test_it_needs_no_decoder():
    code = "import sys, fi_desktop.audio.files; sys.exit(bool({'av', 'numpy'} & set(sys.modules)))"

    subprocess.run([sys.executable, "-c", code], check=True)
