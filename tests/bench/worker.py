"""Time and peak memory of a worker that processes a long recording, from the file to its result.

    python tests/bench/worker.py [HOURS]

Writes a stereo FLAC (the phone call repeated, with equal channels, so that they are mixed), runs it through
the real queue and a real worker process, and reads the worker's resident memory twenty times a second.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
import wave
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import psutil

from fi_desktop.app import App
from fi_desktop.audio.media_files import phone_call
from fi_desktop.jobs.queue_events import JobChanged, QueueEvent
from fi_desktop.settings import load

_SAMPLE_INTERVAL_S = 0.05


def write_recording(path: Path, hours: float) -> None:
    sample = phone_call()
    assert sample is not None
    with wave.open(str(sample)) as file:
        call = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    stereo = np.repeat(call, 2)[None]  # packed: left equals right
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=16_000, layout="stereo")
        assert isinstance(stream, av.AudioStream)
        for _ in range(round(hours * 3600 / (len(call) / 16_000))):
            frame = av.AudioFrame.from_ndarray(stereo, format="s16", layout="stereo")
            frame.sample_rate = 16_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    hours = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "long.flac"
        write_recording(recording, hours)
        app = App(
            load({"FI_DESKTOP_HOME": folder + "/home"}, workers=1, soft_limit_s=3600, hard_limit_s=3600)
        )
        app.start()
        done = threading.Event()
        peak = 0

        def watch() -> None:
            nonlocal peak
            while not done.wait(_SAMPLE_INTERVAL_S):
                for child in psutil.Process().children():
                    try:
                        peak = max(peak, child.memory_info().rss)
                    except psutil.NoSuchProcess:
                        continue

        watcher = threading.Thread(target=watch)
        watcher.start()
        finished = threading.Event()

        def on_events(events: Sequence[QueueEvent]) -> None:
            for event in events:
                if isinstance(event, JobChanged) and event.job.state.final:
                    finished.set()

        app.service.listen(on_events)
        began = time.perf_counter()
        (job_id,) = app.service.submit([recording]).result().ids
        finished.wait()
        took_s = time.perf_counter() - began
        job = app.service.job(job_id).result()
        assert job is not None
        done.set()
        watcher.join()
        app.stop()
        speed = hours * 3600 / took_s
        print(f"{hours:g} h, two channels: {job.state.value}, {job.summary}")
        print(
            f"{took_s:.1f} s, {speed:.0f} times faster than the recording; worker's peak {peak / 1e6:.0f} MB"
        )


if __name__ == "__main__":
    main()
