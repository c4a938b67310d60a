"""Rewrites the files of a job: sealed instead of in clear, or the other way round."""

from __future__ import annotations

from pathlib import Path

from fi_desktop.jobs.written_files import WRITING
from fi_desktop.system.files import replacing
from fi_desktop.vault.job_files import CLEAR, JobFiles

_LINES = ".jsonl"
_EMPTY = ".begun"  # marks of stages have no content


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
