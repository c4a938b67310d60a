"""Words at the borders of windows: for any cut, none is lost, doubled or out of order."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from fi_desktop.core.transcript import Region, Word
from fi_desktop.engines.whisper.seams import (
    TranscribedPart,
    join_parts,
    join_words,
    part_from_json,
    part_to_json,
)
from fi_desktop.engines.whisper.windows import OVERLAP_S, Window

_lengths = st.lists(st.tuples(st.floats(0.08, 0.45), st.floats(0.0, 0.3)), min_size=4, max_size=60)
_texts = st.lists(
    st.sampled_from(["no", "the", "pain", "does", "not", "hurt", "99,"]), min_size=60, max_size=60
)


def spoken(lengths: list[tuple[float, float]], texts: list[str]) -> list[Word]:
    words, at = [], 0.0
    for (length, gap), text in zip(lengths, texts, strict=False):
        words.append(Word(at, at + length, text, 0.9))
        at += length + gap
    return words


def heard(words: list[Word], start: float, end: float, jitter: list[float], garble: bool) -> tuple[Word, ...]:
    """What a decoder writes of a window: its whole words, nothing or a wrong one of a word that is cut."""
    found = []
    for number, word in enumerate(words):
        moved = jitter[number % len(jitter)]
        if start <= word.start and word.end <= end:
            found.append(replace(word, start=word.start + moved, end=word.end + moved))
        elif garble and start < word.end and word.start < end:
            found.append(replace(word, start=max(start, word.start), end=min(end, word.end), text="uh"))
    return tuple(found)


@settings(max_examples=400, deadline=None)
@given(
    _lengths,
    _texts,
    st.lists(st.floats(0.02, 0.98), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(-0.04, 0.04), min_size=3, max_size=7),
    st.booleans(),
)
@example([(0.25, 0.0)] * 4 + [(0.375, 0.0)] * 6, ["no"] * 60, [0.625], [0.0, 0.0, 0.0], False)
def test_for_any_cuts_no_word_is_lost_doubled_or_out_of_order(
    lengths: list[tuple[float, float]],
    texts: list[str],
    cuts: list[float],
    jitter: list[float],
    garble: bool,
):
    words = spoken(lengths, texts)
    duration = words[-1].end
    # cuts as the plan makes them: windows are longer than their overlaps
    moments = [0.0]
    for cut in sorted(cuts):
        if cut * duration - moments[-1] > 2 * OVERLAP_S and duration - cut * duration > OVERLAP_S:
            moments.append(cut * duration)
    moments.append(duration)
    parts = []
    for number, (one, two) in enumerate(pairwise(moments)):
        start = one - OVERLAP_S / 2 if number else 0.0
        end = two + OVERLAP_S / 2 if two < duration else duration
        found = heard(words, start, end, jitter, garble)
        parts.append(TranscribedPart(Window((Region(start, end),)), found))
    joined = list(join_parts(parts))
    assert [word.text for word in joined] == [word.text for word in words]
    assert all(abs(word.start - said.start) < 0.05 for word, said in zip(joined, words, strict=True))


def test_a_word_said_twice_is_kept_where_each_window_has_one_of_them():
    before = [Word(1.29, 1.54, "no"), Word(1.68, 2.05, "no")]
    after = [Word(2.34, 2.73, "no"), Word(2.73, 2.82, "pain")]
    assert join_words(before, after, 1.69, 2.69) == (before, after)


def test_windows_that_do_not_overlap_keep_all_their_words():
    before = [Word(0.0, 0.4, "does"), Word(0.5, 0.9, "no")]
    after = [Word(3.0, 3.4, "no"), Word(3.5, 3.9, "pain")]
    assert join_words(before, after, start=2.9, end=1.0) == (before, after)


def test_a_word_decoded_on_both_sides_of_a_cut_without_overlap_is_kept_once():
    before = [Word(0.0, 0.4, "does"), Word(0.5, 0.9, "not")]
    after = [Word(0.9, 1.1, "Not,"), Word(1.2, 1.4, "hurt")]
    assert join_words(before, after, start=0.9, end=0.9) == (before, after[1:])


def test_text_without_a_common_word_changes_at_the_border():
    before = [Word(0.0, 0.4, "it"), Word(1.0, 1.4, "hurts"), Word(1.7, 2.0, "quite")]
    after = [Word(1.1, 1.3, "hearts"), Word(1.6, 2.0, "quiet"), Word(2.1, 2.4, "often")]
    kept, rest = join_words(before, after, start=1.0, end=2.0)
    assert [word.text for word in kept + rest] == ["it", "hurts", "quiet", "often"]
    kept, rest = join_words(before, after, start=1.0, end=2.0, border=1.9)
    assert [word.text for word in kept + rest] == ["it", "hurts", "quite", "often"]


def test_a_part_survives_json():
    word = Word(0.25, 0.5, "tos", 0.875, joined=True, language="es")
    part = TranscribedPart(Window((Region(0.0, 1.5), Region(4.0, 5.0))), (word,))
    assert part_from_json(json.loads(json.dumps(part_to_json(part)))) == part
