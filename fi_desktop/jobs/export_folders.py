"""Folders to which results are written automatically: are they there, and where are their drives?

Also since when results are written as the settings say. Both are kept in a file of the data folder, sealed
with it.

A drive may not answer for minutes, or ever. So folders are looked for and written to on threads that can be
abandoned, at most one for each folder.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fi_desktop.vault.home_files import HomeFile, HomeFiles

ANSWER_S = 10.0
"""Seconds after which a drive counts as away; a disk that slept answers in time."""


class _Question:
    """Asks on another thread whether a folder is there."""

    def __init__(self, folder: Path) -> None:
        self.answered, self.is_new, self.is_there = threading.Event(), True, False
        self._folder = folder
        threading.Thread(target=self._ask, name="export-folder", daemon=True).start()

    def _ask(self) -> None:
        with suppress(OSError):  # as if it were not there
            self.is_there = self._folder.is_dir()
        self.answered.set()


class _Writing:
    """Writes a job's files to a folder on another thread."""

    def __init__(self, job_id: int, write: Callable[[], None]) -> None:
        self.job_id, self.ended = job_id, threading.Event()
        self.error: BaseException | None = None
        self._write = write
        threading.Thread(target=self._run, name="export-writing", daemon=True).start()

    def _run(self) -> None:
        try:
            self._write()
        except BaseException as error:  # noqa: BLE001 carried over to the thread that waits
            self.error = error
        self.ended.set()


class FolderWriter:
    """Writes to folders, and goes on without those that do not answer."""

    def __init__(self) -> None:
        self._writings: dict[Path, _Writing] = {}  # abandoned ones

    def is_free(self, folder: Path) -> bool:
        """Whether nothing is being written to a folder any more."""
        writing = self._writings.get(folder)
        if writing is not None and writing.ended.is_set():
            del self._writings[folder]  # whatever became of it is seen when the next result is written
            writing = None
        return writing is None

    def folder_of(self, job_id: int) -> Path | None:
        """Return the folder to which results of a job are still being written."""
        folders = [folder for folder, writing in self._writings.items() if writing.job_id == job_id]
        return next((folder for folder in folders if not self.is_free(folder)), None)

    def write(self, folder: Path, job_id: int, write: Callable[[], None]) -> bool:
        """Call `write` for a free folder; return False if it does not end in time, and goes on by itself.

        Raises what `write` raises.
        """
        writing = _Writing(job_id, write)
        if not writing.ended.wait(ANSWER_S):
            self._writings[folder] = writing
            return False
        if writing.error is not None:
            raise writing.error
        return True


class ExportFolders:
    """What is known about the folders for results."""

    def __init__(self, files: HomeFiles, *, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            files: of the data folder; while its vault is locked, nothing here can be asked.
            now: UTC, seconds since the epoch.
        """
        self._files, self._now = files, now
        self._questions: dict[Path, _Question] = {}  # unanswered ones

    def since(self) -> float:
        """Return since when results are written as the settings say; from now if they were not."""
        since = self._state().get("since")
        if not isinstance(since, float):
            since = self._now()
            self._keep(self._state() | {"since": since})
        return since

    def forget(self, *, used: Iterable[Path], settings: bool) -> None:
        """Forget other folders than these, and, unless `settings`, since when the settings are followed."""
        state, roots = self._state(), {str(root) for root in used}
        kept: dict[str, Any] = {"mounts": {name: at for name, at in _mounts(state).items() if name in roots}}
        if settings and "since" in state:
            kept["since"] = state["since"]
        if kept == {"mounts": {}}:
            self._files.remove(HomeFile.EXPORT_FOLDERS)
        elif kept != state:
            self._keep(kept)

    def is_there(self, folder: Path) -> bool:
        """Return whether a folder is there, and is not the empty place of a drive that is away.

        One whose drive does not answer is not there: others must not wait for it.
        """
        question = self._questions.pop(folder, None) or _Question(folder)
        if not question.answered.wait(ANSWER_S if question.is_new else 0.0):
            question.is_new = False
            self._questions[folder] = question
            return False
        if not question.is_there:
            return False
        state = self._state()
        mounts = _mounts(state)
        if (mount := mounts.get(str(folder))) is not None:
            return os.path.ismount(mount)
        state.pop("folder", None)
        state.pop("mount", None)
        self._keep(state | {"mounts": mounts | {str(folder): str(_mount_of(folder))}})
        return True

    def _state(self) -> dict[str, Any]:
        try:
            state = json.loads(self._files.read(HomeFile.EXPORT_FOLDERS))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def _keep(self, state: dict[str, Any]) -> None:
        self._files.write(HomeFile.EXPORT_FOLDERS, json.dumps(state).encode())


def _mounts(state: dict[str, Any]) -> dict[str, str]:
    """Return where the drive of each folder was mounted; there was one folder at first."""
    if isinstance(mounts := state.get("mounts"), dict):
        return mounts
    return {str(state["folder"]): str(state["mount"])} if "mount" in state and "folder" in state else {}


def _mount_of(folder: Path) -> Path:
    """Return where the drive of a folder is mounted."""
    return next((parent for parent in (folder, *folder.parents) if os.path.ismount(parent)), folder)
