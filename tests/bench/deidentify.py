"""Recall and precision of de-identified copies: `python -m tests.bench.deidentify [FILES]`.

Texts are in `tests/bench/identified`: invented consultations with marks such as {person|María}.
Every mark counts once. *Replaced*: all of its letters and digits are, whatever it is called; *named right*:
under its kind too. *Precise*: the share of what was found as this kind that touches a mark. A name of which
the rules cannot tell what it is counts as named right for people, places and institutions.
"""

from __future__ import annotations

import argparse
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.deidentified.detection import find
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind, Place
from tests.exporters.said_lines import transcript_of

FOLDER = Path(__file__).parent / "identified"
_MARK = re.compile(r"\{(\w+)\|([^}]*)\}")
_ALIKE = {
    "address": {"address", "place"},
    "place": {"place", "address", "name"},
    "person": {"person", "name"},
    "organisation": {"organisation", "name", "place"},
    "account": {"account", "id"},
    "id": {"id", "account", "phone"},
    "phone": {"phone", "id"},
}


@dataclass(frozen=True, slots=True)
class Mark:
    """What identifies somebody in a text. kind: see `IdentifierKind`."""

    kind: str
    place: Place


@dataclass(slots=True)
class Counts:
    """What was found of one kind, or of all."""

    marks: int = 0
    replaced: int = 0
    named: int = 0
    found: int = 0
    wrong: int = 0
    missed: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)


def consultations(file: Path, *, plain: bool = False) -> Iterator[tuple[Transcript, list[Mark]]]:
    """Return the consultations of a file, each with its marks. plain: without capitals and punctuation."""
    language = file.name[:2]
    write = _plain if plain else str
    for part in re.split(r"^= .*$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        lines: list[tuple[str, str]] = []
        marks: list[Mark] = []
        for line in filter(None, map(str.strip, part.splitlines())):
            speaker, _, marked = line.partition(": ")
            text, end = "", 0
            for mark in _MARK.finditer(marked):
                text = _joined(text, write(marked[end : mark.start()]))
                said = write(mark[2])
                text = _joined(text, said)
                marks.append(Mark(mark[1], Place(len(lines), len(text) - len(said), len(text))))
                end = mark.end()
            lines.append((speaker, _joined(text, write(marked[end:]))))
        yield transcript_of(lines, language), marks


def _plain(text: str) -> str:
    return re.sub(r"[.,;:?!¿¡…()]+(?=\s|$)|[¿¡(]", "", text).lower()


def _joined(text: str, more: str) -> str:
    """Return both without two spaces in a row."""
    return text + (more.lstrip() if text.endswith(" ") or not text else more)


def measure(files: Iterable[Path], *, plain: bool = False) -> tuple[dict[str, Counts], int, float]:
    """Return the counts by kind and for "all", the number of words, and the seconds that it took."""
    counts: dict[str, Counts] = {kind.value: Counts() for kind in IdentifierKind} | {"all": Counts()}
    words, spent = 0, 0.0
    find(transcript_of([("A", "Warm.")], "en"))
    for file in files:
        for transcript, marks in consultations(file, plain=plain):
            words += sum(len(segment.words) for segment in transcript.segments)
            start = time.perf_counter()
            found = find(transcript)
            spent += time.perf_counter() - start
            _count(transcript, marks, found, counts)
    return counts, words, spent


def _count(
    transcript: Transcript, marks: list[Mark], found: tuple[Identifier, ...], counts: dict[str, Counts]
) -> None:
    for mark in marks:
        text = transcript.segments[mark.place.segment].text
        covered = Counter(
            at
            for one in found
            for place in one.places
            if place.overlaps(mark.place)
            for at in range(place.start, place.end)
        )
        letters = [at for at in range(mark.place.start, mark.place.end) if text[at].isalnum()]
        replaced = all(at in covered for at in letters)
        kinds = {one.kind.value for one in found for place in one.places if place.overlaps(mark.place)}
        for name in (mark.kind, "all"):
            counts[name].marks += 1
            counts[name].replaced += replaced
            counts[name].named += replaced and kinds <= _ALIKE.get(mark.kind, {mark.kind})
            if not replaced:
                counts[name].missed.append(text[mark.place.start : mark.place.end])
    for one in found:
        right = any(place.overlaps(mark.place) for place in one.places for mark in marks)
        for name in (one.kind.value, "all"):
            counts[name].found += 1
            counts[name].wrong += not right
            if not right:
                counts[name].extra.append(one.text)


def table(counts: dict[str, Counts]) -> Iterator[str]:
    """Return the figures as Markdown."""
    yield "| Kind | Marks | Replaced | Named right | Found | Precise |"
    yield "|---|---|---|---|---|---|"
    for kind, count in counts.items():
        if count.marks or count.found:
            replaced, named = _share(count.replaced, count.marks), _share(count.named, count.marks)
            precise = _share(count.found - count.wrong, count.found)
            yield f"| {kind} | {count.marks} | {replaced} | {named} | {count.found} | {precise} |"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}".replace("%", " %") if whole else "–"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument(
        "--show", action="store_true", help="print what was missed, and what was found wrongly"
    )
    parser.add_argument("--plain", action="store_true", help="without capitals and punctuation")
    options = parser.parse_args()
    for file in options.files or sorted(FOLDER.glob("*.txt")):
        counts, words, spent = measure([file], plain=options.plain)
        print(f"\n{file.stem}: {words} words, {1000 * spent / words:.2f} ms a word\n")
        print("\n".join(table(counts)))
        if options.show:
            print("\nmissed:", *counts["all"].missed, sep="\n  ")
            print("\nfound wrongly:", *counts["all"].extra, sep="\n  ")


if __name__ == "__main__":
    main()
