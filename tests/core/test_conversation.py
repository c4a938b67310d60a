"""Figures of a conversation: they add up, names do not change them, and each says what it claims."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.conversation import INTERRUPTION_S, Conversation, conversation_of
from fi_desktop.core.revision import Assign, Describe, apply
from fi_desktop.core.transcript import Person, Provenance, Role, Segment, Transcript, Turn, Word

MADE = Provenance("1.0", "builtin", "", {}, "00", "visit.wav", "2026-11-29T10:00:00+00:00")
DOCTOR, PATIENT, MOTHER = "SPEAKER_00", "SPEAKER_01", "SPEAKER_02"


def talk(*turns: tuple[float, float, str], duration: float = 60.0, words: Sequence[int] = ()) -> Transcript:
    """Return a transcript; words: how many each turn has."""
    spoken = tuple(Turn(start, end, speaker) for start, end, speaker in turns)
    segments = tuple(
        Segment(turn.start, turn.end, turn.speaker, "", (Word(turn.start, turn.end, "sí"),) * count)
        for turn, count in zip(spoken, words, strict=bool(words))
    )
    return Transcript(duration, 0.0, tuple(sorted(spoken, key=lambda turn: turn.start)), segments, MADE)


def figures(*turns: tuple[float, float, str], duration: float = 60.0) -> Conversation:
    return conversation_of(talk(*turns, duration=duration))


# halves of a second meet often: ties and touching turns are the hard cases
moments = st.one_of(st.integers(0, 60).map(lambda half: half / 2), st.floats(0, 30, allow_nan=False))
turns = st.lists(
    st.tuples(moments, moments, st.sampled_from([DOCTOR, PATIENT, MOTHER])).filter(
        lambda one: one[0] < one[1]
    ),
    max_size=25,
)


@given(turns)
def test_silence_one_voice_and_overlap_add_up_to_the_duration(drawn: list[tuple[float, float, str]]) -> None:
    found = figures(*drawn, duration=25.0)  # some turns end after the recording
    assert min(found.silence_s, found.single_s, found.overlap_s) >= 0
    assert found.silence_s + found.single_s + found.overlap_s == pytest.approx(25.0)


@given(turns)
def test_speakers_figures_agree_with_those_of_the_conversation(drawn: list[tuple[float, float, str]]) -> None:
    found = figures(*drawn)
    spoken = sum(speaker.speaking_s for speaker in found.speakers)
    assert found.single_s + 2 * found.overlap_s <= spoken + 1e-6
    assert spoken <= found.single_s + 3 * found.overlap_s + 1e-6  # three speak at most
    if found.speakers:
        assert sum(speaker.share for speaker in found.speakers) == pytest.approx(1.0)
    for speaker in found.speakers:
        assert 0 <= speaker.interruptions <= speaker.turns
        assert (speaker.longest_s > 0) == (speaker.turns > 0)
        assert speaker.longest_s <= found.duration_s
        assert speaker.pause_s is None or speaker.pause_s >= 0


@given(turns)
def test_names_and_labels_change_no_figure(drawn: list[tuple[float, float, str]]) -> None:
    labels = {DOCTOR: "SPEAKER_07", PATIENT: DOCTOR, MOTHER: "Ana"}
    before = figures(*drawn)
    after = figures(*((start, end, labels[speaker]) for start, end, speaker in drawn))
    found = {labels[one.speakers[0]]: one for one in before.speakers}
    assert {one.speakers[0]: one for one in after.speakers} == {
        label: replace(one, speakers=(label,)) for label, one in found.items()
    }
    assert replace(after, speakers=()) == replace(before, speakers=())


@given(turns)
def test_a_turn_cut_in_two_changes_no_figure(drawn: list[tuple[float, float, str]]) -> None:
    halves = [
        half
        for start, end, speaker in drawn
        for half in ((start, (start + end) / 2, speaker), ((start + end) / 2, end, speaker))
    ]
    assert figures(*halves) == figures(*drawn)


@given(turns)
def test_figures_of_a_role_are_those_of_its_speakers(drawn: list[tuple[float, float, str]]) -> None:
    people = (Person(DOCTOR, "", Role.CLINICIAN), Person(PATIENT), Person(MOTHER, "", Role.CLINICIAN))
    found = conversation_of(replace(talk(*drawn), people=people))
    clinicians = [one for one in found.speakers if one.role is Role.CLINICIAN]
    if not clinicians:
        assert found.roles == ()
        return
    (role,) = found.roles
    assert role.speaking_s == pytest.approx(sum(one.speaking_s for one in clinicians))
    assert role.share == pytest.approx(sum(one.share for one in clinicians))
    assert role.turns == sum(one.turns for one in clinicians)
    assert role.interruptions == sum(one.interruptions for one in clinicians)
    assert role.longest_s == max(one.longest_s for one in clinicians)
    assert found.shared_roles == ((role,) if len(clinicians) > 1 else ())


def test_an_interruption_begins_while_another_speaks_and_goes_on_after_them() -> None:
    doctor, patient = figures((10, 14, PATIENT), (0, 10.5, DOCTOR)).speakers
    assert (doctor.interruptions, patient.interruptions) == (0, 1)
    assert (doctor.turns, patient.turns) == (1, 1)


@pytest.mark.parametrize(
    "turn",
    [
        (4, 5, PATIENT),  # "mhm": it leaves the doctor the floor
        (10, 12, PATIENT),  # begins when the doctor stops
        (9.9, 12, PATIENT),  # an overlap as usual when turns change
        (9, 10.1, PATIENT),  # ends with the doctor's turn
        (0, 12, PATIENT),  # both begin together
    ],
)
def test_what_is_no_interruption(turn: tuple[float, float, str]) -> None:
    assert figures((0, 10, DOCTOR), turn).interruptions == 0


def test_the_shortest_interruption() -> None:
    start, end = 10 - INTERRUPTION_S, 10 + INTERRUPTION_S
    assert figures((0, 10, DOCTOR), (start, end, PATIENT)).interruptions == 1
    assert figures((0, 10, DOCTOR), (start + 0.01, end, PATIENT)).interruptions == 0
    assert figures((0, 10, DOCTOR), (start, end - 0.01, PATIENT)).interruptions == 0


def test_short_pauses_and_listening_sounds_do_not_end_a_turn() -> None:
    doctor, patient = figures((0, 10, DOCTOR), (4, 4.5, PATIENT), (12, 20, DOCTOR)).speakers
    assert (doctor.turns, doctor.longest_s) == (1, 20.0)
    assert (patient.turns, patient.longest_s, patient.speaking_s) == (0, 0.0, 0.5)


def test_a_lapse_and_another_speaker_end_a_turn() -> None:
    (doctor,) = figures((0, 10, DOCTOR), (13, 20, DOCTOR)).speakers
    assert (doctor.turns, doctor.longest_s) == (2, 10.0)
    doctor, _patient = figures((0, 10, DOCTOR), (10.5, 11, PATIENT), (11.5, 20, DOCTOR)).speakers
    assert (doctor.turns, doctor.longest_s) == (2, 10.0)


def test_pauses_before_answers() -> None:
    found = figures(
        (0, 4, DOCTOR),
        (5, 8, PATIENT),
        (8.5, 10, DOCTOR),
        (12, 13, PATIENT),
        (15, 16, PATIENT),
        (15.5, 18, DOCTOR),
    )
    doctor, patient = found.speakers
    assert patient.pause_s == 1.5  # 1 and 2 seconds; going on after a pause is no answer
    assert doctor.pause_s == 0.5  # the overlapping turn has none
    assert found.pause_s == 1.0


def test_words_per_minute_of_speaking_time() -> None:
    found = conversation_of(talk((0, 30, DOCTOR), (30, 45, PATIENT), words=(75, 0)))
    doctor, patient = found.speakers
    assert (doctor.words, doctor.words_per_minute) == (75, 150.0)
    assert (patient.words, patient.words_per_minute) == (0, None)
    assert found.has_words


def test_corrections_change_the_figures() -> None:
    visit = talk((0, 10, DOCTOR), (11, 14, PATIENT), (15, 20, DOCTOR), words=(20, 6, 10))
    named = apply(visit, Describe(PATIENT, "Ana", Role.PATIENT))
    assert [role.role for role in conversation_of(named).roles] == [Role.PATIENT]
    assigned = conversation_of(apply(named, Assign(2, PATIENT)))
    doctor, patient = assigned.speakers
    assert (doctor.speaking_s, patient.speaking_s) == (10.0, 8.0)
    assert (doctor.words, patient.words) == (20, 16)


def test_nobody_speaks() -> None:
    found = figures(duration=12.0)
    assert found == Conversation(12.0, 12.0, 0.0, 0.0, None, (), ())


def test_30_000_words_take_a_few_milliseconds() -> None:
    """Three hours of four speakers: a turn every four seconds, a third of them overlapping."""
    long = [
        (at * 4.0, at * 4.0 + (5.0 if at % 3 == 0 else 3.5), f"SPEAKER_0{(at * 7) % 4}") for at in range(2700)
    ]
    transcript = talk(*long, duration=10_900.0, words=[11] * 2700)
    conversation_of(transcript)
    best = 1.0
    for _ in range(5):
        began = time.process_time()
        found = conversation_of(transcript)
        best = min(best, time.process_time() - began)
    assert sum(speaker.words for speaker in found.speakers) == 29_700
    assert best < 0.1  # about 0.02 s; a quadratic count would take seconds
