"""The keys of the store's rows.

j:<id>                  a job's record; its tag is the job's state
e:<id>:<number>         a job's events in order, chained by hashes (`event_chain.py`)
q:… and d:…             the queue (`queue_index.py`)
b:<batch>:<id>          the jobs of a batch; the value is the job's id
f:<fingerprint>:<id>    the jobs of a recording with the same options; the value is the job's id
m:…                     the schema's version, the last id, the owner's epoch, whether an owner has the
store open, whether the queue is paused, whether deletions always overwrote data,
which vault has the keys
"""

from __future__ import annotations

from fi_desktop.core.job import Job

SCHEMA = "m:schema"
"""Key of the row with the schema's version."""
SCHEMA_VERSION, SEALED_SCHEMA_VERSION = 1, 2
"""Versions: in clear, and sealed, which a program that knows no seals must leave alone."""
SEALED_WITH = "m:sealed"
"""Key of the row with the vault's home, as JSON text; without it, the store is in clear."""
ALL_JOBS = "j:", "j;"
"""The range of all records' keys."""
ALL_FINGERPRINTS = "f:", "f;"
"""The range of all fingerprints' keys."""


def record_key(job_id: int) -> str:
    """Return the key of a job's record."""
    return f"j:{job_id:012d}"


def batch_key(job: Job) -> str:
    """Return the key by which a job is found in its batch."""
    return f"b:{job.batch:012d}:{job.id:012d}"


def batch_keys(batch: int) -> tuple[str, str]:
    """Return the range of a batch's keys."""
    return f"b:{batch:012d}:", f"b:{batch:012d};"


def fingerprint_key(fingerprint: str, job_id: int) -> str:
    """Return the key by which a job is found by its recording."""
    return f"f:{fingerprint}:{job_id:012d}"


def fingerprint_keys(fingerprint: str) -> tuple[str, str]:
    """Return the range of a fingerprint's keys."""
    return f"f:{fingerprint}:", f"f:{fingerprint};"


def event_key(job_id: int, number: int) -> str:
    """Return the key of a job's event; numbers begin at 1."""
    return f"e:{job_id:012d}:{number:06d}"


def event_keys(job_id: int) -> tuple[str, str]:
    """Return the range of a job's event keys."""
    return f"e:{job_id:012d}:", f"e:{job_id:012d};"


def number_in(key: str) -> int:
    """Return the number at the end of a key."""
    return int(key.rpartition(":")[2])
