"""Subtitles are short, in order and well-formed."""

import re
from dataclasses import replace
from html import unescape

from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.alignment import segments_of
from fi_desktop.core.transcript import Segment, Word
from fi_desktop.exporters.subtitles import MAX_DURATION_MS, MAX_LINE, MAX_LINES, cues
from tests.exporters.test_exporters import WITH_WORDS, WITHOUT_WORDS, overlapping, segments, text_of

_TIME = r"(\d{2,}):([0-5]\d):([0-5]\d)[,.](\d{3})"
_TIMES = re.compile(f"{_TIME} --> {_TIME}")

transcripts = st.lists(segments, max_size=4).map(lambda parts: replace(WITH_WORDS, segments=tuple(parts)))


def blocks(text):
    """Return (start_ms, end_ms, lines) of each subtitle, parsed independently of the product."""
    read = []
    for block in text.split("\n\n"):
        lines = block.rstrip("\n").split("\n")
        at = next((n for n, line in enumerate(lines) if _TIMES.fullmatch(line)), None)
        if at is None:
            assert block.startswith(("WEBVTT", "NOTE ")) or not block
            continue
        h1, m1, s1, ms1, h2, m2, s2, ms2 = map(int, _TIMES.fullmatch(lines[at]).groups())
        start = ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1
        read.append((start, ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2, lines[at + 1 :]))
    return read


def shown(lines):
    return [unescape(re.sub(r"^<v [^>]*>", "", line)) for line in lines]


def said(text, *, speaker="SPEAKER_00", each_s=0.3, gap_s=0.0):
    """Return a transcript in which one speaker says this, all words equally long."""
    spoken = tuple(
        Word(n * (each_s + gap_s), n * (each_s + gap_s) + each_s, word, 0.9, speaker)
        for n, word in enumerate(text.split())
    )
    segment = Segment(spoken[0].start, spoken[-1].end, speaker, text, spoken)
    return replace(WITH_WORDS, segments=(segment,))


@given(transcripts)
def test_subtitles_are_short_in_order_and_well_formed(transcript):
    for format in ("srt", "vtt"):
        read = blocks(text_of(format, transcript))
        assert len(read) >= len(transcript.segments)
        assert [start for start, _, _ in read] == sorted(start for start, _, _ in read)
        for start, end, lines in read:
            assert 0 < len(lines) <= MAX_LINES
            assert all(line.strip() for line in shown(lines))
            assert all(len(line) <= MAX_LINE for line in shown(lines))
            assert start < end
            assert not any("-->" in line for line in lines)
    worded = [cue for cue in cues(transcript, leads={}) if cue.lines]
    assert all(cue.end_ms - cue.start_ms <= MAX_DURATION_MS for cue in worded)


@given(overlapping)
def test_overlapping_turns_without_words_are_overlapping_subtitles(turns):
    transcript = replace(WITHOUT_WORDS, turns=turns, segments=segments_of(turns))
    shown = cues(transcript, leads={})
    assert [(cue.start_ms, cue.speaker) for cue in shown] == [
        (round(turn.start * 1000), turn.speaker) for turn in turns
    ]
    for cue, turn in zip(shown, turns, strict=True):
        assert cue.end_ms >= round(turn.end * 1000) > cue.start_ms
    for format in ("srt", "vtt"):
        read = blocks(text_of(format, transcript))
        assert all(start < end for start, end, _ in read)
        assert [start for start, _, _ in read] == sorted(start for start, _, _ in read)


@given(transcripts)
def test_each_word_is_in_one_subtitle(transcript):
    expected = "".join(
        char
        for segment in transcript.segments
        for word in (segment.words or [Word(0, 0, text) for text in segment.text.split()])
        for char in re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", word.text)
        if not char.isspace()
    )
    found = "".join("".join(cue.lines) for cue in cues(transcript, leads={}))
    assert sorted("".join(found.split())) == sorted(expected)


@given(transcripts)
def test_vtt_escapes_markup(transcript):
    for _, _, lines in blocks(text_of("vtt", transcript)):
        voice = re.match(r"<v [^<>]+>", lines[0])
        rest = "\n".join(lines)[voice.end() if voice else 0 :]
        assert "<" not in rest
        assert ">" not in rest
        assert not re.search(r"&(?!amp;|lt;|gt;)", rest)


def test_srt_is_numbered_and_has_no_markup():
    text = text_of("srt", said("<i>pulso</i> {\\an8} --> 90"))

    first, last = text.split("\n\n")
    assert first == "1\n00:00:00,000 --> 00:00:02,176\nSpeaker 1: ‹i›pulso‹/i› (\\an8) --› 90"
    assert last == "2\n00:00:02,176 --> 00:00:04,176\nDraft, not reviewed.\n"


def test_subtitle_ends_at_a_sentence_a_pause_or_a_comma():
    sentences = said("Le voy a mirar la tensión. Luego hablamos.")
    assert [cue.lines for cue in cues(sentences, leads={})] == [
        ("Le voy a mirar la tensión.",),
        ("Luego hablamos.",),
    ]
    assert len(cues(said("Sí no", gap_s=1.0), leads={})) == 2
    clause = said(
        "Empecé con paracetamol y luego mi hermana me dio otra cosa, pero no me hizo nada y lo dejé",
        each_s=0.2,
    )
    first, second = cues(clause, leads={})
    assert first.lines[-1].endswith("cosa,")
    assert second.lines[0].startswith("pero")


def test_subtitle_of_slow_speech_lasts_seven_seconds():
    slow = cues(said("palabra " * 12, each_s=2.0), leads={})
    assert {cue.end_ms - cue.start_ms for cue in slow} == {6000}


def test_long_word_is_split_and_joined_words_get_no_space():
    (long,) = cues(said("a" * 60), leads={})
    assert long.lines == ("a" * 42, "a" * 18)
    chinese = replace(WITH_WORDS, segments=(Segment(0, 2, "A", "你好吗", (
        Word(0, 0.5, "你"), Word(0.5, 1, "好", joined=True), Word(1, 2, "吗", joined=True),
    )),))  # fmt: skip
    assert [cue.lines for cue in cues(chinese, leads={})] == [("你好吗",)]


def test_short_subtitle_lasts_a_second_unless_another_follows():
    (short,) = cues(said("Sí.", each_s=0.2), leads={})
    assert (short.start_ms, short.end_ms) == (0, 1000)
    first, second = cues(said("Sí. No.", each_s=0.1, gap_s=0.85), leads={})
    assert first.end_ms == second.start_ms == 950


def test_long_names_leave_room_for_words():
    text = text_of("srt", said("Hola.", speaker="María de los Ángeles Fernández de Córdoba"))
    assert text.splitlines()[2] == "María de los Ángeles…: Hola."


def test_subtitle_stays_until_it_can_be_read_unless_another_follows():
    (fast,) = cues(said("Uno dos tres cuatro cinco seis siete ocho.", each_s=0.1), leads={})
    assert fast.end_ms - fast.start_ms == round(42 * 1000 / 17)
    first, second = cues(
        said("Uno dos tres cuatro cinco seis siete ocho. No.", each_s=0.1, gap_s=0.0), leads={}
    )
    assert first.end_ms == second.start_ms
