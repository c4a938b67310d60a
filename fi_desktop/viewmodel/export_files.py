"""Where exports go and how they are written. No Qt: it is called off the GUI thread."""

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
    """What is exported.

    Attributes:
        name: the recording's file name.
        read: returns the transcript; OSError, ValueError or KeyError where it cannot be read.
    """

    name: str
    read: Callable[[], Transcript]


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """What became of several exports.

    Attributes:
        written: the files.
        unreadable: how many results could not be read.
        failed: the files that could not be written.
        refusal: why the last of these could not; None: all could.
        stopped: nothing more can be written.
    """

    written: tuple[Path, ...]
    unreadable: int = 0
    failed: tuple[Path, ...] = ()
    refusal: ErrorInfo | None = None
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class ExportTargets:
    """Two ways to put files into a folder.

    Attributes:
        over: a file for each result, some of which may be there already.
        beside: the same, with numbers where a file of that name is there.
        present: how many of the first are there already.
    """

    over: tuple[Path, ...]
    beside: tuple[Path, ...]
    present: int


def plan(names: Sequence[str], format: str, folder: Path) -> ExportTargets:
    """Look which files a folder has already, and return where exports can go.

    Raises:
        UserError: export.not_written: a folder that cannot be looked into is not written into blindly.
    """
    try:
        there = {file_key(file.name) for file in folder.iterdir()}
    except OSError:
        raise not_written() from None
    over = target_files(names, format, folder)
    present = sum(file_key(place.name) in there for place in over)
    return ExportTargets(over, target_files(names, format, folder, taken=there), present)


def write(results: Sequence[tuple[Exportable, Path]], format: str, options: ExportOptions) -> ExportOutcome:
    """Write results into files in this style.

    What cannot be read or written is left out, and a full disk ends it.
    """
    written: list[Path] = []
    failed: list[Path] = []
    refusal: ErrorInfo | None = None
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
            refusal = error_info(error)
        else:
            written.append(target)
    return ExportOutcome(tuple(written), unreadable, tuple(failed), refusal)
