"""Documents by both built-in templates and by any other, read by other programs."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import docx
import html5lib
import pikepdf
import pytest
import tomlkit
from docx.enum.text import WD_UNDERLINE
from docx.shared import Mm, Pt
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.transcript import Person, Role, Segment, Transcript, Turn, Word
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions, TextRun
from fi_desktop.exporters.files import Exportable, rendered
from fi_desktop.exporters.note import note_of
from fi_desktop.exporters.pdf_parts import marks_in
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.exporters.template import (
    FACTS,
    PLAIN,
    DocumentLayout,
    DocumentTemplate,
    DoubtStyle,
    NamedBy,
    PaperSize,
)
from fi_desktop.exporters.template_folder import read_template
from fi_desktop.exporters.template_text import template_of
from fi_desktop.system.files import resource
from tests.exporters import hour
from tests.exporters.test_hostile import CONTROLS, TEXTS, _Tags, hostile
from tests.exporters.test_readers import untagged_and_tagged

DOCUMENTS = ("docx", "pdf", "html", "md", "txt")
HEADING = {"en": ("Valley Clinic", "Sur 100"), "es": ("Clínica del Valle", "Sur 100")}
FOOTER = {"en": ("Confidential.",), "es": ("Confidencial.",)}
RESULTS = {"en": hour.draft, "es": hour.signed}
STATES = {"en": "Draft, not reviewed.", "es": "Firmado por Dra. Robles Ñúñez, 29/11/2026 20:01 UTC."}
DOCTOR = "Dra. Robles Ñúñez"
FIRST = "Buenos días, ¿cómo se ha sentido desde la última consulta?"
# the language of each built-in template's golden files
BUILT_IN = {"consultation": "es", "interview": "en"}
both = pytest.mark.parametrize("name", BUILT_IN)


def template(name: str) -> DocumentTemplate:
    """Return a built-in template with a clinic's own lines."""
    built_in = read_template(name, (resource("templates"), Path("nowhere")))
    return replace(built_in, heading=HEADING, footer=FOOTER)


def options_for(language: str, used: DocumentTemplate) -> ExportOptions:
    return ExportOptions(LABELS[language], say=said_in(language), template=used)


def made(name: str, format: str) -> bytes:
    language = BUILT_IN[name]
    return rendered(RESULTS[language](), format, options_for(language, template(name)))


def read_pdf(content: bytes, *arguments: str) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed")
    done = subprocess.run([program, *arguments, "-", "-"], input=content, check=True, capture_output=True)
    return done.stdout.decode("utf-8")


@both
@pytest.mark.parametrize("format", DOCUMENTS)
def test_template_has_the_golden_bytes(compare_golden, name, format):
    compare_golden(made(name, format), f"templates/{name}.{EXPORTERS[format].extension}")


# ---- Word


def test_consultation_is_a_table_in_word():
    document = docx.Document(BytesIO(made("consultation", "docx")))
    (table,) = document.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert rows[0] == ["Tiempo", "Hablante", "Texto"]
    assert rows[1] == ["00:00:00", DOCTOR, FIRST]
    assert len(rows) == 1 + len(hour.transcript().segments)
    assert table.rows[0]._tr.trPr.xpath("w:tblHeader")  # on each page
    assert [run.text for run in table.rows[1].cells[1].paragraphs[0].runs if run.bold] == [DOCTOR]
    wordless = next(row for row in rows if row[0] == "00:52:30")
    assert wordless[2] == "00:52:30 – 00:52:36"
    assert document.paragraphs[0].text == "Clínica del Valle\nSur 100"
    facts = [p.text.split(":\t")[0] for p in document.paragraphs if p.style.name == "Fact"]
    assert facts == ["Fecha del archivo", "Hablantes", "Duración", "Transcripción", "Grabación"]
    own, state, *_ = document.sections[0].footer.paragraphs
    assert own.text == "Confidencial."
    assert state.text.startswith(STATES["es"])


def test_interview_is_questions_and_answers_in_word():
    document = docx.Document(BytesIO(made("interview", "docx")))
    asked = [p for p in document.paragraphs if p.style.name == "Question"]
    answered = [p for p in document.paragraphs if p.style.name == "Answer"]
    assert asked[0].text == f"{DOCTOR}: {FIRST}"
    assert all(p.text.startswith(DOCTOR) for p in asked)
    assert not any(p.text.startswith(DOCTOR) for p in answered)
    assert len(asked) + len(answered) == len(hour.transcript().segments)
    doubtful = [run for p in asked + answered for run in p.runs if run.font.underline is WD_UNDERLINE.DOTTED]
    assert doubtful
    assert not any("[" in run.text for run in doubtful)
    assert document.sections[0]._sectPr.xpath("w:lnNumType")
    assert document.styles["Question"].font.size == Pt(12)
    (figures,) = document.tables
    assert [cell.text for cell in figures.rows[0].cells][:3] == ["Speaker", "Speaking time", "Share"]
    assert len(figures.rows) == 5
    assert "Underlined words were hard to hear." in [p.text for p in document.paragraphs]


@both
def test_word_file_by_a_template_opens_in_libreoffice(name, tmp_path):
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("soffice is not installed")
    (tmp_path / "a.docx").write_bytes(made(name, "docx"))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8"]
    subprocess.run(
        [*command, "--outdir", str(tmp_path), str(tmp_path / "a.docx")], check=True, capture_output=True
    )
    text = (tmp_path / "a.txt").read_text(encoding="utf-8-sig")
    assert FIRST in text
    assert HEADING[BUILT_IN[name]][0] in text
    assert "יש לי כאב ראש" in text


# ---- PDF


@both
def test_pdf_by_a_template_is_tagged_and_read(name):
    content = made(name, "pdf")
    with pikepdf.open(BytesIO(content)) as pdf:
        assert pdf.check_pdf_syntax() == []
        for page in pdf.pages:
            untagged_and_tagged(page)
        pages = len(pdf.pages)
    text = " ".join(read_pdf(content).split())
    language = BUILT_IN[name]
    assert text.startswith(" ".join(HEADING[language]))
    assert STATES[language] in text
    assert FIRST in text
    assert "صداع" in text
    # the foot of each page: the clinic's line above the state
    assert text.count(f"{FOOTER[language][0]} {STATES[language]}") == pages


def test_pdf_of_the_consultation_repeats_its_headings():
    pages = read_pdf(made("consultation", "pdf"), "-layout").split("\f")
    assert len(pages) > 3
    for page in pages[1:-1]:
        assert page.split()[:3] == ["Tiempo", "Hablante", "Texto"]


def test_pdf_of_the_consultation_is_tagged_as_a_table():
    with pikepdf.open(BytesIO(made("consultation", "pdf"))) as pdf:
        (document,) = pdf.Root.StructTreeRoot.K
        (table,) = (tag for tag in document.K if tag.S == "/Table")
        assert [str(tag.S) for tag in document.K].count("/Table") == 1
        assert {str(row.S) for row in table.K} == {"/TR"}
        head, *rows = table.K
        assert [(str(cell.S), str(cell.A.Scope)) for cell in head.K] == [("/TH", "/Column")] * 3
        assert len(rows) == len(hour.transcript().segments)
        pages = {page.objgen: page for page in (page.obj for page in pdf.pages)}
        for row in rows:
            assert [str(cell.S) for cell in row.K] == ["/TD"] * 3
            for cell in row.K:
                assert cell.P.objgen == row.objgen
                for part in cell.K:
                    assert part.P.objgen == cell.objgen
                    parents = pdf.Root.StructTreeRoot.ParentTree.Nums
                    key = int(pages[part.Pg.objgen].StructParents)
                    known = {int(parents[at]): parents[at + 1] for at in range(0, len(parents), 2)}
                    assert known[key][int(part.K[0])].objgen == part.objgen


def test_pdf_of_the_interview_numbers_its_lines():
    text = read_pdf(made("interview", "pdf"), "-layout")
    said = text[text.index("Pauses are medians") :]
    numbers = [int(number) for number in re.findall(r"^\f? {0,8}(\d{1,3}) {2,}\S", said, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= len(hour.transcript().segments)


def test_marks_are_found_in_broken_lines():
    runs = (TextRun("uno "), TextRun("dos tres", True), TextRun(" cuatroycinco"))
    text = "".join(run.text for run in runs)
    assert marks_in(text, runs, ["", "uno dos", "tres", "cuatro", "ycinco"]) == [
        [],
        [(4, 7)],
        [(0, 4)],
        [],
        [],
    ]


# ---- web page, Markdown, text


def test_consultation_is_a_table_in_a_page():
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(made("consultation", "html"))
    (table,) = page.iter("table")
    rows = [["".join(cell.itertext()) for cell in row] for row in table.find("tbody")]
    assert ["".join(cell.itertext()) for cell in table.find("thead").iter("th")] == [
        "Tiempo",
        "Hablante",
        "Texto",
    ]
    assert rows[0] == ["00:00:00", DOCTOR, FIRST]
    assert len(rows) == len(hour.transcript().segments)
    assert "".join(page.find(".//footer").itertext()).split()[:3] == ["Confidencial.", "Firmado", "por"]


def test_interview_is_questions_in_a_page():
    content = made("interview", "html")
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content)
    asked = [p for p in page.iter("p") if p.get("class") == "turn question"]
    assert "".join(asked[0].itertext()) == f"1 {DOCTOR}: {FIRST}"
    assert all(p.find(".//b") is not None for p in asked)
    assert "figures" in [section.get("class") for section in page.iter("section")]
    assert b"@page { size: letter; }" in content
    assert b"font-size: 12pt" in content


@both
def test_markdown_by_a_template_is_read(name):
    html = MarkdownIt("commonmark").enable("table").render(made(name, "md").decode("utf-8"))
    page = html5lib.parse(html, namespaceHTMLElements=False)
    tables = list(page.iter("table"))
    language = BUILT_IN[name]
    assert "".join(next(page.iter("p")).itertext()).split("\n") == list(HEADING[language])
    assert "".join(list(page.iter("p"))[-1].itertext()) == FOOTER[language][0]
    if name == "consultation":
        rows = [["".join(cell.itertext()) for cell in row] for row in tables[0].find("tbody")]
        assert rows[0] == ["00:00:00", DOCTOR, FIRST]
        assert len(rows) == len(hour.transcript().segments)
    else:
        assert len(tables) == 1  # the figures
        bold = ["".join(tag.itertext()) for tag in page.iter("strong")]
        assert f"{DOCTOR}: {FIRST}" in bold


@both
def test_text_by_a_template_is_read(name):
    lines = made(name, "txt").decode("utf-8").splitlines()
    language = BUILT_IN[name]
    assert lines[:2] == list(HEADING[language])
    assert lines[-1] == FOOTER[language][0]
    assert any(line.startswith(STATES[language]) for line in lines)
    if name == "consultation":
        head = next(line for line in lines if line.startswith("Tiempo"))
        starts = [head.index(word) for word in ("Hablante", "Texto")]
        first = next(line for line in lines if line.startswith("00:00:00"))
        assert first[starts[0] :].startswith(DOCTOR)
        assert first[starts[1] :].startswith("Buenos días,")
    else:
        at = lines.index(f"  1  {DOCTOR}: {FIRST}")
        assert lines[at - 1] == ""
        assert "Words between _underscores_ were hard to hear." in lines


# ---- any template


def short() -> ReviewedTranscript:
    """A transcript with people of the same role, doubts, overlap, and a segment without words."""
    words = (Word(0, 1, "Me", 0.9), Word(1, 2, "duele,", 0.2), Word(2, 3, "doctora.", 0.9, overlap=True))
    segments = (
        Segment(0, 3, "SPEAKER_00", "Me duele, doctora.", words),
        Segment(3, 4, "SPEAKER_01", "¿Desde cuándo?", ()),
        Segment(4, 5, "SPEAKER_02", "Ayer.", (), language="en"),
        Segment(5, 6, "SPEAKER_03"),
    )
    people = (
        Person("SPEAKER_00", "Ana", Role.PATIENT),
        Person("SPEAKER_01", "Dra. Ruiz", Role.CLINICIAN),
        Person("SPEAKER_02", "Luis", Role.PATIENT),
    )
    turns = tuple(Turn(part.start, part.end, part.speaker) for part in segments)
    return ReviewedTranscript(
        Transcript(6.0, 6.0, turns, segments, hour.PROVENANCE, language="es", people=people)
    )


texts = st.dictionaries(
    st.sampled_from(["en", "es"]),
    st.lists(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=30), max_size=6)
    .map(tuple)
    .filter(any),
    max_size=2,
)
templates = st.builds(
    DocumentTemplate,
    layout=st.none() | st.sampled_from(DocumentLayout),
    times=st.booleans(),
    line_numbers=st.booleans(),
    speakers=st.sampled_from(NamedBy),
    questions_by=st.sampled_from(Role),
    facts=st.lists(st.sampled_from(FACTS), unique=True).map(tuple),
    heading=texts,
    footer=texts,
    text_size=st.none() | st.floats(8, 20),
    page=st.none() | st.sampled_from(PaperSize),
    doubts=st.sampled_from(DoubtStyle),
    figures=st.booleans(),
)


def read_word(content: bytes) -> str:
    document = docx.Document(BytesIO(content))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    parts = [p.text for p in (*document.paragraphs, *document.sections[0].footer.paragraphs)]
    return "\n".join((*parts, *cells))


def read_page(content: bytes) -> str:
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content)
    return "".join(page.find("body").itertext())


def read_markdown(content: bytes) -> str:
    html = MarkdownIt("commonmark").enable("table").render(content.decode("utf-8"))
    return "".join(html5lib.parse(html, namespaceHTMLElements=False).itertext())


READERS = {"docx": read_word, "pdf": read_pdf, "html": read_page, "md": read_markdown, "txt": bytes.decode}


@pytest.mark.parametrize("format", DOCUMENTS)
@settings(max_examples=10)
@given(templates)
def test_no_template_removes_state_origin_or_words(format, used):
    text = "".join(READERS[format](rendered(short(), format, options_for("es", used))).split())
    for said in ("duele", "¿Desdecuándo?", "Ayer.", "00:00:05–00:00:06"):
        assert said in text
    assert "Borradorsinrevisar." in text
    assert "Hechoconfi-desktop0.1.0(builtinywhisper),28/11/202619:40UTC" in text
    assert hour.PROVENANCE.source_sha256 in text
    assert "seoyeronmal" in text  # the marks are explained, or the unmarked words counted
    if used.speakers is NamedBy.ROLE:
        assert not [name for name in ("Ana:", "Dra.Ruiz", "Luis") if name in text]
        assert "Paciente1" in text
        assert "Paciente2" in text


@pytest.mark.parametrize("format", [name for name, one in EXPORTERS.items() if not one.document])
def test_formats_for_programs_follow_no_template(format):
    used = template("interview")
    changed = replace(used, speakers=NamedBy.ROLE, doubts=DoubtStyle.UNMARKED)
    assert rendered(hour.draft(), format, options_for("es", changed)) == rendered(
        hour.draft(), format, options_for("es", PLAIN)
    )


def test_documents_are_those_of_menus_and_files_to_read():
    documents = {name for name, one in EXPORTERS.items() if one.document}
    assert documents == {"docx", "docx-numbered", "pdf", "pdf-figures", "html", "html-figures", "md", "txt"}


def test_pages_have_the_size_of_the_template():
    used = replace(PLAIN, page=PaperSize.A4)
    section = docx.Document(BytesIO(rendered(short(), "docx", options_for("en", used)))).sections[0]
    assert (round(section.page_width / Mm(1)), round(section.page_height / Mm(1))) == (210, 297)
    with pikepdf.open(BytesIO(rendered(short(), "pdf", options_for("en", used)))) as pdf:
        assert [round(float(side)) for side in pdf.pages[0].MediaBox] == [0, 0, 595, 842]


@pytest.mark.parametrize("layout", DocumentLayout)
@pytest.mark.parametrize("format", DOCUMENTS)
def test_silence_is_said_in_every_layout(format, layout):
    silent = replace(short().transcript, segments=(), turns=(), people=())
    used = replace(PLAIN, layout=layout)
    content = rendered(ReviewedTranscript(silent), format, options_for("en", used))
    assert LABELS["en"].silence in " ".join(READERS[format](content).split())


@pytest.mark.parametrize("layout", DocumentLayout)
@pytest.mark.parametrize("format", DOCUMENTS)
def test_turns_without_words_keep_their_times_in_every_layout(format, layout):
    segments = (Segment(0, 3, "SPEAKER_00"), Segment(3, 5, "SPEAKER_01"))
    wordless = replace(short().transcript, segments=segments)
    used = replace(PLAIN, layout=layout, times=False)
    content = rendered(ReviewedTranscript(wordless), format, options_for("en", used))
    text = " ".join(READERS[format](content).split())
    assert "00:00:00 – 00:00:03" in text
    assert "00:00:03 – 00:00:05" in text


@pytest.mark.parametrize("layout", DocumentLayout)
def test_hostile_texts_stay_texts_in_every_layout(layout):
    lines = [" ".join(text.split()) for text in TEXTS if len(text) < 200 and "\udce9" not in text]
    own = {"heading": "\n".join(lines[:6]), "footer": "\n".join(lines[6:12]), "layout": layout.value}
    used = template_of(tomlkit.dumps({**own, "doubts": "underlined", "line_numbers": True}).encode())
    told = [hostile(text).transcript for text in TEXTS]
    segments = tuple(segment for one in told for segment in one.segments)
    result = ReviewedTranscript(replace(told[0], segments=segments))
    options = options_for("es", used)
    parser = _Tags()
    parser.feed(rendered(result, "html", options).decode("utf-8"))
    known = "html head meta title style body header h1 h2 dl dt dd p ul li main span b bdi i mark footer div"
    assert parser.tags <= set(f"{known} section table thead tbody tr th td".split())
    allowed = "lang charset http-equiv content name dir class scope style"
    assert parser.attributes <= set(allowed.split(" "))
    markdown = rendered(result, "md", options).decode("utf-8")
    assert not re.search(r"(?<!\\)(?:\\\\)*[<`]", markdown)
    assert not re.search(r"(?<!\\)(?:\\\\)*\]\(", markdown)
    with pikepdf.open(BytesIO(rendered(result, "pdf", options))) as pdf:
        assert pdf.check_pdf_syntax() == []
    for format in ("md", "txt", "html"):
        assert not CONTROLS.search(rendered(result, format, options).decode("utf-8"))
    assert not CONTROLS.search(docx.Document(BytesIO(rendered(result, "docx", options))).element.xml)


# ---- notes


def test_note_follows_the_template():
    used = replace(template("interview"), speakers=NamedBy.ROLE, facts=("length",))
    note = note_of([Exportable("a", hour.draft)], options_for("en", used))
    lines = note.text.splitlines()
    assert lines[:5] == [*HEADING["en"], "", "0042 María José", "Length: 01:00:00"]
    assert lines[5].startswith("Draft, not reviewed. About")
    assert lines[-1] == "Confidential."
    assert f"  1  Clinician: {FIRST}" in lines
    page = html5lib.parse(note.html, namespaceHTMLElements=False)
    bold = ["".join(tag.itertext()) for tag in page.iter("b")]
    assert f"Clinician: {FIRST}" in bold
    assert page.find(".//mark") is not None
    assert DOCTOR not in note.html.split("<span", 1)[1]
