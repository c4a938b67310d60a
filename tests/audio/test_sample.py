import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import DecodedAudio, decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from tests.audio.make_media import samples_of

SAMPLES = Path(__file__).parent.parent.parent / "resources" / "samples"


@pytest.fixture(scope="module")
def sample(tmp_path_factory) -> DecodedAudio:
    target = tmp_path_factory.mktemp("sample") / "samples.pcm"
    return decode(SAMPLES / "consulta.flac", target, progress=lambda _fraction: None)


@pytest.fixture(scope="module")
def turns() -> list[tuple[float, float, str]]:
    rows = [line.split() for line in (SAMPLES / "consulta.rttm").read_text(encoding="utf-8").splitlines()]
    return [(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows]


def test_sample_is_small_one_minute_long_and_not_clipped(sample):
    assert (SAMPLES / "consulta.flac").stat().st_size < 1_000_000
    assert 50 < sample.recording.duration < 75
    assert 0.1 < sample.peak < 0.9
    assert sample.warnings == ()


def test_two_people_take_turns(sample, turns):
    assert {speaker for _start, _end, speaker in turns} == {"doctora", "paciente"}
    for (_start, end, _speaker), (start, _end, _next) in pairwise(turns):
        assert end < start
    assert turns[0][0] > 0
    assert turns[-1][1] < sample.recording.duration


def test_turns_coincide_with_sound(sample, turns):
    sound = samples_of(sample.recording)[0]

    def level(start_s: float, end_s: float) -> float:
        part = sound[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
        return float(np.sqrt(np.mean(part**2)))

    for start, end, _speaker in turns:
        assert level(start, end) > 20 * level(start - 0.08, start - 0.01)


def test_each_word_is_in_a_turn_of_its_speaker(turns):
    words = json.loads((SAMPLES / "consulta.words.json").read_text(encoding="utf-8"))["words"]

    assert len(words) > 100
    for word in words:
        assert word["start"] < word["end"]
        assert any(
            start - 0.001 <= word["start"] and word["end"] <= end + 0.001 and speaker == word["speaker"]
            for start, end, speaker in turns
        )
    assert words == sorted(words, key=lambda word: word["start"])
