"""Names exported files and writes them; runs off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.core.errors import ErrorInfo, TransientError, UserError, error_info
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import export, file_key, not_written, target_files


@dataclass(frozen=True, slots=True)
class Exportable:
    """A result to export.

    Attributes:
        name: the recording's file name.
        read: reads the transcript; raises OSError, ValueError or KeyError if it cannot be read.
    """

    name: str
    read: Callable[[], Transcript]


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """The outcome of an export of several results.

    Attributes:
        written: files written.
        unreadable: number of results that could not be read.
        failed: files that could not be written.
        error: why the last of those failed.
        stopped: whether the export ended early because the disk is full.
    """

    written: tuple[Path, ...]
    unreadable: int = 0
    failed: tuple[Path, ...] = ()
    error: ErrorInfo | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class ExportTargets:
    """File names for an export, if existing files are replaced or kept.

    Attributes:
        replacing: one file per result; some may exist.
        keeping: the same, with numbers added to the names of files that exist.
        existing: how many of `replacing` exist.
    """

    replacing: tuple[Path, ...]
    keeping: tuple[Path, ...]
    existing: int


def targets(names: Sequence[str], format: str, folder: Path) -> ExportTargets:
    """Return file names for an export into a folder.

    Raises:
        UserError: export.not_written, if the folder cannot be listed: nothing is written there blindly.
    """
    try:
        taken = {file_key(file.name) for file in folder.iterdir()}
    except OSError:
        raise not_written() from None
    replacing = target_files(names, format, folder)
    existing = sum(file_key(target.name) in taken for target in replacing)
    return ExportTargets(replacing, target_files(names, format, folder, taken=taken), existing)


def write(results: Sequence[tuple[Exportable, Path]], format: str, options: ExportOptions) -> ExportOutcome:
    """Write results to files. Results that fail are skipped; a full disk stops the export."""
    written: list[Path] = []
    failed: list[Path] = []
    last_error: ErrorInfo | None = None
    unreadable = 0
    for result, target in results:
        try:
            transcript = result.read()
        except (OSError, ValueError, KeyError):
            unreadable += 1
            continue
        try:
            export(transcript, format, target, options)
        except TransientError as error:
            failed.append(target)
            return ExportOutcome(tuple(written), unreadable, tuple(failed), error_info(error), stopped=True)
        except UserError as error:
            failed.append(target)
            last_error = error_info(error)
        else:
            written.append(target)
    return ExportOutcome(tuple(written), unreadable, tuple(failed), last_error)
