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
MINUTES = 10.0  # of each language: one recording of each kind
NEAR = 1.25  # times the errors of the plain way; the goal is 1
LOST = 0.04  # of the stretches of bilingual recordings; none is lost with AVX-512


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
def test_errors_are_at_most_those_of_the_batched_way_and_near_the_plain_one(
    ways: dict[str, Way], language: str
):
    parts = chosen(KINDS, MINUTES, language)
    assert {part.kind for part in parts} == set(KINDS)
    ours, plain, batched = (
        reduce(
            add,
            (
                word_scores.score(part.reference, ways[name].transcribe(part), language).errors
                for part in parts
            ),
        )
        for name in WAYS
    )
    assert ours.rate <= batched.rate, (ours, batched)
    assert ours.deletions <= batched.deletions, (ours, batched)
    assert ours.rate <= NEAR * plain.rate, (ours, plain)


def test_no_stretch_is_translated_and_nearly_all_are_in_their_own_language(ways: dict[str, Way]):
    found = [
        (part.path.stem, each)
        for part in chosen(("bilingual",), 60.0, None)
        for each in word_scores.stretches(part.reference, ways["ours"].transcribe(part))
    ]
    assert not [name for name, each in found if each.translated]
    lost = [name for name, each in found if each.heard_in is None]
    assert len(lost) <= LOST * len(found), lost
