"""Transcripts are found by the date of the recording and by the case, as people corrected them."""

from datetime import date, datetime
from pathlib import Path

import apsw
import pytest

from fi_desktop.core.case_labels import LabelChange
from fi_desktop.jobs.search_query import SearchQuery, period, split_case, terms_of
from fi_desktop.jobs.transcript_index import INDEX_FILE
from tests.jobs.archive import VISIT, Archive, transcript

NOW = datetime.fromisoformat("2026-11-30T12:00:00").timestamp()
TODAY = date(2026, 11, 30)


@pytest.fixture
def archive(tmp_path: Path):
    archive = Archive(tmp_path)
    archive.bench.now = NOW
    archive.open()
    yield archive
    archive.shut()
    archive.bench.service.close()


def on(archive: Archive, day: str) -> set[int]:
    since, until = period(day, TODAY)
    return {found.job for found in archive.find("dolor", since=since, until=until)}


def of(archive: Archive, case: str) -> set[int]:
    return {found.job for found in archive.find("dolor", case=case)}


def relabel(archive: Archive, job_id: int, **change: str) -> None:
    archive.bench.answer(archive.bench.service.relabel({job_id: LabelChange(**change)}))


def test_day_is_that_of_the_recording(archive):
    job_id = archive.add(transcript(*VISIT), "20261112_090000.wav")
    assert on(archive, "2026-11-12") == {job_id}
    assert on(archive, "2026-11-30") == set()
    relabel(archive, job_id, recorded_at="2026-11-10")
    assert (on(archive, "2026-11-12"), on(archive, "2026-11-10")) == (set(), {job_id})


def test_older_recordings_that_were_added_later_are_found(archive):
    first, second, third = (
        archive.add(transcript(*VISIT), f"{day}_090000.wav") for day in ("20261112", "20261001", "20261113")
    )
    assert on(archive, "last month") == {second}
    assert on(archive, "this month") == {first, third}


def test_case_is_a_filter_and_a_corrected_one_counts(archive):
    one, other = (archive.add(transcript(*VISIT), f"{name}.wav") for name in ("a", "b"))
    relabel(archive, one, case="0042 Ñandú")
    relabel(archive, other, case="0043")
    assert (of(archive, "ñandu"), of(archive, "004"), of(archive, "0043 ")) == ({one}, {one, other}, {other})
    relabel(archive, one, case="Pérez")
    assert (of(archive, "ñandu"), of(archive, "PEREZ")) == (set(), {one})
    archive.shut()
    assert archive.files_with("ñandu".encode()) == []


def test_cases_that_are_corrected_right_after_the_result_count(archive):
    cases = [f"9{number:03}" for number in range(20)]
    ids = []
    for case in cases:
        ids.append(archive.add(transcript(*VISIT), f"{case}.wav"))
        relabel(archive, ids[-1], case=case)
    assert [of(archive, f"{case} ") for case in cases] == [{job_id} for job_id in ids]


def test_what_was_corrected_while_nobody_indexed_is_found_by_the_comparison(archive):
    job_id = archive.add(transcript(*VISIT), "20261112_090000.wav")
    assert of(archive, "0042") == set()
    archive.shut()
    relabel(archive, job_id, case="0042", recorded_at="2026-11-10")
    archive.open()
    assert (of(archive, "0042"), on(archive, "2026-11-10")) == ({job_id}, {job_id})


def test_index_from_before_there_were_cases_is_used(archive):
    job_id = archive.add(transcript(*VISIT), "20261112_090000.wav")
    relabel(archive, job_id, case="0042")
    assert of(archive, "0042") == {job_id}
    archive.shut()
    connection = apsw.Connection(str(archive.folder / INDEX_FILE))
    connection.execute("ALTER TABLE results DROP COLUMN case_key")
    connection.execute("UPDATE results SET at = 0.0")
    packed = connection.execute("SELECT packed FROM passages").fetchall()
    connection.close()
    archive.open()
    assert (of(archive, "0042"), on(archive, "2026-11-12")) == ({job_id}, {job_id})
    archive.shut()
    connection = apsw.Connection(str(archive.folder / INDEX_FILE))
    assert connection.execute("SELECT packed FROM passages").fetchall() == packed  # it was not made again
    connection.close()


@pytest.mark.parametrize(
    ("text", "words", "case"),
    [
        ("dolor case:0042", ("dolor",), "0042"),
        ('caso:"ana ruiz" dolor de cabeza', ("dolor", "de", "cabeza"), "ana ruiz"),
        ("Case:", (), ""),
        ("showcase:0042", ("showcase:0042",), ""),
        ("dolor", ("dolor",), ""),
    ],
)
def test_case_in_a_search(text, words, case):
    rest, found = split_case(text)
    assert (tuple(rest.split()), found) == (words, case)


def test_case_alone_finds_nothing(archive):
    job_id = archive.add(transcript(*VISIT))
    relabel(archive, job_id, case="0042")
    assert of(archive, "0042") == {job_id}
    assert archive.search.find(SearchQuery(terms_of(""), case="0042"), 10).lines == ()
