"""What confinement costs: decoding, 200 short jobs, and memory, with and without it in one run.

    python -m tests.bench.confined [--long HOURS] [--jobs N]

Decoding alternates between the worker's process and a decoder process that is forked for each recording; the
fastest of the rounds counts, as other programs run. Jobs alternate between workers with all rights and
confined ones, a third of the jobs at a time.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
import wave
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from fi_desktop.audio.media_files import phone_call
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.workers import process
from tests.app_driver import running_app
from tests.bench.worker import write_recording

_ROUNDS = 2
_SHORT = 200
_SHORT_S = 3
_real_main = process.main


def unconfined_worker(pipe: Connection, device: str, *_confined: Any) -> None:
    """A worker with all rights, which decodes itself."""
    _real_main(pipe, device)


def decoding(answer: Connection, recordings: list[Path], folder: Path) -> None:
    """Time both ways for each recording; the target of a spawned process."""
    from fi_desktop.audio.decode import decode
    from fi_desktop.workers.confined_reader import ConfinedReader
    from fi_desktop.workers.opener import start_opener
    from fi_desktop.workers.protocol import grant

    theirs, grants = Pipe(duplex=False)
    began = time.perf_counter()
    opener = start_opener(theirs)
    started_s = time.perf_counter() - began

    def here(path: Path) -> None:
        decode(path, folder / "here.s16", progress=lambda _fraction: None, seekable=True)

    def confined(path: Path) -> None:
        grants.send_bytes(grant("c", str(path)))
        ConfinedReader(opener, "c").decode(folder / "confined.s16", lambda _fraction: None)

    starter = psutil.Process().children()[0]

    def cpu_s() -> float:
        """Return the processor time of this process, the opener and its decoders."""
        times = starter.cpu_times()
        others = times.user + times.system + times.children_user + times.children_system
        return time.process_time() + others

    def measured(way: Callable[[Path], None], path: Path) -> tuple[float, float]:
        began, cpu_began = time.perf_counter(), cpu_s()
        way(path)
        return time.perf_counter() - began, cpu_s() - cpu_began

    ways: tuple[Callable[[Path], None], ...] = (here, confined)
    for path in recordings:
        rounds = [[measured(way, path) for way in ways] for _ in range(_ROUNDS)]
        for number, way in enumerate(ways):
            wall_s, used_s = zip(*(each[number] for each in rounds), strict=True)
            answer.send((path.stem, way.__name__, "wall", min(wall_s), "CPU", min(used_s)))
    sums = [[0.0, 0.0], [0.0, 0.0]]
    for _ in range(_SHORT):
        for way, total in zip(ways, sums, strict=True):
            for number, seconds in enumerate(measured(way, recordings[0])):
                total[number] += seconds
    for way, total in zip(ways, sums, strict=True):
        answer.send((f"{_SHORT} short", way.__name__, "wall", total[0], "CPU", total[1]))
    answer.send(("start of the opener", started_s))
    answer.send(None)


def write_short(path: Path, seconds: int, start_s: int) -> None:
    """Write a stretch of the phone call."""
    sample = phone_call()
    assert sample is not None
    with wave.open(str(sample)) as source, wave.open(str(path), "wb") as target:
        target.setparams(source.getparams())
        source.setpos(start_s * source.getframerate())
        frames = bytearray(source.readframes(seconds * source.getframerate()))
        frames[0:2] = start_s.to_bytes(2, "little")
        target.writeframes(bytes(frames))


def jobs(folder: Path, count: int, *, confined: bool) -> tuple[float, float, dict[str, int]]:
    """Return the seconds and processor seconds of a short job, and the processes' own memory, bytes."""
    process.main = _real_main if confined else unconfined_worker  # type: ignore[assignment]
    recordings = []
    for number in range(count):
        path = folder / f"{number}.wav"
        write_short(path, _SHORT_S, number % 20)
        data = path.read_bytes()
        path.write_bytes(data[:-4] + number.to_bytes(4, "little"))
        recordings.append(path)
    with running_app(folder / "home", workers=1, recycle_jobs=0) as driver:
        driver.wait_until_done(*driver.submit(recordings[0], options=JobOptions(transcriber="none")))
        worker = psutil.Process(driver.workers()[0].pid)
        began, cpu_began = time.perf_counter(), used_s(worker)
        ids = driver.app.service.submit(recordings[1:], JobOptions(transcriber="none")).result().ids
        done = driver.wait_until_done(*ids)
        took_s, cpu_s = time.perf_counter() - began, used_s(worker) - cpu_began
        assert {job.state for job in done} <= {JobState.COMPLETED, JobState.FAILED}  # nobody speaks
        memory = {"worker": worker.memory_full_info().uss}
        for child in worker.children():
            with suppress(psutil.Error):
                memory["opener"] = child.memory_full_info().uss
    return took_s / (count - 1), cpu_s / (count - 1), memory


def used_s(worker: psutil.Process) -> float:
    """Return the processor time of a worker, its opener and the decoders that have ended."""
    total = 0.0
    for each in (worker, *worker.children()):
        times = each.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--long", type=float, default=3.0, help="hours of the longest recording")
    parser.add_argument("--jobs", type=int, default=_SHORT)
    given = parser.parse_args()
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_short(folder / "short.wav", _SHORT_S, 0)
        write_recording(folder / "20 min.flac", 1 / 3)
        write_recording(folder / "long.flac", given.long)
        recordings = [folder / "short.wav", folder / "20 min.flac", folder / "long.flac"]
        context = get_context("spawn")
        ours, theirs = Pipe()
        child = context.Process(target=decoding, args=(theirs, recordings, folder))
        child.start()
        while (figures := ours.recv()) is not None:
            print(*(f"{value:.3f}" if isinstance(value, float) else value for value in figures), flush=True)
        child.join()
        third = max(2, given.jobs // 3)
        for round_ in range(3):
            for confined in (False, True):
                where = folder / f"{round_}-{confined}"
                where.mkdir()
                each_s, cpu_s, memory = jobs(where, third, confined=confined)
                rights = "confined" if confined else "all rights"
                times = f"{1000 * each_s:.0f} ms a job, {1000 * cpu_s:.0f} ms CPU"
                print(rights, times, memory, flush=True)


if __name__ == "__main__":
    main()
