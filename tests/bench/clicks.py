"""From a click to sound, near the end of three hours: `python -m tests.bench.clicks [hours]`.

Each recording is decoded once, as for its transcript, which writes the seek table. Then a playback process is
driven as the window does; a click is timed from the request to the first samples that come back. Twenty
clicks into the last ten minutes; for the first format also one without the table, before which everything is
decoded.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import psutil

from fi_desktop.audio import playback
from fi_desktop.audio.decode import decode
from fi_desktop.audio.playback import PlayedSound, play_request, read_message
from tests.bench.decode import make

_CLICKS = 20
_FORMATS: tuple[tuple[str, str, str, str, int, dict[str, str]], ...] = (
    ("M4A (AAC)", "aac", "ipod", ".m4a", 44_100, {}),
    ("MP3", "libmp3lame", "mp3", ".mp3", 44_100, {}),
    ("MP3 without index", "libmp3lame", "mp3", ".mp3", 44_100, {"write_xing": "0", "id3v2_version": "0"}),
    ("AAC without container", "aac", "adts", ".aac", 44_100, {}),
    ("Ogg (Opus)", "libopus", "ogg", ".ogg", 48_000, {}),
    ("WebM (Opus)", "libopus", "webm", ".webm", 48_000, {}),
    ("WAV", "pcm_s16le", "wav", ".wav", 44_100, {}),
    ("FLAC", "flac", "flac", ".flac", 44_100, {}),
)


@contextmanager
def started(source: Path, folder: Path, table: Path) -> Iterator[tuple[Connection, psutil.Process]]:
    """Run a playback process; yield its pipe and itself."""
    context = get_context("spawn")
    pipe, theirs = context.Pipe()
    process = context.Process(target=playback.main, args=(theirs, source, folder, table), daemon=True)
    process.start()
    theirs.close()
    pipe.poll(None)  # the first state: it is ready
    yield pipe, psutil.Process(process.pid)
    pipe.close()
    process.join()


def click(pipe: Connection, number: int, moment_s: float) -> float:
    """Return how long the first samples take, seconds."""
    began = time.perf_counter()
    pipe.send_bytes(play_request(number, moment_s, None, 1.0))
    while True:
        message = read_message(pipe.recv_bytes())
        if isinstance(message, PlayedSound) and message.stream == number:
            return time.perf_counter() - began


def main() -> None:
    """Print a line for each format."""
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    rng = random.Random(4)
    for name, codec, container, ending, rate_hz, options in _FORMATS:
        with tempfile.TemporaryDirectory() as home:
            source, table, folder = Path(home, f"long{ending}"), Path(home, "table"), Path(home, "own")
            make(source, codec, container, round(60 * hours), rate_hz=rate_hz, options=options)
            began = time.process_time()
            decoded = decode(source, Path(home, "samples"), progress=lambda _fraction: None, seekable=True)
            decoding_s = time.process_time() - began
            Path(home, "samples").unlink()
            duration_s = decoded.recording.duration
            if decoded.seek_table is None:
                print(f"{name}: no table")
                continue
            if name == _FORMATS[0][0]:
                with started(source, folder, table) as (pipe, _process):
                    print(f"without the table: {click(pipe, 1, duration_s - 30.0):.1f} s", flush=True)
            decoded.seek_table.write(table)
            began = time.perf_counter()
            with started(source, folder, table) as (pipe, process):
                ready_s = time.perf_counter() - began
                busy_s = sum(process.cpu_times()[:2])
                times = [
                    click(pipe, number, duration_s - rng.uniform(5.0, 600.0))
                    for number in range(1, _CLICKS + 1)
                ]
                busy_s = sum(process.cpu_times()[:2]) - busy_s
            print(
                f"{name}: {duration_s / 3600:.2f} h, {source.stat().st_size / 1e6:.0f} MB, decoded in"
                f" {decoding_s:.1f} s of CPU time; table {table.stat().st_size / 1000:.0f} kB;"
                f" ready after {ready_s:.2f} s; click to sound: median {1000 * statistics.median(times):.0f},"
                f" worst {1000 * max(times):.0f} ms, CPU time {1000 * busy_s / _CLICKS:.0f} ms;"
                f" load {os.getloadavg()[0]:.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
