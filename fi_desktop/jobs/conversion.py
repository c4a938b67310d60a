"""Rewrites what is stored: sealed instead of in clear, or the other way round.

`rewrite` is for the rows of the store, the rest for the files of a job.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fi_desktop.core.job import Job
from fi_desktop.jobs.event_chain import ROOT, link
from fi_desktop.jobs.row_keys import (
    ALL_FINGERPRINTS,
    SCHEMA,
    SCHEMA_VERSION,
    SEALED_SCHEMA_VERSION,
    SEALED_WITH,
    event_key,
    event_keys,
    fingerprint_key,
    record_key,
)
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.sql import Rows, to_text
from fi_desktop.jobs.written_files import WRITING
from fi_desktop.system.files import replacing
from fi_desktop.vault.job_files import CLEAR, JobFiles

_LINES = ".jsonl"
_EMPTY = ".begun"  # marks of stages have no content


def rewrite(rows: Rows, jobs: Iterable[Job], before: RowSeal, after: RowSeal) -> None:
    """Rewrite the rows of all jobs, which can be read, as another seal writes them. Needs a transaction.

    Raises:
        VaultLocked: a vault is locked.
    """
    rows.delete_between(*ALL_FINGERPRINTS)
    for job in jobs:
        _rewrite_job(rows, job, before, after)
    if after.vault is None:
        rows.delete(SEALED_WITH)
        rows.put(SCHEMA, SCHEMA_VERSION)
    else:
        rows.put(SEALED_WITH, to_text(after.vault.state.home))
        rows.put(SCHEMA, SEALED_SCHEMA_VERSION)


def _rewrite_job(rows: Rows, job: Job, before: RowSeal, after: RowSeal) -> None:
    """Rewrite a job's rows; values of newer programs stay."""
    after.new_job(job.id)
    row = rows.row(record_key(job.id))
    record: Any = None if row is None else before.open_record(job.id, rows.value(row))
    rows.put(record_key(job.id), to_text(after.record(job.id, record)), job.state.value)
    if job.fingerprint is not None:
        rows.put(fingerprint_key(after.fingerprint(job.fingerprint), job.id), job.id)
    digest = ROOT
    for number, stored in enumerate(rows.between(*event_keys(job.id)), start=1):
        event = before.open_event(job.id, number, rows.value(stored)["event"])
        text, digest = link(digest, after.event(job.id, number, event))
        rows.put(event_key(job.id, number), text)


def seal_folder(folder: Path, files: JobFiles) -> None:
    """Seal the files of a job that are in clear; no worker may be using them.

    Raises:
        TransientError: the disk is full.
        OSError: they cannot be read or written.
    """
    for path in _files_in(folder):
        with WRITING:
            if not files.is_sealed(path):
                _rewrite(path, CLEAR, files)


def unseal_folder(folder: Path, files: JobFiles) -> None:
    """Write the files of a job in clear; no worker may be using them. Raises as `seal_folder`."""
    for path in _files_in(folder):
        if files.is_sealed(path):
            _rewrite(path, files, CLEAR)


def _files_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in sorted(folder.iterdir()) if path.is_file() and path.suffix != _EMPTY]


def _rewrite(path: Path, before: JobFiles, after: JobFiles) -> None:
    """Rewrite a file, whole lines if it grows by lines."""
    if path.suffix != _LINES:
        after.write(path, before.read(path))
        return
    lines = before.lines(path.name, path.read_bytes())
    with replacing(path, mode=0o600) as file:
        for number, line in enumerate(lines):
            file.write(after.line(path.name, number, line))
