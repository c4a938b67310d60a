"""Vocabulary lists with real weights: more terms are written, and none that was not said."""

from __future__ import annotations

import pytest

from fi_desktop.engines import term_lists
from fi_desktop.system.files import resource
from tests.real.conftest import SPEECH, UNRELATED, Clinic, text
from tests.real.wording import compare, plain_words

DRUGS = {
    "prescriptions_en": (
        "metformin lisinopril atorvastatin amlodipine levothyroxine omeprazole hydrochlorothiazide "
        "clopidogrel gabapentin azithromycin ceftriaxone ondansetron empagliflozin spironolactone"
    ),
    "recetas_es": (
        "metformina enalapril atorvastatina amlodipino levotiroxina omeprazol hidroclorotiazida clopidogrel "
        "gabapentina azitromicina ceftriaxona ondansetron empagliflozina espironolactona"
    ),
}


@pytest.mark.parametrize(("name", "language"), [("prescriptions_en", "en"), ("recetas_es", "es")])
def test_lists_bring_drug_names_and_fewer_errors(clinic: Clinic, name: str, language: str):
    drugs = DRUGS[name].split()
    said = plain_words((SPEECH / f"{name}.txt").read_text(encoding="utf-8"), language)
    unrelated = clinic.transcript(SPEECH / f"{name}.ogg", language, lists=(UNRELATED,))
    without = plain_words(text(unrelated), language)
    found = clinic.transcript(SPEECH / f"{name}.ogg", language)
    with_lists = plain_words(text(found), language)
    written, before = ({drug for drug in drugs if drug in words} for words in (with_lists, without))
    assert before <= written
    assert len(written) >= len(before) + 4, (before, written)
    assert compare(said, with_lists).rate < compare(said, without).rate


@pytest.mark.parametrize(("name", "language"), [("consultation_en", "en"), ("consulta_es", "es")])
def test_six_lists_change_nothing_where_no_term_was_said(clinic: Clinic, name: str, language: str):
    without = clinic.transcript(SPEECH / f"{name}.ogg", language, lists=(UNRELATED,))
    found = clinic.transcript(SPEECH / f"{name}.ogg", language)
    said = plain_words((SPEECH / f"{name}.txt").read_text(encoding="utf-8"), language)
    words = plain_words(text(found), language)
    assert compare(said, words).rate <= compare(said, plain_words(text(without), language)).rate
    terms, _notes = term_lists.read_all(term_lists.SPECIALTIES, (resource("vocabulary"),))
    names = {plain_words(term.text, language)[0] for term in terms if " " not in term.text}
    assert names & set(words) <= names & {*said, *plain_words(text(without), language)}
