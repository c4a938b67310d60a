"""`DocumentTemplate`: how a document looks and what its heading says, as a clinic chose it.

`template_text.py` reads one from a file. A template changes documents only, never formats for programs, and
never what a document must say: how it was made, how far it is checked, and what may be wrong in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from fi_desktop.core.transcript import Role

FACTS = ("recorded", "recording", "length", "speakers", "language", "transcribed")
"""What the heading can say about a recording, in the order in which it does without a template."""

Texts = Mapping[str, tuple[str, ...]]
"""The lines of a text by language, ISO 639-1; without any, there is no such text."""


class DocumentLayout(StrEnum):
    """How that which was said is arranged."""

    TABLE = "table"
    PARAGRAPHS = "paragraphs"
    QUESTIONS = "questions"


class DoubtStyle(StrEnum):
    """How words that were hard to hear are marked; unmarked ones are counted in a remark."""

    BRACKETS = "brackets"
    UNDERLINED = "underlined"
    UNMARKED = "none"


class NamedBy(StrEnum):
    """What speakers are called."""

    NAME = "name"
    ROLE = "role"


class PaperSize(StrEnum):
    """The size of pages."""

    LETTER = "letter"
    A4 = "a4"

    @property
    def millimetres(self) -> tuple[float, float]:
        """Width and height."""
        return (210.0, 297.0) if self is PaperSize.A4 else (215.9, 279.4)


@dataclass(frozen=True, slots=True)
class DocumentTemplate:
    """How documents look; the defaults are those of a document without a template.

    Attributes:
        name: what people call it, by language.
        layout: None: each format's own.
        times: whether it says when somebody speaks; what has no words always has its times.
        line_numbers: on each line in Word and PDF; elsewhere, and in tables, on each turn.
        speakers: what they are called.
        questions_by: the role of who asks, in the layout `QUESTIONS`.
        facts: some of `FACTS`, in this order.
        heading, footer: the clinic's own lines at the top and at the end.
        text_size: points; None: each format's own.
        page: None: Letter where there are pages.
        doubts: how words that were hard to hear are marked.
        figures: whether the figures of the conversation are above the text.
        file_name: a template of names, see `core.name_template`; "": the recording's name, or the setting's.
    """

    name: Texts = field(default_factory=dict)
    layout: DocumentLayout | None = None
    times: bool = True
    line_numbers: bool = False
    speakers: NamedBy = NamedBy.NAME
    questions_by: Role = Role.CLINICIAN
    facts: tuple[str, ...] = FACTS
    heading: Texts = field(default_factory=dict)
    footer: Texts = field(default_factory=dict)
    text_size: float | None = None
    page: PaperSize | None = None
    doubts: DoubtStyle = DoubtStyle.BRACKETS
    figures: bool = False
    file_name: str = ""

    def scale(self, usual: float) -> float:
        """Return by what sizes are multiplied in a format whose text usually has this size, points."""
        return (self.text_size or usual) / usual


def in_language(texts: Texts, code: str) -> tuple[str, ...]:
    """Return a text in a language, ISO 639-1, or else in another one that it has."""
    return texts.get(code) or next(iter(texts.values()), ())


PLAIN = DocumentTemplate()
"""Documents without a template."""
