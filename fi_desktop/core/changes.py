"""What an edit changed in a transcript, whatever the edit was: enough to undo it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from fi_desktop.core.transcript import Person, Segment, Transcript, Turn

T = TypeVar("T")


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
