"""Fetch a pack from the hub, so that it can be paused, cut off or killed at any byte and goes on from there.

What has come lies in `<root>/.partial/<name>`. Every byte that an engine will read was compared with what the
hub states, also what lay there from an earlier try.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError
from fi_desktop.models import library, manifest, place
from fi_desktop.models.catalog import Known
from fi_desktop.models.hub import Hub, RemoteFile
from fi_desktop.models.library import Report
from fi_desktop.models.names import check_distinct, check_path
from fi_desktop.models.pack import Pack, PackFile, PackKind
from fi_desktop.models.structure import CONFIG, check_structure, localised
from fi_desktop.system import log
from fi_desktop.system.files import disk_full, is_disk_full, write_whole

_BLOCK_BYTES = 1 << 18
_PART = ".part"
_TICK_S = 0.2
_PASSING = ("models.cut", "models.offline", "models.hub_trouble")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be fetched.

    Attributes:
        pack: the pack.
        files: each file on the hub, by its path in the pack.
    """

    pack: Known
    files: dict[str, RemoteFile]

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size for file in self.files.values())

    @property
    def version(self) -> str:
        """The hub's revision of the first source."""
        return next(file.revision for file in self.files.values())[:12]


def plan(known: Known, hub: Hub) -> Plan:
    """Ask the hub for the exact files of a pack.

    Raises:
        UserError, TransientError: as `Hub.files`; models.incomplete where the hub does not have all of it.
    """
    files: dict[str, RemoteFile] = {}
    for source in known.sources:
        for file in hub.files(source.repo):
            if any(fnmatchcase(file.path, pattern) for pattern in source.patterns):
                files[check_path(f"{source.into}/{file.path}" if source.into else file.path)] = file
    check_distinct(files)
    check_structure(known.kind, known.name, files, b"")
    return Plan(known, files)


def install(
    known: Known,
    root: Path,
    hub: Hub,
    *,
    report: Report,
    replace: bool = False,
    waits_s: tuple[float, ...] = (1.0, 4.0, 10.0, 20.0),
) -> Pack:
    """Fetch a pack and put it below `root`; return it.

    Args:
        known: the pack.
        root: where packs lie.
        hub: where it comes from.
        report: called at least every few hundred kilobytes; what it raises stops the work, and a later call
            goes on from there.
        replace: fetch it again where it is installed; files that are sound are kept.
        waits_s: waits after the connection broke off, seconds; each byte that comes makes them begin again.

    Raises:
        UserError: models.already, models.no_room, models.busy, models.incomplete, and what `Hub` raises.
        TransientError: models.damaged, disk.full, and what `Hub` raises.
    """
    if not replace:
        place.check_free(root, known.name)
    with place.working(root, known.name) as folder:
        report(0, known.about_bytes)
        wanted = plan(known, hub)
        fetch = _Fetch(wanted, folder, hub, report, waits_s)
        try:
            fetch.tidy()
            for path in wanted.files:
                fetch.take_what_is_there(path, root / known.name)
            place.check_room(root, wanted.size_bytes - fetch.done_bytes)
            for path in wanted.files:
                fetch.bring(path)
            pack = _finish(wanted, folder)
        except OSError as error:
            if is_disk_full(error):
                raise disk_full() from error
            raise
        place.put_in(folder, root / known.name)
    log.event("MODELS_INSTALLED", pack=pack.name, version=pack.version)
    return library.find(known.name, (root,)) or pack


def fetched_bytes(name: str, root: Path) -> int:
    """Return how much of a pack lies there from an earlier try."""
    total = 0
    for path in place.partial(root, name).rglob("*"):
        with suppress(FileNotFoundError):  # a file that is complete by now has another name
            found = path.stat()
            total += found.st_size if stat.S_ISREG(found.st_mode) else 0
    return total


def discard(name: str, root: Path) -> None:
    """Forget what has come of a pack.

    Raises:
        UserError: models.busy.
    """
    with place.working(root, name) as folder:
        shutil.rmtree(folder, ignore_errors=True)


class _Fetch:
    """Brings the files of one plan.

    Attributes:
        done_bytes: what is there, and was compared or will be at its file's end.
    """

    def __init__(
        self, wanted: Plan, folder: Path, hub: Hub, report: Report, waits_s: tuple[float, ...]
    ) -> None:
        self.done_bytes = 0
        self._plan, self._folder, self._hub = wanted, folder, hub
        self._report, self._waits_s = report, waits_s

    def tidy(self) -> None:
        """Delete what an earlier try left that is of no use now: the hub has another revision meanwhile."""
        useful = {self._folder / path for path in self._plan.files} | {
            self._part(p) for p in self._plan.files
        }
        for path in self._folder.rglob("*"):
            if path.is_file() and path not in useful:
                path.unlink()

    def take_what_is_there(self, path: str, before: Path) -> None:
        """Keep a sound file of an earlier try or of the pack that is replaced, and a part to go on with."""
        file, here, part = self._plan.files[path], self._folder / path, self._part(path)
        if not self._is_sound(here, file):
            here.unlink(missing_ok=True)
            if self._is_sound(before / path, file):
                here.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(before / path, here)
        if here.exists():
            part.unlink(missing_ok=True)
            self._add(file.size)
        elif part.exists():
            self._add(part.stat().st_size)

    def bring(self, path: str) -> None:
        """Fetch what is missing of a file, and compare the whole of it."""
        file, here = self._plan.files[path], self._folder / path
        if here.exists():
            return
        here.parent.mkdir(parents=True, exist_ok=True)
        part = self._part(path)
        part.touch()
        waits = list(self._waits_s)
        while (size := part.stat().st_size) < file.size:
            try:
                self._append(file, part)
            except TransientError as error:
                if part.stat().st_size > size:
                    waits = list(self._waits_s)
                if not waits or error.code not in _PASSING:
                    raise
                self._wait(waits.pop(0))
        if not self._is_sound(part, file):
            self._add(-part.stat().st_size)
            part.unlink()
            raise TransientError(
                messages.MODELS_DAMAGED,
                host=self._hub.host,
                path=path,
            )
        part.replace(here)

    def _part(self, path: str) -> Path:
        """Return where a file lies while it comes; each revision of it has its own."""
        file, here = self._plan.files[path], self._folder / path
        return here.with_name(f"{here.name}.{(file.sha256 or file.blob)[:16]}{_PART}")

    def _append(self, file: RemoteFile, part: Path) -> None:
        offset = part.stat().st_size
        with self._hub.open(file, offset) as stream, part.open("r+b") as out:
            if stream.start != offset:  # whole files only are served
                self._add(stream.start - offset)
            out.seek(stream.start)
            out.truncate()
            left = file.size - stream.start
            while left:
                block = stream.read(min(_BLOCK_BYTES, left))
                out.write(block)
                left -= len(block)
                self._add(len(block))
            out.flush()
            os.fsync(out.fileno())

    def _is_sound(self, path: Path, file: RemoteFile) -> bool:
        """Whether a file on the disk is, byte by byte, what the hub states."""
        if not path.is_file() or path.stat().st_size != file.size:
            return False
        if file.sha256:
            return library.hash_file(path, lambda _read: self._add(0)) == file.sha256
        content = path.read_bytes()
        # git's own name of a small file
        return (
            hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
            == file.blob
        )

    def _add(self, count: int) -> None:
        self.done_bytes += count
        self._report(self.done_bytes, self._plan.size_bytes)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._add(0)  # so that it can be paused here too
            time.sleep(min(_TICK_S, left))


def _finish(wanted: Plan, folder: Path) -> Pack:
    """Write the manifest beside the files."""
    known = wanted.pack
    if known.kind is PackKind.PYANNOTE:
        write_whole(folder / CONFIG, localised((folder / CONFIG).read_bytes()))
    files = tuple(
        PackFile(path, (folder / path).stat().st_size, file.sha256 or library.hash_file(folder / path))
        for path, file in wanted.files.items()
    )
    pack = Pack(known.name, known.kind, wanted.version, known.licence, known.attribution, (), files, folder)
    library.check(pack)
    manifest.write(pack, folder)
    return pack
