"""Finished batches of a stage, and what a killed worker leaves of them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.errors import TransientError
from fi_desktop.pipeline.batch_file import BatchFile

ASKED = ["whisper", None, ["metformina"], ""]
PLAN = ["base", "a1b2"]
BATCHES = [{"windows": 4, "words": ["¿Qué", "tal?"]}, {"windows": 4, "words": []}, {"windows": 1}]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = BatchFile(tmp_path / "words.jsonl", ASKED)
    assert file.resume(PLAN) == []
    for batch in BATCHES:
        file.add(batch)
    return tmp_path / "words.jsonl"


def test_a_later_attempt_gets_the_finished_batches_and_adds_to_them(path: Path):
    again = BatchFile(path, ASKED)
    assert again.resume(PLAN) == BATCHES
    again.add("more")
    assert BatchFile(path, ASKED).resume(PLAN) == [*BATCHES, "more"]


@pytest.mark.parametrize(("asked", "plan"), [(["whisper", "es", [], ""], PLAN), (ASKED, ["base", "other"])])
def test_batches_for_other_options_or_plans_are_forgotten(path: Path, asked: list[str], plan: list[str]):
    other = BatchFile(path, asked)
    assert other.resume(plan) == []
    other.add("new")
    assert BatchFile(path, ASKED).resume(PLAN) == []


@given(st.data())
def test_of_a_file_cut_anywhere_whole_batches_are_left(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = tmp_path_factory.mktemp("cut") / "words.jsonl"
    file = BatchFile(path, ASKED)
    file.resume(PLAN)
    for batch in BATCHES:
        file.add(batch)
    whole = path.read_bytes()
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    left = BatchFile(path, ASKED)
    expected = BATCHES[: max(0, whole[:size].count(b"\n") - 1)]
    assert left.resume(PLAN) == expected
    left.add("more")
    assert BatchFile(path, ASKED).resume(PLAN) == [*expected, "more"]


def test_a_full_disk_is_a_transient_error(path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TransientError):
        BatchFile(path, ASKED).resume(PLAN)
