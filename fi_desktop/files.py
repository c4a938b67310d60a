"""Files of the app: written whole or not at all, and found wherever the app was installed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

RESULT = "result.json"
"""The finished transcript, in its job's folder."""

_HERE = Path(__file__).parent


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Open a file that takes the place of `target` once the block ends well, and leaves no trace otherwise.

    Bytes go to a temp name beside the target, are fsynced, and renamed: a reader sees the old file or the new
    one.
    """
    handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}-", suffix=".part", dir=target.parent)
    temp = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temp.replace(target)
    except BaseException:
        temp.unlink(missing_ok=True)
        raise


def write_whole(target: Path, data: bytes) -> None:
    """Write a small file whole or not at all."""
    with replacing(target) as file:
        file.write(data)


def resource(*parts: str) -> Path:
    """Return where a file or folder of `resources/` lies: in the installed package, or in the source tree."""
    packaged = _HERE / "resources"
    root = packaged if packaged.is_dir() else _HERE.parent / "resources"
    return root.joinpath(*parts)
