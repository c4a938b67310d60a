"""The simulated consultations are what their references say, and the scorer counts words correctly."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.core.transcript import Diarization, Region, Turn
from tests.bench import rooms
from tests.bench.consultations import describe, mix, scenes
from tests.bench.conversation import Scene, Spoken, Tape, converse, overlap_of
from tests.bench.speech_sources import (
    ALIKE,
    RATE_HZ,
    SOURCES,
    Phrase,
    Voice,
    Word,
    find_speech,
    missing,
    voices,
)

MARGIN = 160
TALKATIVE = Scene("two", ("f", "m"), 90)


def phrase(seconds: float, rng: np.random.Generator) -> Phrase:
    sound = rng.normal(0, 0.05, round(seconds * RATE_HZ) + 2 * MARGIN).astype(np.float32)
    return Phrase(sound, MARGIN, (Word("word", 0.1, seconds - 0.1),), 0.3)


def tapes(people: int, rng: np.random.Generator) -> list[Tape]:
    return [
        Tape(Voice(f"voice{n}", "f", "none", "tune"), [phrase(rng.uniform(0.5, 4), rng) for _ in range(80)])
        for n in range(people)
    ]


def test_no_voice_speaks_in_both_halves() -> None:
    halves = {half: [v for v in voices() if v.half == half] for half in ("tune", "report")}
    for told_apart_by in ("name", "where"):
        tune, report = ({getattr(v, told_apart_by) for v in half} for half in halves.values())
        assert tune
        assert report
        assert not tune & report
    for half, pairs in ALIKE.items():
        sexes = {voice.name: voice.sex for voice in halves[half]}
        assert all(sexes[first] == sexes[second] for first, second in pairs)


def test_each_half_has_at_least_thirty_recordings_of_all_kinds() -> None:
    kinds = [scene.kind for scene in scenes()]
    assert len(kinds) >= 30
    assert set(kinds) >= {"similar", "phone", "mask", "noise", "three", "companion", "four", "alone", "es"}


def test_each_absent_source_is_named(tmp_path: Path) -> None:
    (tmp_path / SOURCES[0].name).mkdir()
    said = missing(tmp_path)
    assert len(said) == len(SOURCES) - 1
    assert all(
        source.repository in line and source.commit in line
        for source, line in zip(SOURCES[1:], said, strict=True)
    )


@pytest.mark.parametrize("seed", range(4))
def test_conversation_overlaps_as_its_scene_wants(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spoken = converse(TALKATIVE, tapes(2, rng), rng)
    assert 0.045 <= overlap_of(spoken) <= 0.085
    for person in range(2):
        own = sorted((part.start, part.end) for part in spoken if part.person == person)
        assert all(later[0] >= before[1] for before, later in pairwise(own))


def test_companion_says_about_ten_seconds() -> None:
    rng = np.random.default_rng(5)
    spoken = converse(Scene("companion", ("f", "m", "f"), 150, companion_s=10), tapes(3, rng), rng)
    assert 6 < sum(part.phrase.seconds for part in spoken if part.person == 2) < 14


def test_speech_is_found_where_it_is_and_short_pauses_are_bridged() -> None:
    rng = np.random.default_rng(0)
    sound = rng.normal(0, 1e-5, 5 * RATE_HZ).astype(np.float32)
    for start, end in ((0.5, 1.0), (1.15, 2.0), (2.4, 4.0)):
        sound[round(start * RATE_HZ) : round(end * RATE_HZ)] += rng.normal(
            0, 0.1, round((end - start) * RATE_HZ)
        )
    found = np.array(find_speech(sound)) / RATE_HZ
    np.testing.assert_allclose(found, [[0.5, 2.0], [2.4, 4.0]], atol=0.02)


@pytest.mark.parametrize("rt60_s", [0.25, 0.45])
def test_room_echoes_as_long_as_it_should(rt60_s: float) -> None:
    room = rooms.Room((4.5, 3.5, 2.6), (2.2, 1.7, 0.8), rt60_s)
    response = rooms.respond(room, (3.2, 1.7, 1.2), np.random.default_rng(1))
    distance = np.linalg.norm(np.subtract((3.2, 1.7, 1.2), room.microphone))
    assert np.argmax(np.abs(response)) == 0
    assert response[0] == pytest.approx(1 / distance, rel=0.1)
    left_db = 10 * np.log10(np.cumsum(response[::-1] ** 2)[::-1] / np.sum(response**2))
    first, last = np.argmax(left_db < -5), np.argmax(left_db < -20)
    assert 4 * (last - first) / RATE_HZ == pytest.approx(rt60_s, rel=0.35)


@pytest.mark.parametrize("phone", [False, True])
def test_reference_names_who_speaks_in_the_recording(phone: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    scene = Scene("two", ("f", "m"), 6, phone=phone, snr_db=50, rt60_s=(0.2, 0.2))
    spoken = [Spoken(0, 0.5, phrase(1.0, rng)), Spoken(1, 2.5, phrase(1.5, rng))]
    people = [tape.voice for tape in tapes(2, rng)]
    sound, rate_hz, facts = mix(scene, people, spoken, [], rng)
    describe(tmp_path / "two_00.flac", people, spoken, facts)
    rows = [line.split() for line in (tmp_path / "two_00.rttm").read_text().splitlines()]
    assert [(row[3], row[4], row[7]) for row in rows] == [
        ("0.500", "1.000", "voice0"),
        ("2.500", "1.500", "voice1"),
    ]
    for row in rows:
        start, end = float(row[3]), float(row[3]) + float(row[4])
        during = sound[round((start + 0.05) * rate_hz) : round((end - 0.05) * rate_hz)]
        before = sound[round((start - 0.15) * rate_hz) : round((start - 0.05) * rate_hz)]
        assert during.std() > 10 * before.std()
    words = json.loads((tmp_path / "two_00.words.json").read_text())["words"]
    assert [(word["start"], word["speaker"]) for word in words] == [(0.6, "voice0"), (2.6, "voice1")]


def test_words_of_the_wrong_person_are_counted_whatever_the_labels(tmp_path: Path) -> None:
    pytest.importorskip("pyannote.metrics", reason="pyannote.metrics is not installed")
    from tests.bench.der import word_doubts

    def wrong(result: Diarization) -> float:
        words = word_doubts(path, result)
        assert words is not None
        return float(words.wrong.mean())

    path = tmp_path / "two.words.json"
    rows = [
        {"text": f"{person}{at}.", "start": at, "end": at + 0.5, "speaker": person}
        for person, first in (("ann", 0), ("bob", 10))
        for at in range(first, first + 5)
    ]
    path.write_text(json.dumps({"words": rows}), encoding="utf-8")
    right = (Turn(0, 5, "SPEAKER_01"), Turn(10, 15, "SPEAKER_00"))
    assert wrong(Diarization(right, "builtin")) == 0
    late = (Turn(0, 5, "SPEAKER_01"), Turn(10, 12, "SPEAKER_01"), Turn(12, 15, "SPEAKER_00"))
    assert wrong(Diarization(late, "builtin")) == pytest.approx(0.2)
    assert wrong(Diarization((), "none")) == 1
    assert word_doubts(tmp_path / "absent.words.json", Diarization(right, "builtin")) is None
    doubted = word_doubts(path, Diarization(right, "builtin", unsure=(Region(1.0, 2.0),)))
    assert doubted is not None
    assert doubted.unsure.tolist() == [False, True, *[False] * 8]
