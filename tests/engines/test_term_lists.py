"""Vocabulary lists: where they are found, and which files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.engines import term_lists
from fi_desktop.engines.contracts import Term
from fi_desktop.system.files import resource

BUNDLED = resource("vocabulary")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "es").mkdir()
    return tmp_path


def test_bundled_lists_come_first_and_a_clinic_adds_its_own(own: Path) -> None:
    (own / "people.txt").write_text("# staff\nDr. Núñez Landa\n\nIMSS = i eme ese ese # institute\n", "utf-8")
    (own / "es" / "cardiology.txt").write_text("tarjeta azul\nlosartán\n", "utf-8")
    roots = (BUNDLED, own)
    assert term_lists.names(roots) == (*term_lists.SPECIALTIES, "people")
    assert term_lists.read("people", roots) == (Term("Dr. Núñez Landa"), Term("IMSS", "i eme ese ese"))
    cardiology = term_lists.read("cardiology", roots)
    assert Term("tarjeta azul", language="es") in cardiology
    assert cardiology.count(Term("losartán", language="es")) == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"losart\xe1n\n", "vocabulary.bad_text"),
        (b"PK\x03\x04\x00\x00", "vocabulary.bad_text"),
        (b"short\n" + b"x" * 81, "vocabulary.bad_line"),
        (b"\n".join(b"term %d" % number for number in range(5001)), "vocabulary.too_long"),
        (b"#" * 1_000_001, "vocabulary.too_long"),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(own: Path, content: bytes, code: str) -> None:
    (own / "bad.txt").write_bytes(content)
    with pytest.raises(UserError) as caught:
        term_lists.read("bad", (BUNDLED, own))
    assert caught.value.code == code
    terms, notes = term_lists.read_all(["diabetes", "bad"], (BUNDLED, own))
    assert [note.code for note in notes] == [code]
    assert "bad" in str(notes[0])
    assert terms == term_lists.read("diabetes", (BUNDLED,))


def test_an_unknown_list_is_refused_with_the_known_ones(own: Path) -> None:
    with pytest.raises(UserError) as caught:
        term_lists.read("cardiologia", (BUNDLED, own))
    assert "cardiology" in caught.value.message


def test_a_missing_folder_has_no_lists(tmp_path: Path) -> None:
    assert term_lists.names((tmp_path / "none",)) == ()


def test_without_a_choice_all_bundled_lists_are_used(own: Path) -> None:
    (own / "our_people.txt").write_text("Dra. Nuñez Landa\n", encoding="utf-8")
    roots = (BUNDLED, own)
    assert term_lists.wanted((), roots) == term_lists.SPECIALTIES
    assert term_lists.wanted(("our_people",), roots) == ("our_people",)
    assert term_lists.wanted((), (own,)) == ()
