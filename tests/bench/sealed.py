"""What sealing costs a long job without words, and the queue's files: `python -m tests.bench.sealed`.

    OMP_NUM_THREADS=1 python -m tests.bench.sealed [--minutes 180] [--rounds 1]

The sample, repeated to this length on two channels, is processed with its files in clear and sealed,
alternating, in this process. The processor's time says more than the clock on a busy machine. Apart from
that: what reading and writing as many bytes takes as the decoded speech of such a job has.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from fi_desktop.audio.media_files import sample_recording
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.values import JobOptions
from fi_desktop.pipeline import Task, run
from fi_desktop.system.files import resource as bundled
from fi_desktop.vault.job_files import JobFiles
from fi_desktop.vault.sealing import new_key
from tests.bench.stages import Clock, repeat

_CHANNELS = 2
_BLOCK_BYTES = 1 << 20


def job_s(recording: Path, files: JobFiles) -> tuple[float, float]:
    """Run a job; return the seconds it takes by the clock and of the processor."""
    with tempfile.TemporaryDirectory() as folder:
        began, worked = time.perf_counter(), time.process_time()
        options = JobOptions(transcriber="none")
        run(Task(1, recording, options, Path(folder) / "1", (bundled("models"),), files=files), Clock())
        return time.perf_counter() - began, time.process_time() - worked


def stream_s(minutes: float, files: JobFiles) -> tuple[float, float]:
    """Write the decoded speech of a job and read it; return the seconds by the clock and of the processor."""
    blocks = int(minutes * 60 * SAMPLE_RATE_HZ * 2 * _CHANNELS) // _BLOCK_BYTES
    block = bytes(_BLOCK_BYTES)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audio.s16"
        began, worked = time.perf_counter(), time.process_time()
        writer = files.seal(path.name).writer(path)
        for _ in range(blocks):
            writer.write(block)
        writer.finish()
        writer.close()
        files.read(path)
        return time.perf_counter() - began, time.process_time() - worked


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=180.0)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    ways = {"in clear": JobFiles(), "sealed": JobFiles(1, new_key())}
    sample = sample_recording()
    assert sample is not None
    with tempfile.TemporaryDirectory() as temporary:
        short = repeat(sample, 1.0, Path(temporary), stereo=True)
        for files in ways.values():
            job_s(short, files)  # imports and networks
        recording = repeat(sample, given.minutes, Path(temporary), stereo=True)
        print(f"| {given.minutes:.0f} minutes, two channels | Time | CPU |\n|---|---|---|")
        measures: dict[str, Callable[[JobFiles], tuple[float, float]]] = {
            "job": partial(job_s, recording),
            "decoded speech, written and read": partial(stream_s, given.minutes),
        }
        for name, measure in measures.items():
            taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
            for _ in range(given.rounds):
                for way, files in ways.items():
                    taken[way].append(measure(files))
            for way, results in taken.items():
                clock, cpu = (statistics.median(each) for each in zip(*results, strict=True))
                print(f"| {name}, {way} | {clock:.1f} s | {cpu:.1f} s |", flush=True)


if __name__ == "__main__":
    main()
