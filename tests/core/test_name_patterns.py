"""Patterns of file names: what is read by them, and which are refused."""

import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.case_labels import LONGEST_CASE, CaseLabel, DateSource, LabelChange, plain_case
from fi_desktop.core.errors import UserError
from fi_desktop.core.name_patterns import READY_PATTERNS, change_by_name, label_of_file, name_pattern

NOW = datetime.fromisoformat("2026-11-30T12:00:00").timestamp()
CHANGED = NOW - 60


def read(stem: str, pattern: str = "", modified_at: float | None = None) -> CaseLabel:
    return label_of_file(stem, pattern, modified_at=modified_at, now=NOW)


@pytest.mark.parametrize(
    ("pattern", "stem", "case", "at"),
    [
        ("{case}_{date}", "Pérez_Juan_20261129", "Pérez_Juan", "2026-11-29"),
        ("{case}_{date}", "Pe\u0301rez_2026-11-29 (2)", "Pérez", "2026-11-29"),
        ("{case} {date}", "Ana María   261129", "Ana María", "2026-11-29"),
        ("{date} {case}", "2026-11-29 Ana 12", "Ana 12", "2026-11-29"),
        ("{date}_{time}_{case}", "20261129_1030_X", "X", "2026-11-29T10:30:00"),
        ("{date}_{time}_{case}", "2026.11.29_9h05_X", "X", "2026-11-29T09:05:00"),
        ("{case} {dmy}", "Ana 3.4.2026", "Ana", "2026-04-03"),
        ("{case} {mdy}", "Ana 03-04-26", "Ana", "2026-03-04"),
        ("{any} - {case} {date}{any}", "Clinic 3 - Ana 20261129b", "Ana", "2026-11-29"),
        ("{date}", "20261129", "", "2026-11-29"),
        ("EXP.{case}", "exp.0042", "0042", ""),
    ],
)
def test_case_and_date_are_read_by_a_pattern(pattern, stem, case, at):
    assert read(stem, pattern) == CaseLabel(case, at, DateSource.NAME if at else None)


@pytest.mark.parametrize("stem", ["20261129_103000", "20261129_101112"])
@pytest.mark.parametrize("pattern", ["{case}, {date}", "{case}_{date}"])
def test_name_of_a_recorder_is_read_as_without_a_pattern(pattern, stem):
    assert read(stem, pattern) == read(stem)
    assert read(stem).recorded_at.startswith("2026-11-29T10:")


@pytest.mark.parametrize(
    ("label", "change"),
    [
        (CaseLabel(), LabelChange("Ana", "2026-11-29", DateSource.NAME)),
        (
            CaseLabel("x", "2026-11-30T11:00:00", DateSource.FILE),
            LabelChange("Ana", "2026-11-29", DateSource.NAME),
        ),
        (
            CaseLabel("Ana", "2026-11-29T10:30:00", DateSource.NAME),
            LabelChange("Ana", None, DateSource.NAME),
        ),
        (CaseLabel("", "2020-01-05", DateSource.PERSON), LabelChange("Ana", None, DateSource.NAME)),
    ],
)
def test_name_that_is_read_again_leaves_a_persons_date(label, change):
    assert change_by_name("Ana_20261129", "{case}_{date}", label, now=NOW) == change


@pytest.mark.parametrize("day", ["20270102", "19040102", "20360605"])
def test_wrong_date_in_a_name_leaves_the_case(day):
    label = read(f"Ana_{day}", "{case}_{date}", CHANGED)
    assert label == CaseLabel("Ana", "2026-11-30T11:59:00", DateSource.FILE)


@pytest.mark.parametrize(
    "modified_at", [None, 0.0, -2_082_844_800.0, NOW + 30 * 86_400, 1e30, 2_085_978_496.0]
)
def test_wrong_clock_of_a_file_is_not_believed(modified_at):
    assert read("REC0001", modified_at=modified_at) == CaseLabel()


def test_file_of_a_recorder_has_the_date_of_its_last_change():
    assert read("REC0001", modified_at=CHANGED) == CaseLabel("", "2026-11-30T11:59:00", DateSource.FILE)


@pytest.mark.parametrize(
    "pattern",
    [
        "{case",
        "}",
        "{patient}",
        "{case}{case}",
        "{date} {dmy}",
        "abc",
        "{any}",
        "{date:%Y}",
        "{any}{case}{any}{any}",
    ],
)
def test_pattern_that_makes_no_sense_is_refused_in_a_sentence(pattern):
    with pytest.raises(UserError, match=r"pattern|Patterns"):
        name_pattern(pattern)


def test_long_name_is_read_at_once():
    assert read("a" * 255, "{any}-{case}-{any}-{date}") == CaseLabel()


# composed, which is how names are compared
_CASES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=LONGEST_CASE).map(
    lambda text: plain_case(unicodedata.normalize("NFC", text))
)
_FIRST, _LAST = (datetime.fromisoformat(day) for day in ("1996-01-02", "2026-11-30"))
_MOMENTS = st.datetimes(_FIRST, _LAST).filter(lambda at: (at.month, at.day) != (1, 1))
_PATTERNS = (*READY_PATTERNS, "{mdy}-{case}", "{case}--{date}", "{time} {case} {dmy}", "{any} {date} {case}")


@given(_CASES.filter(bool), _MOMENTS, st.sampled_from(_PATTERNS))
def test_name_that_was_made_by_a_pattern_is_read_back(case, at, pattern):
    label = read(name_pattern(pattern).filled(case, at), pattern)
    assert label.case == case
    if pattern != "{case}":
        timed = "{time}" in pattern
        assert label.recorded_at == (at.isoformat(timespec="seconds") if timed else at.date().isoformat())
