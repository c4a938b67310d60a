"""DOCX: a document for Word, LibreOffice and record systems.

A heading, what is known about the recording, and one paragraph per turn: when, who in bold, and what; or as
the template says. python-docx writes it. Nothing in it depends on the clock: the same transcript gives the
same bytes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import WrittenDocument, document_of
from fi_desktop.exporters.docx_styles import FACT, FOOT, LETTERHEAD, REMARK, STATUS, lay_out
from fi_desktop.exporters.docx_turns import write_figures, write_turns
from fi_desktop.exporters.docx_xml import add_field
from fi_desktop.exporters.exporter import Exporter, ExportOptions

if TYPE_CHECKING:
    from docx.document import Document

_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def render(transcript: Transcript, options: ExportOptions, *, numbered: bool = False) -> bytes:
    """Return the document; `numbered`: each line has a number in the margin, whatever the template says."""
    import docx  # takes 0.2 s, which the window's start must not pay

    if numbered:
        options = replace(options, template=replace(options.template, line_numbers=True))
    content = document_of(transcript, options)
    document = docx.Document()
    _describe(document, content)
    lay_out(document, content)
    _write_head(document, content)
    if content.figures is not None:
        write_figures(document, content, content.figures)
    write_turns(document, content)
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


def _write_head(document: Document, content: WrittenDocument) -> None:
    from docx.shared import Pt

    if content.heading:
        # lines of one paragraph, below which there is a rule
        letterhead = document.add_paragraph(style=LETTERHEAD)
        for number, line in enumerate(content.heading):
            run = letterhead.add_run(line)
            run.bold = number == 0
            if number < len(content.heading) - 1:
                run.add_break()
        letterhead.paragraph_format.space_after = Pt(14)
    document.add_paragraph(content.title, style="Heading 1")
    for name, value in content.facts:
        fact = document.add_paragraph(style=FACT)
        fact.add_run(f"{name}:").bold = True
        fact.add_run(f"\t{value}")
    document.add_paragraph(content.status, style=STATUS)
    last = None
    for remark in content.remarks:
        last = document.add_paragraph(remark, style=REMARK)
    if last is not None:
        last.paragraph_format.space_after = Pt(14)


def _write_foot(document: Document, content: WrittenDocument, options: ExportOptions) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    footer = document.sections[0].footer
    lines = (*content.closing, content.footer)
    footer.paragraphs[0].text = lines[0]
    footer.paragraphs[0].style = document.styles[FOOT]
    for line in lines[1:]:
        footer.add_paragraph(line, style=FOOT)
    pages = footer.add_paragraph(style=FOOT)
    pages.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    before, _, rest = options.labels.page.partition("{number}")
    between, _, after = rest.partition("{total}")
    for text, field in ((before, "PAGE"), (between, "NUMPAGES"), (after, "")):
        pages.add_run(text)
        if field:
            add_field(pages, field)


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
EXPORTER = Exporter("docx", "Word", "docx", MEDIA_TYPE, render, common=True, document=True)
NUMBERED = Exporter(
    "docx-numbered",
    "Word with line numbers",
    "docx",
    MEDIA_TYPE,
    partial(render, numbered=True),
    document=True,
)
