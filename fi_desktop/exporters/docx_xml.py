"""Parts of a Word file that python-docx does not offer: fields, languages, light tables, all fonts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

_FONT = "Calibri"
_RULE, _HEAD_RULE = "E1E5EA", "9AA5B1"
_TWIPS_PER_CM = 1440 / 2.54


class WordTable:
    """A table with thin lines between its rows, and a first row that is repeated on each page.

    It is written as elements: python-docx looks through all rows for each cell, and all styles for each text.
    """

    def __init__(self, document: Document, widths_cm: Sequence[float]) -> None:
        """Begin a table at the end of the document."""
        self._document = document
        self._widths = [round(width * _TWIPS_PER_CM) for width in widths_cm]
        table = element("w:tbl")
        properties = element("w:tblPr")
        properties.append(element("w:tblW", w=sum(self._widths), type="dxa"))
        borders = element("w:tblBorders")
        for side in ("bottom", "insideH"):
            borders.append(element(f"w:{side}", val="single", sz=4, space=0, color=_RULE))
        properties.append(borders)
        properties.append(element("w:tblLayout", type="fixed"))
        margins = element("w:tblCellMar")
        for side in ("left", "right"):
            margins.append(element(f"w:{side}", w=0 if side == "left" else 140, type="dxa"))
        properties.append(margins)
        grid = element("w:tblGrid")
        for width in self._widths:
            grid.append(element("w:gridCol", w=width))
        table.extend((properties, grid))
        document.element.body._insert_tbl(table)
        self._table = table
        self._style_ids: dict[str, str] = {}

    def add_row(self, style: str, *, head: bool = False) -> list[Paragraph]:
        """Add a row; return the empty paragraphs of its cells, in this style."""
        from docx.text.paragraph import Paragraph

        if style not in self._style_ids:
            self._style_ids[style] = self._document.styles[style].style_id
        row, properties = element("w:tr"), element("w:trPr")
        properties.append(element("w:cantSplit"))
        if head:
            properties.append(element("w:tblHeader"))
        row.append(properties)
        paragraphs = []
        for width in self._widths:
            cell, about = element("w:tc"), element("w:tcPr")
            about.append(element("w:tcW", w=width, type="dxa"))
            if head:
                borders = element("w:tcBorders")
                borders.append(element("w:bottom", val="single", sz=6, space=0, color=_HEAD_RULE))
                about.append(borders)
            text, shape = element("w:p"), element("w:pPr")
            shape.append(element("w:pStyle", val=self._style_ids[style]))
            text.append(shape)
            cell.extend((about, text))
            row.append(cell)
            paragraphs.append(Paragraph(text, self._document._body))
        self._table.append(row)
        return paragraphs


def add_field(paragraph: Paragraph, name: str) -> None:
    """Add a field that the program which opens the file fills in."""

    def part(kind: str, **attributes: object) -> Any:
        run: Run = paragraph.add_run()
        made = element(kind, **attributes)
        run._r.append(made)
        return made

    part("w:fldChar", fldCharType="begin")
    part("w:instrText").text = name
    part("w:fldChar", fldCharType="separate")
    paragraph.add_run("1")
    part("w:fldChar", fldCharType="end")


def set_font(style: ParagraphStyle, points: float, color: str) -> None:
    """Set the font of a style in all scripts. color: RRGGBB."""
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size = _FONT, Pt(points)
    style.font.color.rgb = RGBColor.from_string(color)
    fonts = style.element.get_or_add_rPr().rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(tag(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(tag(f"w:{script}"), _FONT)


def set_language(properties: Any, code: str) -> None:
    """Set the language of text, for spelling checkers and screen readers."""
    old = properties.find(tag("w:lang"))
    if old is not None:
        properties.remove(old)
    properties.append(element("w:lang", val=code, bidi="ar-SA"))


def element(name: str, /, **attributes: object) -> Any:
    """Return an element such as "w:tab", with attributes that are named without "w:"."""
    from docx.oxml import OxmlElement

    made = OxmlElement(name)
    for each, value in attributes.items():
        made.set(tag(f"w:{each}"), str(value))
    return made


def tag(name: str) -> str:
    """Return the full name of an element or attribute such as "w:tab"."""
    from docx.oxml.ns import qn

    return qn(name)
