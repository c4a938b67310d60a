"""Records of each schema can be read; there is a file for each, which is never changed."""

from __future__ import annotations

import json
import re
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core.codec import (
    error_from_json,
    error_to_json,
    event_from_json,
    job_from_json,
    notes_from_json,
    notes_to_json,
)
from fi_desktop.core.job import JobState, apply, check
from fi_desktop.core.messages import MESSAGES, verbatim
from fi_desktop.jobs.row_keys import SCHEMA_VERSION

DATA = Path(__file__).parents[1] / "jobs" / "data"


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_old_record_equals_the_replay_of_its_events(version: int):
    stored = json.loads((DATA / f"schema-{version}.json").read_text(encoding="utf-8"))
    job = job_from_json(stored["record"])
    assert reduce(apply, map(event_from_json, stored["events"]), None) == job
    check(job)
    assert (job.state, job.charged, job.deliveries) == (JobState.COMPLETED, 1, 3)
    assert job.summary is not None
    assert job.summary.notes == (verbatim("a note"),)


SENTENCES = json.loads((DATA / "sentences.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("sentence", "code"), SENTENCES["notes"])
def test_english_sentence_in_an_old_result_becomes_a_note(sentence: str, code: str):
    (note,) = notes_from_json([sentence])
    assert note.code == code
    assert MESSAGES[code].placeholders == {name for name, _ in note.values}
    assert sorted(_figures(str(note))) == sorted(_figures(sentence))
    assert notes_from_json(json.loads(json.dumps(notes_to_json([note])))) == (note,)


@pytest.mark.parametrize("stored", SENTENCES["errors"], ids=lambda stored: stored["code"])
def test_old_error_gets_the_values_of_its_message(stored: dict[str, Any]):
    error = error_from_json(stored)
    assert MESSAGES[error.code].placeholders == {name for name, _ in error.values}
    assert _figures(str(error.note)) == _figures(error.message)
    assert error_from_json(json.loads(json.dumps(error_to_json(error)))) == error


def _figures(text: str) -> list[str]:
    """Return what does not depend on the wording: numbers, times and file names."""
    return re.findall(r"\d[\d:.]*\d|\d|\w+\.bin", text)
