"""JSON of transcripts and notes."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fi_desktop.core import messages
from fi_desktop.core.codec import (
    note_from_json,
    options_from_json,
    options_to_json,
    transcript_from_json,
    transcript_to_json,
)
from fi_desktop.core.messages import verbatim
from fi_desktop.core.transcript import Provenance, Region, Segment, Transcript, Word, summarize
from fi_desktop.core.values import JobOptions, parse_languages


def test_probable_number_of_speakers_is_written_only_if_there_is_one():
    provenance = Provenance("1.0", "builtin", "voices", {}, "ab" * 32, "a.wav", "2026-01-01T00:00:00+00:00")
    transcript = Transcript(1.0, 0.0, (), (), provenance)
    data = transcript_to_json(transcript)
    assert "probable_speakers" not in data
    assert transcript_from_json(data) == transcript
    three = replace(transcript, probable_speakers=3)
    assert transcript_to_json(three) == data | {"probable_speakers": 3}
    assert transcript_from_json(transcript_to_json(three)) == three


def test_transcript_has_the_oldest_version_that_can_read_it():
    provenance = Provenance("1", "builtin", "", {}, "", "a.wav", "")
    transcript = Transcript(1.0, 0.0, (), (), provenance, notes=(verbatim("a note"),))
    assert transcript_to_json(transcript)["version"] == 2
    coded = replace(transcript, notes=(messages.AUDIO_NO_SPEECH(),))
    data = transcript_to_json(coded)
    assert (data["version"], data["notes"]) == (
        3,
        [{"code": "audio.no_speech", "text": "Nobody speaks in this recording."}],
    )
    assert transcript_from_json(json.loads(json.dumps(data))) == coded


def test_note_whose_code_was_renamed_keeps_its_meaning_and_values():
    old = {"code": "result.probably_more", "text": "…", "values": {"probable": 2, "asked": "3"}}
    note = note_from_json(old)
    assert note == messages.RESULT_PROBABLY_OTHER_NUMBER(probable=2, asked="3")
    assert str(note) == "The voices suggest 2 speakers instead of 3. Please check."


def test_note_of_a_newer_version_keeps_its_text():
    assert note_from_json({"code": "some.future", "text": "Something new."}) == verbatim("Something new.")


def test_missing_field_is_a_key_error_and_an_unknown_field_is_ignored():
    with pytest.raises(KeyError):
        transcript_from_json({"schema": "fi-desktop.transcript", "version": 3, "duration": 1.0})
    assert (
        options_from_json({"speakers": "2", "engine": "auto", "language": None, "later": 1}) == JobOptions()
    )


def test_only_a_segment_without_recognized_words_says_so():
    provenance = Provenance("1", "builtin", "", {}, "", "a.wav", "")
    segments = (Segment(0.0, 1.0, None, "Yes."), Segment(2.0, 5.5, None, missing=True))
    transcript = Transcript(6.0, 4.5, (), segments, provenance)
    data = transcript_to_json(transcript)
    assert [segment.get("missing") for segment in data["segments"]] == [None, True]
    assert transcript_from_json(json.loads(json.dumps(data))).missing == (Region(2.0, 5.5),)


def test_language_is_written_only_where_it_is_not_the_main_one():
    provenance = Provenance("1", "builtin", "", {}, "", "a.wav", "")
    word = Word(2.0, 2.4, "Yes.", language="en")
    segments = (Segment(0.0, 1.0, None, "Sí."), Segment(2.0, 2.4, None, "Yes.", (word,), language="en"))
    transcript = Transcript(6.0, 1.4, (), segments, provenance, language="es")
    data = transcript_to_json(transcript)
    assert [segment.get("language") for segment in data["segments"]] == [None, "en"]
    again = transcript_from_json(json.loads(json.dumps(data)))
    assert again == transcript
    assert again.languages == ("es", "en")
    assert summarize(again).language == "es,en"


@pytest.mark.parametrize(
    ("text", "stored", "languages"),
    [("auto", None, ()), ("es", "es", ("es",)), (" ES, en,es ", "es,en", ("es", "en"))],
)
def test_languages_are_stored_as_one_text(text: str, stored: str | None, languages: tuple[str, ...]):
    options = JobOptions(language=parse_languages(text))
    assert options_to_json(options)["language"] == stored
    assert options_from_json(options_to_json(options)).languages == languages


@pytest.mark.parametrize("text", ["", "es,", "es+en", "auto,es", "español"])
def test_what_is_no_language_is_refused(text: str):
    with pytest.raises(ValueError, match="languages"):
        parse_languages(text)


def test_what_estimated_the_words_is_written_with_its_version_if_anything_did():
    provenance = Provenance("1", "builtin", "", {}, "", "a.wav", "")
    transcript = Transcript(1.0, 0.0, (), (), provenance)
    assert "confidence_model" not in transcript_to_json(transcript)["provenance"]
    estimated = replace(transcript, provenance=replace(provenance, confidence_model="1"))
    data = json.loads(json.dumps(transcript_to_json(estimated)))
    assert data["provenance"]["confidence_model"] == "1"
    assert transcript_from_json(data) == estimated
