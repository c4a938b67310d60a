"""Notes for the clipboard: results as rich text and as plain text, to be pasted into a record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape

from fi_desktop.exporters.document import WrittenDocument, document_of
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable
from fi_desktop.exporters.html_ import name_html, text_html, turns_html
from fi_desktop.exporters.plain_text import turn_lines
from fi_desktop.exporters.template import PLAIN, DoubtStyle


@dataclass(frozen=True, slots=True)
class PastedNote:
    """What is pasted.

    Attributes:
        html: with names in bold.
        text: the same as plain text.
        copied: number of results in it.
        unreadable: number of results that could not be read.
    """

    html: str
    text: str
    copied: int
    unreadable: int


def note_of(results: Sequence[Exportable], options: ExportOptions) -> PastedNote:
    """Return results one after another, without those that cannot be read."""
    found: list[tuple[WrittenDocument, WrittenDocument]] = []
    for result in results:
        try:
            reviewed = result.read()
        except (OSError, ValueError, KeyError):
            continue
        told = replace(options, reviewed=reviewed)
        rich = plain = document_of(reviewed.transcript, told)
        if options.template.doubts is DoubtStyle.UNDERLINED:
            plain = document_of(reviewed.transcript, replace(told, underlines=False))
        found.append((rich, plain))
    html = "<hr>\n".join(_html(rich) for rich, _ in found)
    page = f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"></head><body>\n{html}</body></html>\n'
    return PastedNote(
        page, "\n".join(_text(plain) for _, plain in found), len(found), len(results) - len(found)
    )


def _html(content: WrittenDocument) -> str:
    if content.template is not PLAIN:
        return _html_by_template(content)
    said = "".join(
        f"<p><b>{name_html(one)}</b>{' ' if one.runs else ''}{text_html(one)}</p>\n"
        for one in content.utterances
    )
    head = f"<p><b>{escape(_title(content))}</b></p>\n<p><i>{escape(_head(content))}</i></p>\n"
    return head + (said or f"<p>{escape(content.silence)}</p>\n")


def _html_by_template(content: WrittenDocument) -> str:
    def lines(texts: Iterable[str]) -> str:
        told = "<br>\n".join(map(escape, texts))
        return f"<p>{told}</p>\n" if told else ""

    facts = (f"{name}: {value}" for name, value in content.facts)
    head = f"{lines(content.heading)}<p><b>{escape(content.title)}</b></p>\n{lines(facts)}"
    return f"{head}<p><i>{escape(_head(content))}</i></p>\n{turns_html(content)}{lines(content.closing)}"


def _text(content: WrittenDocument) -> str:
    if content.template is not PLAIN:
        facts = (f"{name}: {value}" for name, value in content.facts)
        said = turn_lines(content) or [content.silence]
        parts = (content.heading, (content.title, *facts, _head(content)), said, content.closing)
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"
    said = [f"{one.speaker}: {one.text}" if one.runs else one.speaker for one in content.utterances]
    return "\n".join((_title(content), _head(content), "", *(said or [content.silence]), ""))


def _title(content: WrittenDocument) -> str:
    return " – ".join(filter(None, (content.title, content.recorded)))


def _head(content: WrittenDocument) -> str:
    """Return how far it is checked, and what the marks mean; not how it was made."""
    return " ".join((content.status, *content.remarks[:-1]))
