"""Confines a worker, in which the engines run: the files they may open, no network, no programs.

The worker as a whole may read the program, models and vocabulary lists, and write in the jobs' folders. Each
job runs in a thread that may write in its own folder only. Threads share memory, so that narrower limit holds
for what an engine opens by mistake or because a model says so; the wider one holds for native code, too.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import process
from multiprocessing.connection import Connection
from pathlib import Path

from fi_desktop.system.confinement import restrict_calls, restrict_files
from fi_desktop.system.devices import CPU
from fi_desktop.system.files import resource
from fi_desktop.workers.attempt import Reporter, attempt
from fi_desktop.workers.confined_reader import ConfinedReader
from fi_desktop.workers.opener import start_opener
from fi_desktop.workers.protocol import AttemptEnd, Deliver

# What Python and the engines' libraries read: libraries, time zone, and what the computer is.
_SYSTEM = (
    "/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime",
    "/etc/ssl/openssl.cnf", "/etc/mime.types", "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat",
    "/proc/version", "/proc/filesystems", "/proc/sys/vm", "/proc/sys/kernel", "/sys",
)  # fmt: skip
_SYSTEM_OF_GPU = ("/proc/driver", "/proc/devices", "/proc/modules")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_TEMPORARY = "tmp"
_LINKS_DEPTH = 2  # a folder of packs, and the files of a pack


@dataclass(frozen=True, slots=True)
class EngineFiles:
    """The files that a worker's engines may open.

    Attributes:
        jobs: the folder of the jobs' folders.
        data: folders of models and of vocabulary lists.
        device: what the worker computes on.
    """

    jobs: Path
    data: tuple[Path, ...]
    device: str = CPU

    def confine_worker(self) -> frozenset[Path]:
        """Confine this thread, those it starts, and their system calls; return the data that can be read."""
        found = self.existing_data()
        self._restrict(found, self.jobs)
        restrict_calls(opens=True)
        return found

    @contextmanager
    def confined_to_job(self, folder: Path) -> Iterator[None]:
        """Confine this thread for good to one job's folder; temporary files of the block are in it, too."""
        temporary = folder / _TEMPORARY
        temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._restrict(self.existing_data(), folder)
        tempfile.tempdir = os.environ["TMPDIR"] = str(temporary)
        try:
            yield
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def existing_data(self) -> frozenset[Path]:
        """Return the folders of models and vocabulary that exist, and what links in them lead to."""
        return frozenset(path for folder in self.data for path in _with_targets(folder, _LINKS_DEPTH))

    def _restrict(self, data: Iterable[Path], writable: Path) -> None:
        gpu = self.device != CPU
        system = map(Path, _SYSTEM + (_SYSTEM_OF_GPU if gpu else ()))
        devices = [Path(device) for device in _DEVICES]
        if gpu:
            devices += [*Path("/dev").glob("nvidia*"), Path("/dev/dri"), Path("/dev/shm")]
        restrict_files(read=[*system, *_program(self.jobs), *data], write=[writable], devices=devices)


def _program(jobs: Path) -> Iterator[Path]:
    """Yield the folders of Python, the packages and the libraries that are loaded."""
    yield from {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    if getattr(sys, "frozen", False):
        yield Path(sys.executable)  # holds the modules
    yield from (resource(), Path(__file__).parents[2])
    yield _font_cache()
    started_in = getattr(process, "ORIGINAL_DIR", None)
    for entry in map(Path, sys.path):
        # where the program was started may be a folder of recordings
        if entry.is_absolute() and str(entry) != started_in and entry not in jobs.parents:
            yield entry
    yield from {Path(library).parent for library in _loaded_libraries()}


def _font_cache() -> Path:
    """Return where matplotlib, which pyannote imports, keeps what it knows of the fonts."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("MPLCONFIGDIR") or Path(cache) / "matplotlib")


def _loaded_libraries() -> Iterator[str]:
    try:
        lines = Path("/proc/self/maps").read_text(errors="surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        path = line.partition("/")[2]
        if ".so" in path:
            yield f"/{path}"


def _with_targets(folder: Path, depth: int) -> Iterator[Path]:
    """Yield a folder, and where the links in it lead to."""
    if not folder.is_dir():
        return
    yield folder
    try:
        entries = list(os.scandir(folder))
    except OSError:  # one that came after this process was confined
        return
    for entry in entries:
        if entry.is_symlink():
            target = Path(entry.path).resolve()
            yield target
            if depth > 1 and target.is_dir():
                yield from _with_targets(target, depth - 1)
        elif depth > 1 and entry.is_dir():
            yield from (
                path for path in _with_targets(Path(entry.path), depth - 1) if path != Path(entry.path)
            )


class ConfinedWorker:
    """Confines this process; made while it has one thread, with everything imported that decoding needs."""

    def __init__(self, grants: Connection, jobs: str, data: tuple[str, ...], device: str) -> None:
        """Start the opener, and give up all that engines do not need; see `process.main`."""
        os.environ["JOBLIB_MULTIPROCESSING"] = "0"  # it warns where it may not make semaphores
        self._files = EngineFiles(Path(jobs), tuple(map(Path, data)), device)
        self._opener = start_opener(grants)
        self._readable = self._files.confine_worker()

    @property
    def outdated(self) -> bool:
        """Whether a folder of models or vocabulary lists, or a link in one, is new: it cannot be read."""
        return not self._files.existing_data() <= self._readable

    def attempt(self, delivery: Deliver, reporter: Reporter) -> AttemptEnd:
        """Run a job in a thread that may write in the job's folder only; return how it ended."""
        ends: list[AttemptEnd] = []

        def work() -> None:
            with self._files.confined_to_job(Path(delivery.folder)):
                ends.append(attempt(delivery, reporter, ConfinedReader(self._opener, delivery.claim)))

        thread = threading.Thread(target=work, name="job", daemon=True)
        thread.start()
        thread.join()
        (end,) = ends  # without one the worker has crashed
        return end
