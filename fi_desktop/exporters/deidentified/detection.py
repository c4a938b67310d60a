"""Finds what identifies people in a transcript.

It is never complete: a person must read the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from fi_desktop.core.numerals import word_list
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.deidentified.addresses import find_addresses, find_postal_codes
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, Place, SpokenDate
from fi_desktop.exporters.deidentified.name_lists import ClinicList, NameLists, name_lists, words_of
from fi_desktop.exporters.deidentified.number_runs import find_numbers
from fi_desktop.exporters.deidentified.person_names import TITLES, NameFinder
from fi_desktop.exporters.deidentified.spoken_dates import find_dates, numeric_dates
from fi_desktop.exporters.deidentified.spoken_text import SpokenText, Stream, key_of
from fi_desktop.exporters.deidentified.written_patterns import patterns_in

_WORD = re.compile(r"[^\W\d_]+")
# words of file names that are no names
_FILE_WORDS = frozenset(
    word_list(
        "audio recording grabacion consulta consultation visit visita interview entrevista session sesion "
        "nota note new nueva nuevo paciente patient case caso copy copia file archivo voice voz memo "
        "seguimiento follow control primera first final test prueba rec wav mp3 m4a flac sample demo track "
        "mix dictado dictation the and los las del con para"
    )
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person decided in the review.

    Attributes:
        added: texts to find everywhere, with their kinds.
        kept: texts that stay, wherever they are said.
        kept_places: places that stay.
    """

    added: tuple[tuple[str, IdentifierKind], ...] = ()
    kept: tuple[str, ...] = ()
    kept_places: frozenset[Place] = frozenset()


NOTHING_WANTED = Wanted()


def find(
    transcript: Transcript,
    clinic: ClinicList | None = None,
    *,
    hints: Iterable[str] = (),
    wanted: Wanted = NOTHING_WANTED,
    lists: NameLists | None = None,
) -> tuple[Identifier, ...]:
    """Return what identifies people, in order, without overlaps.

    Args:
        transcript: the result; the names of its speakers and of the recording are looked for too.
        clinic: the clinic's own list.
        hints: other texts with names, such as a case label.
        wanted: what a person added, and what stays.
        lists: names; those that ship with the program by default.
    """
    return _Detection(transcript, clinic or ClinicList(), tuple(hints), wanted, lists or name_lists()).run()


class _Detection:
    def __init__(
        self,
        transcript: Transcript,
        clinic: ClinicList,
        hints: tuple[str, ...],
        wanted: Wanted,
        lists: NameLists,
    ) -> None:
        self._spoken = SpokenText(transcript)
        self._clinic, self._wanted, self._lists = clinic, wanted, lists
        self._named = [words_of(person.name) for person in transcript.people if person.name]
        self._hints = (PurePath(transcript.provenance.source_name).stem, *hints)
        self._found: list[Identifier] = []
        self._index: dict[str, list[tuple[Stream, int]]] = {}
        for stream in self._spoken.streams:
            for at, token in enumerate(stream.tokens):
                self._index.setdefault(token.key, []).append((stream, at))

    def run(self) -> tuple[Identifier, ...]:
        never = {words_of(text) for text in self._wanted.kept} | self._clinic.never
        streams = self._spoken.streams
        for text, kind in self._wanted.added:
            self._find_words(words_of(text), kind)
        for words in sorted(never, key=lambda words: (-len(words), words)):
            self._skip_words(words)
        for words, kind in self._clinic.entries:
            self._find_words(words, kind)
        self._find_patterns()
        for words in sorted(self._named, key=lambda words: (-len(words), words)):
            if len(words) > 1:
                self._find_words(words, IdentifierKind.PERSON)
        for stream in streams:
            self._found += find_addresses(stream, self._lists)
        for stream in streams:
            self._found += find_dates(stream)
        for stream in streams:
            self._found += find_numbers(stream)
        lowered = frozenset(
            token.key
            for stream in streams
            for token in stream.tokens
            if not token.taken and not token.capital
        )
        names = NameFinder(self._lists, self._confirmed(lowered), lowered)
        for stream in streams:
            self._found += names.find(stream)
        for stream in streams:
            self._found += names.find_again(stream)
        for stream in streams:
            self._found += find_postal_codes(stream)
        self._find_same(names)
        kept = self._wanted.kept_places
        return tuple(
            sorted(
                (found for found in self._found if not kept.intersection(found.places)),
                key=lambda found: found.place,
            )
        )

    def _confirmed(self, lowered: frozenset[str]) -> frozenset[str]:
        """Return words that are surely names: of the speakers, and of the recording's name.

        lowered: keys of words without a capital; what is on no list and among them is no name.
        """
        said = {key for words in self._named for key in words}
        for text in self._hints:
            for word in _WORD.findall(text):
                key = key_of(word)
                told = word[0].isupper() and key not in _FILE_WORDS and key not in self._lists.capitals
                if told and (self._lists.known(key) or key not in lowered):
                    said.add(key)
        return frozenset(key for key in said if len(key) > 2 and key not in TITLES and not key.isdecimal())

    def _find_patterns(self) -> None:
        for number, text in enumerate(self._spoken.texts):
            for pattern in patterns_in(text):
                self._take(number, pattern.start, pattern.end, pattern.kind, pattern.value)
            for start, end, date in numeric_dates(text):
                value = f"{date.year}-{date.month}-{date.day}"
                self._take(number, start, end, IdentifierKind.DATE, value, date)

    def _take(
        self,
        segment: int,
        start: int,
        end: int,
        kind: IdentifierKind,
        value: str,
        date: SpokenDate | None = None,
    ) -> None:
        place = Place(segment, start, end)
        if self._spoken.take(place):
            text = self._spoken.texts[segment][start:end]
            self._found.append(Identifier(kind, (place,), text, value, date))

    def _find_words(self, words: tuple[str, ...], kind: IdentifierKind) -> None:
        for stream, at in self._matches(words):
            self._found.append(stream.identifier(at, at + len(words), kind, " ".join(words)))

    def _skip_words(self, words: tuple[str, ...]) -> None:
        for stream, at in self._matches(words):
            for token in stream.tokens[at : at + len(words)]:
                token.taken = True

    def _matches(self, words: tuple[str, ...]) -> Iterator[tuple[Stream, int]]:
        if not words:
            return
        for stream, at in self._index.get(words[0], ()):
            if stream.keys(at, len(words)) == words:
                yield stream, at

    def _find_same(self, names: NameFinder) -> None:
        """Find other places of the same words, written the same way."""
        known: dict[tuple[str, ...], Identifier] = {}
        for found in self._found:
            words = tuple(_words(found.text))
            if (
                words
                and found.kind not in (IdentifierKind.DATE, IdentifierKind.AGE)
                and len("".join(words)) > 2
            ):
                known.setdefault(words, found)
        for words, found in sorted(known.items(), key=lambda entry: (-len(entry[0]), entry[0])):
            for stream, at in self._matches(tuple(map(key_of, words))):
                texts = tuple(token.text for token in stream.tokens[at : at + len(words)])
                alone = len(words) > 1 or not stream.tokens[at].first or names.stands_alone(stream, at)
                if texts == words and alone:
                    self._found.append(stream.identifier(at, at + len(words), found.kind, found.value))


def _words(text: str) -> Sequence[str]:
    return re.findall(r"[^\W_]+", text)
