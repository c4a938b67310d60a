"""The process that reads damaged recordings one after another, and may crash."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.audio.decode import decode
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.audio.probe import probe
from fi_desktop.core.errors import FiError
from fi_desktop.workers.confined_reader import ConfinedReader
from fi_desktop.workers.opener import start_opener
from fi_desktop.workers.protocol import grant
from tests.fuzz.mutation import damaged

Read = Callable[[Path, Path], object]
"""Decodes a recording (first path) to samples (second path)."""


_CLAIM = "claim"
_LONGEST_S = 600.0
_LARGEST_BYTES = round(_LONGEST_S) * 16_000 * 2 * 8

NO_INPUT = -1
"""Sent by a process that has started."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one input.

    Attributes:
        result: "read", the code of an error with a sentence for people, or "unexplained".
        details: traceback of an unexplained error.
        rss_bytes: peak resident memory of the process so far.
    """

    number: int
    result: str
    details: str
    rss_bytes: int


def decode_it(source: Path, target: Path) -> None:
    """Probe and decode a recording, as the program does."""
    try:
        probe(source)
    finally:
        decode(
            source,
            target,
            progress=lambda _fraction: None,
            disk_space=DiskSpace(target.parent, longest_s=_LONGEST_S),
        )


def decode_confined(source: Path, target: Path) -> None:
    """Have a confined decoder process decode a recording, as a worker does."""
    opener, grants = _opener()
    grants.send_bytes(grant(_CLAIM, str(source)))
    ConfinedReader(opener, _CLAIM).decode(target, lambda _fraction: None)


@cache
def _opener() -> tuple[socket.socket, Connection]:
    import resource

    # what takes longer is refused as too long a recording
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_BYTES, _LARGEST_BYTES))
    theirs, ours = Pipe(duplex=False)
    return start_opener(theirs), ours


def main(pipe: Connection, read: Read, recordings: dict[str, bytes], seed: int) -> None:
    """Read the inputs whose numbers are received; the target of the spawned process."""
    # Discard what FFmpeg prints.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        pipe.send(Outcome(NO_INPUT, "started", "", 0))
        while True:
            try:
                number = pipe.recv()
            except EOFError:
                return
            input_ = damaged(recordings, seed=seed, number=number)
            source, target = Path(folder) / f"input.{input_.extension}", Path(folder) / "samples.pcm"
            source.write_bytes(input_.data)
            result, details = "read", ""
            try:
                read(source, target)
            except FiError as error:
                result = error.code
            except Exception:  # noqa: BLE001 - any exception is a finding
                result, details = "unexplained", traceback.format_exc()
            target.unlink(missing_ok=True)
            pipe.send(Outcome(number, result, details, _peak_rss_bytes()))


def _peak_rss_bytes() -> int:
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    if sys.platform == "linux":
        # Not ru_maxrss, which includes the parent's peak.
        (peak_kb,) = (
            line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")
        )
        return 1024 * int(peak_kb.split()[1])
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
