"""The set of `tests/bench/word_sets.py`, a part of it: ours against faster-whisper's two ways."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.system.files import resource
from tests.bench import word_scores
from tests.bench.consultations import write
from tests.bench.speech_sources import RATE_HZ, read
from tests.bench.word_silence import silences
from tests.bench.word_tables import Piece
from tests.bench.word_ways import WAYS
from tests.bench.words import KINDS, MODEL, Way, in_turn, pieces
from tests.real.conftest import ROOT

SET = Path(os.environ.get("FI_DESKTOP_WORD_SET") or ROOT.parent / "wordsets" / "v1")
MINUTES = 10.0  # of each language


@pytest.fixture(scope="module")
def ways() -> Iterator[dict[str, Way]]:
    """Each way, with the library's answers kept in the set."""
    if not MODEL.is_dir():
        pytest.skip("the real weights are not downloaded; packaging/real_weights.py says why")
    with ExitStack() as stack:
        kept = SET / "kept" if SET.is_dir() else None
        yield {name: Way(name, 2, None if name == "ours" else kept, stack) for name in WAYS}


def chosen(kinds: tuple[str, ...], minutes: float, language: str | None) -> list[Piece]:
    """Return the first recordings of the report half."""
    if not SET.is_dir():
        pytest.skip(f"no set in {SET}: see tests/bench/word_sets.py")
    found = [each for each in pieces(SET, "report", kinds) if each.language == language]
    return in_turn(found, minutes)


def test_nothing_is_invented_where_nobody_speaks(ways: dict[str, Way], tmp_path: Path):
    speech = read(resource("samples", "consulta.flac"))
    invented = {}
    for name, sound in silences(np.random.default_rng(1), speech):
        path = tmp_path / f"{name}.flac"
        write(path, sound, RATE_HZ)
        answer = ways["ours"].transcribe(Piece(path, "silence", "all", {"words": []}))
        if answer["words"]:
            invented[name] = [word["text"] for word in answer["words"]]
    assert len(list(tmp_path.glob("*.flac"))) == 30
    assert not invented


@pytest.mark.parametrize("language", ["en", "es"])
def test_errors_are_at_most_those_of_the_better_way_of_the_library(ways: dict[str, Way], language: str):
    parts = chosen(KINDS, MINUTES, language)
    assert {part.kind for part in parts} == set(KINDS)
    total = {
        name: reduce(
            add, (word_scores.score(part.reference, way.transcribe(part), language).errors for part in parts)
        )
        for name, way in ways.items()
    }
    others = (total["plain"], total["batched"])
    assert total["ours"].rate <= min(each.rate for each in others), total
    assert total["ours"].deletions <= min(each.deletions for each in others), total


def test_no_stretch_is_translated_in_two_languages(ways: dict[str, Way]):
    parts = chosen(("bilingual",), 4.0, None)
    found = [
        each
        for part in parts
        for each in word_scores.stretches(part.reference, ways["ours"].transcribe(part))
    ]
    assert len(found) > 10
    assert not sum(each.translated for each in found), found
