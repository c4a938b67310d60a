"""Search in all transcripts, through the real store: what is found, and what is no longer there."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.revision import Assign, BadEdit, Describe, Split, Write, apply
from fi_desktop.core.transcript import Role, Transcript
from fi_desktop.jobs.indexing import IndexingThread
from fi_desktop.jobs.search_query import SearchQuery, period, start_of, terms_of
from fi_desktop.jobs.spoken_lines import lines_of, stamp_of
from fi_desktop.jobs.spoken_words import variants, words_of
from fi_desktop.jobs.transcript_index import (
    DAMAGED_MARK,
    INDEX_FILE,
    IndexedJob,
    IndexPlace,
    TranscriptIndex,
    passage_of,
)
from fi_desktop.jobs.transcript_search import IndexState
from tests.jobs.archive import VISIT, Archive, transcript

UNSAID = "xilofonomancia"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(tmp_path)
    yield archive
    archive.shut()
    archive.bench.service.close()


@pytest.fixture
def visit(archive: Archive) -> int:
    job_id = archive.add(transcript(*VISIT))
    archive.open()
    return job_id


# ---- what is found


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("cabeza", [1]),
        ("cabezas", [1]),
        ("dolor", [1, 3]),
        ("DOLORES", [1, 3]),
        ("nauseas", [1]),
        ("náusea", [1]),
        ("medicamento", [2]),
        ("dias", [0]),
        ("medicamentos", [2]),
        ("tomo", [2]),
        ("dolor cabeza", [1]),
        ("dolor paracetamol", [3]),
        ('"dolores de cabeza"', [1]),
        ('"dolor de cabeza"', []),
        ('"la cabeza desde"', [1]),
        ('"cabeza la"', []),
        ("dolor -paracetamol", [1]),
        ("-dolor", []),
        ("parace*", [3]),
        ("parace", []),
        ("¿qué?", [0]),
        ("", []),
        ('"', []),
        ("*", []),
    ],
)
def test_words_and_phrases_are_found_without_accents_and_in_their_forms(
    archive: Archive, visit: int, text: str, lines: list[int]
):
    assert sorted(found.line.number for found in archive.find(text)) == lines


def test_the_last_word_may_still_be_typed(archive: Archive, visit: int):
    assert archive.texts("parace", typing=True) == [VISIT[3]]
    assert archive.texts("dolor parace", typing=True) == [VISIT[3]]
    assert archive.texts('"dolores de cab', typing=True) == [VISIT[1]]
    assert archive.texts("parace ", typing=True) == []


def test_english_words_are_found_in_their_forms(archive: Archive):
    archive.add(transcript("The patient's headaches worsened", "She was walking daily", language="en"))
    archive.open()
    for text in ("headache", "patients", "patient", "worsen", "walk", '"walking daily"'):
        assert len(archive.find(text)) == 1, text
    assert archive.find('"walk daily"') == []


def test_what_is_found_is_marked(archive: Archive, visit: int):
    for text, marked in (
        ("dolor cabeza", ["cabeza", "dolores", "cabeza"]),
        ('"dolores de cabeza"', ["dolores de cabeza"]),
        ("nause*", ["náuseas"]),
        ('"dolores de" "de cabeza"', ["dolores de cabeza"]),
    ):
        (found,) = archive.find(text)
        assert [found.line.text[start:end] for start, end in found.marks] == marked


def test_lines_say_who_speaks_in_which_recording_and_when(archive: Archive, visit: int):
    archive.edit(visit, Describe("SPEAKER_01", "María Ruiz", Role.PATIENT))
    (found,) = archive.find("paracetamol")
    assert (found.job, found.at) == (visit, archive.bench.job(visit).submitted_at)
    line = found.line
    assert (line.speaker, line.name, line.role, line.language) == (
        "SPEAKER_01",
        "María Ruiz",
        Role.PATIENT,
        "es",
    )
    result = archive.bench.service.folders.transcript(visit)
    assert line.start == pytest.approx(result.segments[line.number].start, abs=0.001)


def test_lines_are_found_by_name_and_role(archive: Archive, visit: int):
    archive.edit(
        visit,
        Describe("SPEAKER_01", "María Ruiz", Role.PATIENT),
        Describe("SPEAKER_00", "Dra. Robles", Role.CLINICIAN),
    )
    for speaker in ("patient", "Paciente", "maria", "MARÍA RUI"):
        assert archive.texts("tomo", speaker=speaker) == []
        assert archive.texts("dolor", speaker=speaker) == [VISIT[1], VISIT[3]]
    assert archive.texts("tomo", speaker="médico") == [VISIT[2]]
    assert archive.texts("", speaker="robles") == [VISIT[0], VISIT[2]]
    assert archive.texts("", speaker="bles") == []
    assert archive.texts("", speaker="dra robles") == [VISIT[0], VISIT[2]]
    assert archive.texts("dolor", speaker="…") == []


def test_lines_are_found_by_day(archive: Archive):
    days = [date(2026, 10, 30), date(2026, 11, 1), date(2026, 11, 20)]
    for number, day in enumerate(days):
        archive.bench.now = start_of(day) + 3600.0
        archive.add(transcript(f"Dolor número {number}"), f"visit {number}.wav")
    archive.open()

    def found(since: date | None, until: date | None = None) -> list[str]:
        bounds = {
            name: start_of(day) for name, day in (("since", since), ("until", until)) if day is not None
        }
        return [text[-1] for text in archive.texts("dolor", **bounds)]

    assert found(None) == ["2", "1", "0"]
    assert found(days[1]) == ["2", "1"]
    assert found(None, days[1]) == ["0"]
    assert found(days[1], days[2]) == ["1"]
    assert found(date(2026, 12, 1)) == []


@pytest.mark.parametrize(
    ("name", "first", "after"),
    [
        ("today", (2026, 11, 29), (2026, 11, 30)),
        ("Yesterday", (2026, 11, 28), (2026, 11, 29)),
        ("this week", (2026, 11, 23), (2026, 11, 30)),
        ("last-week", (2026, 11, 16), (2026, 11, 23)),
        ("this month", (2026, 11, 1), (2026, 12, 1)),
        ("last month", (2026, 10, 1), (2026, 11, 1)),
        ("this year", (2026, 1, 1), (2027, 1, 1)),
        ("2026-02-28", (2026, 2, 28), (2026, 3, 1)),
    ],
)
def test_periods(name: str, first: tuple[int, int, int], after: tuple[int, int, int]):
    moments = period(name, date(2026, 11, 29))
    assert tuple(datetime.fromtimestamp(moment).astimezone().date() for moment in moments) == (
        date(*first),
        date(*after),
    )


def test_unknown_period_is_refused():
    with pytest.raises(ValueError, match="someday"):
        period("someday", date(2026, 11, 29))


def test_pages_follow_each_other(archive: Archive):
    for number in range(3):
        archive.add(transcript(*(f"Dolor {line}" for line in range(4))), f"visit {number}.wav")
    archive.open()
    query = SearchQuery(terms_of("dolor"))
    found: list[tuple[int, int]] = []
    page = archive.search.find(query, 5)
    while True:
        found += [(line.job, line.line.number) for line in page.lines]
        if page.next is None:
            break
        page = archive.search.find(query, 5, page.next)
    assert found == [(job, number) for job in (3, 2, 1) for number in range(4)]


# ---- what changes


def test_corrected_words_count_and_the_machines_do_not(archive: Archive, visit: int):
    assert archive.find("paracetamol")
    archive.edit(visit, Write(3, 1, 2, "ibuprofeno,"))
    assert archive.find("paracetamol") == []
    assert archive.texts("ibuprofeno") == ["Sí, ibuprofeno, pero el dolor no se me quitó."]
    archive.take(visit, Step(StepKind.UNDO, 6.0, "Ana"))
    assert archive.find("ibuprofeno") == []
    assert archive.texts("paracetamol") == [VISIT[3]]


def test_the_newest_version_counts(archive: Archive, visit: int):
    archive.bench.answer(archive.bench.service.retry([visit]))
    archive.complete(visit, transcript("Otra versión"))
    assert archive.find("paracetamol") == []
    (found,) = archive.find("versión")
    assert found.at == archive.bench.job(visit).submitted_at


def test_a_result_stays_while_its_job_runs_again(archive: Archive, visit: int):
    archive.bench.answer(archive.bench.service.retry([visit]))
    archive.shut()
    archive.open()
    assert archive.texts("paracetamol") == [VISIT[3]]


def test_removed_words_are_in_no_file(archive: Archive):
    jobs = [archive.add(transcript(*VISIT, f"palabra{n} común"), f"visit {n}.wav") for n in range(20)]
    removed = archive.add(transcript("Una " + UNSAID, f"Otra {UNSAID}les dolencia"), "removed.wav")
    archive.open()
    assert archive.find(UNSAID)
    assert archive.files_with(UNSAID.encode())
    connection = apsw.Connection(str(archive.folder / INDEX_FILE))
    number = passage_of(removed, 0)
    (packed,) = connection.execute("SELECT packed FROM passages WHERE number = ?", (number,)).fetchall()[0]
    connection.close()
    assert archive.files_with(packed)
    archive.remove(removed)
    assert archive.find("común")
    assert archive.files_with(UNSAID.encode()) == []
    assert archive.files_with(packed) == []
    archive.edit(jobs[0], Write(0, 0, 1, UNSAID))
    assert archive.find(UNSAID)
    assert archive.files_with(UNSAID.encode())
    archive.take(jobs[0], Step(StepKind.UNDO, 6.0, "Ana"))
    assert archive.find(UNSAID) == []
    assert archive.files_with(UNSAID.encode()) == []
    assert len(archive.find("común")) == len(jobs)


def test_a_job_removed_at_the_very_end_is_erased(archive: Archive):
    archive.add(transcript("Palabra común"))
    removed = archive.add(transcript("Una " + UNSAID), "removed.wav")
    archive.open()
    archive.remove(removed)
    archive.shut()
    assert archive.files_with(UNSAID.encode()) == []
    assert archive.texts("común") == ["Palabra común"]


def test_many_removed_jobs_are_erased_with_the_whole_index(archive: Archive):
    jobs = [archive.add(transcript(f"Una {UNSAID} común"), f"visit {n}.wav") for n in range(40)]
    archive.open()
    archive.bench.answer(archive.bench.service.remove(jobs[:30]))
    assert len(archive.find("común")) == 10
    assert archive.search.state() == IndexState(indexed=10, left=0)
    archive.bench.answer(archive.bench.service.remove(jobs[30:]))
    archive.shut()
    assert archive.files_with(UNSAID.encode()) == []


def test_a_program_that_only_changes_the_queue_makes_no_index(archive: Archive):
    archive.open(compare=False)
    job_id = archive.add(transcript(*VISIT))
    archive.catch_up()
    archive.remove(job_id)
    archive.shut()
    assert not archive.folder.exists()
    assert archive.search.state().left == -1
    assert archive.find("dolor") == []


def test_a_program_that_only_changes_the_queue_erases_what_it_removes(archive: Archive):
    removed = archive.add(transcript("Una " + UNSAID))
    archive.open()
    archive.shut()
    assert archive.files_with(UNSAID.encode())
    archive.open(compare=False)
    archive.remove(removed)
    archive.shut()
    assert archive.files_with(UNSAID.encode()) == []


def test_a_result_that_cannot_be_read_is_left_out_once(archive: Archive, visit: int):
    other = archive.add(transcript("Otra consulta"), "other.wav")
    archive.catch_up()
    archive.shut()
    result = archive.bench.service.folders.folder(other) / "result.json"
    result.write_bytes(b"{")
    archive.open()
    assert archive.find("consulta") == []
    assert archive.texts("paracetamol") == [VISIT[3]]
    assert archive.search.state().complete


# ---- when the index is missing, old, damaged or not complete


def test_results_from_before_the_index_are_indexed(archive: Archive, visit: int):
    archive.shut()
    shutil.rmtree(archive.folder)
    assert archive.find("dolor") == []
    archive.open()
    assert archive.texts("paracetamol") == [VISIT[3]]
    assert archive.search.state().complete


@pytest.mark.parametrize("damage", ["header", "pages", "lines", "version", "mark"])
def test_an_index_that_cannot_be_used_is_made_again(archive: Archive, damage: str):
    for number in range(30):
        archive.add(transcript(*VISIT, f"Paciente {number}"), f"visit {number}.wav")
    archive.open()
    archive.shut()
    file = archive.folder / INDEX_FILE
    data = bytearray(file.read_bytes())
    if damage == "header":
        data[:100] = bytes(100)
    elif damage == "pages":
        data[8192:] = random.Random(1).randbytes(len(data) - 8192)
    if damage in ("header", "pages"):
        file.write_bytes(data)
    else:
        changes = {
            "lines": "UPDATE passages SET packed = x'00'",
            "version": "PRAGMA user_version = 99",
            "mark": "UPDATE about SET open = 0",
        }
        connection = apsw.Connection(str(file))
        connection.execute(changes[damage])
        connection.close()
    if damage == "mark":
        (archive.folder / DAMAGED_MARK).touch()
    archive.open()
    if damage in ("pages", "lines"):  # the file can be opened: who reads or writes it next finds the damage
        for number in range(1, 31):
            archive.edit(number, Write(0, 0, 1, "Buenas"))
    assert len(archive.find("paracetamol")) == 30
    assert archive.search.state().complete
    assert archive.search.state().cause == ""
    assert not archive.folder.with_name("search-aside").exists()


def test_indexing_goes_on_where_it_was_stopped(archive: Archive):
    for number in range(40):
        archive.add(transcript(*VISIT), f"visit {number}.wav")
    archive.thread = IndexingThread(archive.bench.service)
    archive.thread.start()
    archive.thread.compare()
    while archive.search.state().indexed == 0:
        with archive.bench.service.transaction():
            pass
    archive.shut()
    state = archive.search.state()
    assert 0 < state.indexed < 40
    assert state.left == 40 - state.indexed
    with apsw.Connection(str(archive.folder / INDEX_FILE)) as connection:
        connection.execute("CREATE TABLE marker (row)")  # gone if all is made again
    connection.close()
    archive.open()
    assert len(archive.find("paracetamol")) == 40
    connection = apsw.Connection(str(archive.folder / INDEX_FILE))
    assert connection.execute("SELECT COUNT(*) FROM marker").fetchall() == [(0,)]
    connection.close()


READER = """
import sys
from pathlib import Path
from fi_desktop.jobs.search_query import SearchQuery, terms_of
from fi_desktop.jobs.transcript_index import IndexPlace
from fi_desktop.jobs.transcript_search import TranscriptSearch
search = TranscriptSearch(lambda: IndexPlace(Path(sys.argv[1])))
print("ready", flush=True)
for line in sys.stdin:
    print(len(search.find(SearchQuery(terms_of(line)), 100).lines), flush=True)
"""


def test_another_process_searches_while_the_index_is_written(archive: Archive, visit: int):
    archive.catch_up()
    reader = subprocess.Popen(
        [sys.executable, "-c", READER, str(archive.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None

    def ask(text: str) -> int:
        reader.stdin.write(f"{text}\n")
        reader.stdin.flush()
        return int(reader.stdout.readline())

    assert reader.stdout.readline() == "ready\n"
    assert ask("paracetamol") == 1
    for number in range(10):
        archive.add(transcript(*VISIT), f"visit {number}.wav")
        assert ask("paracetamol") >= 1
        archive.catch_up()
        assert ask("paracetamol") == number + 2
    archive.remove(visit)
    archive.catch_up()
    assert ask("paracetamol") == 10
    reader.stdin.close()
    assert reader.wait(60) == 0
    reader.stdout.close()


# ---- the index itself

WORDS = (
    "dolor",
    "dolores",
    "cabeza",
    "niño",
    "fiebre",
    "pain",
    "pains",
    "de",
    "la",
    "Ñandú",
    "café",
    "120/80",
)
sentences = st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map(" ".join)
results = st.lists(sentences, min_size=1, max_size=4).map(lambda texts: transcript(*texts))
changes = st.one_of(
    st.tuples(st.just("put"), st.integers(1, 4), results),
    st.tuples(st.just("remove"), st.integers(1, 4), st.none()),
    st.tuples(st.just("write"), st.integers(1, 4), sentences),
    st.tuples(st.just("assign"), st.integers(1, 4), st.none()),
    st.tuples(st.just("split"), st.integers(1, 4), st.none()),
    st.tuples(st.just("describe"), st.integers(1, 4), st.sampled_from(("Ana", "Ana Ñ.", ""))),
)


def everything(folder: Path) -> list[tuple]:
    """Return every word of the full-text index, with its line, column and position."""
    connection = apsw.Connection(str(folder / INDEX_FILE))
    connection.execute("CREATE VIRTUAL TABLE temp.entries USING fts5vocab(main, lines, instance)")
    words = dict(connection.execute("SELECT number, word FROM main.vocabulary").fetchall())
    found = connection.execute("SELECT term, doc, col, offset FROM entries").fetchall()
    found = sorted((words.get(int(term), "?") if term.isdigit() else term, *at) for term, *at in found)
    found += connection.execute("SELECT word, results FROM main.vocabulary ORDER BY word").fetchall()
    found += connection.execute("SELECT job, at, stamp FROM results ORDER BY job").fetchall()
    found += connection.execute("SELECT number, packed FROM passages ORDER BY number").fetchall()
    connection.close()
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.lists(changes, max_size=12))
def test_an_index_made_again_equals_one_updated_step_by_step(tmp_path_factory, steps):
    home = tmp_path_factory.mktemp("steps")
    now: dict[int, Transcript] = {}
    index = TranscriptIndex(IndexPlace(home / "steps"))
    for stamp, (kind, job, value) in enumerate(steps):
        before = now.get(job)
        if kind == "put":
            now[job] = value
        elif kind == "remove":
            now.pop(job, None)
        elif before is not None:
            edits = {
                "write": Write(0, 0, 1, value or ""),
                "assign": Assign(0, "SPEAKER_01"),
                "split": Split(0, 1),
                "describe": Describe("SPEAKER_00", value or "", Role.PATIENT),
            }
            try:
                now[job] = apply(before, edits[kind])
            except BadEdit:
                continue
        with index.transaction():
            if job in now:
                index.put(job, IndexedJob(float(job)), str(stamp), lines_of(now[job]))
            else:
                index.remove(job)
    index.check()
    stamps = index.stamps()
    index.close()
    again = TranscriptIndex(IndexPlace(home / "again"))
    with again.transaction():
        for job, result in now.items():
            again.put(job, IndexedJob(float(job)), stamps[job], lines_of(result))
    again.close()
    assert everything(home / "steps") == everything(home / "again")


def test_a_stamp_changes_with_results_and_corrections(archive: Archive, visit: int):
    folder = archive.bench.service.folders.folder(visit)
    stamps = [stamp_of(folder)]
    archive.edit(visit, Write(0, 0, 1, "Buenas"))
    stamps.append(stamp_of(folder))
    archive.take(visit, Step(StepKind.UNDO, 6.0, "Ana"))
    stamps.append(stamp_of(folder))
    archive.bench.answer(archive.bench.service.retry([visit]))
    archive.complete(visit, transcript(*VISIT))
    stamps.append(stamp_of(folder))
    assert len(set(stamps)) == 4
    assert stamp_of(folder.with_name("99")) == ""


# Stems are stored. If this test fails after an update of the stemmer, raise INDEX_VERSION.
STEMS = {
    "es": "dolores dolor, cabezas cabez, operación oper, operaciones oper, operacion oper, náuseas naus, "
    "comió com, medicamentos medicament, niños nin, hipertensión hipertension, cansada cans, "
    "rápidamente rapid",
    "en": "pains pain, patient's patient, operations oper, walking walk, dizziness dizzi, happily happili, "
    "studies studi, hypertension hypertens, relational relat, knives knive, dying die, generously generous",
}


@pytest.mark.parametrize("language", STEMS)
def test_stems_are_those_in_the_index(language: str):
    for pair in STEMS[language].split(", "):
        word, stem = pair.split(" ")
        (found,) = words_of(word, language)
        assert found.stem == stem, word


def test_a_word_of_a_query_is_looked_for_in_both_languages():
    assert variants("Operaciones") == ("operaciones", "operacion", "oper")
    assert variants("niño") == ("nino", "nin")
    assert variants("náusea") == ("nausea", "nause", "naus")
    assert variants("de") == ("de",)
