"""Jobs with transcripts in a real store, and the thread that indexes them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from fi_desktop.core.alignment import segments_of_words
from fi_desktop.core.review import Step, StepKind
from fi_desktop.core.revision import Edit
from fi_desktop.core.transcript import Provenance, Transcript, Turn, Word
from fi_desktop.core.values import Summary
from fi_desktop.jobs.indexing import IndexingThread
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.jobs.search_query import SearchQuery, terms_of
from fi_desktop.jobs.transcript_search import FoundLine, TranscriptSearch
from fi_desktop.pipeline.stages import write_result
from tests.jobs.conftest import Bench

MADE = Provenance("1.0", "builtin", "", {}, "00", "visit.wav", "2026-11-29T10:00:00+00:00")
VISIT = (
    "Buenos días, ¿qué le pasa?",
    "Me duele la cabeza desde el lunes. Tengo dolores de cabeza y náuseas.",
    "¿Tomó algún medicamento?",
    "Sí, paracetamol, pero el dolor no se me quitó.",
)


def transcript(*sentences: str, language: str = "es", seconds: float = 0.4) -> Transcript:
    """Return a conversation of two people who take turns."""
    words, moment, turns = [], 0.0, []
    for number, sentence in enumerate(sentences):
        speaker, start = f"SPEAKER_{number % 2:02d}", moment
        for text in sentence.split():
            words.append(Word(moment, moment + seconds, text, 0.9, speaker))
            moment += seconds
        turns.append(Turn(start, moment, speaker))
    return Transcript(moment + 1.0, moment, tuple(turns), segments_of_words(words), MADE, language=language)


class Archive:
    """Jobs with results in a real store, and the thread that indexes them.

    Attributes:
        bench: the service and its store.
        folder: the index's.
    """

    def __init__(self, home: Path) -> None:
        self.bench = Bench(home)
        self.folder = home / "search"
        self.thread: IndexingThread | None = None
        self.search = TranscriptSearch(self.bench.service.folders.index_place)

    def open(self, *, compare: bool = True) -> None:
        self.thread = IndexingThread(self.bench.service)
        self.thread.start()
        if compare:
            self.thread.compare(hurry=True)
            self.catch_up()

    def catch_up(self) -> None:
        """Run transactions until the thread has done all that it knows of."""
        assert self.thread is not None
        while not self.thread.caught_up.wait(0.005):
            with self.bench.service.transaction():
                pass

    def shut(self) -> None:
        """End the thread; it may be asking for a job, which a transaction answers."""
        if self.thread is not None:
            closing = threading.Thread(target=self.thread.close)
            closing.start()
            while closing.is_alive():
                with self.bench.service.transaction():
                    pass
                closing.join(0.005)
            self.thread = None

    def add(self, result: Transcript, name: str = "visit.wav") -> int:
        (job_id,) = self.bench.submit(name)
        self.complete(job_id, result)
        return job_id

    def complete(self, job_id: int, result: Transcript) -> None:
        job = self.bench.claim()
        assert job is not None
        assert job.claim is not None
        assert job.id == job_id
        folder = self.bench.service.folders.folder(job_id)
        folder.mkdir(parents=True, exist_ok=True)
        write_result(folder, result)
        with self.bench.service.transaction():
            self.bench.service.transitions.completed(job_id, job.claim, Summary(1, 10.0, "builtin"))

    def take(self, job_id: int, *steps: Step) -> None:
        stored = self.bench.service.folders.result(job_id)
        before = len(stored.review.steps)
        for step in steps:
            stored.review.add(step)
        outcome = ReviewOutcome.of(stored.review)
        self.bench.answer(
            self.bench.service.add_steps(job_id, stored.version, steps, after=before, outcome=outcome)
        )

    def edit(self, job_id: int, *edits: Edit) -> None:
        self.take(job_id, Step(StepKind.EDIT, 5.0, "Ana", edits))

    def remove(self, job_id: int) -> None:
        self.bench.answer(self.bench.service.remove([job_id]))

    def find(self, text: str, *, typing: bool = False, limit: int = 100, **wanted: Any) -> list[FoundLine]:
        if self.thread is not None:
            self.catch_up()
        query = SearchQuery(terms_of(text, typing=typing), **wanted)
        return list(self.search.find(query, limit).lines)

    def texts(self, text: str, **wanted: Any) -> list[str]:
        return [found.line.text for found in self.find(text, **wanted)]

    def files_with(self, data: bytes) -> list[Path]:
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return [path for path in files if data in path.read_bytes()]
