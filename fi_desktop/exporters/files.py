"""Exports as files: how they are named, and writing one or several.

The window calls this off the GUI thread.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePath

from fi_desktop.core import messages
from fi_desktop.core.case_labels import day_of, time_of, written_date
from fi_desktop.core.errors import ErrorInfo, TransientError, UserError, error_info
from fi_desktop.core.name_template import filled
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import DEFAULTS, ExportOptions
from fi_desktop.exporters.template import PLAIN
from fi_desktop.system.files import write_whole

LONGEST_NAME = 255
"""Bytes; the limit of nearly every file system."""

# What Windows refuses in names (any system may write to its drives), and what reorders the letters of a name,
# so that it seems to have another ending.
_REFUSED = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])\s*(\..*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Exportable:
    """A result to export.

    Attributes:
        name: the recording's file name, by which its files are named.
        read: reads it; raises OSError, ValueError or KeyError if it cannot be read.
        added: when the recording was added; UTC, seconds since the epoch. None: when it was transcribed.
        job: its job.
    """

    name: str
    read: Callable[[], ReviewedTranscript]
    added: float | None = None
    job: int | None = None


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


def file_name(name: str, format: str, *, number: int = 1, longest: int = LONGEST_NAME) -> str:
    """Return the file name of a recording's export, one that every system accepts.

    Args:
        name: the recording's file name.
        format: a key of `EXPORTERS`.
        number: added if above 1.
        longest: bytes; a longer name is cut.
    """
    return file_of_stem(PurePath(name).stem, format, number=number, longest=longest)


def file_of_stem(stem: str, format: str, *, number: int = 1, longest: int = LONGEST_NAME) -> str:
    """Return `file_name` for a name without its ending."""
    ending = EXPORTERS[format].extension
    rest = f".{ending}" if number == 1 else f" ({number}).{ending}"
    stem = _REFUSED.sub("_", stem)
    stem = f"_{stem}" if _RESERVED.fullmatch(stem) else stem
    return f"{_cut(stem, longest - len(rest))}{rest}"


def stem_by(template: str, result: Exportable, reviewed: ReviewedTranscript, options: ExportOptions) -> str:
    """Return what a template of names makes of a result; its own name without ending if that is nothing."""
    told, made = replace(options, reviewed=reviewed), reviewed.transcript.provenance.created_at
    added = _moment(made) if result.added is None else datetime.fromtimestamp(result.added, UTC)
    recorded_at = reviewed.label.recorded_at
    if not recorded_at and added is not None:
        recorded_at = written_date(added.astimezone(options.zone))
    values = {
        "date": day_of(recorded_at),
        "time": time_of(recorded_at).replace(":", "-"),
        "case": reviewed.label.case,
        "name": PurePath(result.name).stem,
        "speakers": ", ".join(told.speaker(label) for label in reviewed.transcript.speakers),
    }
    return filled(template, values) or values["name"]


def under_stem(result: Exportable, stem: str) -> Exportable:
    """Return a result whose files are named by a stem, as `stem_by` returns it."""
    # an ending, so that a dot in the stem does not begin one; a slash would begin a folder
    return replace(result, name=f"{_REFUSED.sub('_', stem)}.result")


def _moment(iso: str) -> datetime | None:
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


def target_files(
    names: Sequence[str], format: str, folder: Path, *, taken: Iterable[str] = ()
) -> tuple[Path, ...]:
    """Return a file for each recording, all different, and none with a taken `file_key`."""
    used, numbers, chosen = set(taken), Counter[str](), []
    longest = longest_name(folder)
    for name in names:
        first = candidate = file_name(name, format, longest=longest)
        while file_key(candidate) in used:
            numbers[first] += 1
            candidate = file_name(name, format, number=numbers[first] + 1, longest=longest)
        used.add(file_key(candidate))
        chosen.append(folder / candidate)
    return tuple(chosen)


def export_targets(names: Sequence[str], format: str, folder: Path) -> ExportTargets:
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


def free_file(name: str, format: str, folder: Path, content: bytes, taken: set[str]) -> Path:
    """Return a file for `content` that replaces nothing else, and add its key to `taken`.

    A file with the same content is reused: exporting again gives the same file.
    """
    longest = longest_name(folder)
    for number in count(1):
        candidate = file_name(name, format, number=number, longest=longest)
        if file_key(candidate) not in taken and _is_free(folder / candidate, content):
            break
    taken.add(file_key(candidate))
    return folder / candidate


def file_key(name: str) -> str:
    """Return a key that is equal for names of the same file on some file systems."""
    return unicodedata.normalize("NFC", name).casefold()


def longest_name(folder: Path) -> int:
    """Return the longest name in a folder, bytes: shorter on file systems that encrypt names."""
    if hasattr(os, "pathconf"):
        try:
            return int(os.pathconf(folder, "PC_NAME_MAX"))
        except (OSError, ValueError):
            pass
    return LONGEST_NAME


def _is_free(target: Path, content: bytes) -> bool:
    try:
        return target.stat().st_size == len(content) and target.read_bytes() == content
    except FileNotFoundError:
        return True
    except OSError:  # it cannot be read: if it seems absent, writing it reports why
        return not os.path.lexists(target)


def _cut(stem: str, room: int) -> str:
    """Return as many whole characters as fit into `room` bytes."""
    encoded = os.fsencode(stem)
    if len(encoded) <= room:
        return stem
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return stem.rstrip()


def rendered(result: ReviewedTranscript, format: str, options: ExportOptions = DEFAULTS) -> bytes:
    """Return a result as the content of a file; `format`: a key of `EXPORTERS`.

    Only documents follow the options' template.
    """
    exporter = EXPORTERS[format]
    template = options.template if exporter.document else PLAIN
    return exporter.render(result.transcript, replace(options, reviewed=result, template=template))


def export(result: ReviewedTranscript, format: str, target: Path, options: ExportOptions = DEFAULTS) -> None:
    """Write a result to a file, replacing it; after an error the file is as before.

    Args:
        result: what to write.
        format: a key of `EXPORTERS`.
        target: the file.
        options: how it is written.

    Raises:
        UserError: export.not_written.
        TransientError: export.full.
    """
    write_export(rendered(result, format, options), target)


def export_all(
    results: Sequence[tuple[Exportable, Path]], format: str, options: ExportOptions
) -> ExportOutcome:
    """Write results to files. Results that fail are skipped; a full disk stops the export."""
    written: list[Path] = []
    failed: list[Path] = []
    last_error: ErrorInfo | None = None
    unreadable = 0
    for result, target in results:
        try:
            reviewed = result.read()
        except (OSError, ValueError, KeyError):
            unreadable += 1
            continue
        try:
            export(reviewed, format, target, options)
        except TransientError as error:
            failed.append(target)
            return ExportOutcome(tuple(written), unreadable, tuple(failed), error_info(error), stopped=True)
        except UserError as error:
            failed.append(target)
            last_error = error_info(error)
        else:
            written.append(target)
    return ExportOutcome(tuple(written), unreadable, tuple(failed), last_error)


def write_export(content: bytes, target: Path) -> None:
    """Write an export's content, readable by this account only; see `export`."""
    try:
        write_whole(target, content, mode=0o600)
    except TransientError as error:
        raise TransientError(messages.EXPORT_FULL) from error
    except OSError:
        raise not_written() from None


def not_written() -> UserError:
    """Return the error of a folder that refuses files."""
    return UserError(messages.EXPORT_NOT_WRITTEN)
