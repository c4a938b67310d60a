"""Excerpts of found lines, and the place of a line in a result that was corrected since."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from fi_desktop.core.revision import Split, Write, apply
from fi_desktop.core.transcript import Role, Transcript
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.jobs.search_query import SearchQuery, terms_of
from fi_desktop.jobs.spoken_lines import lines_of
from fi_desktop.jobs.transcript_search import FoundLine
from fi_desktop.viewmodel.found import excerpt, place_of, speaker_of
from tests.jobs.archive import VISIT, transcript


def found(result: Transcript, number: int, words: str) -> FoundLine:
    line = lines_of(result)[number]
    return FoundLine(1, 0.0, line, SearchQuery(terms_of(words)).marks(line.text, line.language))


def test_a_short_line_is_shown_whole():
    line = found(transcript(*VISIT), 3, "dolor")
    assert excerpt(line).text == VISIT[3]
    assert excerpt(line).marks == line.marks


def test_a_long_line_is_shown_from_some_words_before_what_was_found():
    words = " ".join(f"palabra{number}" for number in range(30))
    part = excerpt(found(transcript(f"{words} dolor y más dolor después"), 0, "dolor"))
    assert part.text.startswith("… palabra26 ")
    assert part.text.endswith(" dolor y más dolor después")
    assert [part.text[start:end] for start, end in part.marks] == ["dolor", "dolor"]


def test_the_place_is_the_first_word_that_was_found():
    result = transcript(*VISIT)
    for words, text in (("nauseas", "náuseas."), ('"de cabeza"', "de"), ("duele", "duele")):
        number, moment_s = place_of(result, found(result, 1, words))
        word = next(word for word in result.segments[1].words if word.text == text)
        assert (number, moment_s) == (1, word.start)


def test_a_line_without_a_mark_is_found_at_its_start():
    result = transcript(*VISIT)
    assert place_of(result, found(result, 3, "")) == (3, result.segments[3].start)


def test_letters_with_separate_accents_are_found_at_their_word():
    result = transcript(unicodedata.normalize("NFD", "Sí, náuseas y dolor"))
    word = result.segments[0].words[3]
    assert place_of(result, found(result, 0, "dolor")) == (0, word.start)


def test_a_line_that_was_corrected_meanwhile_is_looked_for_by_its_time():
    result = transcript(*VISIT)
    line = found(result, 3, "dolor")
    corrected = apply(apply(result, Split(1, 3)), Write(4, 0, 1, "Bueno,"))
    assert place_of(corrected, line) == (4, pytest.approx(line.line.start))
    assert place_of(replace(result, segments=()), line)[0] == 0


def test_speakers_are_called_by_name_role_or_number():
    line = found(transcript(*VISIT), 1, "").line
    assert speaker_of(line, LABELS["es"]) == "Hablante 2"
    assert speaker_of(replace(line, role=Role.PATIENT), LABELS["es"]) == "Paciente"
    assert speaker_of(replace(line, role=Role.PATIENT, name="María"), LABELS["en"]) == "María"
    assert speaker_of(replace(line, speaker=None), LABELS["en"]) == "Unknown speaker"
