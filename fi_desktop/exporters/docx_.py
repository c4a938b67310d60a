"""DOCX: a document for Word, LibreOffice and record systems.

A heading, what is known about the recording, and one paragraph per turn: when, who in bold, and what.
python-docx writes it. Nothing in it depends on the clock: the same transcript gives the same bytes.
"""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import Utterance, WrittenDocument, document_of
from fi_desktop.exporters.exporter import Exporter, ExportOptions

if TYPE_CHECKING:
    from docx.document import Document
    from docx.styles.style import ParagraphStyle
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

_FONT = "Calibri"
_INK, _GREY, _AMBER, _GREEN = "1F2933", "5F6B7A", "8A5A00", "1E6B3A"
_AMBER_GROUND, _GREEN_GROUND = "FFF4D6", "E6F4EA"
_TURN, _FACT, _STATUS, _REMARK, _FOOT = "Turn", "Fact", "Status", "Remark", "Foot"
# the schema orders a paragraph's properties
_AFTER_SHADING = ("w:tabs", "w:spacing", "w:ind", "w:jc")
_LINES_EVERY = 1  # which line numbers are shown
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
_COMPATIBILITY = "15"  # Word 2013 and later; without it, Word opens the file in a compatibility mode


def render(transcript: Transcript, options: ExportOptions, *, numbered: bool = False) -> bytes:
    """Return the document; `numbered`: each line has a number in the margin."""
    import docx  # takes 0.2 s, which the window's start must not pay

    content = document_of(transcript, options)
    document = docx.Document()
    _describe(document, content)
    _lay_out(document, content, numbered=numbered)
    _write_head(document, content)
    for utterance in content.utterances:
        _write_turn(document, utterance)
    if not content.utterances:
        document.add_paragraph(content.silence)
    _write_foot(document, content, options)
    written = BytesIO()
    document.save(written)
    return _timeless(written)


def _describe(document: Document, content: WrittenDocument) -> None:
    about = document.core_properties
    about.title, about.subject, about.author = content.title[:255], content.status[:255], "fi-desktop"
    about.comments, about.keywords, about.last_modified_by, about.language = "", "", "", content.code
    about.created = about.modified = content.made_at.replace(tzinfo=None)
    about.revision = 1
    relations = document.part.package.rels
    for name in [name for name, relation in relations.items() if relation.reltype.endswith("/thumbnail")]:
        relations.pop(name)  # a picture of the empty template


def _lay_out(document: Document, content: WrittenDocument, *, numbered: bool) -> None:
    """Set the page, the fonts and the styles."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Cm, Pt

    page = document.sections[0]
    page.page_width, page.page_height = Cm(21.59), Cm(27.94)  # Letter, as used in Mexico and the USA
    page.left_margin = page.right_margin = Cm(2.3)
    page.top_margin, page.bottom_margin = Cm(2.0), Cm(2.0)
    if numbered:
        margins = page._sectPr.find(_tag("w:pgMar"))
        assert margins is not None  # its own template has them
        margins.addnext(_element("w:lnNumType", countBy=_LINES_EVERY, restart="continuous"))
    _set_compatibility(document)
    normal = document.styles["Normal"]
    _set_language(document.styles.element.find(f".//{_tag('w:rPrDefault')}/{_tag('w:rPr')}"), content.code)
    _set_font(normal, 11, _INK)
    spacing = normal.paragraph_format
    spacing.space_before, spacing.space_after, spacing.line_spacing = Pt(0), Pt(0), 1.15
    heading = document.styles["Heading 1"]
    _set_font(heading, 20, _INK)
    heading.font.bold = True
    heading.paragraph_format.space_before, heading.paragraph_format.space_after = Pt(0), Pt(8)
    for name, points, color in (
        (_FACT, 10, _INK),
        (_STATUS, 11, _GREEN if content.checked else _AMBER),
        (_REMARK, 9, _GREY),
        (_TURN, 11, _INK),
        (_FOOT, 8, _GREY),
    ):
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = normal
        style.quick_style = True
        _set_font(style, points, color)
        if name != _TURN:  # numbers are for what was said
            properties = style.element.get_or_add_pPr()
            unnumbered = _element("w:suppressLineNumbers")
            properties.insert_element_before(unnumbered, "w:shd", *_AFTER_SHADING)
        if name in (_FACT, _TURN):
            indent = Cm(3.2) if name == _FACT else Cm(1.9)
            layout = style.paragraph_format
            layout.left_indent, layout.first_line_indent = indent, -indent
            layout.tab_stops.add_tab_stop(indent)
            layout.space_after = Pt(1) if name == _FACT else Pt(5)
        elif name == _REMARK:
            style.paragraph_format.space_after = Pt(2)
        elif name == _STATUS:
            layout = style.paragraph_format
            layout.space_before, layout.space_after = Pt(8), Pt(6)
            style.font.bold = True
            ground = _GREEN_GROUND if content.checked else _AMBER_GROUND
            layout_of_style = style.element.get_or_add_pPr()
            shading = _element("w:shd", val="clear", color="auto", fill=ground)
            layout_of_style.insert_element_before(shading, *_AFTER_SHADING)
    if content.spoken is not None:
        spoken = content.code if content.code.startswith(content.spoken) else content.spoken
        _set_language(document.styles[_TURN].element.get_or_add_rPr(), spoken)


def _write_head(document: Document, content: WrittenDocument) -> None:
    from docx.shared import Pt

    document.add_paragraph(content.title, style="Heading 1")
    for name, value in content.facts:
        fact = document.add_paragraph(style=_FACT)
        fact.add_run(f"{name}:").bold = True
        fact.add_run(f"\t{value}")
    document.add_paragraph(content.status, style=_STATUS)
    last = None
    for remark in content.remarks:
        last = document.add_paragraph(remark, style=_REMARK)
    if last is not None:
        last.paragraph_format.space_after = Pt(14)


def _write_turn(document: Document, utterance: Utterance) -> None:
    from docx.enum.text import WD_UNDERLINE
    from docx.shared import Pt, RGBColor

    turn = document.add_paragraph(style=_TURN)
    time = turn.add_run(f"{utterance.span}\t")
    time.font.size, time.font.color.rgb = Pt(9), RGBColor.from_string(_GREY)
    turn.add_run(f"{utterance.speaker}:" if utterance.runs else utterance.speaker).bold = True
    if utterance.runs:
        turn.add_run(" ")
    for part in utterance.runs:
        run = turn.add_run(part.text)
        if part.doubtful:
            run.font.underline = WD_UNDERLINE.DOTTED
        if part.overlap:
            run.italic = True
        if utterance.rtl:
            run.font.rtl = True
        if utterance.language is not None:
            _set_language(run._r.get_or_add_rPr(), utterance.language)


def _write_foot(document: Document, content: WrittenDocument, options: ExportOptions) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    footer = document.sections[0].footer
    footer.paragraphs[0].text = content.footer
    footer.paragraphs[0].style = document.styles[_FOOT]
    pages = footer.add_paragraph(style=_FOOT)
    pages.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    before, _, rest = options.labels.page.partition("{number}")
    between, _, after = rest.partition("{total}")
    for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        pages.add_run(text)
        if field:
            _add_field(pages, field)


def _add_field(paragraph: Paragraph, name: str) -> None:
    """Add a field that the program which opens the file fills in."""

    def part(tag: str, **attributes: object) -> Any:
        run: Run = paragraph.add_run()
        element = _element(tag, **attributes)
        run._r.append(element)
        return element

    part("w:fldChar", fldCharType="begin")
    part("w:instrText").text = name
    part("w:fldChar", fldCharType="separate")
    paragraph.add_run("1")
    part("w:fldChar", fldCharType="end")


def _set_font(style: ParagraphStyle, points: float, color: str) -> None:
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size = _FONT, Pt(points)
    style.font.color.rgb = RGBColor.from_string(color)
    fonts = style.element.get_or_add_rPr().rFonts
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(_tag(f"w:{theme}"), None)
    for script in ("ascii", "hAnsi", "cs"):
        fonts.set(_tag(f"w:{script}"), _FONT)


def _set_language(properties: Any, code: str) -> None:
    """Set the language of text, for spelling checkers and screen readers."""
    old = properties.find(_tag("w:lang"))
    if old is not None:
        properties.remove(old)
    properties.append(_element("w:lang", val=code, bidi="ar-SA"))


def _set_compatibility(document: Document) -> None:
    settings = document.settings.element
    compatibility = settings.find(_tag("w:compat"))
    if compatibility is None:
        return
    for setting in compatibility.findall(_tag("w:compatSetting")):
        if setting.get(_tag("w:name")) == "compatibilityMode":
            compatibility.remove(setting)
    uri = "http://schemas.microsoft.com/office/word"
    compatibility.append(_element("w:compatSetting", name="compatibilityMode", uri=uri, val=_COMPATIBILITY))


def _element(tag: str, **attributes: object) -> Any:
    from docx.oxml import OxmlElement

    element = OxmlElement(tag)
    for name, value in attributes.items():
        element.set(_tag(f"w:{name}"), str(value))
    return element


def _tag(name: str) -> str:
    from docx.oxml.ns import qn

    return qn(name)


def _timeless(written: BytesIO) -> bytes:
    """Return a ZIP file with the same members, without their times."""
    result = BytesIO()
    with ZipFile(written) as source, ZipFile(result, "w", ZIP_DEFLATED, compresslevel=9) as target:
        for member in source.infolist():
            plain = ZipInfo(member.filename, _ZIP_TIME)
            plain.compress_type = ZIP_DEFLATED
            plain.create_system = 0  # the same on every system
            target.writestr(plain, source.read(member), compresslevel=9)
    return result.getvalue()


MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXPORTER = Exporter("docx", "Word", "docx", MEDIA_TYPE, render, common=True)
NUMBERED = Exporter(
    "docx-numbered", "Word with line numbers", "docx", MEDIA_TYPE, partial(render, numbered=True)
)
