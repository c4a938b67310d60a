"""Pseudonyms: the same person, number or date has the same label in the whole copy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from fi_desktop.core.numerals import word_list
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, SpokenDate
from fi_desktop.exporters.deidentified.name_lists import words_of
from fi_desktop.exporters.deidentified.person_names import TITLES

_SMALL_WORDS = frozenset(word_list("de del la las los y van von der da di san santa el s"))


@dataclass(slots=True)
class Pseudonym:
    """What has one label.

    Attributes:
        kind: what it is.
        label: what stands for it in the copy: a text in brackets, or a shifted date.
        identifiers: where it is said, in order.
    """

    kind: IdentifierKind
    label: str
    identifiers: list[Identifier] = field(default_factory=list)

    @property
    def texts(self) -> tuple[str, ...]:
        """How it is said, each once, in order."""
        return tuple(dict.fromkeys(found.text for found in self.identifiers))

    @property
    def date(self) -> SpokenDate | None:
        """The date, if it is one."""
        return self.identifiers[0].date


def pseudonyms(
    identifiers: Iterable[Identifier], names: Mapping[IdentifierKind, str]
) -> tuple[Pseudonym, ...]:
    """Return what has one label each, in order of first mention. names: of the kinds in labels."""
    groups: dict[tuple[IdentifierKind, str], Pseudonym] = {}
    found_all = list(identifiers)
    persons = _people([found for found in found_all if found.kind is IdentifierKind.PERSON])
    counts: dict[IdentifierKind, int] = {}
    for found in found_all:
        value = persons[words_of(found.text)] if found.kind is IdentifierKind.PERSON else found.value
        pseudonym = groups.get((found.kind, value))
        if pseudonym is None:
            counts[found.kind] = counts.get(found.kind, 0) + 1
            # ages over 89 are one class
            number = "" if found.kind is IdentifierKind.AGE else f" {counts[found.kind]}"
            label = f"[{names[found.kind]}{number}]"
            pseudonym = groups[found.kind, value] = Pseudonym(found.kind, label)
        pseudonym.identifiers.append(found)
    return tuple(groups.values())


def _people(identifiers: Sequence[Identifier]) -> dict[tuple[str, ...], str]:
    """Return for the words of each name what is the same for the same person.

    "María", "Sra. Ruiz" and "María Ruiz" are one person unless another longer name has the same words too.
    """
    names = {words: _parts(words) for words in (words_of(found.text) for found in identifiers)}
    whole = list(dict.fromkeys(part for part in names.values() if part))
    longest = [part for part in whole if not any(set(part) < set(other) for other in whole)]
    same: dict[tuple[str, ...], str] = {}
    for words, part in names.items():
        containing = [other for other in longest if set(part) <= set(other)] if part else []
        person = containing[0] if len(containing) == 1 or part in containing else part or words
        same[words] = " ".join(sorted(person) if len(containing) == 1 else person)
    return same


def _parts(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a name that tell people apart."""
    return tuple(word for word in words if word not in _SMALL_WORDS and word not in TITLES)
