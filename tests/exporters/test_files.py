"""Exported files are named after their recordings, and replace nothing."""

import os

from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.exporters.files import LONGEST_NAME, file_key, file_name, free_file, target_files

file_names = st.text(
    st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=300
)


@settings(deadline=None)
@given(file_names, st.sampled_from(["txt", "rttm"]), st.integers(1, 1000))
def test_name_fits_the_file_system_and_keeps_extension_and_number(name, format, number):
    made = file_name(name, format, number=number)
    assert len(os.fsencode(made)) <= LONGEST_NAME
    assert made.endswith(f".{format}" if number == 1 else f" ({number}).{format}")


def test_name_is_cut_between_characters_if_too_long():
    assert file_name("visita.wav", "txt") == "visita.txt"
    assert file_name("ñ" * 126 + ".wav", "rttm") == "ñ" * 125 + ".rttm"
    odd = os.fsdecode(b"x" * 250 + b"\xff.wav")
    assert file_name(odd, "txt") == os.fsdecode(b"x" * 250 + b"\xff"[:1]) + ".txt"
    assert file_name("a b.wav", "txt", longest=6) == "a.txt"


def test_names_that_are_equal_once_cut_get_numbers(tmp_path):
    given = ["x" * 251 + ".wav", "x" * 252 + ".mp3"]
    first, second = (file.name for file in target_files(given, "rttm", tmp_path))
    assert (len(first), len(second)) == (255, 255)
    assert second.endswith("x (2).rttm")


def test_free_file_is_absent_or_has_the_same_content(tmp_path):
    taken: set[str] = set()
    (tmp_path / "a.txt").write_bytes(b"one")
    (tmp_path / "a (2).txt").mkdir()
    assert free_file("a.wav", "txt", tmp_path, b"one", taken).name == "a.txt"
    assert free_file("a.wav", "txt", tmp_path, b"two", taken).name == "a (3).txt"
    assert free_file("A.wav", "txt", tmp_path, b"one", taken).name in ("A (2).txt", "A (4).txt")
    assert file_key("A (3).txt") in taken
