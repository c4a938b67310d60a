"""Recordings that once failed, with the weights that failed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fi_desktop.engines.whisper.written_language import written_language
from tests.real.conftest import Clinic, text, words
from tests.real.wording import compare, plain_words

ENGLISH = "the sound of my voice will help the transcription service"
SPANISH = "gracias por acudir a esta consulta"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("lost_sentence_middle", "without any man at the head of it is beneath pitifulness"),
        ("lost_sentence_end", "hale you have done quite right in introducing such a person"),
        ("lost_medication", "twice a day"),
        ("cut_hard_working", "romance into her dull hard working days"),
    ],
)
def test_no_sentence_is_lost(clinic: Clinic, cases: Path, name: str, sentence: str):
    found = clinic.transcript(cases / f"{name}.flac", "en")
    rows = json.loads((cases / f"{name}.truth.json").read_text(encoding="utf-8"))
    said = plain_words(" ".join(row[-1] for row in rows), "en")
    written = plain_words(text(found), "en")
    errors = compare(said, written)
    assert errors.deletions <= 5, errors
    assert errors.rate < 0.12, errors
    assert "".join(plain_words(sentence, "en")) in "".join(written)  # "hardworking" or "hard working"


@pytest.mark.parametrize(
    "name", ["english_then_spanish", "spanish_then_english", "english_10s_then_spanish", "interpreter_en_es"]
)
def test_each_language_is_transcribed_and_not_translated(clinic: Clinic, cases: Path, name: str):
    found = " ".join(plain_words(text(clinic.transcript(cases / f"{name}.flac")), "es"))
    assert ENGLISH in found
    assert SPANISH in found
    assert "we are here to help you" not in found  # a translation
    assert "el sonido de mi voz" not in found


@pytest.mark.parametrize("asked", [None, "es,en"])
@pytest.mark.parametrize(
    "name", ["english_then_spanish", "spanish_then_english", "english_10s_then_spanish", "interpreter_en_es"]
)
def test_each_stretch_is_in_its_own_language(clinic: Clinic, cases: Path, name: str, asked: str | None):
    found = clinic.transcript(cases / f"{name}.flac", asked)
    assert set(found.languages) == {"en", "es"}
    for segment in found.segments:
        if segment.words:
            language = segment.language or found.language
            assert written_language(segment.text, ("en", "es")) in (language, None), segment


def test_an_interpreters_turns_are_in_the_language_that_is_spoken(clinic: Clinic, cases: Path):
    found = clinic.transcript(cases / "interpreter_en_es.flac", "es,en")
    turns = json.loads((cases / "interpreter_en_es.turns.json").read_text(encoding="utf-8"))
    for language, start, end in turns:
        said = [word for word in words(found) if start <= (word.start + word.end) / 2 <= end]
        assert len(said) > 4, (language, start)
        assert {word.language or found.language for word in said} == {language}


@pytest.mark.parametrize("name", ["short_0.1", "short_0.3", "si_pad", "music", "white_loud"])
def test_nothing_is_hallucinated(clinic: Clinic, cases: Path, name: str):
    assert words(clinic.transcript(cases / f"{name}.flac")) == []


def test_repeated_numbers_stay_separate_words(clinic: Clinic, cases: Path):
    found = words(clinic.transcript(cases / "ninetynine.flac"))
    assert max(sum(letter.isdigit() for letter in word.text) for word in found) <= 4
    assert len(found) > 6


def test_simultaneous_speech_on_two_channels_is_transcribed(clinic: Clinic, cases: Path):
    found = clinic.transcript(cases / "stereo_overlap.flac", "en")
    rows = json.loads((cases / "stereo_overlap.truth.json").read_text(encoding="utf-8"))
    errors = compare(plain_words(" ".join(row[-1] for row in rows), "en"), plain_words(text(found), "en"))
    assert errors.rate < 0.15, errors
