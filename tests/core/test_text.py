"""Times, names that are safe to show, and tracebacks without a patient's name."""

from __future__ import annotations

import json
import traceback
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core.text import clock, one_line, time_left, without_path

NAME = "Zutanita"
PATHS = [
    PurePosixPath("/home/ana/Zutanita Quiquirimundi.wav"),
    PurePosixPath("/home/ana/Zutanita/Jos\udce9 Quiquirimundi.wav"),
    PurePosixPath('/home/Zutanita\'s "folder"/Quiquirimundi\n2.wav'),
    PurePosixPath("/home/ana/Zutanita \\ Quiquirimundi.wav"),
    PurePosixPath("/home/ana/Zutanita 👩\u200d⚕️ Niño Quiquirimundi.wav"),
    PureWindowsPath("C:\\Users\\ana\\Zutanita Quiquirimundi\\Quiquirimundi José.wav"),
]
WRITTEN = {
    "as it is": str,
    "repr": repr,
    "ascii": ascii,
    "repr in repr": lambda text: repr(repr(text)),
    "ascii in repr": lambda text: repr(ascii(text)),
    "bytes": lambda text: repr(text.encode("utf-8", "surrogateescape")),
    "json": json.dumps,
    "replaced": lambda text: text.encode("ascii", "replace").decode(),
    "broken": lambda text: text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
    "escaped": lambda text: text.encode("ascii", "backslashreplace").decode(),
    "url": lambda text: quote(text.encode("utf-8", "surrogateescape")),
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("path", PATHS, ids=ascii)
def test_name_is_found_in_any_notation(path, written):
    for private in (path, path.parent, path.name, path.stem):
        if private == PurePosixPath("/home/ana"):
            continue
        text = f"before {written(str(private))} after"
        hidden = without_path(text, path)
        assert NAME not in hidden
        assert "Quiquirimundi" not in hidden
        assert hidden.startswith("before ")
        assert hidden.endswith(" after")


_LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
_BYTES = st.integers(1, 0xFF).filter(lambda byte: byte != ord("/"))
# a name on disk is bytes, which need not be UTF-8
NAMES = st.lists(
    _LETTERS.map(str.encode) | _BYTES.map(lambda byte: bytes([byte])), min_size=3, max_size=40
).map(lambda parts: b"".join(parts).decode("utf-8", "surrogateescape"))


@settings(deadline=None)
@given(NAMES, st.sampled_from(list(WRITTEN)))
def test_any_name_is_found_in_any_notation(name, written):
    path = PurePosixPath("/r") / f"{name}{NAME}.wav"
    hidden = without_path(WRITTEN[written](str(path)), path)
    assert NAME not in hidden


def test_traceback_keeps_all_but_the_name(tmp_path: Path):
    path = tmp_path / 'Zutanita\'s "Quiquirimundi".wav'
    try:
        try:
            path.open("rb")
        except OSError as error:
            raise ValueError(f"cannot read {path!r}") from error
    except ValueError:
        hidden = without_path(traceback.format_exc(), path)
    assert "Zutanita" not in hidden
    assert "FileNotFoundError: [Errno 2] No such file or directory" in hidden
    assert "test_traceback_keeps_all_but_the_name" in hidden
    assert 'raise ValueError(f"cannot read {path!r}") from error' in hidden


def test_two_letter_name_is_left_because_it_is_part_of_many_words():
    assert without_path("a baker", PurePosixPath("/x/ba.m")) == "a baker"


@pytest.mark.parametrize(
    "name", ["José – 2ª.wav", "مريض السيد أحمد.wav", "👩\u200d⚕️ visita.wav", "a%20b%n.wav"]
)
def test_safe_names_are_unchanged(name):
    assert one_line(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("line\nbreak.wav", "line�break.wav"),
        ("\x1b[31mred.wav", "�[31mred.wav"),
        ("of \udcff bytes.wav", "of � bytes.wav"),
        ("gp3\u202evaw.exe", "gp3�vaw.exe"),
        ("two\u2028lines", "two�lines"),
    ],
)
def test_unsafe_characters_are_replaced(name, shown):
    assert one_line(name) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-1, "0:00"), (7.9, "0:07"), (725, "12:05"), (3723, "1:02:03")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(("seconds", "shown"), [(0.04, "0:00.0"), (59.96, "1:00.0"), (3601.25, "1:00:01.2")])
def test_clock_with_tenths(seconds, shown):
    assert clock(seconds, decimals=1) == shown


def test_padded_clock_has_a_fixed_width():
    assert clock(62.3456, decimals=3, point=",", padded=True) == "00:01:02,346"
    assert clock(3725.99, padded=True) == "01:02:05"


@pytest.mark.parametrize(("seconds", "shown"), [(0, "≈ 0:01"), (59.6, "≈ 1:00"), (125.2, "≈ 2:05")])
def test_time_left_is_at_least_a_second(seconds, shown):
    assert time_left(seconds) == shown
