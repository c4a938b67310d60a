"""Templates as files: what they may contain, which are refused, and in which sentence."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.case_labels import NO_LABEL
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import ENGLISH
from fi_desktop.core.transcript import Role
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable
from fi_desktop.exporters.phrases import LABELS, said_in
from fi_desktop.exporters.template import DocumentLayout, DocumentTemplate, DoubtStyle, NamedBy, PaperSize
from fi_desktop.exporters.template_folder import (
    by_template,
    checked_file,
    copy_built_in,
    found_templates,
    read_template,
)
from fi_desktop.exporters.template_text import LARGEST_BYTES, template_of
from fi_desktop.system.files import resource
from tests.exporters import hour

BUILT_IN = resource("templates")
KEYS = [field.name for field in fields(DocumentTemplate)]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    folder.mkdir()
    return folder


@pytest.fixture
def roots(own: Path) -> tuple[Path, Path]:
    return (BUILT_IN, own)


def refused(own: Path, content: str | bytes, name: str = "x") -> str:
    """Put a template into the clinic's folder; return the sentence that refuses it."""
    file = own / f"{name}.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        read_template(name, (BUILT_IN, own))
    assert caught.value.code == "template.refused"
    spanish = said_in("es")(caught.value.note)
    assert spanish.startswith(f"La plantilla {name}.toml no se usa: ")
    assert spanish != ENGLISH.say(caught.value.note)
    return caught.value.message


def test_every_key_is_read():
    text = """
        name = { en = "Home visit", es = "Visita" }
        layout = "questions"
        times = false
        line_numbers = true
        speakers = "role"
        questions_by = "nurse"
        facts = ["length", "speakers"]
        heading = \"\"\"
        Clínica del Valle
        Sur 100
        \"\"\"
        footer = { es = "Confidencial" }
        text_size = 12
        page = "a4"
        doubts = "none"
        figures = true
        file_name = "{date} {name}"
    """
    heading = ("Clínica del Valle", "Sur 100")
    assert template_of(text.encode()) == DocumentTemplate(
        name={"en": ("Home visit",), "es": ("Visita",)},
        layout=DocumentLayout.QUESTIONS,
        times=False,
        line_numbers=True,
        speakers=NamedBy.ROLE,
        questions_by=Role.NURSE,
        facts=("length", "speakers"),
        heading={"en": heading, "es": heading},
        footer={"es": ("Confidencial",)},
        text_size=12.0,
        page=PaperSize.A4,
        doubts=DoubtStyle.UNMARKED,
        figures=True,
        file_name="{date} {name}",
    )


def test_empty_file_is_a_template_that_changes_nothing():
    assert template_of(b"") == template_of(b"\xef\xbb\xbf# nothing\n") == DocumentTemplate()


def test_built_in_templates_explain_every_key():
    files = sorted(BUILT_IN.glob("*.toml"))
    assert [file.stem for file in files] == ["consultation", "interview"]
    for file in files:
        lines = file.read_text(encoding="utf-8").splitlines()
        checked_file(file)
        for key in KEYS:
            (at,) = (number for number, line in enumerate(lines) if line.startswith(f"{key} = "))
            assert lines[at - 1].startswith("#")


NOT_TEMPLATES = {
    "colour = 1": "colour is none of the keys name, layout, times, ",
    'layout = "columns"': "layout must be one of table, paragraphs, questions.",
    "layout = 1": "layout must be one of table, ",
    'times = "yes"': "times must be true or false.",
    "times = 1": "times must be true or false.",
    'facts = "length"': "facts must be a list of some of recorded, ",
    'facts = ["lenght"]': "facts must be a list of some of recorded, ",
    'facts = ["length", "length"]': "each at most once.",
    "facts = [[]]": "facts must be a list of some of recorded, ",
    'text_size = "12"': "text_size must be a number from 8 to 20.",
    "text_size = true": "text_size must be a number from 8 to 20.",
    "text_size = 7.9": "text_size must be a number from 8 to 20.",
    "text_size = nan": "text_size must be a number from 8 to 20.",
    "text_size = -inf": "text_size must be a number from 8 to 20.",
    "heading = 1": "heading must be a text of at most 6 lines of 200 characters,",
    f'heading = "{"x" * 201}"': "heading must be a text of at most 6 lines",
    'footer = """x\nx\nx\nx\nx\nx\nx"""': "footer must be a text of at most 6 lines",
    'heading = { fr = "Clinique" }': "or one such text for each of en, es.",
    "heading = { es = 1 }": "heading must be a text of",
    "heading = [1979-05-27]": "heading must be a text of",
    'name = ""': "name must be a line of at most 60 characters",
    'name = "a\\nb"': "name must be a line of at most 60 characters",
    f'name = "{"x" * 61}"': "name must be a line of at most 60 characters",
    'file_name = "{patient}"': "file_name must be a text that contains no other braces than {date}, ",
    'file_name = "{date"': "file_name must be a text that contains no other braces than {date}, ",
    'file_name = "{date!r:>99}"': "file_name must be a text that contains no other braces than {date}, ",
    "file_name = 3": "file_name must be a text",
    'times = true\nlayout = "table\n': "line 2 is not written as TOML requires.",
    "times = true\ntimes = true": "line 2 is not written as TOML requires.",
    "[layout": "line 1 is not written as TOML requires.",
    "x = " + "[" * 5000: "it is not a TOML file.",
    "x = 1" + "0" * 5000: "it is not a TOML file.",
    "[layout]\ntimes = true": "layout must be one of table, ",
}


@pytest.mark.parametrize("content", NOT_TEMPLATES)
def test_bad_template_is_refused_in_one_sentence(own, content):
    sentence = refused(own, content)
    assert sentence.startswith("The template x.toml is not used: ")
    assert NOT_TEMPLATES[content] in sentence
    assert sentence.count(". ") == 0
    assert len(sentence) < 320


def test_bytes_that_are_no_text_are_refused(own):
    assert refused(own, b'name = "Cl\xednica"').endswith(": it is not a text in UTF-8.")
    assert refused(own, "name = 'x'\n".encode("utf-16")).endswith(": it is not a text in UTF-8.")
    assert "line 1" in refused(own, b"\0")


def test_large_file_is_refused_without_reading_it_whole(own):
    with (own / "x.toml").open("wb") as file:
        file.truncate(50_000_000_000)  # a sparse file: reading it would take all memory
    with pytest.raises(UserError, match=f"it is larger than {LARGEST_BYTES // 1000} kB"):
        read_template("x", (BUILT_IN, own))


def outcome(content: bytes) -> DocumentTemplate | str:
    """Return the template, or the code of its refusal; anything else that is raised is a bug."""
    try:
        return template_of(content)
    except UserError as error:
        return error.code


@given(st.binary(max_size=300))
def test_any_bytes_are_a_template_or_refused(content):
    found = outcome(content)
    assert isinstance(found, DocumentTemplate) or found.startswith("template.")


values = st.recursive(
    st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(KEYS), values)
def test_any_value_of_a_key_is_read_or_refused(key, value):
    content = tomlkit.dumps({key: value}).encode("utf-8", "replace")
    found = outcome(content)
    assert isinstance(found, DocumentTemplate) or found.startswith("template.")


def test_control_characters_do_not_reach_documents():
    text = 'heading = "a\\u202eb\\u0007c"\nname = "x\\u2066y"'
    template = template_of(text.encode())
    assert template.heading["es"] == ("a b c",)
    assert template.name["en"] == ("x y",)


# ---- folders


def test_clinics_template_wins_over_a_built_in_one(own, roots):
    assert read_template("consultation", roots).layout is DocumentLayout.TABLE
    (own / "Consultation.toml").write_text('layout = "paragraphs"')
    assert read_template("consultation", roots).layout is DocumentLayout.PARAGRAPHS
    assert [(one.name, one.own) for one in found_templates(roots)] == [
        ("interview", False),
        ("Consultation", True),
    ]


def test_clinics_bad_template_does_not_give_way_to_the_built_in_one(own, roots):
    assert "times must be" in refused(own, "times = 1", "consultation")


def test_template_that_does_not_exist_is_said_with_those_that_do(roots):
    with pytest.raises(UserError) as caught:
        read_template("../../etc/passwd", roots)
    assert caught.value.message == (
        "There is no template ../../etc/passwd. There are: consultation, interview."
    )


def test_two_files_of_the_same_name_are_both_refused(own, roots):
    for name in ("Visita", "VISITA"):
        (own / f"{name}.toml").write_text("")
    if len(list(own.iterdir())) < 2:
        pytest.skip("this file system has no names that differ only in case")
    for name, other in (("Visita", "VISITA"), ("VISITA", "Visita")):
        (one,) = (one for one in found_templates(roots) if one.name == name)
        assert one.problem.message == (
            f"The template {name}.toml is not used: on some computers {other}.toml is the same file name."
        )
    with pytest.raises(UserError):
        read_template("visita", roots)


def test_two_templates_that_people_call_the_same_are_refused(own, roots):
    assert refused(own, 'name = { es = "consulta" }').endswith(
        ": consultation.toml has the same name for people."
    )
    (own / "x.toml").write_text('name = "A"')
    assert "x.toml has the same name" in refused(own, 'name = { en = "B", es = "a" }', "y")
    assert read_template("x", roots).name["en"] == ("A",)


def test_too_many_files_are_refused_without_a_choice_among_them(own, roots):
    for number in range(101):
        (own / f"{number}.toml").write_text("")
    with pytest.raises(UserError, match="there are more than 100 templates in the folder"):
        read_template("7", roots)
    assert read_template("interview", roots).layout is DocumentLayout.QUESTIONS


def test_other_files_and_folders_are_no_templates(own, roots):
    (own / "notes.txt").write_text("x")
    (own / "folder.toml").mkdir()
    (own / "gone.toml").symlink_to(own / "nowhere")
    os.mkfifo(own / "pipe.toml") if hasattr(os, "mkfifo") else None
    assert [one.name for one in found_templates(roots)] == ["consultation", "interview"]


def test_file_name_that_cannot_be_shown_is_refused(own, roots):
    names = ["safe\u202elmot.toml", "control\x07.toml"]
    try:
        (own / os.fsdecode(b"latin-\xed.toml")).write_text("")
        names.append("latin-�.toml")
    except OSError:
        pass  # this file system has only names in UTF-8
    for name in names[:2]:
        (own / name).write_text("")
    refusals = {one.problem.message for one in found_templates(roots) if one.own}
    assert len(refusals) == len(names)
    for refusal in refusals:
        assert refusal.endswith("�.toml is not used: its file name has characters that cannot be shown.") or (
            refusal.startswith("The template safe�lmot.toml is not used: ")
        )
        assert refusal.isprintable()


def test_folder_that_is_a_file_has_no_templates(tmp_path):
    (tmp_path / "templates").write_text("")
    assert len(found_templates((BUILT_IN, tmp_path / "templates"))) == 2
    with pytest.raises(UserError) as caught:
        copy_built_in((BUILT_IN, tmp_path / "templates"))
    assert caught.value.code == "template.folder"


def test_copies_never_replace_what_somebody_changed(tmp_path):
    roots = (BUILT_IN, tmp_path / "home" / "templates")
    own = copy_built_in(roots)
    (own / "interview.toml").rename(own / "INTERVIEW.toml")
    (own / "consultation.toml").write_text('layout = "paragraphs"')
    copy_built_in(roots)
    assert sorted(file.name for file in own.iterdir()) == ["INTERVIEW.toml", "consultation.toml"]
    assert read_template("consultation", roots).layout is DocumentLayout.PARAGRAPHS
    assert [one.problem for one in found_templates(roots)] == [None, None]


# ---- names of files


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{date} {name}", "2026-11-29 García 1.5"),
        (
            "{time} {case} {speakers}",
            "14-00 0042 María José Dra. Robles Ñúñez, Speaker 4, Companion, María José «Pepa» García",
        ),
        ("../{name}/x.", ".._García 1.5_x."),
    ],
)
def test_template_names_files(own, roots, template, name):
    (own / "x.toml").write_text(f'file_name = "{template}"', encoding="utf-8")
    result = Exportable("García 1.5.m4a", hour.draft, 1_795_982_400.0)
    (named,), options = by_template("x", roots, [result], ExportOptions(LABELS["en"]))
    assert Path(named.name).stem == name
    assert options.template.file_name == template


def test_result_that_cannot_be_read_keeps_its_name(own, roots):
    def fail():
        raise OSError("gone")

    def unlabelled():
        return replace(hour.draft(), label=NO_LABEL)

    (own / "x.toml").write_text('file_name = "{date}"')
    results = [Exportable("a.wav", fail, 0.0), Exportable("b.wav", unlabelled, 0.0)]
    named, _options = by_template("x", roots, results, ExportOptions(LABELS["en"]))
    assert [Path(one.name).stem for one in named] == ["a", "1970-01-01"]
