"""Runs of words are taken out whole, and a passage counts as told by its half."""

from __future__ import annotations

from fi_desktop.core.transcript import Region, Word
from tests.bench.missing_words import counts_as_told, runs, said_in

WORDS = [Word(float(at), at + 0.9, f"word {at}") for at in range(40)]


def test_runs_are_the_same_each_time_and_leave_the_other_words():
    found = list(runs(WORDS, "es_read_0"))
    assert found == list(runs(WORDS, "es_read_0")) != list(runs(WORDS, "es_read_1"))
    assert len(found) > 6
    for rest, run in found:
        gone = [word for word in WORDS if word not in rest]
        assert (gone[0].start, gone[-1].end) == (run.start, run.end)
        assert 2.0 <= run.duration <= 7.0


def test_a_passage_is_what_was_said_in_a_run():
    said = [{"start": at, "end": at + 0.8} for at in (1.0, 2.0, 3.0, 9.0)]
    assert said_in(Region(0.5, 4.0), said) == Region(1.0, 3.8)
    assert said_in(Region(0.5, 3.0), said) is None
    assert said_in(Region(20.0, 25.0), said) is None


def test_half_of_a_passage_has_to_be_covered():
    assert counts_as_told(Region(1.0, 5.0), [Region(0.0, 2.5), Region(4.5, 9.0)])
    assert not counts_as_told(Region(1.0, 5.0), [Region(0.0, 2.5), Region(4.6, 9.0)])
    assert not counts_as_told(Region(1.0, 5.0), [Region(6.0, 9.0)])
