"""JSON of transcripts and notes; values of NumPy and torch become Python's."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from fi_desktop.core import messages
from fi_desktop.core.codec import (
    note_from_json,
    options_from_json,
    plain,
    transcript_from_json,
    transcript_to_json,
)
from fi_desktop.core.messages import verbatim
from fi_desktop.core.transcript import Diarization, Grade, Provenance, Transcript, Turn
from fi_desktop.core.values import JobOptions


def test_library_values_become_python_values_at_any_depth():
    torch = pytest.importorskip("torch", reason="fi-desktop[pyannote] is not installed")
    found = Diarization(
        (Turn(np.float32(0.5), np.float64(1.5), str(np.str_("a"))),),
        "engine",
        grade=Grade.FAIR,
        details={
            "sure": np.bool_(True),
            "counts": {np.int64(2): np.arange(3)},
            "level": torch.tensor(0.5),
            "none": None,
            "pair": (np.float64(1.0), [np.True_]),
        },
    )
    same = plain(found)
    assert same == Diarization(
        (Turn(0.5, 1.5, "a"),),
        "engine",
        grade=Grade.FAIR,
        details={"sure": True, "counts": {2: [0, 1, 2]}, "level": 0.5, "none": None, "pair": (1.0, [True])},
    )
    assert set(types(asdict(same))) <= {str, int, float, bool, type(None), Grade}
    json.dumps(asdict(same))


def types(value: Any) -> list[type]:
    if isinstance(value, dict):
        return [kind for pair in value.items() for each in pair for kind in types(each)]
    if isinstance(value, tuple | list):
        return [kind for each in value for kind in types(each)]
    return [type(value)]


def test_unsupported_value_is_refused():
    with pytest.raises(TypeError, match=r"builtins\.set"):
        plain(Diarization((), "engine", details={"speakers": {1, 2}}))


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


def test_note_of_a_newer_version_keeps_its_text():
    assert note_from_json({"code": "some.future", "text": "Something new."}) == verbatim("Something new.")


def test_missing_field_is_a_key_error_and_an_unknown_field_is_ignored():
    with pytest.raises(KeyError):
        transcript_from_json({"schema": "fi-desktop.transcript", "version": 3, "duration": 1.0})
    assert (
        options_from_json({"speakers": "2", "engine": "auto", "language": None, "later": 1}) == JobOptions()
    )
