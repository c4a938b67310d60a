"""The process that reads damaged recordings, one after the other, and may die of any."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.audio.decode import decode
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.audio.probe import probe
from fi_desktop.core.errors import FiError
from tests.fuzz.mutation import damaged

Read = Callable[[Path, Path], object]
"""Reads a recording (the first path) and writes what it decodes to (the second)."""


NO_INPUT = -1
"""The number under which a process tells that it has started."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an input.

    Attributes:
        said: "read", the code of an error that is told to people, or "unexplained".
        details: the traceback of an unexplained error.
        rss_bytes: the largest resident memory of the process so far.
    """

    number: int
    said: str
    details: str
    rss_bytes: int


def decode_it(source: Path, target: Path) -> None:
    """Look at a recording's header and decode it, as the program does."""
    try:
        probe(source)
    finally:
        decode(
            source,
            target,
            progress=lambda _fraction: None,
            disk_space=DiskSpace(target.parent, longest_s=600.0),
        )


def main(pipe: Connection, read: Read, recordings: dict[str, bytes], seed: int) -> None:
    """Read the inputs whose numbers come in; the target of the spawned process."""
    # What FFmpeg prints belongs to no one; a name of a file in it would.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        pipe.send(Outcome(NO_INPUT, "started", "", 0))
        while True:
            try:
                number = pipe.recv()
            except EOFError:
                return
            made = damaged(recordings, seed=seed, number=number)
            source, target = Path(folder) / f"input.{made.ending}", Path(folder) / "samples.pcm"
            source.write_bytes(made.data)
            said, details = "read", ""
            try:
                read(source, target)
            except FiError as error:
                said = error.code
            except Exception:  # noqa: BLE001 - whatever it is, it is a finding
                said, details = "unexplained", traceback.format_exc()
            target.unlink(missing_ok=True)
            pipe.send(Outcome(number, said, details, _peak_rss_bytes()))


def _peak_rss_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux":
        # Not ru_maxrss: a process that was started by a large one has that one's peak.
        (peak_kb,) = (
            line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")
        )
        return 1024 * int(peak_kb.split()[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
