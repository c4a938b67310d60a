"""Rewrites the rows of a store: sealed instead of in clear, or the other way round."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fi_desktop.core.job import Job
from fi_desktop.jobs.event_chain import ROOT, link
from fi_desktop.jobs.row_keys import (
    ALL_FINGERPRINTS,
    SEALED_WITH,
    event_key,
    event_keys,
    fingerprint_key,
    record_key,
)
from fi_desktop.jobs.sealed_rows import RowSeal
from fi_desktop.jobs.sql import Rows, to_text


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
    else:
        rows.put(SEALED_WITH, to_text(after.vault.state.home))


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
