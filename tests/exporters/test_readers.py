"""The golden files of the hour, read by other programs than the one that wrote them."""

import codecs
import csv
import dataclasses
import json
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path

import docx
import html5lib
import jsonschema
import pikepdf
import pysubs2
import pytest
import webvtt
from docx.enum.text import WD_UNDERLINE
from praatio import textgrid
from pympi.Elan import Eaf

from fi_desktop.core.codec import transcript_from_json
from fi_desktop.core.conversation import conversation_of
from fi_desktop.core.review import check_signature
from fi_desktop.core.transcript import Person, Provenance, Segment, Transcript, Turn, Word
from fi_desktop.exporters.phrases import LABELS
from tests.exporters import hour

FOLDER = Path(__file__).parent.parent / "golden" / "hour"
SCHEMA = Path(__file__).parent.parent.parent / "docs" / "transcript.schema.json"
RESULTS = {"en": hour.draft, "es": hour.signed}
RECORDED = {"en": "Recorded", "es": "Fecha del archivo"}
STATES = {"en": "Draft, not reviewed.", "es": "Firmado por Dra. Robles Ñúñez, 29/11/2026 20:01 UTC. SHA-256 "}
DOCTOR = "Dra. Robles Ñúñez"
PATIENT = "María José «Pepa» García"
COMPANION = {"en": "Companion", "es": "Acompañante"}
FOURTH = {"en": "Speaker 4", "es": "Hablante 4"}
DOUBT = {"en": "[50?]", "es": "[¿50?]"}
ARABIC = "عندي صداع منذ أسبوع، يا دكتورة."
EMOJI = "😀👍🏽"
both = pytest.mark.parametrize("language", LABELS)


def installed(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


def turns() -> int:
    return len(hour.transcript().segments)


def squeezed(text: str) -> str:
    return "".join(text.split())


# ---- Word


@both
def test_word_file_has_its_parts(language):
    document = docx.Document(str(FOLDER / f"{language}.docx"))
    paragraphs = document.paragraphs
    assert [p.text for p in paragraphs if p.style.name == "Heading 1"] == ["0042 María José"]
    (state,) = (p.text for p in paragraphs if p.style.name == "Status")
    assert state.startswith(STATES[language])
    facts = dict(p.text.split(":\t") for p in paragraphs if p.style.name == "Fact")
    assert facts[LABELS[language].names["length"]] == "01:00:00"
    assert facts[RECORDED[language]] == {"en": "2026-11-29 14:00", "es": "29/11/2026 14:00"}[language]
    for name in (DOCTOR, PATIENT, COMPANION[language], FOURTH[language]):
        assert name in facts[LABELS[language].names["speakers"]]
    said = [p for p in paragraphs if p.style.name == "Turn"]
    assert len(said) == turns()
    assert said[0].text.startswith(f"00:00:00\t{DOCTOR}: ")
    assert [run.text for run in said[0].runs if run.bold] == [f"{DOCTOR}:"]
    assert EMOJI in "".join(p.text for p in said)
    doubtful = [run for p in said for run in p.runs if run.font.underline is WD_UNDERLINE.DOTTED]
    assert doubtful
    assert all("[" in run.text and "?]" in run.text for run in doubtful)
    assert any(run.italic and run.text.startswith("//") for p in said for run in p.runs)
    (arabic,) = (p for p in said if ARABIC[:10] in p.text)
    assert all(run.font.rtl for run in arabic.runs[3:])
    footer = document.sections[0].footer
    assert footer.paragraphs[0].text.startswith(STATES[language])
    assert "PAGE" in footer.paragraphs[1]._p.xml
    assert document.core_properties.title == paragraphs[0].text
    assert document.core_properties.language == LABELS[language].code


@both
def test_word_file_opens_in_libreoffice(language, tmp_path):
    program = installed("soffice")
    source = FOLDER / f"{language}.docx"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", "txt:Text (encoded):UTF8"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(source)], check=True, capture_output=True)
    text = (tmp_path / f"{language}.txt").read_text(encoding="utf-8-sig")
    assert len(re.findall(r"^\d\d:\d\d:\d\d", text, re.MULTILINE)) == turns()
    assert ARABIC in text
    assert EMOJI in text


# ---- PDF


@both
def test_pdf_is_tagged_and_embeds_its_fonts(language):
    with pikepdf.open(FOLDER / f"{language}.pdf") as pdf:
        assert pdf.check_pdf_syntax() == []
        assert pdf.Root.MarkInfo.Marked
        assert str(pdf.Root.Lang) == LABELS[language].code
        assert pdf.Root.ViewerPreferences.DisplayDocTitle
        assert str(pdf.docinfo.Title) == "0042 María José"
        kinds = [str(kid.S) for kid in pdf.Root.StructTreeRoot.K[0].K]
        assert kinds.count("/H1") == 1
        assert kinds.count("/P") >= turns()
        for page in pdf.pages:
            untagged_and_tagged(page)
            for font in page.Resources.Font.values():
                assert "/ToUnicode" in font
                descriptor = font.DescendantFonts[0].FontDescriptor
                assert "/FontFile2" in descriptor


def untagged_and_tagged(page: pikepdf.Page) -> None:
    """Check that all that is drawn is tagged or an artifact, and that each tag has an element."""
    depth, ids = 0, []
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name in ("BDC", "BMC"):
            depth += 1
            ids += [int(operands[1].MCID)] if name == "BDC" else []
        elif name == "EMC":
            depth -= 1
        elif name in ("Tj", "TJ", "f", "S", "B", "Do"):
            assert depth == 1
    assert depth == 0
    assert ids == list(range(len(ids)))
    numbers = page.obj.StructParents
    assert int(numbers) >= 0


@both
def test_pdf_can_be_searched(language):
    program = installed("pdftotext")
    done = subprocess.run(
        [program, str(FOLDER / f"{language}.pdf"), "-"], check=True, capture_output=True, encoding="utf-8"
    )
    text = " ".join(done.stdout.split())
    assert STATES[language] in text
    assert "¿cómo se ha sentido desde la última consulta?" in text
    assert "Ñandú, pingüino" in text
    assert "presión" in text
    assert "صداع" in text
    assert "😀" in text


@both
def test_pdf_is_read_aloud_in_order(language):
    program = installed("pdfinfo")
    done = subprocess.run(
        [program, "-struct-text", str(FOLDER / f"{language}.pdf")],
        check=True,
        capture_output=True,
        encoding="utf-8",
    )
    read = re.findall(r'"(.*)"', done.stdout)
    assert read[0].strip() == "0042 María José"
    first = next(text for text in read if text.startswith("00:00:00"))
    assert first.startswith(f"00:00:00 {DOCTOR}: Buenos días,")


# ---- web page


@both
def test_page_is_valid_html_without_scripts_and_links(language):
    content = (FOLDER / f"{language}.html").read_bytes()
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content)
    assert page.get("lang") == LABELS[language].code
    assert page.find(".//title").text == "0042 María José"
    assert not [tag for name in ("script", "link", "img", "a", "iframe") for tag in page.iter(name)]
    said = [tag for tag in page.iter("p") if tag.get("class") == "turn"]
    assert len(said) == turns()
    assert [tag for tag in page.iter("span") if tag.get("dir") == "rtl"]
    assert any("".join(tag.itertext()) == DOUBT[language] for tag in page.iter("mark"))


# ---- figures of the conversation


@both
def test_figures_in_a_page_are_a_table(language):
    content = (FOLDER / f"{language}.figures.html").read_bytes()
    page = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content)
    (table,) = page.iter("table")
    headings = ["".join(cell.itertext()) for cell in table.find("thead").iter("th")]
    rows = [["".join(cell.itertext()).strip() for cell in row] for row in table.find("tbody").iter("tr")]
    names = LABELS[language].names
    columns = ("speaker", "speaking", "share", "turns", "interruptions", "longest", "pause", "rate")
    assert headings == [names[column] for column in columns]
    found = conversation_of(RESULTS[language]().transcript)
    assert len(rows) == len(found.speakers) == 4
    assert rows[0][0].startswith(DOCTOR)
    assert [int(row[3]) for row in rows] == [speaker.turns for speaker in found.speakers]
    assert sum(int(row[2].removesuffix("\u00a0%")) for row in rows) == pytest.approx(100, abs=2)
    assert LABELS[language].interruption in content.decode("utf-8")


@both
def test_figures_in_a_pdf_are_read_in_rows(language):
    program = installed("pdftotext")
    file = FOLDER / f"{language}.figures.pdf"
    done = subprocess.run(
        [program, "-layout", "-l", "1", str(file), "-"], check=True, capture_output=True, encoding="utf-8"
    )
    labels = LABELS[language]
    lines = [line.split() for line in done.stdout.splitlines()]
    start = next(number for number, line in enumerate(lines) if " ".join(line) == labels.names["figures"])
    found = conversation_of(RESULTS[language]().transcript)
    rows = [line for line in lines[start:] if line and line[-1] == "%"]
    assert len(rows) == 4
    for row, speaker in zip(rows, found.speakers, strict=True):
        minutes, seconds = divmod(round(speaker.speaking_s), 60)
        assert f"{minutes}:{seconds:02d}" in row
        assert row[-2] == f"{speaker.share * 100:.0f}"
    assert " ".join(labels.interruption.split()[:6]) in " ".join(done.stdout.split())
    with pikepdf.open(file) as pdf:
        assert pdf.check_pdf_syntax() == []
        kinds = [str(kid.S) for kid in pdf.Root.StructTreeRoot.K[0].K]
        assert kinds.count("/H2") == 1
        for page in pdf.pages:
            untagged_and_tagged(page)


# ---- tables and programs


@both
def test_table_is_read_by_csv(language):
    content = (FOLDER / f"{language}.csv").read_bytes()
    assert content.startswith(codecs.BOM_UTF8)
    rows = list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))
    names = LABELS[language].names
    assert len(rows) == turns()
    assert rows[0][names["speaker"]] == DOCTOR
    assert rows[0][names["state"]].startswith(STATES[language])
    assert any(row[names["text"]].startswith("'=HYPERLINK") for row in rows)
    assert float(rows[1][names["start"]]) == 30.0


@both
def test_json_follows_its_schema(language):
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    data = json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    reviewed = hour.signed() if language == "es" else hour.draft()
    assert transcript_from_json(data) == reviewed.transcript
    assert ("signature" in data) == (language == "es")
    assert ("figures" in data) == (language == "en")  # a signature is over everything else in the file
    assert language == "en" or check_signature(data) is not None


def test_schema_describes_every_field():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    described = {
        kind: schema["$defs"][kind.__name__.lower()] for kind in (Turn, Segment, Word, Person, Provenance)
    }
    for kind, part in {**described, Transcript: schema}.items():
        names = {field.name for field in dataclasses.fields(kind)}
        assert set(part["properties"]) - {"schema", "version", "signature", "label", "figures"} == names
        assert all(
            "type" in each or "enum" in each or "$ref" in each or "const" in each
            for each in part["properties"].values()
        )


def test_json_has_the_figures_of_the_conversation():
    figures = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))["figures"]
    transcript = hour.draft().transcript
    times = figures["silence_s"] + figures["single_s"] + figures["overlap_s"]
    assert times == pytest.approx(transcript.duration, abs=0.01)
    assert [each["speakers"] for each in figures["speakers"]] == [[label] for label in transcript.speakers]
    assert sum(each["share"] for each in figures["speakers"]) == pytest.approx(1.0, abs=0.01)
    words = sum(len(segment.words) for segment in transcript.segments if segment.speaker)
    assert sum(each["words"] for each in figures["speakers"]) == words
    assert {each["role"]: len(each["speakers"]) for each in figures["roles"]}["clinician"] == 1
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    fields = set(schema["$defs"]["participation"]["properties"])
    assert all(set(each) == fields for each in (*figures["speakers"], *figures["roles"]))
    assert set(figures) == set(schema["$defs"]["figures"]["properties"])
    damaged = figures | {"speakers": [{"speakers": ["SPEAKER_00"]}]}
    validator = jsonschema.Draft202012Validator({**schema, **schema["$defs"]["figures"]})
    validator.validate(figures)
    assert not validator.is_valid(damaged)


def test_schema_refuses_what_a_program_could_not_read():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    data = json.loads((FOLDER / "en.json").read_text(encoding="utf-8"))
    data["segments"][0]["words"][0]["start"] = "0:01"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(data)


def test_turns_are_read_by_pyannote():
    database = pytest.importorskip("pyannote.database.util", reason="pyannote.audio is not installed")
    (annotation,) = database.load_rttm(str(FOLDER / "en.rttm")).values()
    spoken = hour.draft().transcript.turns
    assert len(list(annotation.itertracks())) == len(spoken)
    assert annotation.get_timeline().extent().end == pytest.approx(spoken[-1].end, abs=0.001)
    assert set(annotation.labels()) == {turn.speaker for turn in spoken}


# ---- subtitles


@both
def test_subtitles_are_read(language):
    subtitles = pysubs2.load(str(FOLDER / f"{language}.srt"), encoding="utf-8")
    assert subtitles[-1].plaintext.startswith(STATES[language][:12])
    captions = webvtt.read(str(FOLDER / f"{language}.vtt"))
    assert len(captions) == len(subtitles) - 1
    assert captions[0].voice == DOCTOR
    assert {COMPANION[language], FOURTH[language]} <= {caption.voice for caption in captions}
    for one, other in zip(captions, subtitles, strict=False):
        assert round(one.start_in_seconds * 1000) // 1000 == other.start // 1000
        assert all(len(line) <= 42 for line in other.plaintext.split("\n"))


# ---- annotation programs


@both
def test_tiers_are_read_by_praatio(language):
    grid = textgrid.openTextgrid(str(FOLDER / f"{language}.TextGrid"), includeEmptyIntervals=False)
    assert grid.maxTimestamp == 3600
    names = [DOCTOR, PATIENT, COMPANION[language], FOURTH[language]]
    assert {name for name in grid.tierNames if not name.endswith(" - words")} == set(names)
    assert sum(len(grid.getTier(name).entries) for name in names) == turns()
    words = sum(len(grid.getTier(f"{name} - words").entries) for name in names)
    assert words == sum(len(part.words) for part in hour.draft().transcript.segments)
    assert any(entry.label == ARABIC for name in names for entry in grid.getTier(name).entries)


@both
def test_tiers_are_read_by_pympi(language):
    document = Eaf(str(FOLDER / f"{language}.eaf"))
    names = {DOCTOR, PATIENT, COMPANION[language], FOURTH[language]}
    assert set(document.get_tier_names()) == names
    assert sum(len(document.get_annotation_data_for_tier(name)) for name in names) == turns()
    start, _end, text = document.get_annotation_data_for_tier(DOCTOR)[0][:3]
    assert (start, text[:6]) == (0, "Buenos")
    assert dict(document.properties)["state"].startswith(STATES[language])


@both
def test_labels_are_tab_separated_and_in_order(language):
    lines = (FOLDER / f"{language}.labels.txt").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    assert rows[0][2].startswith(STATES[language])
    assert len(rows) == turns() + 1
    assert all(len(row) == 3 and float(row[0]) <= float(row[1]) for row in rows)
