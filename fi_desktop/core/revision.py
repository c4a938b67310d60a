"""Corrections of a transcript: small edits over the machine's version, which never changes.

`apply` is pure. An edit refers to segments and words by their numbers in the transcript that it is applied
to. Words that no edit touches keep their times; the words of an edited passage share its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from fi_desktop.core.alignment import text_of
from fi_desktop.core.transcript import Person, Role, Segment, Transcript, Turn, Word
from fi_desktop.core.turn_edits import SHORTEST_S, bordered, given, in_order, room_of

_LABEL = re.compile(r"SPEAKER_(\d+)")


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
class Stretch:
    """Give a turn other times, seconds; its words stay, and stay within it."""

    turn: int
    start: float
    end: float


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


Edit = Describe | Assign | Merge | Swap | Split | Join | MoveBorder | Stretch | Write | Check
EDITS: tuple[type[Edit], ...] = (
    Describe,
    Assign,
    Merge,
    Swap,
    Split,
    Join,
    MoveBorder,
    Stretch,
    Write,
    Check,
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
        case Stretch():
            return _stretch(transcript, edit)
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
            room = room_of(segments, number)
            segments[number] = _spoken_by(segment, edit.speaker)
            turns = given(turns, segment.start, segment.end, before, edit.speaker, room)
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
    return replace(_with_segments(transcript, edit.segment, 1, parts), turns=in_order(turns))


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
            turns = in_order([*rest, Turn(joined.start, joined.end, one.speaker)])
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
    turns = bordered(transcript.turns, transcript.segments, edit.segment, edit.at)
    return replace(_with_segments(transcript, edit.segment, 2, parts), turns=turns)


def _stretch(transcript: Transcript, edit: Stretch) -> Transcript:
    """Give a turn other times, and the segment that stands for it if it has no words."""
    if not 0 <= edit.turn < len(transcript.turns):
        raise BadEdit("no such turn")
    turn = transcript.turns[edit.turn]
    others = [*transcript.turns[: edit.turn], *transcript.turns[edit.turn + 1 :]]
    if not (edit.start >= 0.0 and edit.start + SHORTEST_S <= edit.end <= max(transcript.duration, turn.end)):
        raise BadEdit("no such time in the recording")
    if any(one.speaker == turn.speaker and one.start < edit.end and one.end > edit.start for one in others):
        raise BadEdit("another turn of the same speaker")
    segments = list(transcript.segments)
    for number, segment in enumerate(segments):
        if segment.speaker != turn.speaker or segment.end <= turn.start or segment.start >= turn.end:
            continue
        middles = [(word.start + word.end) / 2 for word in segment.words]
        if any(turn.start <= at <= turn.end and not edit.start <= at <= edit.end for at in middles):
            raise BadEdit("a turn without its words")
        if not segment.words and (segment.start, segment.end) == (turn.start, turn.end):
            before, after = segments[:number][-1:], segments[number + 1 :][:1]
            if any(one.start > edit.start for one in before) or any(one.start < edit.start for one in after):
                raise BadEdit("a turn that begins before the one before it")
            segments[number] = replace(segment, start=edit.start, end=edit.end)
    turns = in_order([*others, replace(turn, start=edit.start, end=edit.end)])
    return replace(transcript, segments=tuple(segments), turns=turns)


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


def _labelled(segment: Segment, label: str) -> Segment:
    words = tuple(replace(word, speaker=label) for word in segment.words)
    return replace(segment, speaker=label, words=words)


def _said_by(words: Iterable[Word], speaker: str | None) -> tuple[Word, ...]:
    """Return words of a speaker whom a person chose."""
    return tuple(
        word if word.speaker == speaker else replace(word, speaker=speaker, unsure_speaker=False)
        for word in words
    )


def _renamed(transcript: Transcript, labels: dict[str, str]) -> Transcript:
    segments = tuple(
        _labelled(segment, labels[segment.speaker]) if segment.speaker in labels else segment
        for segment in transcript.segments
    )
    turns = (
        replace(turn, speaker=labels[turn.speaker]) if turn.speaker in labels else turn
        for turn in transcript.turns
    )
    return replace(transcript, segments=segments, turns=in_order(turns))


def _spread(texts: Sequence[str], start: float, end: float, speaker: str | None) -> Iterator[Word]:
    """Yield new words, the time from `start` to `end` shared by their letters."""
    letters = sum(map(len, texts))
    done = 0
    for text in texts:
        begins = start + (end - start) * done / letters
        done += len(text)
        ends = start + (end - start) * done / letters
        yield Word(begins, ends, text, speaker=speaker, checked=True, interpolated=True)
