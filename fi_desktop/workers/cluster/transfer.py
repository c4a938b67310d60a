"""`TransferRoot`: the folder in which sealed recordings and results travel, by an fsspec URL.

A mounted folder (`file:///mnt/clinic/transfer`), SFTP (`sftp://user@host/transfer`) or S3 (`s3://bucket/
transfer`, with s3fs installed). All files are in one folder, and their names are made from the task's id,
never taken from a message: neither side can be led to another file.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.workers.cluster.orders import checked_task_id

KEEP_S = 3 * 24 * 3600
"""Files of a side that is never seen again are deleted after this time."""
LARGEST_BYTES = 4 * 1024**3
_NAME = re.compile(r"(?P<task>[0-9a-f]{12}-\d+\.\d+\.\d+)\.(audio|order|\d{1,6}\.result)")
_ROOT = "fi-desktop-root"
_ROOT_ID = re.compile(r"[0-9a-f]{32}")


def audio_name(task: str) -> str:
    """Return the name of a task's recording."""
    return f"{checked_task_id(task)}.audio"


def order_name(task: str) -> str:
    """Return the name of the other files that belong to a task."""
    return f"{checked_task_id(task)}.order"


def result_name(task: str, delivery: int) -> str:
    """Return the name of the result of a delivery of a task."""
    return f"{checked_task_id(task)}.{int(delivery)}.result"


class TransferRoot:
    """The folder for transfers. Every method may raise TransientError: it cannot be reached now."""

    def __init__(self, url: str) -> None:
        """Connect.

        Raises:
            UserError: it is none, or what it needs is not installed.
            TransientError: its server cannot be reached.
        """
        self._url = url
        self._fs: Any = None
        self._root = ""
        if "://" not in url:
            raise UserError(messages.SETTINGS_TRANSFER)
        with self._using():
            pass

    def put(self, source: Path, name: str) -> None:
        """Copy a file there."""
        path = self._path(name)
        with self._using() as fs:
            try:
                fs.put_file(str(source), path)
                if self._local:  # the server may run under another account, and the file is sealed
                    Path(path).chmod(0o644)
            except FileNotFoundError as error:  # it is no longer mounted
                raise unreachable(error) from error

    def get(self, name: str, target: Path) -> None:
        """Copy a file from there.

        Raises:
            FileNotFoundError: there is no such file.
        """
        path = self._path(name)
        with self._using() as fs:
            if fs.size(path) > LARGEST_BYTES:
                raise ValueError("too large a file")
            fs.get_file(path, str(target))

    def delete(self, task: str) -> None:
        """Delete all files of a task."""
        for name, _ in self.files():
            if name.startswith(f"{task}."):
                self.discard(name)

    def discard(self, name: str) -> None:
        """Delete a file, if it is there."""
        path = self._path(name)
        with suppress(FileNotFoundError), self._using() as fs:
            fs.rm_file(path)

    def files(self) -> list[tuple[str, float | None]]:
        """Return the names of all files of tasks, and their age in seconds, if it is known."""
        found = []
        with self._using() as fs:
            fs.invalidate_cache()
            try:
                entries = fs.ls(self._root, detail=True)
            except FileNotFoundError as error:
                raise unreachable(error) from error
            for entry in entries:
                name = str(entry["name"]).rstrip("/").rpartition("/")[2]
                if _NAME.fullmatch(name):
                    found.append((name, _age_s(entry)))
        return found

    def tasks(self, desktop: str) -> set[str]:
        """Return the tasks of a desktop that have files."""
        found = (_NAME.fullmatch(name) for name, _ in self.files() if name.startswith(f"{desktop}-"))
        return {match["task"] for match in found if match}

    def sweep(self) -> int:
        """Delete the files of sides that are gone; return how many."""
        old = [name for name, age_s in self.files() if age_s is not None and age_s > KEEP_S]
        for name in old:
            self.discard(name)
        return len(old)

    def identity(self, *, create: bool = False) -> str:
        """Return what tells this folder from others; "" if no server has ever used it.

        create: give it an identity if it has none.
        """
        path = f"{self._root}/{_ROOT}"
        with self._using() as fs:
            try:
                text = str(fs.cat_file(path).decode("ascii", "replace")).strip()
            except FileNotFoundError as error:
                if not create and not fs.exists(self._root):  # it is not mounted
                    raise unreachable(error) from error
                text = ""
            if not text and create:
                fs.makedirs(self._root, exist_ok=True)
                text = secrets.token_hex(16)
                fs.pipe_file(path, text.encode("ascii"))
                if self._local:
                    Path(path).chmod(0o644)
        return text if _ROOT_ID.fullmatch(text) else ""

    @property
    def _local(self) -> bool:
        return isinstance(self._fs, LocalFileSystem)

    def _path(self, name: str) -> str:
        if _NAME.fullmatch(name) is None:
            raise ValueError("no file of a task")
        return f"{self._root}/{name}"

    @contextmanager
    def _using(self) -> Iterator[Any]:
        """Give the block fsspec's file system, connected again if an earlier block failed."""
        try:
            if self._fs is None:
                if self._url.startswith("sftp://"):
                    _verify_hosts()
                self._fs, root = fsspec.core.url_to_fs(self._url, skip_instance_cache=True)
                self._root = str(root).rstrip("/")
            yield self._fs
        except (FileNotFoundError, UserError, TransientError):
            raise
        except Exception as error:
            connected, self._fs = self._fs is not None, None
            if not connected and isinstance(error, ImportError | ValueError | TypeError):
                raise UserError(messages.SETTINGS_TRANSFER) from None
            raise unreachable(error) from error


def unreachable(error: Exception) -> TransientError:
    """Return the error for a folder that cannot be used; of what its protocol says, only the kind."""
    return TransientError(messages.CLUSTER_TRANSFER, reason=type(error).__name__)


def _age_s(entry: dict[str, Any]) -> float | None:
    moment = next((entry[key] for key in ("mtime", "LastModified", "created") if entry.get(key)), None)
    if isinstance(moment, datetime):
        moment = moment.timestamp()
    return time.time() - float(moment) if moment is not None else None


def _verify_hosts() -> None:
    """Have fsspec's SFTP refuse servers that this account does not know; it accepts any by itself."""
    import paramiko
    from fsspec.implementations.sftp import SFTPFileSystem

    class KnownHostsFileSystem(SFTPFileSystem):  # type: ignore[misc]
        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.load_system_host_keys()
            self.client.set_missing_host_key_policy(paramiko.RejectPolicy())
            self.client.connect(self.host, **self.ssh_kwargs)
            self.ftp = self.client.open_sftp()

    fsspec.register_implementation("sftp", KnownHostsFileSystem, clobber=True)
