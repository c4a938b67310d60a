"""Corrections of a transcript: small edits over the machine's version, which never changes.

`apply` is pure. An edit refers to segments and words by their numbers in the transcript that it is applied
to. Words that no edit touches keep their times; the words of an edited passage share its time.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from fi_desktop.core.alignment import text_of
from fi_desktop.core.transcript import Person, Role, Segment, Transcript, Turn, Word

T = TypeVar("T")

_LABEL = re.compile(r"SPEAKER_(\d+)")
_SHORTEST_S = 0.05  # of a turn that an edit cuts: shorter rests are dropped


class BadEdit(ValueError):
    """An edit does not fit the transcript that it is applied to."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Say who a speaker is. name: may be empty; role: None if it is not known."""

    speaker: str
    name: str = ""
    role: Role | None = None


@dataclass(frozen=True, slots=True)
class Assign:
    """Give a segment to a speaker; with `onwards`, also the later segments of the same speaker."""

    segment: int
    speaker: str
    onwards: bool = False


@dataclass(frozen=True, slots=True)
class Merge:
    """Make two speakers one: everything of `speaker` is given to `into`."""

    speaker: str
    into: str


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange two speakers in all turns; their names and roles stay with their labels."""

    one: str
    other: str


@dataclass(frozen=True, slots=True)
class Split:
    """Cut a segment in two before a word, or, if it has no words, at a time in seconds."""

    segment: int
    word: int = 0
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Join:
    """Join a segment with the next one of the same speaker."""

    segment: int


@dataclass(frozen=True, slots=True)
class MoveBorder:
    """Move the border between a segment and the next to a time, seconds; words follow by their middle."""

    segment: int
    at: float


@dataclass(frozen=True, slots=True)
class Write:
    """Replace the words from `first` to before `end` in a segment by a text, which may be empty."""

    segment: int
    first: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """Accept the words from `first` to before `end` in a segment, or that speech has none, both 0."""

    segment: int
    first: int
    end: int


Edit = Describe | Assign | Merge | Swap | Split | Join | MoveBorder | Write | Check
EDITS: tuple[type[Edit], ...] = (Describe, Assign, Merge, Swap, Split, Join, MoveBorder, Write, Check)


@dataclass(frozen=True, slots=True)
class Splice(Generic[T]):
    """Members of a tuple that were replaced. at: number of the first; before, after: the members."""

    at: int
    before: tuple[T, ...]
    after: tuple[T, ...]

    @classmethod
    def between(cls, before: tuple[T, ...], after: tuple[T, ...]) -> Splice[T]:
        """Return what stands between the common beginning and the common end."""
        first, shorter = 0, min(len(before), len(after))
        while first < shorter and (before[first] is after[first] or before[first] == after[first]):
            first += 1
        last = 0
        while last < shorter - first and (
            before[-1 - last] is after[-1 - last] or before[-1 - last] == after[-1 - last]
        ):
            last += 1
        return cls(first, before[first : len(before) - last], after[first : len(after) - last])

    def inverse(self) -> Splice[T]:
        """Return the splice that restores the members."""
        return Splice(self.at, self.after, self.before)

    def apply(self, members: tuple[T, ...]) -> tuple[T, ...]:
        """Return the members with the replacement; the same tuple if nothing was replaced."""
        if not self.before and not self.after:
            return members
        return members[: self.at] + self.after + members[self.at + len(self.before) :]


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit changed in a transcript: what is needed to undo it, whatever the edit was."""

    segments: Splice[Segment]
    turns: Splice[Turn]
    people: Splice[Person]

    @classmethod
    def between(cls, before: Transcript, after: Transcript) -> Change:
        """Return how `after` differs from `before`."""
        return cls(
            Splice.between(before.segments, after.segments),
            Splice.between(before.turns, after.turns),
            Splice.between(before.people, after.people),
        )

    def inverse(self) -> Change:
        """Return the change that undoes this one."""
        return Change(self.segments.inverse(), self.turns.inverse(), self.people.inverse())

    def apply(self, transcript: Transcript) -> Transcript:
        """Return the transcript with this change."""
        return replace(
            transcript,
            segments=self.segments.apply(transcript.segments),
            turns=self.turns.apply(transcript.turns),
            people=self.people.apply(transcript.people),
        )


def apply(transcript: Transcript, edit: Edit) -> Transcript:
    """Return the transcript with an edit.

    Raises:
        BadEdit: the edit does not fit: there is no such segment, word or speaker, or no such time in it.
    """
    match edit:
        case Describe():
            return _describe(transcript, edit)
        case Assign():
            return _assign(transcript, edit)
        case Merge():
            return _merge(transcript, edit)
        case Swap():
            return _swap(transcript, edit)
        case Split():
            return _split(transcript, edit)
        case Join():
            return _join(transcript, edit)
        case MoveBorder():
            return _move_border(transcript, edit)
        case Write():
            return _write(transcript, edit)
        case Check():
            return _check(transcript, edit)


def free_label(transcript: Transcript) -> str:
    """Return a label for a speaker that the machine did not find."""
    used = {*transcript.speakers, *(person.speaker for person in transcript.people)}
    used |= {segment.speaker for segment in transcript.segments if segment.speaker}
    taken = {int(found[1]) for label in used if (found := _LABEL.fullmatch(label))}
    return f"SPEAKER_{next(number for number in range(len(taken) + 1) if number not in taken):02d}"


def _describe(transcript: Transcript, edit: Describe) -> Transcript:
    if not edit.speaker:
        raise BadEdit("a speaker without a label")
    others = [person for person in transcript.people if person.speaker != edit.speaker]
    if edit.name or edit.role:
        others.append(Person(edit.speaker, edit.name, edit.role))
    return replace(transcript, people=tuple(sorted(others, key=lambda person: person.speaker)))


def _assign(transcript: Transcript, edit: Assign) -> Transcript:
    before = _segment(transcript, edit.segment).speaker
    if not edit.speaker:
        raise BadEdit("a speaker without a label")
    segments, turns = list(transcript.segments), transcript.turns
    for number in range(edit.segment, len(segments) if edit.onwards else edit.segment + 1):
        segment = segments[number]
        if segment.speaker == before:
            room = _room(segments, number)
            segments[number] = _spoken_by(segment, edit.speaker)
            turns = _given(turns, segment.start, segment.end, before, edit.speaker, room)
    return replace(transcript, segments=tuple(segments), turns=turns)


def _merge(transcript: Transcript, edit: Merge) -> Transcript:
    _known(transcript, edit.speaker, edit.into)
    if edit.speaker == edit.into:
        raise BadEdit("a speaker merged with itself")
    merged, kept = transcript.person(edit.speaker), transcript.person(edit.into)
    renamed = _renamed(transcript, {edit.speaker: edit.into})
    described = _describe(renamed, Describe(edit.speaker))
    return _describe(
        described, Describe(edit.into, kept.name or merged.name, kept.role if kept.role else merged.role)
    )


def _swap(transcript: Transcript, edit: Swap) -> Transcript:
    _known(transcript, edit.one, edit.other)
    return _renamed(transcript, {edit.one: edit.other, edit.other: edit.one})


def _split(transcript: Transcript, edit: Split) -> Transcript:
    segment = _segment(transcript, edit.segment)
    if not segment.words:
        return _split_turn(transcript, edit, segment)
    if not 0 < edit.word < len(segment.words):
        raise BadEdit("no such word in the segment")
    parts = _of_words(segment, segment.words[: edit.word]), _of_words(segment, segment.words[edit.word :])
    return _with_segments(transcript, edit.segment, 1, parts)


def _split_turn(transcript: Transcript, edit: Split, segment: Segment) -> Transcript:
    """Cut a segment without words, and the turn that it stands for."""
    if edit.at is None or not segment.start < edit.at < segment.end:
        raise BadEdit("no such time in the segment")
    parts = replace(segment, end=edit.at), replace(segment, start=edit.at)
    turns: list[Turn] = []
    for turn in transcript.turns:
        if turn.speaker == segment.speaker and turn.start < edit.at < turn.end:
            turns += [replace(turn, end=edit.at), replace(turn, start=edit.at)]
        else:
            turns.append(turn)
    return replace(_with_segments(transcript, edit.segment, 1, parts), turns=_sorted(turns))


def _join(transcript: Transcript, edit: Join) -> Transcript:
    one, other = _segment(transcript, edit.segment), _segment(transcript, edit.segment + 1)
    if one.speaker != other.speaker or bool(one.words) != bool(other.words):
        raise BadEdit("segments that cannot be joined")
    if one.words:
        return _with_segments(transcript, edit.segment, 2, (_of_words(one, (*one.words, *other.words)),))
    joined = replace(one, end=max(one.end, other.end))
    turns = transcript.turns
    if one.speaker is not None:
        stood_for = [Turn(part.start, part.end, one.speaker) for part in (one, other)]
        if all(turn in turns for turn in stood_for):
            rest = [turn for turn in turns if turn not in stood_for]
            turns = _sorted([*rest, Turn(joined.start, joined.end, one.speaker)])
    return replace(_with_segments(transcript, edit.segment, 2, (joined,)), turns=turns)


def _move_border(transcript: Transcript, edit: MoveBorder) -> Transcript:
    one, other = _segment(transcript, edit.segment), _segment(transcript, edit.segment + 1)
    if not one.start < edit.at < max(one.end, other.end):
        raise BadEdit("no such time in the segments")
    if one.words or other.words:
        words = (*one.words, *other.words)
        # the words stay in their order even if their times overlap
        count = next(
            (number for number, word in enumerate(words) if (word.start + word.end) / 2 >= edit.at),
            len(words),
        )
        if not 0 < count < len(words):
            raise BadEdit("a segment without words")
        parts = (
            _of_words(one, _said_by(words[:count], one.speaker)),
            _of_words(other, _said_by(words[count:], other.speaker)),
        )
    else:
        parts = replace(one, end=edit.at), replace(other, start=edit.at, end=max(edit.at, other.end))
    turns = transcript.turns
    if one.speaker and other.speaker and one.speaker != other.speaker:
        if edit.at > other.start:
            turns = _given(turns, other.start, edit.at, other.speaker, one.speaker)
        if edit.at < one.end:
            turns = _given(turns, edit.at, one.end, one.speaker, other.speaker)
    return replace(_with_segments(transcript, edit.segment, 2, parts), turns=turns)


def _write(transcript: Transcript, edit: Write) -> Transcript:
    segment = _segment(transcript, edit.segment)
    words = segment.words
    if not 0 <= edit.first <= edit.end <= len(words):
        raise BadEdit("no such words in the segment")
    texts = edit.text.split()
    start = words[edit.first - 1].end if edit.first else segment.start
    end = words[edit.end].start if edit.end < len(words) else segment.end
    if edit.first < edit.end:  # the new words take the time of the old ones
        start, end = words[edit.first].start, max(word.end for word in words[edit.first : edit.end])
    start = max([start, *(word.start for word in words[: edit.first][-1:])])
    end = min([max(start, end), *(max(start, word.start) for word in words[edit.end : edit.end + 1])])
    written = tuple(_spread(texts, start, end, segment.speaker))
    after = words[: edit.first] + written + words[edit.end :]
    changed = replace(segment, words=after, text=text_of(after), missing=segment.missing and not after)
    return _with_segments(transcript, edit.segment, 1, (changed,))


def _check(transcript: Transcript, edit: Check) -> Transcript:
    segment = _segment(transcript, edit.segment)
    if segment.missing and not segment.words and edit.first == edit.end == 0:
        return _with_segments(transcript, edit.segment, 1, (replace(segment, missing=False),))
    if not 0 <= edit.first < edit.end <= len(segment.words):
        raise BadEdit("no such words in the segment")
    words = list(segment.words)
    for number in range(edit.first, edit.end):
        words[number] = replace(words[number], checked=True)
    return _with_segments(transcript, edit.segment, 1, (replace(segment, words=tuple(words)),))


def _segment(transcript: Transcript, number: int) -> Segment:
    if not 0 <= number < len(transcript.segments):
        raise BadEdit("no such segment")
    return transcript.segments[number]


def _known(transcript: Transcript, *speakers: str) -> None:
    known = {*transcript.speakers, *(segment.speaker for segment in transcript.segments)}
    if not known.issuperset(speakers):
        raise BadEdit("no such speaker")


def _with_segments(transcript: Transcript, at: int, count: int, segments: Sequence[Segment]) -> Transcript:
    """Return the transcript with `count` segments from `at` replaced."""
    before, after = transcript.segments[:at], transcript.segments[at + count :]
    return replace(transcript, segments=(*before, *segments, *after))


def _of_words(segment: Segment, words: tuple[Word, ...]) -> Segment:
    """Return the segment with other words, from the first of them to the end of the last."""
    end = max(word.end for word in words)
    return replace(segment, start=words[0].start, end=end, words=words, text=text_of(words), missing=False)


def _spoken_by(segment: Segment, speaker: str) -> Segment:
    return replace(segment, speaker=speaker, words=_said_by(segment.words, speaker))


def _said_by(words: Iterable[Word], speaker: str | None) -> tuple[Word, ...]:
    return tuple(word if word.speaker == speaker else replace(word, speaker=speaker) for word in words)


def _renamed(transcript: Transcript, labels: dict[str, str]) -> Transcript:
    segments = tuple(
        _spoken_by(segment, labels[segment.speaker]) if segment.speaker in labels else segment
        for segment in transcript.segments
    )
    turns = (
        replace(turn, speaker=labels[turn.speaker]) if turn.speaker in labels else turn
        for turn in transcript.turns
    )
    return replace(transcript, segments=segments, turns=_sorted(turns))


def _room(segments: Sequence[Segment], number: int) -> tuple[float, float]:
    """Return the times between which a segment is its speaker's only one: turns reach beyond their words."""
    speaker = segments[number].speaker
    earlier = (part.end for part in reversed(segments[:number]) if part.speaker == speaker)
    later = (part.start for part in segments[number + 1 :] if part.speaker == speaker)
    return next(earlier, 0.0), next(later, math.inf)


def _given(
    turns: tuple[Turn, ...],
    start: float,
    end: float,
    before: str | None,
    speaker: str,
    room: tuple[float, float] = (math.inf, -math.inf),
) -> tuple[Turn, ...]:
    """Return the turns with what `before` said from `start` to `end` given to another speaker.

    The rests of such a turn go along if they are within `room`, where the speaker says nothing else. If the
    machine heard nothing there, such as for words of an unknown speaker, the other speaker gets a turn.
    """
    if before == speaker:
        return turns
    kept: list[Turn] = []
    given = False
    for turn in turns:
        if turn.speaker != before or turn.end <= start or turn.start >= end:
            kept.append(turn)
            continue
        given = True
        # a rest too short to be heard goes along
        first = turn.start if room[0] <= turn.start or start - turn.start < _SHORTEST_S else start
        last = turn.end if room[1] >= turn.end or turn.end - end < _SHORTEST_S else end
        kept += [replace(turn, end=first)] if first > turn.start else []
        kept.append(Turn(first, last, speaker))
        kept += [replace(turn, start=last)] if last < turn.end else []
    heard = given or any(turn.speaker == speaker and turn.start < end and turn.end > start for turn in turns)
    if not heard and end > start:
        kept.append(Turn(start, end, speaker))
    return _sorted(kept)


def _sorted(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    return tuple(sorted(turns, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def _spread(texts: Sequence[str], start: float, end: float, speaker: str | None) -> Iterator[Word]:
    """Yield new words, the time from `start` to `end` shared by their letters."""
    letters = sum(map(len, texts))
    done = 0
    for text in texts:
        begins = start + (end - start) * done / letters
        done += len(text)
        ends = start + (end - start) * done / letters
        yield Word(begins, ends, text, speaker=speaker, checked=True, interpolated=True)
