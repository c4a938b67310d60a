#!/usr/bin/env python3
"""Train the model of how likely a transcribed word is right.

    python -m tests.bench.word_sets SET --sources …
    python packaging/train_confidence.py gather SET/tune WORDS.jsonl
    pip install scikit-learn
    python packaging/train_confidence.py fit WORDS.jsonl OUT [--check MORE.jsonl]

`gather` decodes each recording of a folder with the weights of `packaging/real_weights.py`, greedily and with
beam search, and writes down what is known of each word and whether it is wrong: a substitution or an
insertion in the alignment with the reference. `fit` writes the weights to OUT and prints the recall at a
precision of 40 % by cross-validation over recordings; with `--check`, also the precision and recall of the
program's marks on other recordings.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fi_desktop.audio.decode import decode  # noqa: E402
from fi_desktop.core.transcript import Region, Word  # noqa: E402
from fi_desktop.engines.contracts import Speech  # noqa: E402
from fi_desktop.engines.vad import detect_speech  # noqa: E402
from fi_desktop.engines.whisper import windows  # noqa: E402
from fi_desktop.engines.whisper.confidence import FEATURES, ConfidenceModel, features  # noqa: E402
from fi_desktop.engines.whisper.decoded import DecodedWindow, DecodedWord  # noqa: E402
from fi_desktop.engines.whisper.decoder import BEAM, Decoder, DecodingOptions  # noqa: E402
from fi_desktop.engines.whisper.windows import Window  # noqa: E402
from tests.real.wording import Errors, align, plain_rows  # noqa: E402

WEIGHTS = ROOT / "build" / "real" / "models" / "faster-whisper-base"
VERSION = "1"
BEAMS = (1, BEAM)
PENALTY = 0.1  # inverse strength of the L2 penalty
PRECISION = 0.4


def gather(folder: Path, out: Path, weights: Path, threads: int) -> None:
    """Decode the recordings that are not in `out` yet."""
    decoder = Decoder(weights, memory_level=0, threads=threads)
    done = {row["key"] for row in _rows(out)} if out.exists() else set()
    with tempfile.TemporaryDirectory() as temp, out.open("a", encoding="utf-8") as file:
        for reference in sorted(folder.glob("*.words.json")):
            key = f"{folder.name}/{reference.name.removesuffix('.words.json')}"
            if key in done:
                continue
            said = json.loads(reference.read_text(encoding="utf-8"))
            path = folder / f"{Path(key).name}.flac"
            recording = decode(path, Path(temp, "audio"), progress=lambda _: None).recording
            speech = detect_speech(recording, per_channel=False, progress=lambda _: None)
            power = windows.frame_power(recording, speech)
            sounds = list(
                windows.read_windows(recording, windows.plan_windows(speech, recording.duration, power))
            )
            texts = [
                row for at in range(0, len(sounds), 4) for row in _decode(decoder, sounds[at : at + 4], said)
            ]
            row = {
                "key": key,
                "language": said["language"],
                "truth": [(word["start"], word["end"], word["text"]) for word in said["words"]],
                "hop": speech.hop_s,
                "prob": [round(float(each), 3) for each in speech.probability.max(axis=0)],
                "regions": [(region.start, region.end) for region in speech.regions],
                "windows": texts,
            }
            file.write(json.dumps(row) + "\n")
            print(key, flush=True)


def _decode(decoder: Decoder, batch: Sequence[tuple[Window, Any]], said: Any) -> Iterator[dict[str, Any]]:
    options = DecodingOptions(said["language"])
    for beam in BEAMS:
        decoded = decoder.decode_batch([samples for _, samples in batch], options, beam=beam)
        for (window, _), text in zip(batch, decoded, strict=True):
            yield {
                "beam": beam,
                "pieces": [(piece.start, piece.end) for piece in window.pieces],
                "lp": text.log_probability,
                "nsp": text.no_speech,
                "cr": text.compression,
                "trusted": text.trusted,
                "words": [
                    (word.start, word.end, word.text, word.probability, word.token_probabilities)
                    for word in text.words
                ],
            }


def _rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@dataclass(frozen=True)
class Words:
    """Words of several recordings: what is known, whether wrong, which recording, whether Spanish."""

    known: NDArray[np.float64]
    wrong: NDArray[np.bool_]
    recording: NDArray[np.intp]
    spanish: NDArray[np.bool_]


def words_of(rows: Sequence[Any], beams: Sequence[int]) -> Words:
    """Return the words of trusted windows."""
    known, wrong, recording, spanish = [], [], [], []
    for number, row in enumerate(rows):
        speech = Speech(
            np.array(row["prob"], dtype=np.float32)[None],
            row["hop"],
            tuple(Region(*region) for region in row["regions"]),
        )
        for beam in beams:
            texts = [text for text in row["windows"] if text["beam"] == beam]
            labels = iter(_wrong([word[2] for text in texts for word in text["words"]], row))
            for text in texts:
                decoded = DecodedWindow(
                    tuple(
                        DecodedWord(start, end, said, probability, tuple(tokens))
                        for start, end, said, probability, tokens in text["words"]
                    ),
                    log_probability=text["lp"],
                    no_speech=text["nsp"],
                    compression=text["cr"],
                )
                window = Window(tuple(Region(*piece) for piece in text["pieces"]))
                rows_of_window = features(decoded, window, row["language"], speech)
                for values in rows_of_window:
                    label = next(labels)
                    if label is not None and text["trusted"]:
                        known.append(values)
                        wrong.append(label)
                        recording.append(number)
                        spanish.append(row["language"] == "es")
    return Words(np.array(known), np.array(wrong), np.array(recording), np.array(spanish))


def _wrong(texts: Sequence[str], row: Any) -> list[bool | None]:
    """Return whether each written word is wrong; None if nothing is to be heard of it."""
    language = row["language"]
    said = [each for words in plain_rows([text for _, _, text in row["truth"]], language) for each in words]
    written = plain_rows([text.strip() for text in texts], language, said)
    plain = [each for words in written for each in words]
    errors = iter(Errors.of(said, plain, align(said, plain)).wrong)
    return [any(tuple(next(errors) for _ in words)) if words else None for words in written]


def fit(words: Words) -> ConfidenceModel:
    """Fit the logistic regression."""
    regression: Any = import_module("sklearn.linear_model").LogisticRegression(C=PENALTY, max_iter=5000)
    mean, scale = words.known.mean(axis=0), words.known.std(axis=0)
    scale[scale == 0.0] = 1.0
    regression.fit((words.known - mean) / scale, ~words.wrong)
    return ConfidenceModel(VERSION, mean, scale, regression.coef_[0], float(regression.intercept_[0]))


def recall_at(
    precision: float, right: NDArray[np.float64], wrong: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Return the highest recall with this precision, the share of words marked, and the threshold."""
    order = np.argsort(right)
    hits = np.cumsum(wrong[order])
    enough = np.flatnonzero(hits >= precision * np.arange(1, len(order) + 1))
    if not len(enough):
        return 0.0, 0.0, 0.0
    last = int(enough[-1])
    return hits[last] / hits[-1], (last + 1) / len(order), float(right[order[last]])


def cross_validated(words: Words, parts: int = 8) -> NDArray[np.float64]:
    """Return the chance of each word by models that do not know its recording."""
    right = np.zeros(len(words.wrong))
    for part in range(parts):
        held = words.recording % parts == part
        model = fit(
            Words(words.known[~held], words.wrong[~held], words.recording[~held], words.spanish[~held])
        )
        right[held] = model.probabilities(words.known[held])
    return right


def report(title: str, words: Words, right: NDArray[np.float64]) -> None:
    """Print the marks' precision and recall, the best recall, and the calibration, by language."""
    marked = np.array([Word(0.0, 0.0, "", float(each)).doubtful for each in right])
    for name, chosen in (("en", ~words.spanish), ("es", words.spanish), ("all", words.spanish >= 0)):
        wrong, marks = words.wrong[chosen], marked[chosen]
        best, share, threshold = recall_at(PRECISION, right[chosen], wrong)
        print(
            f"{title} {name}: {len(wrong)} words, {wrong.mean():.1%} wrong,"
            f" {1 - right[chosen].mean():.1%} estimated; marked {marks.mean():.1%}:"
            f" precision {wrong[marks].mean():.1%}, recall {marks[wrong].mean():.1%};"
            f" at {PRECISION:.0%} precision: recall {best:.1%}"
            f" with {share:.1%} marked, below {threshold:.2f}"
        )


def main() -> None:
    """Run one of the two steps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    gathering = steps.add_parser("gather")
    gathering.add_argument("folder", type=Path)
    gathering.add_argument("out", type=Path)
    gathering.add_argument("--weights", type=Path, default=WEIGHTS)
    gathering.add_argument("--threads", type=int, default=2)
    fitting = steps.add_parser("fit")
    fitting.add_argument("words", type=Path)
    fitting.add_argument("out", type=Path)
    fitting.add_argument("--check", type=Path)
    given = parser.parse_args()
    if given.step == "gather":
        gather(given.folder, given.out, given.weights, given.threads)
        return
    words = words_of(_rows(given.words), BEAMS)
    model = fit(words)
    report("cross-validation", words, cross_validated(words))
    if given.check is not None:
        for beam in BEAMS:
            check = words_of(_rows(given.check), (beam,))
            report(f"check, beam {beam}", check, np.array(model.probabilities(check.known)))
    columns = zip(FEATURES, model.mean, model.scale, model.weights, strict=True)
    data = {
        "version": VERSION,
        "bias": round(model.bias, 5),
        "features": {
            name: {"mean": round(mean, 5), "scale": round(scale, 5), "weight": round(weight, 5)}
            for name, mean, scale, weight in columns
        },
    }
    given.out.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
