"""CPU-seconds of each stage of a job without words, in this process.

    OMP_NUM_THREADS=1 python -m tests.bench.stages [--minutes 10] [--rounds 3] [RECORDING ...]

Repeats each recording (by default the sample) to the length, runs the pipeline on it, and prints the
best of the rounds, with the time that imports and networks take in the first of them.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import sample_recording
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core.values import EngineChoice, JobOptions, Stage, StageEnd
from fi_desktop.pipeline import Task, run
from fi_desktop.system.files import resource as bundled


class Clock:
    """Notes the CPU time of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[Stage, float] = {}
        self._last = time.process_time()

    def progress(self, stage: Stage, fraction: float) -> None:
        """Ignored."""

    def measured(self, duration_s: float) -> None:
        """Ignored."""

    def chosen(self, chosen: EngineChoice) -> None:
        """Ignored."""

    def ended(self, stage: Stage, end: StageEnd) -> None:
        """Note what the stage took."""
        now = time.process_time()
        self.seconds[stage] = now - self._last
        self._last = now


def repeat(source: Path, minutes: float, folder: Path, *, stereo: bool = False) -> Path:
    """Write a FLAC of this length made of the recording.

    stereo: a second channel has the same, moved by half of its length.
    """
    decoded = decode(source, folder / "short.pcm", progress=lambda _fraction: None).recording
    samples = np.concatenate([decoded.mixed(block) for block in decoded.channel_blocks(block_s=60.0)])
    wanted = np.resize(samples, round(minutes * 60 * SAMPLE_RATE_HZ))
    channels = [wanted, np.roll(wanted, len(samples) // 2)] if stereo else [wanted]
    path = folder / "long.flac"
    with av.open(str(path), "w") as container:
        layout = "stereo" if stereo else "mono"
        stream = container.add_stream("flac", rate=SAMPLE_RATE_HZ, layout=layout)
        assert isinstance(stream, av.AudioStream)
        for start in range(0, len(wanted), SAMPLE_RATE_HZ):
            block = np.stack([channel[start : start + SAMPLE_RATE_HZ] for channel in channels], axis=1)
            scaled = (np.clip(block, -1.0, 1.0) * 32_767).astype("<i2")
            frame = av.AudioFrame.from_ndarray(scaled.reshape(1, -1), format="s16", layout=layout)
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts, frame.time_base = start, Fraction(1, SAMPLE_RATE_HZ)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("recordings", type=Path, nargs="*")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    sample = sample_recording()
    for source in given.recordings or ([sample] if sample else []):
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            recording = repeat(source, given.minutes, folder)
            rounds = []
            for number in range(given.rounds):
                clock = Clock()
                options = JobOptions(engine="builtin", transcriber="none")
                task = Task(1, recording, options, folder / str(number), (bundled("models"),))
                run(task, clock)
                rounds.append(clock.seconds)
        best = {stage: min(seconds[stage] for seconds in rounds) for stage in rounds[0]}
        each = ", ".join(f"{stage.value} {seconds:.2f}" for stage, seconds in best.items())
        whole = min(sum(seconds.values()) for seconds in rounds)
        first = sum(rounds[0].values())
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        print(f"{source.stem}: {each}; whole {whole:.2f}, first {first:.2f} CPU-s; {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
