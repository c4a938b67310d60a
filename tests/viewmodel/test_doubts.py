"""Doubts are a list to work through; it and the figures of words follow each correction."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core.changes import Splice
from fi_desktop.core.revision import BadEdit, Check, Edit, apply
from fi_desktop.core.transcript import Segment
from fi_desktop.viewmodel.doubts import DoubtKind, doubts_after, doubts_of, next_doubt
from fi_desktop.viewmodel.word_figures import WordFigures
from tests.core.test_revision import edits, lines, spoken
from tests.viewmodel.test_corrections import segment, transcript


def test_doubts_are_groups_of_words_unsure_speakers_overlaps_and_missing_speech():
    words = list(segment("a b c d e").words)
    words[1] = replace(words[1], probability=0.1)
    words[2] = replace(words[2], probability=0.1, overlap=True)
    words[3] = replace(words[3], unsure_speaker=True, overlap=True)
    words[4] = replace(words[4], overlap=True)
    talk = transcript(
        replace(segment(""), words=tuple(words), text="a b c d e", end=5.0),
        Segment(6.0, 9.0, "SPEAKER_00", missing=True),
    )
    found = doubts_of(talk)
    assert [(doubt.kind, doubt.segment, doubt.first, doubt.end) for doubt in found] == [
        (DoubtKind.WORDS, 0, 1, 3),
        (DoubtKind.SPEAKER, 0, 3, 4),
        (DoubtKind.OVERLAP, 0, 4, 5),
        (DoubtKind.MISSING, 1, 0, 0),
    ]
    for doubt in found:
        talk = apply(talk, Check(doubt.segment, doubt.first, doubt.end))
    assert doubts_of(talk) == ()


def test_next_doubt_goes_round_in_both_directions():
    found = doubts_of(transcript(segment("a", sure=0.1), segment("b", 5.0), segment("c", 9.0, sure=0.1)))
    assert next_doubt(found, 0, 0) == found[1]
    assert next_doubt(found, 2, 0) == found[0]
    assert next_doubt(found, 2, 0, back=True) == found[0]
    assert next_doubt(found, 0, 0, back=True) == found[1]
    assert next_doubt((), 0, 0) is None


@given(lines, st.lists(edits, max_size=12))
@settings(deadline=None)
def test_doubts_and_figures_after_edits_are_those_of_the_whole(
    lines: list[tuple[str, str]], sequence: list[Edit]
):
    talk = spoken(*lines)
    found, figures = doubts_of(talk), WordFigures(talk)
    for edit in sequence:
        try:
            changed = apply(talk, edit)
        except BadEdit:
            continue
        change = Splice.between(talk.segments, changed.segments)
        found, talk = doubts_after(found, change), changed
        figures.take(change)
        assert found == doubts_of(talk)
        assert figures.words == sum(len(part.words) for part in talk.segments)
        assert figures.wrong_share == pytest.approx(talk.wrong_share)
