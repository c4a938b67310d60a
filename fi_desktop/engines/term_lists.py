"""Vocabulary lists: files of terms by specialty, bundled or a clinic's own.

A list is a text file, `NAME.txt` for every language or `es/NAME.txt` for one, below the folder of bundled
lists or `vocabulary` in the data folder. Files of the same name form one list, so a clinic can add to a
bundled one.
Each line holds a term, and after "=" how it is said if the spelling does not show that:

    # cardiology
    atorvastatin
    ECG = e c g
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Note, system_reason
from fi_desktop.engines.contracts import Term

SPECIALTIES = ("general", "cardiology", "diabetes", "psychiatry", "paediatrics", "oncology")
"""The bundled lists, in the order in which they are offered."""

_LONGEST_TERM = 80  # characters
_MOST_TERMS = 5000
_LARGEST_BYTES = 1_000_000
_ENDING = ".txt"


def names(roots: Iterable[Path]) -> tuple[str, ...]:
    """Return the names of all lists: bundled ones, then a clinic's own in alphabetical order."""
    found = {file.stem for root in roots for file in _files(root)}
    bundled = [name for name in SPECIALTIES if name in found]
    return (*bundled, *sorted(found.difference(bundled)))


def wanted(chosen: Iterable[str], roots: Iterable[Path]) -> tuple[str, ...]:
    """Return the names of the lists for a recording: those chosen; without a choice, all bundled ones."""
    return tuple(chosen) or tuple(name for name in names(roots) if name in SPECIALTIES)


def read(name: str, roots: tuple[Path, ...]) -> tuple[Term, ...]:
    """Return the terms of a list, in all languages.

    Raises:
        UserError: there is no such list, or a file of it cannot be used; the message names the file.
    """
    files = [file for root in roots for file in _files(root) if file.stem == name]
    if not files:
        raise UserError(messages.VOCABULARY_UNKNOWN, name=name, known=", ".join(names(roots)))
    terms: dict[Term, None] = {}
    for file in files:
        language = file.parent.name if file.parent not in roots else None
        terms |= dict.fromkeys(_parse(name, file, language))
    if len(terms) > _MOST_TERMS:
        raise UserError(messages.VOCABULARY_TOO_LONG, name=name, most=_MOST_TERMS)
    return tuple(terms)


def read_all(wanted: Iterable[str], roots: tuple[Path, ...]) -> tuple[tuple[Term, ...], tuple[Note, ...]]:
    """Return the terms of several lists, and a note for each list that cannot be used."""
    terms: dict[Term, None] = {}
    notes = []
    for name in wanted:
        try:
            terms |= dict.fromkeys(read(name, roots))
        except UserError as error:
            notes.append(error.note)
    return tuple(terms), tuple(notes)


def _files(root: Path) -> list[Path]:
    """Return the files of a folder: for every language, then for each."""
    return sorted(root.glob(f"*{_ENDING}")) + sorted(root.glob(f"[a-z][a-z]/*{_ENDING}"))


def _parse(name: str, file: Path, language: str | None) -> list[Term]:
    try:
        with file.open("rb") as opened:
            data = opened.read(_LARGEST_BYTES + 1)
    except OSError as error:
        reason = system_reason(error)
        raise UserError(messages.VOCABULARY_UNREADABLE, name=name, file=file.name, reason=reason) from error
    if len(data) > _LARGEST_BYTES:
        raise UserError(messages.VOCABULARY_TOO_LONG, name=name, most=_MOST_TERMS)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(messages.VOCABULARY_BAD_TEXT, name=name, file=file.name) from error
    if "\0" in text:
        raise UserError(messages.VOCABULARY_BAD_TEXT, name=name, file=file.name)
    terms = []
    for number, line in enumerate(text.splitlines(), start=1):
        written, _, said = line.partition("#")[0].partition("=")
        if len(written) > _LONGEST_TERM or len(said) > _LONGEST_TERM:
            raise UserError(
                messages.VOCABULARY_BAD_LINE, name=name, file=file.name, line=number, most=_LONGEST_TERM
            )
        if term := " ".join(written.split()):
            terms.append(Term(term, " ".join(said.split()), language))
    return terms
