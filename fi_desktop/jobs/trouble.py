"""What is said when the store's database cannot be used, in sentences without SQLite's words.

SQLite's own reason goes into the log.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.system import log
from fi_desktop.system.files import has_room
from fi_desktop.system.home import full

_ROOM_TO_OPEN_BYTES = 64 * 1024  # what SQLite lays beside a database, and some more
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


def unwritable(error: Exception) -> TransientError:
    """Return what is said of a transaction that could not be written."""
    reason = _reason(error)
    log.event("STORE_WRITE_FAILED", reason=reason)
    if reason.startswith("SQLITE_FULL"):
        return TransientError(
            "store.full", "The disk is full: nothing can be saved until there is room on it."
        )
    if reason.startswith(_BUSY):
        return TransientError("store.busy", "Another program is using the queue's file.")
    return TransientError("store.unwritable", "The queue cannot be saved: the disk does not take it.")


def unavailable(error: Exception, folder: Path) -> TransientError:
    """Return what is said of a database that cannot be opened now."""
    log.event("STORE_OPEN_FAILED", reason=_reason(error))
    if not has_room(folder, _ROOM_TO_OPEN_BYTES):  # SQLite calls that an input or output error
        return full(folder.parent)
    return TransientError("store.unavailable", "The queue cannot be opened now.")


def damaged(error: Exception) -> UserError:
    """Return what is said of a database that cannot be read."""
    log.event("STORE_DAMAGED", reason=_reason(error))
    return UserError("store.damaged", "The queue's file is damaged.")


def _reason(error: Exception) -> str:
    """Return SQLite's name of the error that came first, such as SQLITE_FULL.

    A rollback of what SQLite has rolled back already fails too, and its error hides the first.
    """
    first: BaseException = error
    while isinstance(first.__context__, Exception):
        first = first.__context__
    if isinstance(first, sqlite3.Error):
        return getattr(first, "sqlite_errorname", type(first).__name__)
    return _BUSY[0] if type(first).__name__ == "Timeout" else type(first).__name__  # diskcache's
