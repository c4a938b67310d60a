from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.text import search_key
from fi_desktop.core.transcript import Segment, Turn, Word
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.viewmodel.result import (
    Match,
    SegmentTurnMap,
    find_matches,
    lanes_of,
    options_with,
    segment_texts,
)
from tests.gui import samples

TALK = samples.consultation()


def test_lanes_contain_every_turn_and_all_speech():
    talk = samples.conversation(200, speakers=3)
    lanes = lanes_of(talk.turns)
    assert sum(len(lane.turns) for lane in lanes) == 200
    assert sum(lane.share for lane in lanes) == pytest.approx(1)


def test_overlap_counts_for_each_speaker_but_not_twice_as_a_share():
    lanes = lanes_of((Turn(0, 30, "A"), Turn(20, 30, "B"), Turn(25, 35, "C")))
    assert [lane.total_s for lane in lanes] == [30, 10, 10]
    assert [lane.share for lane in lanes] == pytest.approx([0.6, 0.2, 0.2])


def test_turn_without_words_leads_to_the_segment_it_overlaps():
    turns = (Turn(0, 10, "A"), Turn(4, 4.6, "B"), Turn(11, 15, "B"))
    segments = (Segment(0, 10, "A"), Segment(11, 15, "B"))
    places = SegmentTurnMap(turns, replace(TALK, turns=turns, segments=segments))
    assert [places.segment_of(number) for number in range(3)] == [0, None, 1]
    assert places.segment_near(1) == 0
    assert [places.turn_of(number) for number in range(2)] == [0, 2]


def test_options_of_a_result_get_another_number_of_speakers():
    made = replace(TALK.provenance, options={"speakers": "2", "engine": "builtin", "language": "es"})
    assert options_with(3, made) == JobOptions(SpeakerCount(3, 3), "builtin", "es")


def test_turns_in_view_include_an_earlier_long_turn():
    lane = lanes_of((Turn(0, 100, "A"), Turn(2, 3, "B"), Turn(101, 102, "A"), Turn(300, 301, "A")))[0]
    assert [number for _, _, number in lane.between(50, 200)] == [0, 2]
    assert list(lane.bars(0, 400, 0.5)) == [(0, 102), (300, 301)]
    assert list(lane.bars(0, 400, 10)) == [(0, 100), (101, 102), (300, 301)]
    assert list(lane.bars(150, 200, 10)) == []


def test_turns_and_segments_match_by_overlap():
    turns = (Turn(0, 10, "A"), Turn(8, 12, "B"), Turn(20, 21, "A"))
    segments = (Segment(0, 4, "A"), Segment(4, 9.5, "A"), Segment(8.5, 12, "B"), Segment(13, 14, None))
    places = SegmentTurnMap(turns, replace(TALK, turns=turns, segments=segments))
    assert [places.turn_of(number) for number in range(4)] == [0, 0, 1, 1]
    assert [places.segment_of(number) for number in range(3)] == [1, 2, None]
    assert places.segment_near(2) == 3


def test_marks_follow_their_words_in_an_edited_text():
    words = (Word(0, 1, "dos", 0.1), Word(1, 2, "dos", 0.9), Word(2, 3, "weg", 0.1), Word(3, 4, "", 0.1))
    segment = Segment(0, 4, None, " dos\n dos  tres", words)
    (passage,) = segment_texts(replace(TALK, segments=(segment,)))
    assert passage.text == "dos dos tres"
    assert [(mark.start, mark.length) for mark in passage.marks] == [(0, 3)]


@given(st.text(), st.text(min_size=1, max_size=4))
def test_search_key_keeps_offsets(text, needle):
    assert len(search_key(text)) == len(text)
    assert search_key(search_key(text)) == search_key(text)
    for match in find_matches(needle, [search_key(text)]):
        assert search_key(text[match.start : match.start + match.length]) == search_key(needle)


def test_search_ignores_case_and_accents():
    assert list(find_matches("nunez", [search_key("Señora NÚÑEZ y Núñez")])) == [
        Match(0, 7, 5),
        Match(0, 15, 5),
    ]
    assert not list(find_matches("", ["a"]))


def test_speech_without_words_is_a_separate_text():
    segments = (Segment(0, 4, "SPEAKER_00", "Sí."), Segment(72.3, 75.8, "SPEAKER_01", missing=True))
    said, missing = segment_texts(replace(TALK, segments=segments))
    assert (said.missing, missing.missing) == (False, True)
    assert missing.text == "[not understood, 1:12–1:15]"
    assert missing.speaker == 1
