"""Search in many transcripts: size of the index, time to index one, and time of twenty kinds of query.

    pip install wordfreq
    python -m tests.bench.find [--transcripts 10000] [--words 5000] [--repeat 5] [--sealed]

The words are the 40,000 most frequent of Spanish and of English with their real frequencies (wordfreq), in
turns of 20 words on average; three of four transcripts are Spanish. Everything but the results on disk is
real: what is read from results is measured apart, with a few of them. SQLite's cache is empty before each
query, as in the program, which opens the index for each. On a busy machine the processor's time says more
than the clock.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from fi_desktop.core.alignment import segments_of_words
from fi_desktop.core.transcript import Provenance, Role, Transcript, Turn, Word
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.search_query import SearchQuery, start_of, terms_of
from fi_desktop.jobs.spoken_lines import SpokenLine, lines_of, stamp_of
from fi_desktop.jobs.transcript_index import INDEX_FILE, IndexedJob, IndexPlace, TranscriptIndex
from fi_desktop.jobs.transcript_search import TranscriptSearch
from fi_desktop.pipeline.stages import write_result
from fi_desktop.vault.sealing import new_key

_VOCABULARY = 40_000
_LINE_WORDS = 20
_PER_TRANSACTION = 16
_PAGE = 50
_FIRST_DAY = date(2024, 1, 1)
_NAMES = ("María Ruiz", "José Hernández", "Ana Lucía Gómez", "Juan Pérez", "Guadalupe Ñáñez", "Luz Ortega")
_MADE = Provenance(
    "1.0", "builtin", "", {}, "00", "visit.m4a", "2026-11-29T10:00:00+00:00", "whisper", "base"
)
QUERIES: dict[str, tuple[str, dict[str, str]]] = {
    "a rare word": ("esternocleidomastoideo", {}),
    "a word of the field": ("hipertensión", {}),
    "a common word": ("dolor", {}),
    "a plural": ("medicamentos", {}),
    "the most common word": ("de", {}),
    "an English word": ("headache", {}),
    "a word that nobody says": ("xilofonomancia", {}),
    "two words": ("dolor cabeza", {}),
    "three words": ("dolor pecho noche", {}),
    "two of the most common": ("de la", {}),
    "a phrase": ('"dolor de cabeza"', {}),
    "a phrase of common words": ('"de la noche"', {}),
    "a phrase of the most common": ('"que no se"', {}),
    "one letter typed": ("d", {"typing": "yes"}),
    "three letters typed": ("med", {"typing": "yes"}),
    "a phrase half typed": ('"dolor de cab', {"typing": "yes"}),
    "a word, by role": ("dolor", {"speaker": "patient"}),
    "a word, by name": ("dolor", {"speaker": "guadalupe"}),
    "a word, last week": ("dolor", {"days": "7"}),
    "without a word": ("dolor -cabeza", {}),
}


class Speech:
    """Makes lines with the frequencies of real words."""

    def __init__(self) -> None:
        from wordfreq import top_n_list, word_frequency

        self._rng = np.random.default_rng(1)
        self._words: dict[str, np.ndarray] = {}
        self._steps: dict[str, np.ndarray] = {}
        for language in ("es", "en"):
            words = top_n_list(language, _VOCABULARY)
            self._words[language] = np.array(words, dtype=object)
            self._steps[language] = np.cumsum([word_frequency(word, language) for word in words])

    def lines(self, number: int, words: int) -> Iterator[SpokenLine]:
        language = "en" if number % 4 == 3 else "es"
        steps = self._steps[language]
        said = self._words[language][np.searchsorted(steps, self._rng.random(words) * steps[-1])]
        start = 0
        for line in range(words):
            end = start + int(self._rng.geometric(1 / _LINE_WORDS))
            text = " ".join(said[start:end])
            if line % 2:
                speaker, name, role = "SPEAKER_01", _NAMES[number % len(_NAMES)], Role.PATIENT
            else:
                speaker, name, role = "SPEAKER_00", "Dra. Robles", Role.CLINICIAN
            yield SpokenLine(line, start * 0.35, speaker, name, role, language, f"{text.capitalize()}.")
            start = end
            if start >= words:
                return


def _at(number: int) -> float:
    """Return when a transcript was added: ten a day."""
    return start_of(_FIRST_DAY + timedelta(days=number // 10)) + 3600.0 * (8 + number % 10)


def _transcript(lines: list[SpokenLine]) -> Transcript:
    words, moment = [], 0.0
    for line in lines:
        for text in line.text.split():
            words.append(Word(round(moment, 2), round(moment + 0.3, 2), text, 0.9, line.speaker))
            moment += 0.35
    turns = (Turn(0.0, moment, "SPEAKER_00"),)
    return Transcript(moment, moment, turns, segments_of_words(words), _MADE, language="es")


def _put(index: TranscriptIndex, spoken: dict[int, list[SpokenLine]]) -> None:
    with index.transaction():
        for job, lines in spoken.items():
            index.put(job, IndexedJob(_at(job)), "", lines)


def _whole(speech: Speech, words: int, folder: Path, index: TranscriptIndex) -> list[tuple[float, float]]:
    """Return the processor's seconds to read a result, and to index it and commit, for some jobs."""
    times = []
    folders = JobFolders(folder / "jobs")
    for job in range(1_000_001, 1_000_021):
        folders.folder(job).mkdir(parents=True)
        write_result(folders.folder(job), _transcript(list(speech.lines(job, words))))
        started = time.process_time()
        lines = lines_of(folders.transcript(job))
        read = time.process_time()
        with index.transaction():
            index.put(job, IndexedJob(0.0), stamp_of(folders.folder(job)), lines)
        times.append((read - started, time.process_time() - read))
    return times


def _removals(index: TranscriptIndex) -> list[float]:
    times = []
    for job in range(1_000_001, 1_000_021):
        started = time.process_time()
        with index.transaction():
            index.remove(job)
        index.erase()
        times.append(time.process_time() - started)
    return times


def _milliseconds(times: list[float]) -> str:
    ordered = sorted(times)
    p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    return f"p50 {1000 * p50:.1f} ms, p95 {1000 * p95:.1f} ms"


def _query(kind: str, last: int) -> SearchQuery:
    text, more = QUERIES[kind]
    days = int(more.get("days", 0))
    since = start_of(_FIRST_DAY + timedelta(days=last // 10 - days)) if days else None
    return SearchQuery(terms_of(text, typing="typing" in more), more.get("speaker", ""), since)


def _timed(call: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that a call takes, and how many of them of the processor."""
    started, cpu = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - started, time.process_time() - cpu


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transcripts", type=int, default=10_000)
    parser.add_argument("--words", type=int, default=5_000)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sealed", action="store_true", help="seal the index's pages")
    options = parser.parse_args()
    speech = Speech()
    with tempfile.TemporaryDirectory() as temp:
        folder = Path(temp)
        place = IndexPlace(folder, new_key() if options.sealed else None)
        index = TranscriptIndex(place)
        indexing = indexing_cpu = 0.0
        for first in range(1, options.transcripts + 1, _PER_TRANSACTION):
            jobs = range(first, min(first + _PER_TRANSACTION, options.transcripts + 1))
            spoken = {job: list(speech.lines(job, options.words)) for job in jobs}
            wall, cpu = _timed(partial(_put, index, spoken))
            indexing += wall
            indexing_cpu += cpu
        wall, cpu = 1000 * indexing / options.transcripts, 1000 * indexing_cpu / options.transcripts
        print(f"indexing, {_PER_TRANSACTION} at once: CPU {cpu:.0f} ms a transcript; wall {wall:.0f} ms")
        whole = _whole(speech, options.words, folder, index)
        print(f"one result: read, CPU {_milliseconds([read for read, _ in whole])}")
        print(f"one result: indexed and on disk, CPU {_milliseconds([put for _, put in whole])}")
        print(f"removed, and erased from the log, CPU {_milliseconds(_removals(index))}")
        index.erase()
        size = (folder / INDEX_FILE).stat().st_size
        print(f"index: {size / 1e6:.0f} MB, {size / options.transcripts / 1000:.1f} kB a transcript")
        index.close()
        search = TranscriptSearch(lambda: place)
        gc.collect()
        gc.freeze()  # the program has no 80,000 words in memory that a collection would look at
        every: list[tuple[float, float]] = []
        for kind in QUERIES:
            query = _query(kind, options.transcripts)
            found = search.find(query, _PAGE)
            times = [_timed(partial(search.find, query, _PAGE)) for _ in range(options.repeat)]
            every += times
            more = "+" if found.next is not None else ""
            spent, took = _milliseconds([cpu for _, cpu in times]), _milliseconds([wall for wall, _ in times])
            print(f"{kind}: CPU {spent}; wall {took} ({len(found.lines)}{more} lines)")
        for name, values in (("CPU", [cpu for _, cpu in every]), ("wall", [wall for wall, _ in every])):
            print(f"all queries, {name}: {_milliseconds(values)}, worst {1000 * max(values):.1f} ms")
        print(f"memory: {psutil.Process().memory_info().rss / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
