"""Corrections: any sequence keeps times and words in order, and can be undone to the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.core.alignment import segments_of, segments_of_words
from fi_desktop.core.codec import edit_from_json, edit_to_json, transcript_from_json, transcript_to_json
from fi_desktop.core.review import (
    BadStep,
    Review,
    ReviewState,
    Signature,
    Step,
    StepKind,
    canonical,
    fingerprint,
)
from fi_desktop.core.revision import (
    Assign,
    BadEdit,
    Check,
    Describe,
    Edit,
    Join,
    Merge,
    MoveBorder,
    Split,
    Stretch,
    Swap,
    Write,
    apply,
    free_label,
)
from fi_desktop.core.transcript import Person, Provenance, Role, Segment, Transcript, Turn, Word

SPEAKERS = ("SPEAKER_00", "SPEAKER_01", "SPEAKER_02")
MADE = Provenance("1.0", "builtin", "", {}, "00", "visit.wav", "2026-11-29T10:00:00+00:00")


def spoken(*lines: tuple[str, str]) -> Transcript:
    """Return a transcript with a line per segment, a word every half second."""
    words, turns, at = [], [], 0.0
    for speaker, line in lines:
        start = at
        for text in line.split():
            words.append(Word(at, at + 0.4, text, 0.5, speaker))
            at += 0.5
        turns.append(Turn(start, at - 0.1, speaker))
    return Transcript(at, at, tuple(turns), segments_of_words(words), MADE)


@pytest.fixture
def visit() -> Transcript:
    return spoken(
        ("SPEAKER_00", "Good morning how are you"),
        ("SPEAKER_01", "Not so well doctor"),
        ("SPEAKER_00", "Since when"),
        ("SPEAKER_01", "Two weeks ago it began"),
    )


def texts(transcript: Transcript) -> list[tuple[str | None, str]]:
    return [(segment.speaker, segment.text) for segment in transcript.segments]


class TestEdits:
    def test_person_gets_a_name_and_a_role(self, visit: Transcript) -> None:
        named = apply(visit, Describe("SPEAKER_00", "Dra. Robles", Role.CLINICIAN))
        assert named.person("SPEAKER_00") == Person("SPEAKER_00", "Dra. Robles", Role.CLINICIAN)
        assert named.person("SPEAKER_01") == Person("SPEAKER_01")
        assert apply(named, Describe("SPEAKER_00")) == visit

    def test_segment_is_given_to_another_speaker_with_its_turn(self, visit: Transcript) -> None:
        edited = apply(visit, Assign(1, "SPEAKER_00"))
        assert texts(edited)[1] == ("SPEAKER_00", "Not so well doctor")
        assert {word.speaker for word in edited.segments[1].words} == {"SPEAKER_00"}
        assert [turn.speaker for turn in edited.turns] == ["SPEAKER_00"] * 3 + ["SPEAKER_01"]

    def test_part_of_a_turn_is_given_to_another_speaker(self, visit: Transcript) -> None:
        edited = apply(apply(visit, Split(0, word=2)), Assign(1, "SPEAKER_01"))
        assert texts(edited)[:2] == [("SPEAKER_00", "Good morning"), ("SPEAKER_01", "how are you")]
        assert edited.turns[:2] == (Turn(0.0, 1.0, "SPEAKER_00"), Turn(1.0, 2.4, "SPEAKER_01"))

    def test_from_here_on_leaves_what_came_before(self, visit: Transcript) -> None:
        edited = apply(visit, Assign(1, "SPEAKER_02", onwards=True))
        assert [speaker for speaker, _text in texts(edited)] == [
            "SPEAKER_00",
            "SPEAKER_02",
            "SPEAKER_00",
            "SPEAKER_02",
        ]
        again = apply(edited, Assign(3, "SPEAKER_01", onwards=True))
        assert [speaker for speaker, _text in texts(again)][1:] == ["SPEAKER_02", "SPEAKER_00", "SPEAKER_01"]

    def test_merged_speakers_keep_the_name_that_is_known(self, visit: Transcript) -> None:
        named = apply(visit, Describe("SPEAKER_01", "Ana", Role.PATIENT))
        merged = apply(named, Merge("SPEAKER_01", "SPEAKER_00"))
        assert merged.speakers == ("SPEAKER_00",)
        assert merged.people == (Person("SPEAKER_00", "Ana", Role.PATIENT),)

    def test_swap_leaves_names_with_their_labels(self, visit: Transcript) -> None:
        named = apply(visit, Describe("SPEAKER_00", "Ana"))
        swapped = apply(named, Swap("SPEAKER_00", "SPEAKER_01"))
        assert texts(swapped)[0] == ("SPEAKER_01", "Good morning how are you")
        assert swapped.people == named.people
        assert apply(swapped, Swap("SPEAKER_00", "SPEAKER_01")) == named

    def test_speaker_that_a_person_chose_is_sure(self, visit: Transcript) -> None:
        words = tuple(replace(word, unsure_speaker=True) for word in visit.segments[0].words)
        unsure = replace(visit, segments=(replace(visit.segments[0], words=words), *visit.segments[1:]))
        assigned = apply(unsure, Assign(0, "SPEAKER_01"))
        assert not any(word.unsure_speaker for word in assigned.segments[0].words)
        swapped = apply(unsure, Swap("SPEAKER_00", "SPEAKER_01"))
        assert all(word.unsure_speaker for word in swapped.segments[0].words)

    def test_split_and_join_are_each_others_inverse(self, visit: Transcript) -> None:
        assert apply(apply(visit, Split(0, word=2)), Join(0)) == visit

    def test_words_follow_a_border(self, visit: Transcript) -> None:
        edited = apply(visit, MoveBorder(0, visit.segments[1].words[2].start))
        assert texts(edited)[:2] == [
            ("SPEAKER_00", "Good morning how are you Not so"),
            ("SPEAKER_01", "well doctor"),
        ]
        assert edited.turns[:2] == (Turn(0.0, 3.5, "SPEAKER_00"), Turn(3.5, 4.4, "SPEAKER_01"))
        assert edited.turns[2:] == visit.turns[2:]

    @pytest.mark.parametrize("at", [1.2, 2.45, 3.5])
    def test_turns_meet_at_a_border_and_stay_as_many(self, visit: Transcript, at: float) -> None:
        edited = apply(visit, MoveBorder(0, at))
        assert edited.turns[:2] == (Turn(0.0, at, "SPEAKER_00"), Turn(at, 4.4, "SPEAKER_01"))
        assert edited.turns[2:] == visit.turns[2:]
        assert apply(edited, MoveBorder(0, 2.45)).segments == visit.segments

    def test_turn_that_goes_on_behind_the_other_is_cut(self, visit: Transcript) -> None:
        talking = (Turn(0.0, 5.4, "SPEAKER_00"), Turn(2.5, 4.4, "SPEAKER_01"), visit.turns[3])
        edited = apply(replace(visit, turns=talking), MoveBorder(0, 1.9))
        assert texts(edited)[:2] == [
            ("SPEAKER_00", "Good morning how are"),
            ("SPEAKER_01", "you Not so well doctor"),
        ]
        assert Turn(0.0, 1.9, "SPEAKER_00") in edited.turns
        assert max(turn.end for turn in edited.turns if turn.speaker == "SPEAKER_00") == 5.4

    def test_turn_gets_other_times(self, visit: Transcript) -> None:
        edited = apply(visit, Stretch(0, 0.1, 2.3))
        assert edited.turns == (Turn(0.1, 2.3, "SPEAKER_00"), *visit.turns[1:])
        assert edited.segments == visit.segments
        for refused in (
            Stretch(0, 0.5, 2.4),  # the first word is before it
            Stretch(0, 0.0, 2.0),  # the last one is behind it
            Stretch(0, 0.0, 4.6),  # over the speaker's next turn
            Stretch(0, -0.1, 2.4),
            Stretch(4, 0.0, 2.4),
            Stretch(0, float("nan"), 2.4),
        ):
            with pytest.raises(BadEdit):
                apply(visit, refused)

    def test_turn_without_words_gets_other_times(self) -> None:
        turns = (Turn(0.0, 10.0, "SPEAKER_00"), Turn(12.0, 15.0, "SPEAKER_01"))
        heard = Transcript(16.0, 13.0, turns, segments_of(turns), MADE)
        edited = apply(heard, Stretch(1, 11.0, 16.0))
        assert edited.turns == (Turn(0.0, 10.0, "SPEAKER_00"), Turn(11.0, 16.0, "SPEAKER_01"))
        assert segments_of(edited.turns) == edited.segments
        moved = apply(edited, MoveBorder(0, 10.5))
        assert moved.turns == (Turn(0.0, 10.5, "SPEAKER_00"), Turn(10.5, 16.0, "SPEAKER_01"))
        assert segments_of(moved.turns) == moved.segments

    def test_written_words_share_the_time_of_those_they_replace(self, visit: Transcript) -> None:
        edited = apply(visit, Write(1, 1, 3, "very much better today"))
        segment = edited.segments[1]
        assert segment.text == "Not very much better today doctor"
        written = segment.words[1:5]
        assert all(word.interpolated and word.checked and not word.doubtful for word in written)
        assert (written[0].start, written[-1].end) == (
            visit.segments[1].words[1].start,
            visit.segments[1].words[2].end,
        )
        assert segment.words[0] is visit.segments[1].words[0]
        assert segment.words[-1] is visit.segments[1].words[3]

    def test_word_is_inserted_between_its_neighbours(self, visit: Transcript) -> None:
        words = apply(visit, Write(1, 1, 1, "really")).segments[1].words
        assert words[0].end <= words[1].start <= words[1].end <= words[2].start

    def test_checked_words_are_no_longer_doubtful(self, visit: Transcript) -> None:
        words = apply(visit, Check(1, 0, 2)).segments[1].words
        assert [word.doubtful for word in words] == [False, False, True, True]

    def test_turn_without_words_is_split_and_assigned(self) -> None:
        turns = (Turn(0.0, 10.0, "SPEAKER_00"), Turn(12.0, 15.0, "SPEAKER_01"))
        heard = Transcript(15.0, 13.0, turns, segments_of(turns), MADE)
        split = apply(heard, Split(0, at=4.0))
        edited = apply(split, Assign(1, "SPEAKER_01"))
        assert edited.turns[:2] == (Turn(0.0, 4.0, "SPEAKER_00"), Turn(4.0, 10.0, "SPEAKER_01"))
        assert segments_of(edited.turns) == edited.segments
        assert apply(split, Join(0)) == heard

    def test_words_of_nobody_get_a_turn_with_their_speaker(self) -> None:
        words = (Word(1.0, 1.4, "Hello", 0.9),)
        heard = Transcript(5.0, 1.0, (), (Segment(1.0, 1.4, None, "Hello", words),), MADE)
        assert apply(heard, Assign(0, "SPEAKER_00")).turns == (Turn(1.0, 1.4, "SPEAKER_00"),)

    def test_new_speaker_gets_a_label_that_nobody_has(self, visit: Transcript) -> None:
        assert free_label(visit) == "SPEAKER_02"
        assert free_label(apply(visit, Describe("SPEAKER_02", "Mother"))) == "SPEAKER_03"

    @pytest.mark.parametrize(
        "edit",
        [
            Assign(4, "SPEAKER_00"),
            Assign(-1, "SPEAKER_00"),
            Assign(0, ""),
            Merge("SPEAKER_00", "SPEAKER_00"),
            Merge("SPEAKER_00", "SPEAKER_07"),
            Swap("SPEAKER_00", "SPEAKER_07"),
            Split(0, word=0),
            Split(0, word=5),
            Join(0),
            Join(3),
            MoveBorder(0, 0.0),
            MoveBorder(0, 99.0),
            MoveBorder(3, 7.0),
            Write(0, 3, 2, "x"),
            Write(0, 0, 6, "x"),
            Check(0, 2, 2),
            Describe("", "Nobody"),
        ],
        ids=repr,
    )
    def test_what_does_not_fit_is_refused(self, visit: Transcript, edit: Edit) -> None:
        with pytest.raises(BadEdit):
            apply(visit, edit)


numbers = st.integers(-1, 12)
labels = st.sampled_from([*SPEAKERS, ""])
times = st.floats(-1.0, 40.0)
written = st.text(st.sampled_from("ab é😀\u05d0\n"), max_size=12)
edits = st.one_of(
    st.builds(Describe, labels, written, st.sampled_from([None, *Role])),
    st.builds(Assign, numbers, labels, st.booleans()),
    st.builds(Merge, labels, labels),
    st.builds(Swap, labels, labels),
    st.builds(Split, numbers, numbers, st.none() | times),
    st.builds(Join, numbers),
    st.builds(MoveBorder, numbers, times),
    st.builds(Stretch, numbers, times, times),
    st.builds(Write, numbers, numbers, numbers, written),
    st.builds(Check, numbers, numbers, numbers),
)


def numbered(turns: list[tuple[str, int]]) -> list[tuple[str, str]]:
    """Return lines of words, no two of which are the same; given the number of words of each."""
    number = count()
    return [(speaker, " ".join(f"w{next(number)}" for _ in range(words))) for speaker, words in turns]


turns = st.lists(st.tuples(st.sampled_from(SPEAKERS), st.integers(1, 6)), min_size=1, max_size=8)
lines = turns.map(numbered)
few_edits = st.lists(edits, min_size=1, max_size=3).map(tuple)
any_step = st.one_of(
    few_edits.map(lambda several: Step(StepKind.EDIT, 0.0, "Ana", several)),
    st.sampled_from([Step(kind, 0.0, "Ana") for kind in (StepKind.UNDO, StepKind.REDO, StepKind.REVIEW)]),
)


def said(transcript: Transcript) -> list[Word]:
    return [word for segment in transcript.segments for word in segment.words]


class TestAnySequence:
    @given(lines, st.booleans(), st.lists(edits, max_size=25))
    @settings(max_examples=150, deadline=None)
    def test_keeps_order_and_is_undone_to_the_same_bytes(
        self, lines: list[tuple[str, str]], transcribed: bool, sequence: list[Edit]
    ) -> None:
        machine = spoken(*lines)
        if not transcribed:
            machine = replace(machine, segments=segments_of(machine.turns))
        first = canonical(machine)
        review, done, states = Review(machine), 0, [first]
        for edit in sequence:
            before, before_parts = said(review.transcript), review.transcript.segments
            assert edit_from_json(json.loads(json.dumps(edit_to_json(edit)))) == edit
            try:
                review.add(Step(StepKind.EDIT, 0.0, "Ana", (edit,)))
            except BadEdit:
                assert canonical(review.transcript) == states[-1]
                continue
            done += 1
            after = said(review.transcript)
            states.append(canonical(review.transcript))
            if isinstance(edit, Write):  # replaces the words that it names, and no others
                at = edit.first + sum(len(part.words) for part in before_parts[: edit.segment])
                rest = len(before) - at - (edit.end - edit.first)
                assert after[:at] == before[:at]
                assert after[len(after) - rest :] == before[len(before) - rest :]
                assert [word.text for word in after[at : len(after) - rest]] == edit.text.split()
            else:  # loses no word, invents none, and leaves them in their order
                assert [word.text for word in after] == [word.text for word in before]
                assert [word.start for word in after] == [word.start for word in before]
            assert all(word.start <= word.end for word in after)
            starts = [word.start for word in after]
            assert starts == sorted(starts)
            parts = [segment for segment in review.transcript.segments if segment.words]
            assert [part.start for part in parts] == sorted(part.start for part in parts)
            assert all(part.start <= part.words[0].start and part.words[-1].end <= part.end for part in parts)
            assert list(review.transcript.turns) == sorted(
                review.transcript.turns, key=lambda turn: (turn.start, turn.end, turn.speaker)
            )
            assert all(turn.start < turn.end and turn.speaker for turn in review.transcript.turns)
        for state in reversed(states[:-1]):
            review.add(Step(StepKind.UNDO, 0.0, "Ana"))
            assert canonical(review.transcript) == state
        assert canonical(review.transcript) == first
        assert not review.can_undo
        for state in states[1:]:
            review.add(Step(StepKind.REDO, 0.0, "Ana"))
            assert canonical(review.transcript) == state
        replayed = Review(machine, review.steps)
        assert canonical(replayed.transcript) == states[-1]
        stored = transcript_from_json(json.loads(canonical(replayed.transcript)))
        assert stored == replayed.transcript
        assert transcript_to_json(machine) == transcript_to_json(spoken(*lines)) or not transcribed

    @given(lines, st.lists(any_step, max_size=30))
    @settings(max_examples=100, deadline=None)
    def test_any_order_of_edits_undo_and_redo_leads_back_to_the_original(
        self, lines: list[tuple[str, str]], steps: list[Step]
    ) -> None:
        machine = spoken(*lines)
        review = Review(machine)
        past, future = [canonical(machine)], []  # what undoing leads to, and doing again
        for step in steps:
            taken = len(review.steps)
            try:
                review.add(step)
            except (BadEdit, BadStep):
                assert len(review.steps) == taken
                assert canonical(review.transcript) == past[-1]
                continue
            match step.kind:
                case StepKind.EDIT:
                    past.append(canonical(review.transcript))
                    future = []
                case StepKind.UNDO:
                    future.append(past.pop())
                case StepKind.REDO:
                    past.append(future.pop())
            assert canonical(review.transcript) == past[-1]
            assert (review.can_undo, review.can_redo) == (len(past) > 1, bool(future))
        assert canonical(Review(machine, review.steps).transcript) == past[-1]
        while review.can_undo:
            review.add(Step(StepKind.UNDO, 0.0, "Ana"))
        assert canonical(review.transcript) == canonical(machine) == canonical(spoken(*lines))

    @given(lines, st.integers(0, 7), st.integers(0, 6), st.integers(0, 6), written)
    def test_words_that_were_not_touched_stay_the_same(
        self, lines: list[tuple[str, str]], segment: int, first: int, end: int, text: str
    ) -> None:
        machine = spoken(*lines)
        try:
            edited = apply(machine, Write(segment, first, end, text))
        except BadEdit:
            return
        number = len(text.split())
        before, after = machine.segments[segment].words, edited.segments[segment].words
        assert after[:first] == before[:first]
        assert after[first + number :] == before[end:]
        assert [word.text for word in after[first : first + number]] == text.split()


class TestReview:
    def step(self, kind: StepKind, *edits: Edit, sha256: str = "") -> Step:
        return Step(kind, 5.0, "Dra. Robles", edits, sha256)

    def test_change_after_signing_is_a_new_draft_and_the_signed_one_stays(self, visit: Transcript) -> None:
        review = Review(visit)
        review.add(self.step(StepKind.EDIT, Write(0, 0, 2, "Hello")))
        review.add(self.step(StepKind.REVIEW))
        assert review.state is ReviewState.REVIEWED
        signed = review.transcript
        review.add(self.step(StepKind.SIGN, sha256=fingerprint(signed)))
        assert review.state is ReviewState.SIGNED
        review.add(self.step(StepKind.EDIT, Write(0, 0, 1, "Goodbye")))
        assert review.state is ReviewState.DRAFT
        assert review.signatures == [Signature(2, "Dra. Robles", 5.0, fingerprint(signed))]
        assert review.signed(review.signatures[0]) == signed

    def test_only_what_was_reviewed_and_is_the_same_is_signed(self, visit: Transcript) -> None:
        review = Review(visit)
        with pytest.raises(BadStep):
            review.add(self.step(StepKind.SIGN, sha256=fingerprint(visit)))
        review.add(self.step(StepKind.REVIEW))
        with pytest.raises(BadStep):
            review.add(self.step(StepKind.SIGN, sha256=fingerprint(apply(visit, Check(0, 0, 1)))))
        assert review.state is ReviewState.REVIEWED
        assert len(review.steps) == 1

    def test_edits_of_one_step_are_undone_together(self, visit: Transcript) -> None:
        review = Review(visit)
        review.add(self.step(StepKind.EDIT, Write(0, 0, 1, "Bad"), Write(1, 0, 1, "Very")))
        review.add(self.step(StepKind.UNDO))
        assert review.transcript == visit
        with pytest.raises(BadStep):
            review.add(self.step(StepKind.UNDO))

    def test_step_whose_second_edit_does_not_fit_changes_nothing(self, visit: Transcript) -> None:
        review = Review(visit)
        with pytest.raises(BadEdit):
            review.add(self.step(StepKind.EDIT, Write(0, 0, 1, "Bad"), Join(0)))
        assert review.transcript is visit
        assert not review.steps
