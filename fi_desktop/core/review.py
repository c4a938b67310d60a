"""The history of a transcript's review: what a person did, in order, and the state that it leads to.

The machine's version and the list of steps are the truth; `Review` replays them. Steps are only added:
undoing is a step as well, so that nothing that was signed is ever lost.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fi_desktop.core.case_labels import NO_LABEL, CaseLabel
from fi_desktop.core.changes import Change
from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.revision import Edit, apply
from fi_desktop.core.transcript import Transcript
from fi_desktop.core.values import ReviewState


class StepKind(StrEnum):
    """What a person did."""

    EDIT = "edit"
    UNDO = "undo"
    REDO = "redo"
    REVIEW = "review"
    SIGN = "sign"


class BadStep(ValueError):
    """A step does not fit the steps before it."""


SIGNATURE = "signature"
"""Key of the signature in an exported transcript; everything else there is what was signed."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a person did.

    Attributes:
        kind: what.
        at: UTC, seconds since the epoch.
        by: who: the name of the system's account, or the name with which a person signs.
        edits: of an edit: what is undone and redone together.
        sha256: of a signature: the hash of what was signed, see `fingerprint`.
    """

    kind: StepKind
    at: float
    by: str
    edits: tuple[Edit, ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed what. step: number of the step from 0; by, at, sha256: see `Step`."""

    step: int
    by: str
    at: float
    sha256: str


@dataclass(frozen=True, slots=True)
class ReviewedTranscript:
    """A transcript, and how far it is checked.

    Attributes:
        by, at: who reviewed or signed it, and when, UTC in seconds since the epoch; nobody for a draft.
        sha256: of a signed one, see `fingerprint`.
        label: case and date of its job; not a part of what is signed.
    """

    transcript: Transcript
    state: ReviewState = ReviewState.DRAFT
    by: str = ""
    at: float = 0.0
    sha256: str = ""
    label: CaseLabel = NO_LABEL


class Review:
    """The state after some steps.

    Attributes:
        transcript: with all corrections that were not undone.
        state: how far it has been checked.
        steps: what led here.
        signatures: all of them, in order, whether or not the transcript changed since.
    """

    def __init__(self, machine: Transcript, steps: Iterable[Step] = ()) -> None:
        """Replay steps on the machine's version.

        Raises:
            BadStep, BadEdit: a step does not fit.
        """
        self._machine = machine
        self.transcript = machine
        self.state = ReviewState.DRAFT
        self.steps: list[Step] = []
        self.signatures: list[Signature] = []
        self._done: list[Change] = []  # what undoes each edit, and below what does it again
        self._undone: list[Change] = []
        for step in steps:
            self.add(step)

    @property
    def current(self) -> ReviewedTranscript:
        """The transcript as it is now, and how far it is checked."""
        if self.state is ReviewState.DRAFT:
            return ReviewedTranscript(self.transcript)
        last = self.steps[-1]
        return ReviewedTranscript(self.transcript, self.state, last.by, last.at, last.sha256)

    @property
    def can_undo(self) -> bool:
        """Whether an edit can be undone."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether an undone edit can be done again."""
        return bool(self._undone)

    def add(self, step: Step) -> None:
        """Take a step; if it does not fit, nothing changes.

        Raises:
            BadStep, BadEdit: the step does not fit.
        """
        match step.kind:
            case StepKind.EDIT:
                self._edit(step.edits)
            case StepKind.UNDO:
                self.transcript = self._moved(self._done, self._undone)
            case StepKind.REDO:
                self.transcript = self._moved(self._undone, self._done)
            case StepKind.REVIEW:
                if self.state is not ReviewState.DRAFT:
                    raise BadStep("already reviewed")
            case StepKind.SIGN:
                if self.state is ReviewState.DRAFT:
                    raise BadStep("not reviewed")
                if step.sha256 != fingerprint(self.transcript):
                    raise BadStep("signed something else")
                self.signatures.append(Signature(len(self.steps), step.by, step.at, step.sha256))
        self.state = _STATES.get(step.kind, ReviewState.DRAFT)
        self.steps.append(step)

    def signed(self, signature: Signature) -> Transcript:
        """Return the transcript as it was signed."""
        return Review(self._machine, self.steps[: signature.step]).transcript

    def _edit(self, edits: tuple[Edit, ...]) -> None:
        if not edits:
            raise BadStep("an edit without edits")
        edited = self.transcript
        for edit in edits:
            edited = apply(edited, edit)
        self._done.append(Change.between(edited, self.transcript))
        self._undone.clear()
        self.transcript = edited

    def _moved(self, source: list[Change], target: list[Change]) -> Transcript:
        """Return the transcript with the last change of `source`, whose inverse goes to `target`."""
        if not source:
            raise BadStep("nothing to undo or redo")
        change = source.pop()
        target.append(change.inverse())
        return change.apply(self.transcript)


_STATES = {StepKind.REVIEW: ReviewState.REVIEWED, StepKind.SIGN: ReviewState.SIGNED}


def canonical(transcript: Transcript) -> bytes:
    """Return a transcript as JSON in one spelling: sorted keys, no spaces, UTF-8."""
    return canonical_json(transcript_to_json(transcript))


def canonical_json(data: dict[str, Any]) -> bytes:
    """Return JSON values in one spelling."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", errors="surrogatepass")


def check_signature(exported: dict[str, Any]) -> Signature | None:
    """Return the signature of an exported transcript, JSON values; None if it was changed since.

    Raises:
        KeyError, TypeError: it is not signed.
    """
    told = exported[SIGNATURE]
    signature = Signature(0, str(told["by"]), float(told["at"]), str(told["sha256"]))
    signed = {name: value for name, value in exported.items() if name != SIGNATURE}
    return signature if hashlib.sha256(canonical_json(signed)).hexdigest() == signature.sha256 else None


def fingerprint(transcript: Transcript) -> str:
    """Return the SHA-256 of a transcript's canonical JSON, hex: what a signature is over."""
    return hashlib.sha256(canonical(transcript)).hexdigest()
