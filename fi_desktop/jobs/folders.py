"""Where a job's files lie: one folder a job, `jobs/<id>/`, with its stages and its result."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core.transcript import Transcript
from fi_desktop.system.files import RESULT, discard_stages


@dataclass(frozen=True, slots=True)
class JobFolders:
    """The folders of all jobs."""

    root: Path

    def folder(self, job_id: int) -> Path:
        """Return where the job's files lie; it may not exist yet."""
        return self.root / str(job_id)

    def transcript(self, job_id: int) -> Transcript:
        """Read the result of a completed job.

        Raises:
            OSError, ValueError, KeyError: there is none, or it is damaged.
        """
        return Transcript.from_json(json.loads((self.folder(job_id) / RESULT).read_text(encoding="utf-8")))

    def source_sha256(self, job_id: int) -> str | None:
        """Return the hash of the recording that a job's result was made from; None if there is no result."""
        try:
            result = json.loads((self.folder(job_id) / RESULT).read_text(encoding="utf-8"))
            return str(result["provenance"]["source_sha256"])
        except (OSError, KeyError, TypeError, ValueError):
            return None

    def prepare(self) -> None:
        """Make the folder of all folders, for its owner alone."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def discard(self, job_id: int) -> None:
        """Delete the job's files, if it has any."""
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def discard_stages(self, job_id: int) -> None:
        """Delete what attempts at a job left, its result apart; nothing may be at work on it."""
        discard_stages(self.folder(job_id))

    def sweep(self, known: Iterable[int]) -> int:
        """Delete the folders of unknown jobs (the app died while it removed one); return how many."""
        names = {str(job_id) for job_id in known}
        with os.scandir(self.root) as entries:
            stray = [entry.name for entry in entries if entry.name.isdigit() and entry.name not in names]
        for name in stray:
            shutil.rmtree(self.root / name, ignore_errors=True)
        return len(stray)
