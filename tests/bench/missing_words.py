"""Whether missing words are said to be: passages are taken out of results, and the rest is looked through.

    python -m tests.bench.missing_words SET [--half report] [--threads 2]

Transcribes the recordings of a half and takes runs of words of 2 to 6 s out of each result, one at a time. A
passage counts as told if at least half of it is in regions that `coverage.missing_speech` finds.
Prints a table in Markdown. The runs are drawn by the recording's name. Words that a decoder leaves out by
itself are harder: it may stretch a neighbour over them.
"""

from __future__ import annotations

import argparse
import tempfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.contracts import TranscriptionOptions
from fi_desktop.engines.vad import detect_speech
from fi_desktop.engines.whisper import WhisperTranscriber, windows
from fi_desktop.engines.whisper.coverage import missing_speech
from tests.bench.word_scores import PASSAGE_S
from tests.bench.word_sets import KINDS
from tests.bench.word_sources import HALVES
from tests.bench.word_tables import table
from tests.bench.word_ways import decoded, ignore
from tests.bench.words import MODEL, pieces

_LONGEST_S = 6.0
_RUNS = 12  # of each recording
_TOLD = 0.5


def runs(words: Sequence[Word], name: str) -> Iterator[tuple[list[Word], Region]]:
    """Yield the words without a run of them, and the run's time."""
    drawn = np.random.default_rng(zlib.crc32(name.encode()))
    for _ in range(_RUNS):
        first = int(drawn.integers(len(words)))
        until = words[first].start + drawn.uniform(PASSAGE_S, _LONGEST_S)
        last = next((at for at in range(first, len(words)) if words[at].end >= until), None)
        if last is not None:
            yield [*words[:first], *words[last + 1 :]], Region(words[first].start, words[last].end)


def said_in(run: Region, said: Sequence[dict[str, Any]]) -> Region | None:
    """Return from the first to the last word that was said in a run; None if that is shorter than 2 s."""
    inside = [word for word in said if run.start <= (word["start"] + word["end"]) / 2 <= run.end]
    if not inside or inside[-1]["end"] - inside[0]["start"] < PASSAGE_S:
        return None
    return Region(inside[0]["start"], inside[-1]["end"])


def counts_as_told(passage: Region, missing: Sequence[Region]) -> bool:
    """Return whether enough of a passage is in regions that are said to be missing."""
    shared = (min(each.end, passage.end) - max(each.start, passage.start) for each in missing)
    return sum(max(0.0, each) for each in shared) >= _TOLD * passage.duration


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    transcriber = WhisperTranscriber(MODEL, threads=given.threads)
    passages, told = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for piece in pieces(given.set, given.half, KINDS):
        with tempfile.TemporaryDirectory() as folder:
            recording = decoded(piece.path, Path(folder))
            speech = detect_speech(recording, per_channel=False, progress=ignore)
            power = windows.frame_power(recording, speech)
            options = TranscriptionOptions(str(piece.language))
            found = transcriber.transcribe(recording, speech, options=options, progress=ignore)
        for rest, run in runs(found.words, piece.path.stem):
            if (passage := said_in(run, piece.reference["words"])) is not None:
                for kind in (piece.kind, "all"):
                    passages[str(piece.language), kind] += 1
                    told[str(piece.language), kind] += counts_as_told(
                        passage, missing_speech(rest, speech, power)
                    )
    rows = [[*key, f"{told[key]} of {count}", f"{told[key] / count:.0%}"] for key, count in passages.items()]
    print(table(["Language", "Kind", "Said to be missing", "Share"], sorted(rows)))


if __name__ == "__main__":
    main()
