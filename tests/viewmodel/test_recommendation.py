"""The transcription model that suits a computer, by its speed and memory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fi_desktop.engines import speed_trial
from fi_desktop.models import catalog
from fi_desktop.viewmodel.recommendation import recommend


@pytest.mark.parametrize(
    ("speed", "threads", "memory_bytes", "expected"),
    [
        (1.0, 2, 8e9, "small"),
        (1.0, 1, 8e9, "small"),
        (0.5, 1, 8e9, "base"),
        (1.0, 2, 3e9, "base"),
        (2.0, 4, 16e9, "large-v3-turbo"),
        (2.0, 2, 16e9, "medium"),
        (2.0, 8, 16e9, "large-v3-turbo"),
        (2.0, 8, 5e9, "small"),
        (0.1, 1, 8e9, "tiny"),
        (1.0, 1, 1e9, "tiny"),
    ],
)
def test_the_best_model_that_is_quick_enough_and_fits_is_recommended(
    speed: float, threads: int, memory_bytes: float, expected: str
):
    entry, hour_s = catalog.recommended(memory_bytes=memory_bytes, speed=speed, threads=threads)
    assert entry.short == expected
    assert hour_s == catalog.hour_s(expected, speed=speed, threads=threads)


def test_a_better_model_takes_longer_and_more_cores_take_less():
    shorts = [entry.short for entry in catalog.ENTRIES if entry.name.startswith("faster-whisper-")]
    times = [catalog.hour_s(short, speed=1.0, threads=2) for short in shorts]
    assert times == sorted(times, reverse=True)
    assert catalog.hour_s("base", speed=1.0, threads=4) < catalog.hour_s("base", speed=1.0, threads=2)


def test_base_takes_what_was_measured():
    """Ten minutes of dense speech took 55 CPU-seconds."""
    assert catalog.hour_s("base", speed=1.0, threads=1) == pytest.approx(6 * 55, rel=0.02)


def test_the_speed_is_measured_once_for_a_computer(tmp_path: Path):
    assert not recommend(tmp_path, trial=False).measured
    found = recommend(tmp_path)
    assert found.measured
    assert 0.01 < speed_trial.speed(tmp_path) < 100
    saved = (tmp_path / "speed.json").read_bytes()
    assert recommend(tmp_path) == found
    assert recommend(tmp_path, trial=False) == found
    assert (tmp_path / "speed.json").read_bytes() == saved


@pytest.mark.parametrize("content", ["", "{", "[]", '{"speed": 1}', '{"computer": "x", "speed": 2}'])
def test_the_speed_of_another_computer_or_a_damaged_file_does_not_count(tmp_path: Path, content: str):
    (tmp_path / "speed.json").write_text(content)
    assert speed_trial.known_speed(tmp_path) is None


def test_a_speed_that_makes_no_sense_does_not_count(tmp_path: Path):
    saved = {"computer": speed_trial._computer(), "speed": 0}
    (tmp_path / "speed.json").write_text(json.dumps(saved))
    assert speed_trial.known_speed(tmp_path) is None
