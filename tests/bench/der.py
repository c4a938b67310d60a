"""Measure the built-in and the per-channel diarizer against recordings with exact references.

    python tests/bench/der.py FOLDER… [--speakers given|auto|N] [--pauses S] [--models DIR] [--only PART…]
    python tests/bench/der.py --long HOURS FOLDER

FOLDER holds NAME.flac or NAME.wav with NAME.rttm, and NAME.uem if only a part is scored. Prints, for each
file, each kind (the name up to the first "_") and each folder, the diarization error rate without collar and
with 0.25 s on each side, overlap scored, and its parts; then how well the grade tells which results are
wrong. `given` passes the reference's number of speakers to the engine. Files whose channels hold different
speakers go to the per-channel engine. `--pauses` counts pauses of one speaker below S seconds as speech, on
top of the reference's own rule; the NIST evaluations of meetings used 0.3.

"words" is the share of words given to the wrong person, for files with NAME.words.json: their words, without
speakers, are assigned by `core.alignment` with the engine's turns; people are mapped so that most are right.
"unsure" says which of these words the engine marks as an unsure voice's, and how many of them are wrong.

`--long` tiles the folder's first two-person file and measures time and peak memory. Needs pyannote.metrics.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate
from scipy.optimize import linear_sum_assignment

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording, RecordingWriter
from fi_desktop.core.alignment import assign_speakers
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Diarization, Grade, Word
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin import BuiltinDiarizer
from fi_desktop.engines.channels import ChannelsDiarizer, select_channels
from fi_desktop.engines.vad import detect_speech

ROOT = Path(__file__).resolve().parents[2]
WRONG = 0.1  # a result with more confusion must be graded doubtful


@dataclass(frozen=True)
class Score:
    """The score of a file. Rates are fractions of the reference's speech."""

    der: float
    der_collar: float
    miss: float
    false_alarm: float
    confusion: float
    speakers: int
    found: int


@dataclass(frozen=True)
class WordDoubts:
    """The words of a file: whether the wrong person says each, and whether its voice is unsure, (words,)."""

    wrong: NDArray[np.bool_]
    unsure: NDArray[np.bool_]


@dataclass(frozen=True)
class Result:
    """What the engine made of a file. words: (n,), wrong, and of an unsure voice; None if not known."""

    folder: Path
    kind: str
    score: Score
    grade: Grade | None
    words: WordDoubts | None

    @property
    def wrong_words(self) -> float | None:
        """The share of words given to the wrong person; None if the words are not known."""
        return None if self.words is None else float(self.words.wrong.mean())


def read_rttm(path: Path, pauses_s: float = 0.0) -> Annotation:
    """Read a reference; one speaker's pauses below `pauses_s` are speech."""
    annotation = Annotation(uri=path.stem)
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        field = line.split()
        if field and field[0] == "SPEAKER" and float(field[4]) > 0:
            start = float(field[3])
            annotation[Segment(start, start + float(field[4])), row] = field[7]
    return annotation.support(pauses_s) if pauses_s else annotation


def annotate(result: Diarization) -> Annotation:
    """Return the engine's answer for pyannote.metrics."""
    annotation = Annotation()
    for row, turn in enumerate(result.turns):
        annotation[Segment(turn.start, turn.end), row] = turn.speaker
    return annotation


def score(reference: Annotation, hypothesis: Annotation, uem: Path) -> Score:
    """Score one file, within its UEM if it has one."""
    if uem.exists():
        rows = [line.split() for line in uem.read_text(encoding="utf-8").splitlines() if line.strip()]
        scored = Timeline([Segment(float(row[2]), float(row[3])) for row in rows])
    else:
        ends = [part.get_timeline().extent().end for part in (reference, hypothesis) if len(part)]
        scored = Timeline([Segment(0.0, max(ends))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # pyannote.metrics wants the full width of the collar: 0.5 is 0.25 s on each side
        parts = DiarizationErrorRate()(reference, hypothesis, uem=scored, detailed=True)
        collar = DiarizationErrorRate(collar=0.5)(reference, hypothesis, uem=scored)
    total = parts["total"] or 1.0
    return Score(
        der=parts["diarization error rate"],
        der_collar=float(collar),
        miss=parts["missed detection"] / total,
        false_alarm=parts["false alarm"] / total,
        confusion=parts["confusion"] / total,
        speakers=len(reference.crop(scored).labels()),
        found=len(hypothesis.crop(scored).labels()),
    )


def run_engine(recording: Recording, speakers: SpeakerCount, engine: BuiltinDiarizer) -> Diarization:
    """Diarize as the pipeline does; without speech, the answer is empty."""
    chosen: BuiltinDiarizer | ChannelsDiarizer = engine
    mix = select_channels(recording, _quiet)
    recording = mix.recording
    if mix.separate:
        chosen = ChannelsDiarizer()
    speech = detect_speech(recording, per_channel=mix.separate, progress=_quiet)
    try:
        return chosen.diarize(recording, speech, speakers=speakers, progress=_quiet)
    except UserError:
        return Diarization((), "none")


def files_of(folders: list[Path], only: list[str]) -> Iterator[tuple[Path, Path]]:
    """Yield each recording with its reference."""
    for folder in folders:
        for reference in sorted(folder.glob("*.rttm")):
            audio = [
                path
                for path in (reference.with_suffix(".flac"), reference.with_suffix(".wav"))
                if path.exists()
            ]
            if audio and (not only or any(part in reference.stem for part in only)):
                yield audio[0], reference


def word_doubts(words: Path, result: Diarization) -> WordDoubts | None:
    """Return which words the engine's turns give to the wrong person, and which voices it doubts."""
    if not words.exists():
        return None
    rows = json.loads(words.read_text(encoding="utf-8"))["words"]
    unknown = [Word(row["start"], row["end"], row["text"]) for row in rows]
    assigned = assign_speakers(unknown, result.turns, result.exclusive, result.unsure)
    unsure = np.array([word.unsure_speaker for word in assigned])
    pairs = Counter((row["speaker"], word.speaker) for row, word in zip(rows, assigned, strict=True))
    people = sorted({row["speaker"] for row in rows})
    labels = sorted({word.speaker for word in assigned if word.speaker})
    counts = np.array([[pairs[person, label] for label in labels] for person in people])
    if not labels:
        return WordDoubts(np.ones(len(rows), dtype=bool), unsure)
    mapped = {
        (people[n], labels[m]) for n, m in zip(*linear_sum_assignment(counts, maximize=True), strict=True)
    }
    wrong = [(row["speaker"], word.speaker) not in mapped for row, word in zip(rows, assigned, strict=True)]
    return WordDoubts(np.array(wrong), unsure)


def measure_quality(
    folders: list[Path], speakers: str, pauses_s: float, only: list[str], engine: BuiltinDiarizer
) -> None:
    """Print the tables of one run."""
    results = []
    print(f"{'file':24s} {_HEADER} ref hyp grade     s")
    for audio, reference in files_of(folders, only):
        truth = read_rttm(reference, pauses_s)
        wanted = f"{len(truth.labels())}" if speakers == "given" else speakers
        with tempfile.TemporaryDirectory() as folder:
            recording = decode(audio, Path(folder) / "audio.pcm", progress=_quiet).recording
            started = time.perf_counter()
            result = run_engine(recording, SpeakerCount.parse(wanted), engine)
            took = time.perf_counter() - started
        got = score(truth, annotate(result), reference.with_suffix(".uem"))
        words = word_doubts(reference.with_suffix(".words.json"), result)
        one = Result(reference.parent, reference.stem.split("_")[0], got, result.grade, words)
        results.append(one)
        print(
            f"{reference.stem:24s} {_rates([one])} {got.speakers:3d} {got.found:3d} "
            f"{result.grade or '':8s} {took:4.1f}",
            flush=True,
        )
    for place in dict.fromkeys(result.folder for result in results):
        here = [result for result in results if result.folder == place]
        print(f"\n{place}\n{'kind, mean':24s} {_HEADER} worst  count right")
        for kind in dict.fromkeys(result.kind for result in here):
            _print_row(kind, [result for result in here if result.kind == kind])
        _print_row("all", here)
        print_grades(here)
        print_unsure(here)


def print_grades(results: Sequence[Result]) -> None:
    """Print how much confusion the results of each grade have, and which grades the wrong results got."""
    print(f"\n{'grade':24s}   n   conf  worst  count right")
    for grade in (*Grade, None):
        scores = [result.score for result in results if result.grade == grade]
        if scores:
            confusion = 100 * np.array([score.confusion for score in scores])
            exact = sum(score.speakers == score.found for score in scores)
            print(
                f"{grade or 'none':24s} {len(scores):3d} {confusion.mean():6.2f} {confusion.max():6.2f}"
                f"  {exact}/{len(scores)}"
            )
    wrong = [result for result in results if result.score.confusion > WRONG]
    doubted = sum(result.grade == Grade.DOUBTFUL for result in wrong)
    print(f"confusion over {WRONG:.0%}: {len(wrong)} results, {doubted} of them graded doubtful")


def print_unsure(results: Sequence[Result]) -> None:
    """Print how many words are of an unsure voice, and how many of the wrong ones are among them."""
    known = [result.words for result in results if result.words is not None]
    if known:
        wrong = np.concatenate([words.wrong for words in known])
        unsure = np.concatenate([words.unsure for words in known])
        found = int((wrong & unsure).sum())
        precision, recall = found / max(1, unsure.sum()), found / max(1, wrong.sum())
        print(f"unsure: {unsure.mean():.2%} of {len(wrong)} words, {precision:.0%} of them wrong")
        print(f"wrong: {wrong.mean():.2%} of all words, {recall:.0%} of them unsure")


_HEADER = f"{'DER':>6s} {'DER.25':>6s} {'miss':>6s} {'fa':>6s} {'conf':>6s} {'words':>6s}"


def _rates(results: Sequence[Result]) -> str:
    """Return the means of a table's columns, percent."""
    table = [[s.der, s.der_collar, s.miss, s.false_alarm, s.confusion] for s in (r.score for r in results)]
    words = [result.wrong_words for result in results if result.wrong_words is not None]
    columns = [f"{100 * rate:6.2f}" for rate in np.mean(table, axis=0)]
    return " ".join([*columns, f"{100 * np.mean(words):6.2f}" if words else "     -"])


def _print_row(name: str, results: Sequence[Result]) -> None:
    exact = sum(result.score.speakers == result.score.found for result in results)
    worst = max(result.score.confusion for result in results)
    print(f"{name:24s} {_rates(results)} {100 * worst:5.1f}  {exact}/{len(results)}")


def measure_long(folder: Path, hours: float, only: list[str], engine: BuiltinDiarizer) -> None:
    """Tile a two-person file to a long recording; print the time of each step and the peak memory."""
    audio, _ = next(files_of([folder], only or ["c2", "st2", "sample"]))
    with tempfile.TemporaryDirectory() as temporary:
        short = decode(audio, Path(temporary) / "short.pcm", progress=_quiet).recording
        with RecordingWriter(Path(temporary) / "long.pcm", short.channels) as writer:
            while writer.recording.duration < hours * 3600:
                for block in short.channel_blocks():
                    writer.write(block)
        recording = writer.recording
        steps = [time.perf_counter()]
        chosen: BuiltinDiarizer | ChannelsDiarizer = engine
        mix = select_channels(recording, _quiet)
        recording = mix.recording
        if mix.separate:
            chosen = ChannelsDiarizer()
        steps.append(time.perf_counter())
        speech = detect_speech(recording, per_channel=mix.separate, progress=_quiet)
        steps.append(time.perf_counter())
        result = chosen.diarize(recording, speech, speakers=SpeakerCount(), progress=_quiet)
        steps.append(time.perf_counter())
    look, find, diarize = np.diff(steps)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{recording.duration / 3600:.2f} h, {recording.channels} channel(s), engine {result.engine}: "
        f"channels {look:.1f} s, speech {find:.1f} s, diarization {diarize:.1f} s, "
        f"total {look + find + diarize:.1f} s, "
        f"peak {peak_mb:.0f} MB, threads {os.environ.get('OMP_NUM_THREADS', 'not set')}"
    )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--speakers", default="given")
    parser.add_argument("--pauses", type=float, default=0.0)
    parser.add_argument("--models", type=Path, default=ROOT / "resources" / "models")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--long", type=float, metavar="HOURS")
    options = parser.parse_args()
    engine = BuiltinDiarizer(options.models / "builtin", options.models / "voices")
    if options.long:
        measure_long(options.folders[0], options.long, options.only, engine)
    else:
        measure_quality(options.folders, options.speakers, options.pauses, options.only, engine)


def _quiet(_fraction: float) -> None:
    """Ignore progress."""


if __name__ == "__main__":
    main()
