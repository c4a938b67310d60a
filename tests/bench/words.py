"""Word errors with real weights: ours against faster-whisper's two ways, on the same weights.

    python packaging/real_weights.py
    python -m tests.bench.word_sets SET --sources FOLDER
    python -m tests.bench.words SET [--half tune|report|all] [--kinds read phone] [--only ours]

Each way runs in a process of its kind, one recording at a time, languages given except in "bilingual". Prints
tables in Markdown: errors by language and kind as substitutions/deletions/insertions, words invented where
nobody speaks, marks of doubt, missing passages, stretches in two languages, CPU-seconds, which include speech
detection for ours, and peak memory.

The library's answers are kept in SET/kept by the recording's content, so that later runs measure ours alone.
They keep their CPU time: compare CPU times of one run (`--afresh`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.bench import word_tables
from tests.bench.engine_process import Engine, EngineProcess
from tests.bench.word_scores import Answer, Reference
from tests.bench.word_sets import KINDS
from tests.bench.word_sources import HALVES
from tests.bench.word_tables import Piece
from tests.bench.word_ways import WAYS

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "build" / "real" / "models" / "faster-whisper-base"
SPECIAL = ("silence", "bilingual")


def pieces(folder: Path, half: str, kinds: Sequence[str]) -> Iterator[Piece]:
    """Yield the recordings of a set. half: "all" for both; "silence" belongs to both."""
    for part in (*HALVES, *SPECIAL):
        for path in sorted((folder / part).glob("*.flac")):
            words = path.with_suffix(".words.json")
            reference: Reference = {"words": [], "half": "all"}
            if words.is_file():
                reference = json.loads(words.read_bytes())
            kind = part if part in SPECIAL else reference["kind"]
            if kind in kinds and (kind == "silence" or half in ("all", reference["half"])):
                yield Piece(path, kind, reference["half"], reference)


class Way:
    """A way to transcribe; its process is started at the first question without a kept answer."""

    def __init__(self, name: str, threads: int, kept: Path | None, stack: ExitStack) -> None:
        self.name = name
        self._engine = Engine(
            name,
            (sys.executable, "-m", "tests.bench.word_ways", name, str(MODEL), "--threads", str(threads)),
            ROOT,
        )
        self._kept, self._stack = kept, stack
        self._key = f"{name} {version('faster-whisper')} {MODEL.name} {threads}"
        self._process: EngineProcess | None = None

    def transcribe(self, piece: Piece) -> Answer:
        """Return its answer, with the process's peak memory so far."""
        if self._kept is None:
            return self._ask(piece)
        question = f"{self._key} {piece.language}".encode()
        name = hashlib.sha256(question + piece.path.read_bytes()).hexdigest()[:32]
        path = self._kept / f"{name}.json"
        if not path.exists():
            self._kept.mkdir(exist_ok=True)
            path.write_text(json.dumps(self._ask(piece), ensure_ascii=False), encoding="utf-8")
        answer: Answer = json.loads(path.read_bytes())
        return answer

    def _ask(self, piece: Piece) -> Answer:
        if self._process is None:
            self._process = EngineProcess(self._engine)
            self._stack.callback(self._process.close)
        answer: Answer = self._process.ask({"path": str(piece.path), "language": piece.language})
        return {**answer, "peak_bytes": self._process.peak_bytes()}


def main() -> None:
    """Transcribe the set in each way and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("set", type=Path)
    parser.add_argument("--half", choices=(*HALVES, "all"), default="tune")
    parser.add_argument("--kinds", nargs="+", choices=(*KINDS, *SPECIAL), default=(*KINDS, *SPECIAL))
    parser.add_argument("--languages", nargs="+", choices=("en", "es"), default=("en", "es"))
    parser.add_argument("--only", action="append", choices=WAYS)
    parser.add_argument("--limit-minutes", type=float, default=math.inf, help="of sound, from all kinds")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--afresh", action="store_true", help="ask the library again, do not use kept answers"
    )
    parser.add_argument("--json", type=Path, help="write all answers there")
    given = parser.parse_args()
    if not MODEL.is_dir():
        sys.exit("The weights are not here: run packaging/real_weights.py first.")
    chosen = [
        piece
        for piece in pieces(given.set, given.half, given.kinds)
        if piece.language is None or piece.language in given.languages
    ]
    chosen = in_turn(chosen, given.limit_minutes)
    names = given.only or WAYS
    answers: dict[str, dict[str, Answer]] = defaultdict(dict)
    with ExitStack() as stack:
        kept = None if given.afresh else given.set / "kept"
        ways = [Way(name, given.threads, kept if name != "ours" else None, stack) for name in names]
        for piece in chosen:
            for way in ways:
                answers[way.name][str(piece.path)] = answer = way.transcribe(piece)
                print(word_tables.line(piece, way.name, answer), file=sys.stderr, flush=True)
    for table in word_tables.tables(chosen, answers):
        print(f"{table}\n")
    if given.json:
        given.json.write_text(json.dumps(answers, ensure_ascii=False), encoding="utf-8")


def in_turn(chosen: Sequence[Piece], minutes: float) -> list[Piece]:
    """Take the first recordings of all kinds and languages, then the second ones, until there is enough."""
    groups: dict[Any, list[Piece]] = defaultdict(list)
    for piece in chosen:
        groups[piece.kind, piece.half, piece.language].append(piece)
    found: list[Piece] = []
    seconds = 0.0
    for turn in range(max(map(len, groups.values()), default=0)):
        for group in groups.values():
            if turn < len(group) and seconds < 60 * minutes:
                found.append(group[turn])
                seconds += group[turn].reference.get("seconds", 30.0)
    return found


if __name__ == "__main__":
    main()
