"""Lists of names: those that ship with the program, and the clinic's own.

The clinic's list is a text file in the data folder, sealed with it, one entry a line:

    # our staff
    Xóchitl Quetzalpa
    San Ángel = place
    !Losartán

An entry is found wherever it is said, in any case; after "=" is its kind (a value of `IdentifierKind`),
a person's name without one. An entry after "!" is never found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import system_reason
from fi_desktop.exporters.deidentified.identifiers import IdentifierKind
from fi_desktop.exporters.deidentified.spoken_text import key_of
from fi_desktop.system.files import resource
from fi_desktop.vault.home_files import HomeFile, HomeFiles

_LONGEST_LINE = 120  # characters
_LARGEST_BYTES = 500_000
_MOST_ENTRIES = 20_000
_KINDS = {kind.value: kind for kind in IdentifierKind}


@dataclass(frozen=True, slots=True)
class NameLists:
    """Names that ship with the program. All are keys, see `key_of`.

    Attributes:
        first, last: words of first names and of surnames.
        ordinary: those that are also ordinary words.
        places: towns, also of several words.
        capitals: words with a capital that identify nobody, such as days, languages, diseases and drugs.
    """

    first: frozenset[str]
    last: frozenset[str]
    ordinary: frozenset[str]
    places: frozenset[str]
    capitals: frozenset[str]

    def known(self, key: str) -> bool:
        """Return whether a word is a name."""
        return key in self.first or key in self.last

    def clear(self, key: str) -> bool:
        """Return whether a word is a name and nothing else."""
        return self.known(key) and key not in self.ordinary and key not in self.capitals


@dataclass(frozen=True, slots=True)
class ClinicList:
    """What a clinic always or never replaces.

    Attributes:
        entries: keys of the words of each entry, and its kind.
        never: keys of the words of what is never replaced.
    """

    entries: tuple[tuple[tuple[str, ...], IdentifierKind], ...] = ()
    never: frozenset[tuple[str, ...]] = frozenset()


def words_of(text: str) -> tuple[str, ...]:
    """Return the keys of the words in a text."""
    letters = "".join(letter if letter.isalnum() else " " for letter in text)
    return tuple(key_of(word) for word in letters.split())


@cache
def name_lists() -> NameLists:
    """Return the lists that ship with the program."""
    drugs = (word for file in resource("vocabulary").glob("*/*.txt") for word in _lines(file))
    return NameLists(
        first=frozenset(_lines(resource("names", "first.txt"))).union(
            _words(resource("names", "nicknames.txt"))
        ),
        last=frozenset(_lines(resource("names", "last.txt"))),
        ordinary=frozenset(_words(resource("names", "ordinary.txt"))),
        places=frozenset(_lines(resource("names", "places.txt"))),
        capitals=frozenset(_words(resource("names", "capitals.txt"))) | {key_of(word) for word in drugs},
    )


def _lines(file: Path) -> Iterator[str]:
    for line in file.read_text(encoding="utf-8").splitlines():
        if written := line.partition("#")[0].partition("=")[0].strip():
            yield written


def _words(file: Path) -> Iterator[str]:
    for line in _lines(file):
        yield from map(key_of, line.split())


def read_clinic_list(files: HomeFiles) -> ClinicList:
    """Return the clinic's own list; an empty one if there is no file.

    Raises:
        UserError: the file cannot be read, or a line of it cannot be used; or the vault is locked.
    """
    return parsed(read_clinic_text(files))


def read_clinic_text(files: HomeFiles) -> str:
    """Return the text of the clinic's own list; "" if there is no file.

    Raises:
        UserError: the file cannot be read, or the vault is locked.
    """
    try:
        data = files.read(HomeFile.CLINIC_NAMES, _LARGEST_BYTES + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise UserError(messages.IDENTIFIERS_UNREADABLE, reason=system_reason(error)) from error
    except ValueError as error:
        raise UserError(messages.IDENTIFIERS_DAMAGED, file=HomeFile.CLINIC_NAMES.value) from error
    if len(data) > _LARGEST_BYTES:
        raise UserError(messages.IDENTIFIERS_TOO_LONG, most=_MOST_ENTRIES)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(messages.IDENTIFIERS_BAD_TEXT) from error


def save_clinic_text(files: HomeFiles, text: str) -> None:
    """Write the clinic's own list, readable by this account only.

    Raises:
        UserError: a line cannot be used, the file cannot be written, or the vault is locked.
        TransientError: the disk is full.
    """
    parsed(text)
    try:
        files.write(HomeFile.CLINIC_NAMES, text.encode("utf-8", errors="replace"))
    except OSError as error:
        raise UserError(messages.IDENTIFIERS_UNREADABLE, reason=system_reason(error)) from error


def parsed(text: str) -> ClinicList:
    """Return the entries of a list.

    Raises:
        UserError: a line cannot be used, or there are too many.
    """
    entries: dict[tuple[str, ...], IdentifierKind] = {}
    never: set[tuple[str, ...]] = set()
    for number, line in enumerate(text.splitlines(), start=1):
        written, _, kind = (part.strip() for part in line.partition("#")[0].partition("="))
        if not written:
            continue
        if len(written) > _LONGEST_LINE or kind not in {"", *_KINDS}:
            raise UserError(messages.IDENTIFIERS_BAD_LINE, line=number, kinds=", ".join(_KINDS))
        words = words_of(written)
        if written.startswith("!"):
            never.add(words)
        elif words:
            entries[words] = _KINDS.get(kind, IdentifierKind.PERSON)
    if len(entries) + len(never) > _MOST_ENTRIES:
        raise UserError(messages.IDENTIFIERS_TOO_LONG, most=_MOST_ENTRIES)
    longest_first: Iterable[tuple[tuple[str, ...], IdentifierKind]] = sorted(
        entries.items(), key=lambda entry: (-len(entry[0]), entry[0])
    )
    return ClinicList(tuple(longest_first), frozenset(never))
