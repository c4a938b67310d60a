"""How a pack comes into its root and leaves it: in one rename, so that none is ever there in part.

What is on its way lies in `<root>/.partial`.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError

_PARTIAL = ".partial"
_REMOVED = "removed-"
_SPARE_BYTES = 200_000_000  # is left to everybody else on the disk


def partial(root: Path, name: str) -> Path:
    """Return where the pack called `name` lies while it is fetched."""
    return root / _PARTIAL / name


@contextmanager
def working(root: Path, name: str) -> Iterator[Path]:
    """Make the folder of what is on its way, and keep other processes out of it.

    Raises:
        UserError: models.busy, models.unwritable.
    """
    folder = partial(root, name)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in folder.parent.glob(f"{_REMOVED}*"):  # by a program that was killed
            shutil.rmtree(left, ignore_errors=True)
        with FileLock(folder.with_name(f"{name}.lock"), timeout=0):
            try:
                yield folder
            finally:
                with suppress(OSError):  # what holds something is kept, to go on with
                    folder.rmdir()
    except Timeout:
        raise UserError(messages.MODELS_BUSY, name=name) from None
    except PermissionError as error:
        raise UserError(messages.MODELS_UNWRITABLE, root=str(root)) from error


def check_free(root: Path, name: str) -> None:
    """Make sure that no pack, nor any other folder, is called so.

    Raises:
        UserError: models.already.
    """
    if (root / name).exists():
        raise UserError(messages.MODELS_ALREADY, name=name)


def check_room(root: Path, wanted_bytes: int) -> None:
    """Make sure that there is room for so many bytes more.

    Raises:
        UserError: models.no_room.
    """
    free = shutil.disk_usage(root).free
    if wanted_bytes + _SPARE_BYTES > free:
        raise UserError(
            messages.MODELS_NO_ROOM,
            wanted=wanted_bytes,
            free=free,
        )


def put_in(folder: Path, target: Path) -> None:
    """Move a finished pack to where engines find it, in the place of one that was there before.

    Raises:
        UserError: models.in_use.
    """
    before = _set_aside(target) if target.exists() else None
    folder.rename(target)
    _sync(target.parent)
    if before is not None:
        shutil.rmtree(before, ignore_errors=True)


def delete(folder: Path) -> None:
    """Delete a pack; it is gone in one moment, and its files after that.

    Raises:
        UserError: models.in_use.
    """
    shutil.rmtree(_set_aside(folder), ignore_errors=True)


def _set_aside(folder: Path) -> Path:
    aside = folder.parent / _PARTIAL / f"{_REMOVED}{secrets.token_hex(8)}"
    aside.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        return folder.rename(aside)
    except OSError as error:  # Windows keeps files that a worker has open
        raise UserError(
            messages.MODELS_IN_USE,
            name=folder.name,
        ) from error


def _sync(folder: Path) -> None:
    """Have the rename itself on the disk, where the system knows that."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
