"""What the audit trail and the jobs say of each other: erased jobs, unknown jobs, changed results."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from fi_desktop.audit.acts import ActKind
from fi_desktop.audit.chain import Entry
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.core.messages import Note
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.stored_acts import in_ranges
from fi_desktop.system.files import RESULT
from fi_desktop.system.result_files import review_path, version_of

_SOURCE = re.compile(rb'"source_sha256"\s*:\s*"([0-9a-f]{64})"')


class _Known(NamedTuple):
    """A hash in an entry, and the entry's number."""

    number: int
    sha256: str


def evidence_of(folders: JobFolders, job_id: int) -> Mapping[str, str]:
    """Return the SHA-256 of a job's recording, of its current result and of its review, as far as known."""
    if not folders.has_result(job_id):  # spares deriving a key
        return {}
    folder = folders.folder(job_id)
    try:
        files = folders.files(job_id)
        data = files.read(folder / RESULT)
    except (OSError, ValueError, KeyError, FiError):
        return {}
    found = {"result": hashlib.sha256(data).hexdigest()}
    if (source := _SOURCE.search(data)) is not None:
        found["recording"] = source[1].decode()
    try:
        review = files.read_lines(review_path(folder, version_of(data)))
    except (OSError, ValueError):
        return found
    return {**found, "review": hashlib.sha256(review).hexdigest()}


def check_jobs(entries: Sequence[Entry], ids: Collection[int], folders: JobFolders) -> Iterator[Note]:
    """Yield one sentence for each job that the trail knows otherwise.

    Args:
        entries: of the trail.
        ids: of the jobs in the store.
        folders: of their files.
    """
    known: set[int] = set()
    removed: set[int] = set()
    results: dict[int, _Known] = {}
    reviews: dict[int, _Known] = {}
    for entry in entries:
        job, kind = entry.fields.get("job"), entry.fields.get("kind")
        detail = entry.fields.get("detail") or {}
        if kind == ActKind.QUEUE_FOUND:
            known |= in_ranges(str(detail.get("jobs", "")))
            if detail.get("erased"):
                yield messages.AUDIT_ERASED(number=entry.number)
        if not isinstance(job, int):
            continue
        if kind == ActKind.ADDED:
            known.add(job)
        elif kind == ActKind.REMOVED:
            removed.add(job)
        if sha256 := entry.fields.get("result"):
            results[job] = _Known(entry.number, sha256)
            if review := detail.get("review"):
                reviews[job] = _Known(entry.number, review)
            else:
                reviews.pop(job, None)
    for job in sorted(known - removed - set(ids)):
        yield messages.AUDIT_JOB_ERASED(job=job)
    for job in sorted(ids):
        if job not in known or job in removed:
            yield messages.AUDIT_JOB_UNKNOWN(job=job)
        yield from _check_result(job, results.get(job), reviews.get(job), evidence_of(folders, job))


def _check_result(
    job: int, result: _Known | None, review: _Known | None, found: Mapping[str, str]
) -> Iterator[Note]:
    if result is not None and "result" not in found:
        yield messages.AUDIT_RESULT_GONE(job=job, number=result.number)
    elif result is not None and found["result"] != result.sha256:
        yield messages.AUDIT_RESULT_CHANGED(job=job, number=result.number)
    elif review is not None and found.get("review") != review.sha256:
        yield messages.AUDIT_RESULT_CHANGED(job=job, number=review.number)
