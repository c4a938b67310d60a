"""The review of a de-identified copy: what was found, what a person adds, and what stays."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.exporters.deidentified.copying import CopyOptions, DeidentifiedCopy, deidentified
from fi_desktop.exporters.deidentified.detection import Wanted, find
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, Place
from fi_desktop.exporters.deidentified.name_lists import ClinicList, read_clinic_list
from fi_desktop.exporters.deidentified.pseudonyms import pseudonyms
from fi_desktop.exporters.phrases import Labels
from fi_desktop.vault.home_files import HomeFiles

_CONTEXT = 44  # characters on each side


@dataclass(frozen=True, slots=True)
class ReviewedPlace:
    """One place where an identifier is said.

    Attributes:
        place: where it starts.
        kept: it stays in the copy.
        before, text, after: what is said there.
        at_s: when its segment starts, seconds.
    """

    place: Place
    kept: bool
    before: str
    text: str
    after: str
    at_s: float


@dataclass(frozen=True, slots=True)
class ReviewedGroup:
    """What has one label.

    Attributes:
        kind: what it is.
        label: what stands for it in the copy; "" if it stays everywhere.
        texts: how it is said.
        places: where.
    """

    kind: IdentifierKind
    label: str
    texts: tuple[str, ...]
    places: tuple[ReviewedPlace, ...]


class CopyReview:
    """What a person decides about a copy before it is written.

    Attributes:
        result: what is copied.
        labels: texts of the copy's language.
        clinic: the clinic's own list.
        found: what identifies people, with what stays.
        kept: where each identifier starts that stays.
    """

    def __init__(
        self, result: ReviewedTranscript, labels: Labels, clinic: ClinicList, hints: tuple[str, ...] = ()
    ) -> None:
        """hints: texts with names, such as the file's name and the case."""
        self.result, self.labels, self.clinic = result, labels, clinic
        self.kept: set[Place] = set()
        self._hints = hints
        self._added: list[tuple[str, IdentifierKind]] = []
        self.found: tuple[Identifier, ...] = ()
        self._find()

    @property
    def replaced(self) -> tuple[Identifier, ...]:
        """What labels stand for in the copy."""
        return tuple(one for one in self.found if one.place not in self.kept)

    def keep(self, places: Iterable[Place], kept: bool) -> None:
        """Let identifiers stay that start at these places, or not."""
        if kept:
            self.kept |= set(places)
        else:
            self.kept -= set(places)

    def add(self, text: str, kind: IdentifierKind) -> int:
        """Replace a text wherever it is said, and return at how many places; may take a second."""
        earlier = self.found
        before = {one.place for one in earlier}
        self._added.insert(0, (text, kind))
        self._find()
        new = sum(one.place not in before or one.place in self.kept for one in self.found)
        again = [one.place for one in self.found if one.text.casefold() == text.casefold()]
        self.keep(again, kept=False)
        if not again and not new:
            self._added.pop(0)
            self.found = earlier
        return len(again) or new

    def use_clinic_list(self, clinic: ClinicList) -> None:
        """Find again with another list of the clinic; may take a second."""
        self.clinic = clinic
        self._find()

    def groups(self) -> tuple[ReviewedGroup, ...]:
        """Return what was found, by label."""
        names = {kind: self.labels.kinds[kind.value] for kind in IdentifierKind}
        labels = {one: name.label for name in pseudonyms(self.replaced, names) for one in name.identifiers}
        groups = []
        for name in pseudonyms(self.found, names):
            shown = next((labels[one] for one in name.identifiers if one in labels), "")
            places = tuple(self._reviewed(one) for one in name.identifiers)
            groups.append(ReviewedGroup(name.kind, shown, name.texts, places))
        return tuple(groups)

    def copy(self, shift_days: int | None = None) -> DeidentifiedCopy:
        """Return the copy; shift_days: see `CopyOptions`."""
        told = self.result.label.recorded_at or self.result.transcript.provenance.created_at
        year = int(told[:4]) if told[:4].isdecimal() else CopyOptions().year
        options = CopyOptions(self.labels, shift_days, year)
        return deidentified(self.result.transcript, self.replaced, options)

    def _find(self) -> None:
        wanted = Wanted(tuple(self._added))
        self.found = find(self.result.transcript, self.clinic, hints=self._hints, wanted=wanted)

    def _reviewed(self, one: Identifier) -> ReviewedPlace:
        segment = self.result.transcript.segments[one.place.segment]
        start, end = one.place.start, one.place.end
        return ReviewedPlace(
            one.place,
            one.place in self.kept,
            segment.text[max(0, start - _CONTEXT) : start],
            one.text,
            segment.text[end : end + _CONTEXT],
            segment.start,
        )


def prepare_review(
    result: ReviewedTranscript, labels: Labels, files: HomeFiles, hints: tuple[str, ...] = ()
) -> CopyReview:
    """Return the review of a copy with the clinic's own list; called off the GUI thread.

    Raises:
        UserError: the list cannot be used, or the vault is locked.
    """
    return CopyReview(result, labels, read_clinic_list(files), hints)
