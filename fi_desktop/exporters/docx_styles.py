"""The page, the fonts and the styles of a Word file, as its template says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fi_desktop.exporters.document import WrittenDocument
from fi_desktop.exporters.docx_xml import element, set_font, set_language, tag
from fi_desktop.exporters.template import DocumentLayout, PaperSize

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle

TURN, FACT, STATUS, REMARK, FOOT = "Turn", "Fact", "Status", "Remark", "Foot"
QUESTION, ANSWER, CELL, CELL_HEAD, LETTERHEAD = "Question", "Answer", "Cell", "Cell head", "Letterhead"
GREY = "5F6B7A"
_INK, _AMBER, _GREEN = "1F2933", "8A5A00", "1E6B3A"
_AMBER_GROUND, _GREEN_GROUND = "FFF4D6", "E6F4EA"
_RULE = "D5DAE0"
# the schema orders a paragraph's properties
_AFTER_SHADING = ("w:tabs", "w:spacing", "w:ind", "w:jc")
_AFTER_BORDERS = ("w:shd", *_AFTER_SHADING)
_SAID = (TURN, QUESTION, ANSWER, CELL)
_LINES_EVERY = 1  # which line numbers are shown
_COMPATIBILITY = "15"  # Word 2013 and later; without it, Word opens the file in a compatibility mode
_MARGIN_CM, _ANSWER_CM = 2.3, 0.6
_POINTS = 11.0  # of the text


def text_width_cm(content: WrittenDocument) -> float:
    """Return the width of the text on a page."""
    paper = content.template.page or PaperSize.LETTER
    return paper.millimetres[0] / 10 - 2 * _MARGIN_CM


def scaled(content: WrittenDocument, points: float) -> float:
    """Return a size in the proportion of the template's, to half a point."""
    return round(points * content.template.scale(_POINTS) * 2) / 2


def lay_out(document: Document, content: WrittenDocument) -> None:
    """Set the page, the fonts and the styles."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Cm, Mm, Pt

    page = document.sections[0]
    page.page_width, page.page_height = Cm(21.59), Cm(27.94)  # Letter, as used in Mexico and the USA
    if content.template.page is not None:
        page.page_width, page.page_height = map(Mm, content.template.page.millimetres)
    page.left_margin = page.right_margin = Cm(_MARGIN_CM)
    page.top_margin, page.bottom_margin = Cm(2.0), Cm(2.0)
    if content.template.line_numbers and content.template.layout is not DocumentLayout.TABLE:
        margins = page._sectPr.find(tag("w:pgMar"))
        assert margins is not None  # its own template has them
        margins.addnext(element("w:lnNumType", countBy=_LINES_EVERY, restart="continuous"))
    _set_compatibility(document)
    normal = document.styles["Normal"]
    set_language(document.styles.element.find(f".//{tag('w:rPrDefault')}/{tag('w:rPr')}"), content.code)
    set_font(normal, scaled(content, 11), _INK)
    spacing = normal.paragraph_format
    spacing.space_before, spacing.space_after, spacing.line_spacing = Pt(0), Pt(0), 1.15
    headings = [("Heading 1", 20, 0, 8), *([("Heading 2", 12, 6, 4)] if content.figures else [])]
    for name, size, before, after in headings:
        heading = document.styles[name]
        set_font(heading, scaled(content, size), _INK)
        heading.font.bold = True
        heading.paragraph_format.space_before = Pt(before)
        heading.paragraph_format.space_after = Pt(after)
        if content.template.line_numbers:
            _leave_out_of_numbers(heading)
    for name, points, color in _wanted(content):
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.quick_style = True
        set_font(style, scaled(content, points), color)
        if name not in _SAID:  # numbers are for what was said
            _leave_out_of_numbers(style)
        _shape(style, name, content)
    if content.spoken is not None:
        spoken = content.code if content.code.startswith(content.spoken) else content.spoken
        for name in _SAID:
            if name in document.styles:
                set_language(document.styles[name].element.get_or_add_rPr(), spoken)


def _leave_out_of_numbers(style: ParagraphStyle) -> None:
    properties = style.element.get_or_add_pPr()
    properties.insert_element_before(element("w:suppressLineNumbers"), "w:pBdr", *_AFTER_BORDERS)


def _wanted(content: WrittenDocument) -> list[tuple[str, float, str]]:
    """Return name, size and colour of the styles that the document needs."""
    layout = content.template.layout
    wanted: list[tuple[str, float, str]] = [
        (FACT, 10, _INK),
        (STATUS, 11, _GREEN if content.checked else _AMBER),
        (REMARK, 9, GREY),
        (TURN, 11, _INK),
        (FOOT, 8, GREY),
    ]
    if layout is DocumentLayout.QUESTIONS:
        wanted += [(QUESTION, 11, _INK), (ANSWER, 11, _INK)]
    if layout is DocumentLayout.TABLE or content.figures is not None:
        wanted += [(CELL, 10.5, _INK), (CELL_HEAD, 9, GREY)]
    if content.heading:
        wanted.append((LETTERHEAD, 10, GREY))
    return wanted


def _shape(style: ParagraphStyle, name: str, content: WrittenDocument) -> None:
    """Set indents, spaces, grounds and lines of a style."""
    from docx.shared import Cm, Pt

    layout = style.paragraph_format
    scale = content.template.scale(_POINTS)
    if name in (FACT, TURN, QUESTION, ANSWER):
        after = {FACT: 1, TURN: 5, QUESTION: 2, ANSWER: 2}[name]
        layout.space_after = Pt(after)
        if name == FACT or content.template.times:
            indent = Cm({FACT: 3.2, ANSWER: 1.9 + _ANSWER_CM}.get(name, 1.9) * scale)
            layout.left_indent, layout.first_line_indent = indent, -indent
            layout.tab_stops.add_tab_stop(indent)
        elif name == ANSWER:
            layout.left_indent = Cm(_ANSWER_CM)
        if name == QUESTION:
            layout.space_before, layout.keep_with_next, style.font.bold = Pt(9), True, True
    elif name == REMARK:
        layout.space_after = Pt(2)
    elif name in (CELL, CELL_HEAD):
        layout.space_before = layout.space_after = Pt(3)
        style.font.bold = name == CELL_HEAD
    elif name == STATUS:
        layout.space_before, layout.space_after = Pt(8), Pt(6)
        style.font.bold = True
        ground = _GREEN_GROUND if content.checked else _AMBER_GROUND
        shading = element("w:shd", val="clear", color="auto", fill=ground)
        style.element.get_or_add_pPr().insert_element_before(shading, *_AFTER_SHADING)
    elif name == LETTERHEAD:
        borders = element("w:pBdr")
        borders.append(element("w:bottom", val="single", sz=4, space=6, color=_RULE))
        style.element.get_or_add_pPr().insert_element_before(borders, *_AFTER_BORDERS)


def _set_compatibility(document: Document) -> None:
    settings = document.settings.element
    compatibility = settings.find(tag("w:compat"))
    if compatibility is None:
        return
    for setting in compatibility.findall(tag("w:compatSetting")):
        if setting.get(tag("w:name")) == "compatibilityMode":
            compatibility.remove(setting)
    uri = "http://schemas.microsoft.com/office/word"
    compatibility.append(element("w:compatSetting", name="compatibilityMode", uri=uri, val=_COMPATIBILITY))
