"""Measure the built-in and the per-channel diarizer against recordings with exact references.

    python tests/bench/der.py FOLDER… [--speakers given|auto|N] [--models DIR] [--only PART…]
    python tests/bench/der.py --long HOURS FOLDER

FOLDER holds NAME.flac or NAME.wav with NAME.rttm, and NAME.uem if only a part is scored. Prints, for each
file and each group (the name up to the first "_"), the diarization error rate without collar and with 0.25 s
on each side, overlap scored, and its parts. `given` passes the reference's number of speakers to the engine.
Files whose channels hold different speakers go to the per-channel engine. `--long` tiles the folder's first
two-person file and measures time and peak memory. Needs pyannote.metrics.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording, RecordingWriter
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Diarization
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin import BuiltinDiarizer
from fi_desktop.engines.channels import ChannelsDiarizer, select_channels
from fi_desktop.engines.vad import detect_speech

ROOT = Path(__file__).resolve().parents[2]


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


def read_rttm(path: Path) -> Annotation:
    """Read a reference."""
    annotation = Annotation(uri=path.stem)
    for row, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        field = line.split()
        if field and field[0] == "SPEAKER" and float(field[4]) > 0:
            start = float(field[3])
            annotation[Segment(start, start + float(field[4])), row] = field[7]
    return annotation


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


def measure_quality(folders: list[Path], speakers: str, only: list[str], engine: BuiltinDiarizer) -> None:
    """Print the table of one run."""
    groups: dict[str, list[Score]] = defaultdict(list)
    print(f"{'file':24s} {'DER':>6s} {'DER.25':>6s} {'miss':>6s} {'fa':>6s} {'conf':>6s} ref hyp grade     s")
    for audio, reference in files_of(folders, only):
        truth = read_rttm(reference)
        wanted = f"{len(truth.labels())}" if speakers == "given" else speakers
        with tempfile.TemporaryDirectory() as folder:
            recording = decode(audio, Path(folder) / "audio.pcm", progress=_quiet).recording
            started = time.perf_counter()
            result = run_engine(recording, SpeakerCount.parse(wanted), engine)
            took = time.perf_counter() - started
        got = score(truth, annotate(result), reference.with_suffix(".uem"))
        groups[reference.stem.split("_")[0]].append(got)
        rates = (got.der, got.der_collar, got.miss, got.false_alarm, got.confusion)
        print(
            f"{reference.stem:24s} " + " ".join(f"{100 * rate:6.2f}" for rate in rates),
            f"{got.speakers:3d} {got.found:3d} {result.grade or '':8s} {took:4.1f}",
            flush=True,
        )
    print()
    for group, scores in groups.items():
        table = np.array([[s.der, s.der_collar, s.miss, s.false_alarm, s.confusion] for s in scores])
        exact = sum(s.speakers == s.found for s in scores)
        print(
            f"{group + ', mean':24s} " + " ".join(f"{100 * rate:6.2f}" for rate in table.mean(axis=0)),
            f"  count right {exact}/{len(scores)}, worst confusion {100 * table[:, 4].max():.2f}",
        )


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
    parser.add_argument("--models", type=Path, default=ROOT / "resources" / "models")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--long", type=float, metavar="HOURS")
    options = parser.parse_args()
    engine = BuiltinDiarizer(options.models / "builtin", options.models / "voices")
    if options.long:
        measure_long(options.folders[0], options.long, options.only, engine)
    else:
        measure_quality(options.folders, options.speakers, options.only, engine)


def _quiet(_fraction: float) -> None:
    """Ignore progress."""


if __name__ == "__main__":
    main()
