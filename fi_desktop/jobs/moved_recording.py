"""Looks for a recording that was moved or renamed, and knows it again by its bytes.

Reads files, so it runs on a thread of its caller, who shows how far it is and may cancel it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from fi_desktop.audio.media_files import NotAFileError, Tally, media_files, source_sha256
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.submissions import fingerprint

_MAX_FOLDERS = 300  # looked into without being asked, of each kind
_LEVELS = 3  # of folders that are still there, from the recording upwards


@dataclass(frozen=True, slots=True)
class SoughtRecording:
    """A recording that is not where it was.

    Attributes:
        path: where it was.
        sha256: of its bytes, hex.
        fingerprint, options: those of its job, see `submissions.fingerprint`; None: every file is compared.
    """

    path: Path
    sha256: str
    fingerprint: str | None
    options: JobOptions


class _CancelledError(Exception):
    """The person does not want to know any more."""


class RecordingSearch:
    """One search; all methods return None once it is cancelled.

    Attributes:
        looked_at: how many files were looked at.
        cancelled: whether it was cancelled.
    """

    def __init__(self, sought: SoughtRecording) -> None:
        self.looked_at = 0
        self.cancelled = False
        self._sought = sought

    def cancel(self) -> None:
        """End the search soon; called on any thread."""
        self.cancelled = True

    def check(self, path: Path) -> Path | None:
        """Return a file that a person chose.

        Raises:
            UserError: it is another recording, or no file.
            TransientError: it cannot be read.
        """
        try:
            same = self._is_same(path)
        except _CancelledError:
            return None
        except NotAFileError:
            raise UserError(messages.AUDIO_NOT_A_FILE) from None
        except PermissionError:
            raise UserError(messages.AUDIO_FORBIDDEN) from None
        except OSError:
            raise TransientError(messages.AUDIO_READ) from None
        if not same:
            raise UserError(messages.AUDIO_OTHER)
        return path.absolute()

    def in_folder(self, folder: Path) -> Path | None:
        """Return the recording if it is in a folder or below: files of its name first, then of its kind.

        Raises:
            UserError: the folder cannot be read.
        """
        try:
            found = list(media_files((folder,), Tally(self._step)))
            return self._first(sorted(found, key=self._likeness))
        except _CancelledError:
            return None

    def nearby(self, folders: Iterable[Path]) -> Path | None:
        """Return the recording if it is where one would look first.

        That is under its name in the folders of other recordings, and where it would be if a folder above it
        was renamed, or if it was moved up to one.
        """
        path = self._sought.path
        try:
            places = (folder / path.name for folder in islice(folders, _MAX_FOLDERS))
            return self._first(_files((*places, *_renamed(path)), self._step))
        except (_CancelledError, OSError):
            return None

    def _first(self, candidates: Iterable[Path]) -> Path | None:
        sought = self._sought
        for path in candidates:
            self._step()
            self.looked_at += 1
            # equal recordings have equal fingerprints, which take two short reads
            if sought.fingerprint is not None and fingerprint(path, sought.options) != sought.fingerprint:
                continue
            try:
                if self._is_same(path):
                    return path.absolute()
            except OSError:
                continue
        return None

    def _likeness(self, path: Path) -> tuple[bool, bool]:
        wanted = self._sought.path
        return path.name != wanted.name, path.suffix.lower() != wanted.suffix.lower()

    def _is_same(self, path: Path) -> bool:
        return source_sha256(path, check=self._step) == self._sought.sha256

    def _step(self) -> None:
        if self.cancelled:
            raise _CancelledError


def _files(places: Iterable[Path], step: Callable[[], None]) -> Iterator[Path]:
    for place in dict.fromkeys(places):
        step()
        if place.is_file():
            yield place


def _renamed(path: Path) -> Iterator[Path]:
    """Yield where a file is if a folder above it was renamed, or if it was moved up or to the next folder."""
    there = (folder for folder in path.parents if folder.is_dir())
    for folder in islice(there, _LEVELS):
        yield folder / path.name
        below = path.relative_to(folder).parts[1:]
        siblings = (entry for entry in folder.iterdir() if not entry.name.startswith(".") and entry.is_dir())
        for sibling in islice(siblings, _MAX_FOLDERS):
            yield sibling.joinpath(*below) if below else sibling / path.name
            yield sibling / path.name
