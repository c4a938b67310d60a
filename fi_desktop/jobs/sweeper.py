"""Looks, at a start, for what attempts left in the folders of finished jobs when the program died.

There may be a hundred thousand folders, so a thread looks through them little by little. What it finds is
deleted on the thread that owns the store: nobody else knows whether a job is finished.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from itertools import islice

from fi_desktop.jobs.folders import JobFolders
from fi_desktop.system.files import RESULT

_FOLDERS_AT_ONCE = 50
_REST_S = 0.05  # a hundred thousand folders take two minutes, and one or two per cent of a core


class Sweeper:
    """Looks through all folders once."""

    def __init__(self, folders: JobFolders, on_found: Callable[[list[int]], object]) -> None:
        """Prepare; `on_found` is called on the sweeper's thread with jobs whose folders hold stages."""
        self._folders = folders
        self._on_found = on_found
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def close(self) -> None:
        """Look no further."""
        self._closing.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            with os.scandir(self._folders.root) as entries:
                ids = iter([int(entry.name) for entry in entries if entry.name.isdigit()])
        except OSError:
            return
        while chunk := list(islice(ids, _FOLDERS_AT_ONCE)):
            found = list(self._with_stages(chunk))
            if found:
                self._on_found(found)
            if self._closing.wait(_REST_S):
                return

    def _with_stages(self, ids: Iterable[int]) -> Iterable[int]:
        for job_id in ids:
            try:
                with os.scandir(self._folders.folder(job_id)) as entries:
                    if any(entry.name != RESULT for entry in entries):
                        yield job_id
            except OSError:
                continue  # it was removed meanwhile
