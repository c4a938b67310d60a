"""Time and peak memory of decoding three hours of stereo: `python tests/bench/decode.py [hours]`.

The recording is made by encoding one minute and repeating its packets. Encoding and decoding run in separate
processes, started by one that imports nothing large: on Linux, a child's peak includes its parent's memory.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

RATE_HZ = 44_100
FORMATS = (
    ("M4A (AAC)", "aac", "ipod", ".m4a"),
    ("MP3", "libmp3lame", "mp3", ".mp3"),
    ("FLAC", "flac", "flac", ".flac"),
)


def make(
    path: Path,
    codec: str,
    container: str,
    minutes: int,
    *,
    rate_hz: int = RATE_HZ,
    options: dict[str, str] | None = None,
) -> None:
    """Write stereo noise, one minute of it repeated. options: of the container."""
    import av
    import numpy as np

    noise = np.random.default_rng(7).normal(0, 0.1, (1, 2 * 60 * rate_hz)).astype(np.float32)
    with av.open(str(path), "w", format=container, container_options=options or {}) as output:
        stream = output.add_stream(codec, rate=rate_hz, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(noise, format="flt", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, 0, Fraction(1, rate_hz)
        stream.codec_context.open()
        resampler = av.AudioResampler(stream.format.name, "stereo", rate_hz, stream.frame_size or 4096)
        frames = resampler.resample(frame) + resampler.resample(None)
        packets = [bytes(packet) for part in frames for packet in stream.encode(part)]
        packets += [bytes(packet) for packet in stream.encode(None)]
        samples = stream.frame_size or 4096
        for number in range(minutes * len(packets)):
            packet = av.Packet(packets[number % len(packets)])
            packet.stream, packet.time_base = stream, Fraction(1, rate_hz)
            packet.pts = packet.dts = number * samples
            packet.duration = samples
            output.mux(packet)


def decode_once(source: Path, target: Path) -> None:
    """Decode, and print seconds, peak resident bytes, and the length found."""
    from fi_desktop.audio.decode import decode

    started = time.perf_counter()
    decoded = decode(source, target, progress=lambda _fraction: None)
    elapsed_s = time.perf_counter() - started
    # ru_maxrss: kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    print(elapsed_s, peak, decoded.recording.duration, len(decoded.warnings))


def run(*arguments: object) -> str:
    """Run this file with arguments; return what it prints."""
    command = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(hours: float) -> None:
    """Print a table for docs/benchmarks.md."""
    print("| Format | Length | Source | Time | Times faster than the recording | Peak memory |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for title, codec, container, ending in FORMATS:
            source = Path(folder, "recording" + ending)
            run("make", source, codec, container, round(hours * 60))
            answer = run("decode", source, Path(folder, "samples.pcm")).split()
            elapsed_s, peak_bytes, length_s = float(answer[0]), int(answer[1]), float(answer[2])
            size = f"{source.stat().st_size / 1e6:.0f} MB"
            figures = f"{elapsed_s:.1f} s | {length_s / elapsed_s:.0f} | {peak_bytes / 1e6:.0f} MB"
            print(f"| {title}, 44.1 kHz stereo | {length_s / 3600:.2f} h | {size} | {figures} |", flush=True)
            source.unlink()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make", path, codec, container, minutes]:
            make(Path(path), codec, container, int(minutes))
        case ["decode", source, target]:
            decode_once(Path(source), Path(target))
        case [hours]:
            main(float(hours))
        case _:
            main(3.0)
