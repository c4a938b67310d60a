"""Makes the copy: labels or shifted dates in place of identifiers, and neutral provenance."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.messages import Note
from fi_desktop.core.numerals import word_list
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.transcript import Person, Segment, Transcript, Word
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, Place, SpokenDate
from fi_desktop.exporters.deidentified.pseudonyms import Pseudonym, pseudonyms
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import free_file, rendered, write_export
from fi_desktop.exporters.phrases import LABELS, Labels

_PLAIN_SPEAKER = re.compile(r"SPEAKER_\d{2,4}")
_WEEKS = range(1, 53)  # whole weeks, so that days of the week stay right
_MONTHS = {
    "en": (
        word_list("January February March April May June July August September October November December"),
        "{month} {day}", "{month} {day}, {year}", "{month} {year}",
    ),
    "es": (
        word_list("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        "{day} de {month}", "{day} de {month} de {year}", "{month} de {year}",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """How a copy is made.

    Attributes:
        labels: texts of the copy's language.
        shift_days: dates with a day and a month are moved by this; None: they get labels.
        year: of dates that are said without one, for shifting.
    """

    labels: Labels = LABELS["en"]
    shift_days: int | None = None
    year: int = 2000


@dataclass(frozen=True, slots=True)
class DeidentifiedCopy:
    """A copy, and what its labels stand for.

    Attributes:
        result: the copy; a draft, since nobody has checked it.
        pseudonyms: what was replaced.
        key: JSON values of the key file.
    """

    result: ReviewedTranscript
    pseudonyms: tuple[Pseudonym, ...]
    key: dict[str, Any]


def random_shift(rng: random.Random | None = None) -> int:
    """Return by how many days the dates of a copy are moved: whole weeks, up to a year, either way."""
    generator = rng or random.SystemRandom()
    return 7 * generator.choice(_WEEKS) * generator.choice((-1, 1))


def deidentified(
    transcript: Transcript, identifiers: Iterable[Identifier], options: CopyOptions
) -> DeidentifiedCopy:
    """Return a copy without identifiers. Times of words stay; the words of an identifier become one."""
    labels = options.labels
    found = pseudonyms(identifiers, {kind: labels.kinds[kind.value] for kind in IdentifierKind})
    for pseudonym in found:
        pseudonym.label = _replacement(pseudonym, options)
    by_segment: dict[int, list[tuple[Place, str]]] = {}
    for pseudonym in found:
        for identifier in pseudonym.identifiers:
            for place in identifier.places:
                by_segment.setdefault(place.segment, []).append((place, pseudonym.label))
    segments = tuple(
        _replaced(segment, sorted(by_segment.get(number, ())))
        for number, segment in enumerate(transcript.segments)
    )
    speakers = _neutral_speakers(transcript)
    made = transcript.provenance
    copy = replace(
        transcript,
        segments=tuple(_anonymous(segment, speakers) for segment in segments),
        turns=tuple(replace(turn, speaker=speakers[turn.speaker]) for turn in transcript.turns),
        exclusive=tuple(replace(turn, speaker=speakers[turn.speaker]) for turn in transcript.exclusive),
        people=tuple(
            Person(speakers[person.speaker], "", person.role)
            for person in transcript.people
            if person.role is not None and person.speaker in speakers
        ),
        details={},
        notes=(messages.EXPORT_DEIDENTIFIED(), *_plain_notes(transcript.notes)),
        provenance=replace(
            made,
            options={},
            source_sha256="",
            source_name=labels.deidentified,
            created_at="",
            recorded_at="",
        ),
    )
    return DeidentifiedCopy(ReviewedTranscript(copy), found, _key(transcript, found, options, speakers))


def write_copy(
    copy: DeidentifiedCopy, formats: Iterable[str], folder: Path, options: ExportOptions
) -> tuple[Path, ...]:
    """Write a copy in several formats under a neutral name, and return the files; none is replaced.

    Raises:
        UserError: export.not_written.
        TransientError: export.full.
    """
    taken: set[str] = set()
    files = []
    for format in formats:
        content = rendered(copy.result, format, options)
        target = free_file(options.labels.deidentified, format, folder, content, taken)
        write_export(content, target)
        files.append(target)
    return tuple(files)


def write_key(key: Mapping[str, Any], target: Path) -> None:
    """Write what labels stand for, readable by this account only; it replaces `target`.

    Raises:
        UserError: export.not_written.
        TransientError: export.full.
    """
    write_export((json.dumps(key, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "replace"), target)


def _replacement(pseudonym: Pseudonym, options: CopyOptions) -> str:
    if (
        pseudonym.kind is IdentifierKind.DATE
        and pseudonym.date is not None
        and options.shift_days is not None
    ):
        shifted = _shifted(pseudonym.date, options)
        if shifted is not None:
            return shifted
    return pseudonym.label


def _shifted(said: SpokenDate, options: CopyOptions) -> str | None:
    """Return a date that is moved; None if it has no month, or is none."""
    if said.month is None or options.shift_days is None:
        return None
    try:
        moved = date(said.year or options.year, said.month, said.day or 15) + timedelta(
            days=options.shift_days
        )
    except (ValueError, OverflowError):
        return None
    months, with_day, whole, with_year = _MONTHS[options.labels.code[:2]]
    template = (whole if said.year else with_day) if said.day else with_year if said.year else "{month}"
    return template.format(day=moved.day, month=months[moved.month - 1], year=moved.year)


def _replaced(segment: Segment, places: Sequence[tuple[Place, str]]) -> Segment:
    if not places:
        return replace(segment, words=tuple(word for _start, _end, (word,) in _spans(segment)))
    words: list[Word] = []
    text, end = "", 0
    groups = _groups(segment, places)
    for start, stop, inside in groups:
        text += segment.text[end:start]
        written = _substituted(segment.text, start, stop, places)
        text += written
        end = stop
        if inside:
            words.append(_merged(inside, written) if _touched(start, stop, places) else inside[0])
    return replace(segment, text=text + segment.text[end:], words=tuple(words))


def _spans(segment: Segment) -> Iterator[tuple[int, int, list[Word]]]:
    """Yield where each word starts and ends in the text; words that are not in it are left out."""
    end = 0
    for word in segment.words:
        at = segment.text.find(word.text, end)
        if at >= 0 and word.text:
            end = at + len(word.text)
            yield at, end, [word]


def _groups(segment: Segment, places: Sequence[tuple[Place, str]]) -> list[tuple[int, int, list[Word]]]:
    """Return stretches of the text with their words: words that share a replacement are in one."""
    spans = list(_spans(segment))
    spans += [(place.start, place.end, []) for place, _text in places]
    groups: list[tuple[int, int, list[Word]]] = []
    for start, end, words in sorted(spans, key=lambda span: span[:2]):
        if groups and start < groups[-1][1]:
            last = groups.pop()
            groups.append((last[0], max(last[1], end), last[2] + words))
        else:
            groups.append((start, end, words))
    return groups


def _touched(start: int, stop: int, places: Sequence[tuple[Place, str]]) -> bool:
    return any(place.start < stop and start < place.end for place, _text in places)


def _substituted(text: str, start: int, stop: int, places: Sequence[tuple[Place, str]]) -> str:
    written, end = "", start
    for place, label in places:
        if start <= place.start < stop:
            written += text[end : place.start] + label
            end = place.end
    return written + text[end:stop]


def _merged(words: Sequence[Word], text: str) -> Word:
    first = words[0]
    return replace(
        first,
        end=max(word.end for word in words),
        text=text,
        probability=None,
        overlap=any(word.overlap for word in words),
        checked=all(word.checked for word in words),
        interpolated=any(word.interpolated for word in words),
        unsure_speaker=any(word.unsure_speaker for word in words),
    )


def _speakers(transcript: Transcript) -> tuple[str, ...]:
    """Return all labels of speakers, in order of appearance."""
    said = [turn.speaker for turn in (*transcript.turns, *transcript.exclusive)]
    for segment in transcript.segments:
        said += [label for label in (segment.speaker, *(word.speaker for word in segment.words)) if label]
    return tuple(dict.fromkeys(said))


def _neutral_speakers(transcript: Transcript) -> dict[str, str]:
    """Return labels of speakers that say nothing; most are already so."""
    known = _speakers(transcript)
    plain = [label for label in known if _PLAIN_SPEAKER.fullmatch(label)]
    free = (f"SPEAKER_{number:02d}" for number in count() if f"SPEAKER_{number:02d}" not in plain)
    return {label: label if label in plain else next(free) for label in known}


def _anonymous(segment: Segment, speakers: Mapping[str, str]) -> Segment:
    words = tuple(
        replace(word, speaker=None if word.speaker is None else speakers[word.speaker])
        for word in segment.words
    )
    return replace(
        segment, speaker=None if segment.speaker is None else speakers[segment.speaker], words=words
    )


def _plain_notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Return the notes that contain no text: others may name a file."""
    return tuple(
        note
        for note in notes
        if note.code in messages.MESSAGES
        and note.code != messages.EXPORT_DEIDENTIFIED.code
        and all(isinstance(value, int | float) for _name, value in note.values)
    )


def _key(
    transcript: Transcript,
    found: Sequence[Pseudonym],
    options: CopyOptions,
    speakers: Mapping[str, str],
) -> dict[str, Any]:
    made = transcript.provenance
    labels: dict[str, list[str]] = {}
    for pseudonym in found:
        labels.setdefault(pseudonym.label, []).extend(pseudonym.texts)
    return {
        "recording": made.source_name,
        "sha256": made.source_sha256,
        "shift_days": options.shift_days,
        "labels": labels,
        "speakers": {
            speakers[one.speaker]: one.name
            for one in transcript.people
            if one.name and one.speaker in speakers
        },
    }
