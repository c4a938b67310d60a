"""An hour's consultation in every format and both languages, compared byte by byte.

`pytest --update-golden tests/exporters` writes the files of tests/golden; look at them before they are
committed. `test_readers.py` reads them with other programs.
"""

import json
import subprocess
import sys
import zipfile
from io import BytesIO

import pytest

from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable, rendered
from fi_desktop.exporters.note import note_of
from fi_desktop.exporters.phrases import LABELS, said_in
from tests.exporters import hour

SAME_IN_ALL_LANGUAGES = ("json", "rttm")
RESULTS = {"en": hour.draft, "es": hour.signed}


def made(format: str, language: str) -> bytes:
    options = ExportOptions(LABELS[language], say=said_in(language))
    return rendered(RESULTS[language](), format, options)


@pytest.mark.parametrize("language", LABELS)
@pytest.mark.parametrize("format", [format for format in EXPORTERS if format != "docx-numbered"])
def test_hour_has_the_golden_bytes(compare_golden, format, language):
    other = ".figures" if format.endswith("-figures") else ""
    compare_golden(made(format, language), f"hour/{language}{other}.{EXPORTERS[format].extension}")


@pytest.mark.parametrize("format", EXPORTERS)
def test_same_transcript_gives_the_same_bytes(format):
    assert made(format, "es") == made(format, "es")


@pytest.mark.parametrize("language", LABELS)
def test_note_has_the_golden_text(compare_golden, language):
    options = ExportOptions(LABELS[language], say=said_in(language))
    note = note_of([Exportable("visit.m4a", RESULTS[language])], options)
    compare_golden(note.html.encode(), f"hour/{language}.note.html")
    compare_golden(note.text.encode(), f"hour/{language}.note.txt")


def test_numbered_word_file_differs_only_in_its_line_numbers():
    plain, numbered = (zipfile.ZipFile(BytesIO(made(format, "en"))) for format in ("docx", "docx-numbered"))
    assert plain.namelist() == numbered.namelist()
    for name in plain.namelist():
        expected = plain.read(name).decode("utf-8", "replace")
        if name == "word/document.xml":
            expected = expected.replace(
                "<w:cols", '<w:lnNumType w:countBy="1" w:restart="continuous"/><w:cols', 1
            )
        if name == "word/styles.xml":  # the heading has no number
            title = expected.index('<w:style w:type="paragraph" w:styleId="Heading1">')
            spacing = expected.index("<w:spacing", title)
            expected = f"{expected[:spacing]}<w:suppressLineNumbers/>{expected[spacing:]}"
        assert numbered.read(name).decode("utf-8", "replace") == expected


def test_files_of_programs_hold_what_was_corrected():
    data = json.loads(made("json", "en"))
    assert data["people"][0]["name"] == "Dra. Robles Ñúñez"
    assert data["segments"][11]["text"].count("náuseas") == 2


def test_result_that_cannot_be_read_is_left_out_of_the_note():
    def fail() -> ReviewedTranscript:
        raise OSError("gone")

    options = ExportOptions(LABELS["en"])
    note = note_of([Exportable("a", hour.draft), Exportable("b", fail)], options)
    assert (note.copied, note.unreadable) == (1, 1)
    assert note.text.startswith("0042 María José – 2026-11-29 14:00\n")


def test_libraries_are_loaded_only_when_a_document_is_made():
    code = """
import sys
from fi_desktop.exporters import EXPORTERS
list(EXPORTERS.values())
print(sorted({"docx", "lxml", "fpdf", "uharfbuzz", "PySide6"} & set(sys.modules)))
from tests.exporters import hour
from fi_desktop.exporters.files import rendered
for name in EXPORTERS:
    rendered(hour.draft(), name)
print("PySide6" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["[]", "False"]
    assert done.stderr == ""
