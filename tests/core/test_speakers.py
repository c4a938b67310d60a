"""How many speakers: what can be written, and what cannot."""

from __future__ import annotations

import pytest

from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.core.transcript import Turn, rename_speakers


@pytest.mark.parametrize(
    ("text", "count"),
    [("2", SpeakerCount(2, 2)), ("2-4", SpeakerCount(2, 4)), ("auto", SpeakerCount(None, None))],
)
def test_a_count_is_read_and_written_alike(text: str, count: SpeakerCount):
    assert SpeakerCount.parse(text) == count
    assert str(count) == text


@pytest.mark.parametrize("text", ["", "0", "4-2", "two", "-1", "2-", "100"])
def test_nonsense_is_refused(text: str):
    with pytest.raises(ValueError, match="speakers"):
        SpeakerCount.parse(text)


def test_speakers_are_named_in_order_of_appearance():
    turns = rename_speakers([Turn(5.0, 6.0, "a"), Turn(1.0, 2.0, "b"), Turn(7.0, 8.0, "b")])
    assert turns == (
        Turn(1.0, 2.0, "SPEAKER_00"),
        Turn(5.0, 6.0, "SPEAKER_01"),
        Turn(7.0, 8.0, "SPEAKER_00"),
    )
