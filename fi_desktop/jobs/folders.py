"""The jobs' files: one folder per job, `jobs/<id>/`, with its stage files and its result."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.transcript import Transcript
from fi_desktop.jobs.review_files import StoredResult, VersionFacts, read_result
from fi_desktop.jobs.transcript_index import IndexPlace
from fi_desktop.system.files import HOLD, RESULT, SEEK_TABLE, discard_stages, is_kept
from fi_desktop.system.result_files import drop_unreported, use_version, version_of, versions
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.vault.job_files import CLEAR, JobFiles

if TYPE_CHECKING:
    from fi_desktop.vault.vault import Vault

_SEARCH = "search"
_FOLDERS_CACHED = 1_000
_FOLDERS_PER_STEP = 50
_PAUSE_S = 0.05  # a hundred thousand folders take two minutes, and one or two percent of a core


class JobFolders:
    """The folders of all jobs.

    Attributes:
        root: holds them.
        vault: has the keys of their files; None: they are in clear.
    """

    def __init__(self, root: Path, vault: Vault | None = None) -> None:
        self.root = root
        self.vault = vault
        self._folder = lru_cache(_FOLDERS_CACHED)(lambda job_id: Path(self.folder_text(job_id)))
        self._prefix = f"{root}{os.sep}"

    def files(self, job_id: int) -> JobFiles:
        """Return how a job's files are read and written.

        Raises:
            VaultLocked: they are sealed, and the vault is locked.
            KeyDestroyed: their key was destroyed.
        """
        return CLEAR if self.vault is None else self.vault.files(job_id)

    @property
    def data_folder(self) -> Path:
        """The folder of all files that the program writes."""
        return self.root.parent

    @property
    def home_files(self) -> HomeFiles:
        """How the files of the data folder are read and written that belong to no job."""
        return HomeFiles(self.data_folder, lambda: self.vault)

    def folder(self, job_id: int) -> Path:
        """Return a job's folder, which may not exist yet."""
        return self._folder(job_id)

    def folder_text(self, job_id: int) -> str:
        """Return a job's folder as text, which a busy queue makes faster than a `Path`."""
        return f"{self._prefix}{job_id}"

    def has_result(self, job_id: int) -> bool:
        """Whether a job has a current result."""
        return os.path.exists(f"{self.folder_text(job_id)}{os.sep}{RESULT}")  # noqa: PTH110 - as above

    def transcript(self, job_id: int) -> Transcript:
        """Read the result of a completed job, with what people corrected in it.

        Raises:
            OSError, ValueError, KeyError: it does not exist, or is damaged.
        """
        return self.result(job_id).review.transcript

    def reviewed(self, job_id: int) -> ReviewedTranscript:
        """Read the result of a completed job, with how far people checked it; see `transcript`."""
        return self.result(job_id).review.current

    def result(self, job_id: int, name: str = RESULT) -> StoredResult:
        """Read a result with its review. name: of one of its `versions`.

        Raises:
            OSError, ValueError, KeyError: it does not exist, or is damaged.
        """
        return read_result(self.folder(job_id) / name, self.files(job_id))

    def versions(self, job_id: int) -> list[str]:
        """Return the names of a job's results, oldest first."""
        return [path.name for path in versions(self.folder(job_id), self.files(job_id).read)]

    def version_facts(self, job_id: int, known: Iterable[VersionFacts] = ()) -> list[VersionFacts]:
        """Return what tells a job's results apart, oldest first; damaged ones are left out.

        known: facts that need not be read again.
        """
        by_version = {facts.version: facts for facts in known}
        found: list[VersionFacts] = []
        files = self.files(job_id)
        for number, path in enumerate(versions(self.folder(job_id), files.read), start=1):
            with suppress(OSError, ValueError, KeyError):
                facts = by_version.get(version_of(files.read(path)))
                facts = facts or VersionFacts.of(read_result(path, files), path.name, number)
                found.append(replace(facts, name=path.name, number=number))
        return found

    def use_version(self, job_id: int, version: str) -> bool:
        """Make one of a job's results the current one; the others stay. Return whether there is such a one.

        Raises:
            TransientError: the disk is full.
            OSError: the files cannot be read or written.
        """
        return use_version(self.folder(job_id), version, self.files(job_id).read)

    def drop_unreported(self, job_id: int) -> None:
        """Delete what killed attempts of a job without a result have written as one.

        Raises:
            OSError, ValueError, KeyError: the files cannot be read or deleted.
        """
        drop_unreported(self.folder(job_id), self.files(job_id).read)

    def is_current(self, job_id: int, version: str) -> bool:
        """Whether the current result is the one with this version; see `StoredResult`."""
        try:
            return version_of(self.files(job_id).read(self.folder(job_id) / RESULT)) == version
        except (OSError, ValueError, KeyError):
            return False

    def seek_table(self, job_id: int) -> Path:
        """Return where the seek table of a job's recording is, if it has one."""
        return self.folder(job_id) / SEEK_TABLE

    def source_sha256(self, job_id: int) -> str | None:
        """Return the hash of the recording that a job's result was made from; None without a result."""
        try:
            result = json.loads(self.files(job_id).read(self.folder(job_id) / RESULT))
            return str(result["provenance"]["source_sha256"])
        except (OSError, KeyError, TypeError, ValueError):
            return None

    @property
    def playback(self) -> Path:
        """The folder of recordings that are decoded to be played."""
        return self.root.parent / "playback"

    def index_place(self) -> IndexPlace:
        """Return where the index of transcripts is; a sealed one is not in the home, nor in copies of it.

        Raises:
            VaultLocked: it is sealed, and the vault is locked.
        """
        if self.vault is None:
            return IndexPlace(self.root.parent / _SEARCH)
        return IndexPlace(self.vault.folder / _SEARCH, self.vault.search_key())

    def other_index_folders(self) -> list[Path]:
        """Return the folders of an index that lies where it no longer belongs."""
        clear = self.root.parent / _SEARCH
        return [] if self.vault is None else [clear, clear.with_name(f"{_SEARCH}-aside")]

    def prepare(self) -> None:
        """Create the root folder, which only its owner can enter; delete what a killed player left."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.rmtree(self.playback, ignore_errors=True)

    def discard(self, job_id: int) -> None:
        """Delete a job's files, if it has any."""
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def mark_hold(self, job_id: int, *, held: bool) -> None:
        """Mark the folder of a job on legal hold, so that a rebuilt queue knows."""
        marker = self.folder(job_id) / HOLD
        with suppress(OSError):
            if held:
                marker.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                marker.touch(mode=0o600)
            else:
                marker.unlink(missing_ok=True)

    def is_marked(self, job_id: int) -> bool:
        """Whether the folder is marked as that of a job on legal hold."""
        return (self.folder(job_id) / HOLD).exists()

    def discard_stages(self, job_id: int) -> None:
        """Delete a job's stage files, but not its result; no worker may be using them."""
        discard_stages(self.folder(job_id))

    def has_stages(self, job_id: int) -> bool:
        """Whether a job's folder holds stage files."""
        try:
            with os.scandir(self.folder(job_id)) as entries:
                return any(not is_kept(entry.name) for entry in entries)
        except OSError:
            return False

    def sweep(self, known: Iterable[int]) -> int:
        """Delete the folders of unknown jobs, left if the app died while removing them; return how many."""
        names = {str(job_id) for job_id in known}
        with os.scandir(self.root) as entries:
            orphans = [entry.name for entry in entries if entry.name.isdigit() and entry.name not in names]
        for name in orphans:
            shutil.rmtree(self.root / name, ignore_errors=True)
        return len(orphans)


class LeftoverScan:
    """Looks once, at startup, for stage files that finished jobs left when the program died.

    A thread looks through the folders a few at a time. It deletes nothing: only the thread that owns the
    store knows which jobs are finished.
    """

    def __init__(self, folders: JobFolders, on_found: Callable[[list[int]], object]) -> None:
        """Prepare; `on_found` is called on the scan's thread with jobs whose folders hold stage files."""
        self._folders = folders
        self._on_found = on_found
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leftover-scan", daemon=True)

    def start(self) -> None:
        """Start looking."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            with os.scandir(self._folders.root) as entries:
                ids = iter([int(entry.name) for entry in entries if entry.name.isdigit()])
        except OSError:
            return
        while chunk := list(islice(ids, _FOLDERS_PER_STEP)):
            found = list(self._with_stages(chunk))
            if found:
                self._on_found(found)
            if self._closing.wait(_PAUSE_S):
                return

    def _with_stages(self, ids: Iterable[int]) -> Iterator[int]:
        for job_id in ids:
            if self._folders.has_stages(job_id):
                yield job_id
