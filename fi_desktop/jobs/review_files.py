"""What people did to a result, as a file of steps in the job's folder.

`review-<hash>.jsonl` belongs to the result with that hash, so a new result starts without steps and the old
one keeps its own. Each line is a step. A step is on disk when `append` returns; a line that was cut off by a
crash was never acknowledged, and is dropped.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.codec import options_from_json, transcript_from_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.review import BadStep, Review, Step
from fi_desktop.core.revision import BadEdit
from fi_desktop.core.step_lines import line_of, steps_of
from fi_desktop.core.transcript import Transcript, right_words, summarize, wrong_share_of
from fi_desktop.core.values import JobOptions, ReviewState, Summary
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.system.files import RESULT, WAVEFORM, disk_full, is_disk_full
from fi_desktop.system.result_files import review_path, version_of
from fi_desktop.vault.job_files import CLEAR, JobFiles


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A result as it is on disk, with its review.

    Attributes:
        version: identifies the result among those of its job: part of its hash.
        machine: as the program wrote it.
        review: what people did to it.
        waveform: the recording's, see `audio.waveform`; empty if it was never measured.
    """

    version: str
    machine: Transcript
    review: Review
    waveform: bytes = b""


@dataclass(frozen=True, slots=True)
class ReviewOutcome:
    """What the table shows of a review.

    Attributes:
        people: names of the speakers, and roles in each language.
        speakers, wrong_share: with all corrections, see `Summary`; without `speakers`, both are unknown.
    """

    state: ReviewState
    people: tuple[str, ...] = ()
    speakers: int | None = None
    wrong_share: float | None = None

    @classmethod
    def of(cls, review: Review, right: Iterable[tuple[int, float]] | None = None) -> ReviewOutcome:
        """Return what a review has led to; `right`: see `right_words`, for who has counted them."""
        if right is None:
            right = map(right_words, review.transcript.segments)
        share = wrong_share_of(right)
        found: list[str] = []
        for person in review.transcript.people:
            found += [person.name] if person.name else []
            found += [labels.roles[person.role] for labels in LABELS.values()] if person.role else []
        return cls(
            review.state,
            tuple(dict.fromkeys(found)),
            len(review.transcript.speakers),
            None if share is None else round(share, 4),
        )

    def corrected(self, summary: Summary) -> Summary:
        """Return the summary of the machine's version with the figures of the corrected one."""
        if self.speakers is None:
            return summary
        return replace(summary, speakers=self.speakers, wrong_share=self.wrong_share)


@dataclass(frozen=True, slots=True)
class ChosenResult:
    """A result as the job's record has it if it is the current one.

    Attributes:
        summary: with all corrections.
        options: with which it was made.
        outcome: what its review has led to.
    """

    summary: Summary
    options: JobOptions
    outcome: ReviewOutcome

    @classmethod
    def of(cls, stored: StoredResult) -> ChosenResult:
        """Return what the record has of a result."""
        try:
            options = options_from_json(stored.machine.provenance.options)
        except (KeyError, ValueError, TypeError):
            options = JobOptions()
        outcome = ReviewOutcome.of(stored.review)
        return cls(outcome.corrected(summarize(stored.machine, stored.version)), options, outcome)


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What tells one result of a job from the others.

    Attributes:
        name: of its file.
        number: from 1, in the order in which they were made.
        version: see `StoredResult`.
        summary: with all corrections.
        made_at: ISO 8601, UTC.
        review: how far it is checked.
    """

    name: str
    number: int
    version: str
    summary: Summary
    made_at: str
    review: ReviewState

    @property
    def current(self) -> bool:
        """Whether exports, the table and searches use it."""
        return self.name == RESULT

    @classmethod
    def of(cls, stored: StoredResult, name: str, number: int) -> VersionFacts:
        """Return the facts of a result."""
        outcome = ReviewOutcome.of(stored.review)
        summary = outcome.corrected(summarize(stored.machine, stored.version))
        made_at = stored.machine.provenance.created_at
        return cls(name, number, stored.version, summary, made_at, outcome.state)


class ReviewFile:
    """The steps of one result."""

    def __init__(self, folder: Path, version: str, files: JobFiles = CLEAR) -> None:
        """Prepare. folder: the job's; version: see `StoredResult`; files: how it is read and written."""
        self._path = review_path(folder, version)
        self._files = files

    def read(self) -> list[Step]:
        """Return the steps in order.

        Raises:
            OSError: the file cannot be read.
            ValueError, KeyError, TypeError: it is damaged, or of a newer program.
        """
        try:
            return steps_of(self._files.read_lines(self._path))
        except FileNotFoundError:
            return []

    def append(self, steps: Sequence[Step], after: int) -> None:
        """Add steps behind the first `after`; they are on disk when this returns.

        Steps that are there already are not added twice: the answer about them may have been lost.

        Raises:
            UserError: there are more or fewer steps: somebody else changed the result meanwhile.
            TransientError: the disk is full.
            OSError: the file cannot be written.
        """
        lines = [line_of(step)[:-1] for step in steps]
        name = self._path.name
        created = not self._path.exists()
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            with os.fdopen(handle, "r+b") as file:
                known = file.read()
                whole = known[: known.rfind(b"\n") + 1]
                if list(self._files.lines(name, whole))[after:] == lines:
                    return
                if whole.count(b"\n") != after:
                    raise UserError(messages.REVIEW_CHANGED)
                stored = [self._files.line(name, number, line) for number, line in enumerate(lines, after)]
                file.truncate(len(whole))
                file.seek(len(whole))
                try:
                    file.write(b"".join(stored))
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(len(whole))  # nothing of it may be read later
                    raise
        except OSError as error:
            if is_disk_full(error):
                raise disk_full() from error
            raise
        if created:
            _sync_folder(self._path.parent)


def read_result(path: Path, files: JobFiles = CLEAR) -> StoredResult:
    """Read a result and its review. files: how those of the job are read.

    Raises:
        OSError, ValueError, KeyError: it does not exist, or is damaged.
    """
    data = files.read(path)
    version = version_of(data)
    try:
        machine = transcript_from_json(json.loads(data))
        review = Review(machine, ReviewFile(path.parent, version, files).read())
    except (BadStep, BadEdit, TypeError) as error:
        raise ValueError(f"the result or its review is damaged: {error}") from error
    return StoredResult(version, machine, review, _waveform(path.parent, files))


def _waveform(folder: Path, files: JobFiles) -> bytes:
    try:
        return files.read(folder / WAVEFORM)
    except (OSError, ValueError):
        return b""


def _sync_folder(folder: Path) -> None:
    """Write the folder's list of files to the disk, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
