"""Tell the same recording with the same options again.

A fingerprint is cheap and only finds candidates: recorders write files of equal length that begin and end
with silence. Whether two recordings are the same is decided by all of their bytes; see `submissions.py`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.audio.files import open_regular
from fi_desktop.core.job import JobOptions
from fi_desktop.core.records import options_to_json

_END_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a recording by which it can be told again.

    Attributes:
        fingerprint: see `fingerprint`.
        same: ids of jobs whose recordings hold the same bytes.
        other: ids of jobs whose recordings hold other bytes, or bytes that nobody knows any more.
    """

    fingerprint: str | None
    same: frozenset[int] = field(default_factory=frozenset)
    other: frozenset[int] = field(default_factory=frozenset)


def fingerprint(path: Path, options: JobOptions) -> str | None:
    """Return a hash of the recording's length and both its ends, and of the options; None: it cannot be read.

    The same recording under another name or in another folder has the same fingerprint, and so may another
    recording.
    """
    try:
        with open_regular(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            head = file.read(_END_BYTES)
            file.seek(max(0, size - _END_BYTES))
            tail = file.read(_END_BYTES)
    except OSError:
        return None
    wanted = json.dumps(options_to_json(options), sort_keys=True)
    digest = hashlib.sha256(f"{size} {wanted} ".encode())
    digest.update(head)
    digest.update(tail)
    return digest.hexdigest()
