"""One way to transcribe, in a separate process that answers the requests of `words.py`.

    python -m tests.bench.word_ways ours|plain|batched|job MODEL --threads 2

A request is a line of JSON with path and language, None to detect it; so is an answer: words, language,
regions with speech, passages of which no words are known, and CPU-seconds by stage. "ours" may find English
and Spanish in one recording; the library's ways choose one language for the whole of it. "job" is ours with
everything else that a job does, from the file to the result.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Word
from fi_desktop.core.values import JobOptions
from fi_desktop.engines import registry, term_lists
from fi_desktop.engines.contracts import TranscriptionOptions
from fi_desktop.engines.vad import detect_speech
from fi_desktop.engines.whisper import WhisperTranscriber
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.pipeline import Task, run
from fi_desktop.system.files import resource
from fi_desktop.system.memory import share_one_heap
from tests.bench.speech_sources import read
from tests.bench.stages import Clock

WAYS = ("ours", "plain", "batched")
JOB = "job"
LANGUAGES = ("en", "es")  # of the clinic, if the language is not given
_BATCH = 8
_VOCABULARY = (resource("vocabulary"),)

Answer = dict[str, Any]
Way = Callable[[Path, str | None, Path], Answer]
"""Transcribes a file in a language, None to detect it, with a folder for temporary files."""


def ours(model: Path, threads: int) -> Way:
    """Return our transcriber, with speech detection, and the vocabulary lists of a job without a choice."""
    transcriber = WhisperTranscriber(model, threads=threads)
    terms, _notes = term_lists.read_all(term_lists.wanted((), _VOCABULARY), _VOCABULARY)

    def transcribe(path: Path, language: str | None, folder: Path) -> Answer:
        try:
            recording = decoded(path, folder)
        except UserError as error:
            if error.code != messages.AUDIO_SILENT.code:
                raise
            return {"language": None, "words": [], "missing": [], "speech": [], "cpu_s": {}}
        began = time.process_time()
        speech = detect_speech(recording, per_channel=False, progress=ignore)
        found = time.process_time()
        options = TranscriptionOptions(language or ",".join(LANGUAGES), terms=terms)
        result = transcriber.transcribe(recording, speech, options=options, progress=ignore)
        return {
            "language": result.language,
            "words": [_plain(word, result.language) for word in result.words],
            "missing": [(each.start, each.end) for each in result.missing],
            "speech": [(region.start, region.end) for region in speech.regions],
            "cpu_s": {"speech": found - began, "words": time.process_time() - found},
        }

    return transcribe


def library(model: Path, threads: int, *, batched: bool) -> Way:
    """Return faster-whisper's `WhisperModel`, or its `BatchedInferencePipeline`."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    whisper = WhisperModel(str(model), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)
    pipeline = BatchedInferencePipeline(whisper)

    def transcribe(path: Path, language: str | None, folder: Path) -> Answer:
        try:
            samples = np.concatenate([*decoded(path, folder).blocks()])
        except UserError:  # we refuse it, the library does not
            samples = read(path)
        began = time.process_time()
        if batched:
            segments, about = pipeline.transcribe(
                samples, language=language, word_timestamps=True, batch_size=_BATCH
            )
        else:
            segments, about = whisper.transcribe(samples, language=language, word_timestamps=True)
        words = [
            {
                "start": float(word.start),
                "end": float(word.end),
                "text": word.word.strip(),
                "probability": float(word.probability),
            }
            for segment in segments
            for word in segment.words or ()
        ]
        cpu_s = {"words": time.process_time() - began}
        return {"language": about.language, "words": words, "missing": [], "speech": [], "cpu_s": cpu_s}

    return transcribe


def job(model: Path, threads: int) -> Way:
    """Return the pipeline of a job, with decoding, speakers and the join.

    The model is loaded before, as the library's is, and as a worker has it from its last job.
    """
    roots = (resource("models"), model.parent)
    chosen = registry.choose_transcriber(model.name, roots)
    assert chosen is not None
    registry.create_transcriber(chosen, threads=threads)

    def transcribe(path: Path, language: str | None, folder: Path) -> Answer:
        clock = Clock()
        options = JobOptions(engine="builtin", transcriber=model.name, language=language)
        jobs = JobFolders(folder)
        jobs.discard(1)
        task = Task(1, path, options, jobs.folder(1), roots, threads=threads, vocabulary_roots=_VOCABULARY)
        run(task, clock)
        result = jobs.transcript(1)
        return {
            "language": result.language,
            "words": [_plain(word, result.language) for segment in result.segments for word in segment.words],
            "missing": [],
            "speech": [],
            "cpu_s": {stage.value: seconds for stage, seconds in clock.seconds.items()},
        }

    return transcribe


def _plain(word: Word, language: str | None) -> dict[str, Any]:
    return {
        "start": word.start,
        "end": word.end,
        "text": word.text,
        "doubtful": word.doubtful,
        "language": word.language or language,
    }


def decoded(path: Path, folder: Path) -> Recording:
    return decode(path, folder / "audio", progress=ignore).recording


def ignore(_: float) -> None:
    pass


def main() -> None:
    """Answer requests until the input ends."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("way", choices=(*WAYS, JOB))
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    if given.way in ("ours", JOB):
        share_one_heap()  # as a worker does
        way = (job if given.way == JOB else ours)(given.model, given.threads)
    else:
        way = library(given.model, given.threads, batched=given.way == "batched")
    print(json.dumps(given.way), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            request = json.loads(line)
            print(json.dumps(way(Path(request["path"]), request["language"], Path(folder))), flush=True)


if __name__ == "__main__":
    main()
