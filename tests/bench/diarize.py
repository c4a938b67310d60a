"""Measure the pyannote diarizer against the library's own pipeline, on weights of the real architecture.

    python -m tests.bench.diarize [--minutes 10] [--rounds 1] [--pack FOLDER] [--layout 3.1]

Prints a Markdown table: the library with its defaults and the published pack's batch of 32, and ours as a
worker runs it, on the sample recording and on a longer one made of it; then two of our workers with a
recording each; then the time until a worker is ready. Each figure is measured in a separate process:
CPU-seconds, wall time, and peak memory while diarizing, which includes imports and the model. Without --pack
the weights are made here: speed and memory are realistic, and both pipelines must give the same answer.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import sample_recording
from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording, RecordingWriter

Turns = list[tuple[float, float, str]]


@dataclass(frozen=True)
class Run:
    """One recording, diarized in a separate process.

    Attributes:
        ready_s: from the start of the process to the loaded model.
        ready_cpu_s: CPU time of that.
        turns, exclusive: (start, end, speaker), sorted.
    """

    ready_s: float
    ready_cpu_s: float
    cpu_s: float
    wall_s: float
    peak_bytes: int
    turns: Turns
    exclusive: Turns


def run_stock(pack: Path, recording: Recording, born: float) -> Run:
    """Run the library with its own threads and batches and the waveform in memory."""
    from fi_desktop.engines.pyannote import import_pyannote

    library = import_pyannote()
    import torch

    warnings.simplefilter("ignore")
    pipeline = library.Pipeline.from_pretrained(pack)
    ready_s, before = time.time() - born, _Clock()
    waveform = torch.from_numpy(np.concatenate(list(recording.blocks())))[None]
    output = pipeline({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ})
    whole, exclusive = output.speaker_diarization, output.exclusive_speaker_diarization
    return Run(
        ready_s,
        before.cpu_s,
        *before.passed(),
        sorted((s.start, s.end, label) for s, _, label in whole.itertracks(yield_label=True)),
        sorted((s.start, s.end, label) for s, _, label in exclusive.itertracks(yield_label=True)),
    )


def run_ours(pack: Path, recording: Recording, born: float) -> Run:
    """Run ours on one thread."""
    from fi_desktop.core.values import SpeakerCount
    from fi_desktop.engines.contracts import Speech
    from fi_desktop.engines.pyannote import PyannoteDiarizer

    diarizer = PyannoteDiarizer(pack)
    ready_s, before = time.time() - born, _Clock()
    no_speech = Speech(np.zeros((1, 0), np.float32), 0.032, ())
    found = diarizer.diarize(recording, no_speech, speakers=SpeakerCount(None, None), progress=lambda _: None)
    return Run(
        ready_s,
        before.cpu_s,
        *before.passed(),
        [(turn.start, turn.end, turn.speaker) for turn in found.turns],
        [(turn.start, turn.end, turn.speaker) for turn in found.exclusive],
    )


class _Clock:
    def __init__(self) -> None:
        self.cpu_s, self._wall = time.process_time(), time.perf_counter()

    def passed(self) -> tuple[float, float, int]:
        """Return CPU-seconds, wall time and the process's peak resident memory, bytes."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return time.process_time() - self.cpu_s, time.perf_counter() - self._wall, peak


def _child(work: Callable[..., Any], arguments: tuple[Any, ...], answer: Connection) -> None:
    answer.send(work(*arguments))


def start(work: Callable[..., Any], *arguments: Any, one_thread: bool = False) -> Callable[[], Any]:
    """Start `work` in a new process; return a function that waits for its answer."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_child, args=(work, arguments, theirs))
    if one_thread:
        os.environ["OMP_NUM_THREADS"] = "1"
    process.start()
    os.environ.pop("OMP_NUM_THREADS", None)
    theirs.close()

    def wait() -> Any:
        answer = ours.recv()
        process.join()
        return answer

    return wait


def make_pack(folder: Path, layout: str) -> None:
    from tests.packs.make_pyannote import make_pyannote

    make_pyannote(folder, size="real", layout=layout, fit=True)  # type: ignore[arg-type]


def lengthen(recording: Recording, path: Path, seconds: float) -> Recording:
    """Repeat the recording."""
    samples = np.concatenate(list(recording.blocks()))[None]
    wanted = round(seconds * SAMPLE_RATE_HZ)
    with RecordingWriter(path, 1) as writer:
        while (missing := wanted - writer.recording.samples) > 0:
            writer.write(samples[:, :missing])
        return writer.recording


def compare(ours: Run, stock: Run) -> str:
    """Say whether turns are equal except for the speakers' names."""
    names = dict(zip((t[2] for t in stock.turns), (t[2] for t in ours.turns), strict=False))

    def renamed(turns: Turns) -> Turns:
        return sorted((start, end, names.get(label, label)) for start, end, label in turns)

    for what in ("turns", "exclusive"):
        theirs, found = getattr(stock, what), getattr(ours, what)
        if renamed(theirs) != sorted(found):
            return f"{what} differ: {len(found)} instead of {len(theirs)}"
    return f"{len(ours.turns)} turns identical"


def best(runs: list[Run]) -> Run:
    return min(runs, key=lambda run: run.cpu_s)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the pyannote diarizer against the library's own.")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the longer recording")
    parser.add_argument("--rounds", type=int, default=1, help="take the best of this many")
    parser.add_argument("--pack", type=Path, help="a model pack (default: random weights)")
    parser.add_argument("--layout", default="community-1", help="of the random weights")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pack = options.pack or folder / "pack"
        if not options.pack:
            start(make_pack, pack, options.layout)()
        sample = decode(sample_recording(), folder / "sample.pcm", progress=lambda _: None).recording
        long = lengthen(sample, folder / "long.pcm", 60 * options.minutes)
        print("| Recording | Pipeline | CPU | Wall | Peak memory | CPU, stock / ours | The answer |")
        print("|---|---|---|---|---|---|---|")
        stock_wall_s = 0.0
        for recording in (sample, long):
            runs: dict[str, Run] = {}
            for pipeline, work, one_thread in (("ours", run_ours, True), ("stock", run_stock, False)):
                runs[pipeline] = run = best(
                    [
                        start(work, pack, recording, time.time(), one_thread=one_thread)()
                        for _ in range(options.rounds)
                    ]
                )
                last = (
                    f"{run.cpu_s / runs['ours'].cpu_s:.1f} | {compare(runs['ours'], run)}"
                    if pipeline == "stock"
                    else " | "
                )
                print(
                    f"| {recording.duration:.0f} s | {pipeline} | {run.cpu_s:.1f} s | {run.wall_s:.1f} s "
                    f"| {run.peak_bytes / 1e6:.0f} MB | {last} |",
                    flush=True,
                )
            stock_wall_s = runs["stock"].wall_s
        began = time.perf_counter()
        pair = [start(run_ours, pack, long, time.time(), one_thread=True) for _ in range(2)]
        workers = [wait() for wait in pair]
        wall_s = time.perf_counter() - began
        print(
            f"\nTwo workers, {long.duration:.0f} s each: {wall_s:.1f} s with their start; stock, one "
            f"after the other: {2 * stock_wall_s:.1f} s without; {2 * stock_wall_s / wall_s:.1f} times. "
            "Peak memory " + " and ".join(f"{run.peak_bytes / 1e6:.0f} MB." for run in workers)
        )
        alone = min(
            (start(run_ours, pack, sample, time.time(), one_thread=True)() for _ in range(2)),
            key=lambda run: run.ready_s,
        )
        print(f"\nA worker is ready after {alone.ready_s:.1f} s ({alone.ready_cpu_s:.1f} CPU-seconds).")


if __name__ == "__main__":
    main()
