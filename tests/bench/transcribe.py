"""Our transcriber against faster-whisper's own, from the file to the words.

    python -m tests.bench.transcribe [--minutes 5] [--size base] [--threads 2] [--only WAY]

Each way runs in a separate process, with the same weights, threads, precision (int8), beam and language, with
word timestamps and no text carried from window to window. faster-whisper's `transcribe` finds speech with its
`vad_filter`; ours gets it from the stage that the diarizer shares, whose time is included. The recording is
the phone call that comes with pyannote.audio, repeated.

The model is made by `tests/packs/make_whisper.py`. It has the layers of the real one, so its speed is
realistic, and it returns the same 75 words in each window, about as many as half a minute of speech has. Only
the shorter last window is decoded twice, except by `batched`, which never does. The words themselves mean
nothing. "Windows" is the number of windows encoded.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from fi_desktop.audio.media_files import phone_call

# as varied as real text: repetitive text is decoded again
WORDS = ["".join(random.Random(n).choices("abcdefghijklmnoprstuv", k=2 + n % 7)) for n in range(75)]
PACE_S = 0.38  # so that they fill a window: speech without words would be decoded again
BEAM = 5


def tile(path: Path, minutes: float) -> None:
    """Write the phone call repeatedly."""
    call = phone_call()
    assert call is not None
    with wave.open(str(call)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        frames = source.readframes(source.getnframes())
        for _ in range(round(minutes * 60 * source.getframerate() / source.getnframes())):
            target.writeframes(frames)


def ours(source: Path, folder: Path, threads: int) -> int:
    """Decode, find speech and transcribe as the pipeline does; return the number of words."""
    from fi_desktop.audio.decode import decode
    from fi_desktop.engines.contracts import TranscriptionOptions
    from fi_desktop.engines.vad import detect_speech
    from fi_desktop.engines.whisper import WhisperTranscriber

    def ignore(_fraction: float) -> None:
        pass

    recording = decode(source, source.with_suffix(f".{os.getpid()}.pcm"), progress=ignore).recording
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    transcriber = WhisperTranscriber(folder, threads=threads)
    options = TranscriptionOptions(language="es")
    return len(transcriber.transcribe(recording, speech, options=options, progress=ignore).words)


def plain(source: Path, folder: Path, threads: int) -> int:
    """Transcribe with `WhisperModel.transcribe`; return the number of words."""
    return _count(_open(folder, threads).transcribe(str(source), **_options())[0])


def batched(source: Path, folder: Path, threads: int) -> int:
    """Transcribe with `BatchedInferencePipeline` and its default batch; return the number of words."""
    from faster_whisper import BatchedInferencePipeline

    pipeline = BatchedInferencePipeline(_open(folder, threads))
    return _count(pipeline.transcribe(str(source), batch_size=8, **_options())[0])


WAYS: dict[str, tuple[str, Callable[[Path, Path, int], int]]] = {
    "ours": ("ours", ours),
    "plain": ("`WhisperModel`, `vad_filter`", plain),
    "batched": ("`BatchedInferencePipeline`, 8", batched),
}


def _open(folder: Path, threads: int) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads, num_workers=1)


def _options() -> dict[str, Any]:
    return {
        "language": "es",
        "beam_size": BEAM,
        "word_timestamps": True,
        "vad_filter": True,
        "condition_on_previous_text": False,
    }


def _count(segments: Iterable[Any]) -> int:
    return sum(len(segment.words) for segment in segments)


def measure(way: str, source: Path, folder: Path, threads: int) -> None:
    """Measure one way; print words, windows encoded, seconds, CPU-seconds and peak bytes."""
    import faster_whisper

    encoded = 0
    real = faster_whisper.WhisperModel.encode

    def encode(self: Any, features: Any) -> Any:
        nonlocal encoded
        encoded += 1 if features.ndim == 2 else features.shape[0]
        return real(self, features)

    faster_whisper.WhisperModel.encode = encode
    began, began_cpu = time.perf_counter(), time.process_time()
    words = WAYS[way][1](source, folder, threads)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    # ru_maxrss: kilobytes on Linux, bytes on macOS
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(words, encoded, wall_s, cpu_s, peak)


def child(*arguments: object) -> str:
    """Run this module, or another one, in a process with a worker's environment."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def main() -> None:
    """Print a table for docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--size", default="base", help="test, tiny, base or small")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", choices=WAYS, action="append")
    parser.add_argument("--measure", nargs=3, metavar=("WAY", "SOURCE", "MODEL"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        way, source, model = given.measure
        measure(way, Path(source), Path(model), given.threads)
        return
    print("| Transcriber | Words | Windows | CPU | Wall | × real time | Peak memory |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        source, model = Path(folder, "recording.wav"), Path(folder, "model")
        tile(source, given.minutes)
        make = ("tests.packs.make_whisper", model, *WORDS, "--language", "es", "--size", given.size)
        child(*make, "--pace", PACE_S)
        for way in given.only or WAYS:
            answer = child(
                "tests.bench.transcribe", "--threads", given.threads, "--measure", way, source, model
            ).split()
            words, windows, wall_s, cpu_s, peak = answer[0], answer[1], *map(float, answer[2:])
            speed = given.minutes * 60 / wall_s
            times = f"{cpu_s:.1f} s | {wall_s:.1f} s | {speed:.1f}"
            print(f"| {WAYS[way][0]} | {words} | {windows} | {times} | {peak / 1e6:.0f} MB |", flush=True)


if __name__ == "__main__":
    main()
