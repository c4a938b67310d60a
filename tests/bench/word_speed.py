"""CPU time and memory for one long recording: our whole job against faster-whisper's two ways.

    python -m tests.bench.word_speed SET [--minutes 10] [--language en] [--only job] [--threads 2]

Joins the read and spoken recordings of the set's report half to that length, again and again if they are too
few, and lets each way transcribe it in a separate process, on the same weights. Prints a table in Markdown;
*to batched* is the CPU time of the words alone, and of everything, as a share of the batched pipeline's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.consultations import write
from tests.bench.speech_sources import RATE_HZ, read
from tests.bench.word_scores import Answer, score
from tests.bench.word_tables import NAMES, Piece, table
from tests.bench.word_ways import JOB
from tests.bench.words import Way, pieces

_KINDS = ("read", "conversation", "room")
_WORDS = ("words", "transcribe")  # what the stage is called


def join(parts: Sequence[Piece], minutes: float, path: Path) -> Piece:
    """Write the recordings as one, until it is long enough."""
    sounds, words, at = [], [], 0.0
    for part in cycle(parts):
        sound = read(part.path)
        sounds.append(sound)
        words += [
            {**word, "start": word["start"] + at, "end": word["end"] + at} for word in part.reference["words"]
        ]
        at += len(sound) / RATE_HZ
        if at >= 60 * minutes:
            break
    write(path, np.concatenate(sounds), RATE_HZ)
    return Piece(path, "long", parts[0].half, {"language": parts[0].language, "words": words, "seconds": at})


def row(way: str, piece: Piece, answer: Answer, batched: Answer | None) -> list[str]:
    """Return one way's row."""
    cpu_s = answer["cpu_s"]
    whole = sum(cpu_s.values())
    words = sum(cpu_s.get(stage, 0.0) for stage in _WORDS)
    shares = "not measured"
    if batched:
        base = sum(batched["cpu_s"].values())
        shares = f"{words / base:.2f}, {whole / base:.2f}"
    return [
        NAMES[way],
        str(score(piece.reference, answer, str(piece.language)).errors),
        ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in cpu_s.items()),
        f"{whole:.1f}",
        shares,
        f"{answer['peak_bytes'] / 1e6:.0f} MB",
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("set", type=Path)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--language", choices=("en", "es"), default="en")
    parser.add_argument("--only", action="append", choices=(JOB, "plain", "batched"))
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    parts = [each for each in pieces(given.set, "report", _KINDS) if each.language == given.language]
    answers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        piece = join(parts, given.minutes, Path(folder, "long.flac"))
        for name in given.only or (JOB, "plain", "batched"):
            with ExitStack() as stack:
                answers[name] = Way(name, given.threads, None, stack).transcribe(piece)
            print(json.dumps({name: answers[name]["cpu_s"]}), flush=True)
    head = ["", "WER", "CPU-seconds", "In all", "To batched: words, all", "Peak memory"]
    rows = [row(name, piece, answer, answers.get("batched")) for name, answer in answers.items()]
    print(f"\n{piece.reference['seconds'] / 60:.0f} minutes, {given.language}, {given.threads} threads\n")
    print(table(head, rows))


if __name__ == "__main__":
    main()
