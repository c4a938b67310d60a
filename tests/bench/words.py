"""Word errors with real weights: ours against faster-whisper's two ways, on the same weights.

    python packaging/real_weights.py
    python -m tests.bench.words [--only ours] [--threads 2] [FOLDER ...]

Uses every FLAC and Ogg file with known words: `<name>.truth.json` (rows that end with the text),
`<name>.words.json` or `<name>.txt`; the language is Spanish if the name contains "es". Prints errors as
substitutions/deletions/insertions, seconds of speech without a word, words marked as doubtful with precision
and recall, and CPU-seconds, which include voice activity detection for ours.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.transcript import Word
from fi_desktop.engines.contracts import TranscriptionOptions
from fi_desktop.engines.vad import detect_speech
from fi_desktop.engines.whisper import WhisperTranscriber
from fi_desktop.engines.whisper.postprocess import uncovered_s
from tests.real.wording import Errors, compare, plain_words

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "build" / "real" / "models" / "faster-whisper-base"
FOLDERS = (
    ROOT / "resources" / "samples",
    ROOT / "tests" / "real" / "speech",
    ROOT.parent / "shared" / "words-cases",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A recording and its reference text."""

    path: Path
    language: str
    text: str


def pieces(folders: Sequence[Path]) -> Iterator[Piece]:
    """Yield the recordings with reference texts."""
    for path in sorted(
        path for folder in folders for path in folder.iterdir() if path.suffix in (".flac", ".ogg")
    ):
        rows, words = path.with_suffix(".truth.json"), path.with_suffix(".words.json")
        plain = path.with_suffix(".txt")
        if rows.is_file():
            text = " ".join(row[-1] for row in json.loads(rows.read_text(encoding="utf-8")))
            yield Piece(path, "es" if "es" in path.stem.split("_") else "en", text)
        elif words.is_file():
            spoken = json.loads(words.read_text(encoding="utf-8"))
            yield Piece(path, spoken["language"], " ".join(word["text"] for word in spoken["words"]))
        elif plain.is_file():
            language = "es" if "es" in path.stem.split("_") else "en"
            yield Piece(path, language, plain.read_text(encoding="utf-8"))


class Ways:
    """The transcribers, on one model each."""

    def __init__(self, threads: int) -> None:
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        self._ours = WhisperTranscriber(MODEL, threads=threads)
        self._model = WhisperModel(
            str(MODEL), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1
        )
        self._batched = BatchedInferencePipeline(self._model)

    def ours(self, recording: Any, _samples: Any, language: str) -> list[Word]:
        speech = detect_speech(recording, per_channel=False, progress=lambda _: None)
        options = TranscriptionOptions(language=language)
        return list(self._ours.transcribe(recording, speech, options=options, progress=lambda _: None).words)

    def plain(self, _recording: Any, samples: Any, language: str) -> list[Word]:
        return _words(self._model.transcribe(samples, language=language, word_timestamps=True)[0])

    def batched(self, _recording: Any, samples: Any, language: str) -> list[Word]:
        found = self._batched.transcribe(samples, language=language, word_timestamps=True, batch_size=8)[0]
        return _words(found)


def _words(segments: Any) -> list[Word]:
    return [
        Word(float(word.start), float(word.end), word.word.strip(), float(word.probability))
        for segment in segments
        for word in segment.words
    ]


def doubts(words: Sequence[Word], said: str, language: str) -> list[tuple[bool, bool]]:
    """Return, for each transcribed word, whether it is marked and whether it is wrong."""
    split = [plain_words(word.text, language) for word in words]
    wrong = iter(compare(plain_words(said, language), [each for row in split for each in row]).wrong)
    marks = []
    for word, row in zip(words, split, strict=True):
        if row:
            marks.append((word.doubtful, any(tuple(next(wrong) for _ in row))))
    return marks


def main() -> None:
    """Print a line per recording and way, and the sums."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--only", action="append", choices=("ours", "plain", "batched"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--words", type=Path, help="write the words there, as JSON")
    given = parser.parse_args()
    if not MODEL.is_dir():
        sys.exit("The weights are not here: run packaging/real_weights.py first.")
    ways = Ways(given.threads)
    sums: dict[tuple[str, str], Errors] = {}
    marks: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    cpu_s: dict[str, float] = defaultdict(float)
    kept: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for piece in pieces(given.folders or FOLDERS):
            recording = decode(piece.path, Path(folder, "audio"), progress=lambda _: None).recording
            samples = np.concatenate(list(recording.blocks()))
            speech = detect_speech(recording, per_channel=False, progress=lambda _: None)
            for name in given.only or ("ours", "plain", "batched"):
                began = time.process_time()
                words = getattr(ways, name)(recording, samples, piece.language)
                took = time.process_time() - began
                text = " ".join(word.text for word in words)
                said = plain_words(piece.text, piece.language)
                errors = compare(said, plain_words(text, piece.language))
                key = (name, piece.language)
                sums[key] = sums[key] + errors if key in sums else errors
                cpu_s[name] += took
                marks[name] += doubts(words, piece.text, piece.language)
                uncovered = uncovered_s(words, speech.regions)
                kept.setdefault(piece.path.stem, {})[name] = [
                    (word.start, word.end, word.text, word.probability) for word in words
                ]
                length_s = len(samples) / SAMPLE_RATE_HZ
                print(
                    f"{piece.path.stem:24} {length_s:5.0f} s {name:8} {errors}  uncovered {uncovered:.1f} s"
                    f"  processor {took:.1f} s",
                    flush=True,
                )
    for (name, language), errors in sorted(sums.items(), key=lambda item: item[0][::-1]):
        print(f"{language} {name:8} {errors}")
    for name, row in marks.items():
        marked, wrong = [is_wrong for mark, is_wrong in row if mark], [m for m, is_wrong in row if is_wrong]
        precision, recall = sum(marked) / max(1, len(marked)), sum(wrong) / max(1, len(wrong))
        print(
            f"{name:8} marked {len(marked)} of {len(row)}, precision {precision:.2f}, recall {recall:.2f};"
            f" processor {cpu_s[name]:.1f} s"
        )
    if given.words:
        given.words.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
