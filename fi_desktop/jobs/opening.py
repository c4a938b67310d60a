"""How the store's database is opened, and what diskcache is kept from doing with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from diskcache import Cache

from fi_desktop.jobs.disk import JSONTextDisk

_NEVER = 2**62  # bytes; larger than any store, so that nothing is ever evicted or moved into a file
_BUSY_TIMEOUT_S = 5.0
# what diskcache keeps so that it can evict; this store evicts nothing, and each row would pay for it
_COUNTERS = ("count_insert", "count_delete", "size_insert", "size_update", "size_delete")
_INDEXES = (("Cache_expire_time", "expire_time"), ("Cache_tag_rowid", "tag, rowid"))


def open_cache(folder: Path) -> Cache:
    """Open diskcache so that it never evicts, never pickles, and never loses a commit.

    Any opener writes its settings into the database, so this is the only place that opens one.
    """
    cache = Cache(
        str(folder),
        timeout=_BUSY_TIMEOUT_S,
        disk=JSONTextDisk,
        disk_min_file_size=_NEVER,
        eviction_policy="none",
        cull_limit=0,
        size_limit=_NEVER,
        statistics=0,
        tag_index=1,
        sqlite_synchronous=2,  # FULL: NORMAL may lose the last commits when the power goes
        sqlite_auto_vacuum=0,  # freed pages are used again; moving them about costs a tenth of a turn
        sqlite_secure_delete=1,  # what is deleted is overwritten; some builds of SQLite do so, others do not
        sqlite_mmap_size=0,  # a mapped file that cannot be read any more ends the process
    )
    try:
        with cache.transact(retry=False):
            _lighten(cache._con)
    except BaseException:
        cache.close()
        raise
    return cache


def schema_of(folder: Path) -> int | None:
    """Read which version of the schema a store was written in, and leave its files as they are.

    None where there is no store yet, or where this cannot be read so.
    """
    file = folder / "cache.db"
    if not file.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?{_reading(file)}", uri=True)) as connection:
            row = connection.execute("SELECT value FROM Cache WHERE key = 'm:schema' AND raw = 1").fetchone()
    except sqlite3.Error:
        return None
    return row[0] if row is not None and isinstance(row[0], int) else None


def _reading(file: Path) -> str:
    # a log that its last owner left has to be read too; where there is none, SQLite would leave files
    return "mode=ro" if file.with_name(f"{file.name}-wal").is_file() else "immutable=1"


def _lighten(connection: sqlite3.Connection) -> None:
    """Take away what diskcache keeps so that it can evict, and has made again just now."""
    for counter in _COUNTERS:
        connection.execute(f"DROP TRIGGER IF EXISTS Settings_{counter}")
    if connection.execute("SELECT 1 FROM Cache LIMIT 1").fetchone() is None:
        for name, columns in _INDEXES:  # under the same names, or they would be made again at each start
            connection.execute(f"DROP INDEX IF EXISTS {name}")
            first = columns.partition(",")[0]
            connection.execute(f"CREATE INDEX {name} ON Cache ({columns}) WHERE {first} IS NOT NULL")
