"""The figures of a conversation: who speaks how long, who interrupts, and how much is silence.

Figures are of what the diarization found and people corrected: nothing in them judges what was said.
Words stand for time here:

- A *stretch* is speech of one person without a break, however many turns the diarization has of it.
- Stretches that begin and end while another person speaks, such as "mhm", leave that person the floor: they
  count as speaking time, not as turns.
- A *turn* lasts until another person takes the floor, or until a lapse.
- An *interruption* is a turn that begins at least a quarter of a second before another person stops, and
  goes on for at least that long after them. Physicians' interruptions that change the floor are defined so
  by Mulder-Vos, Driever & Brand 2023 (BMJ Open 13:e066678). Shorter overlaps are usual when turns change, and
  within the error of the borders.
- The *pause before an answer* is the silence between the end of one person's speech and the start of
  another's. Turns that begin while somebody speaks have none.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median

from fi_desktop.core.transcript import Region, Role, Transcript, Turn, overlaps

INTERRUPTION_S = 0.25
"""How long an interruption overlaps the other person's speech, and goes on after it, at least; seconds."""

_LAPSE_S = 3.0  # a longer silence ends a turn: conversational lapse, McLaughlin & Cody 1982


@dataclass(frozen=True, slots=True)
class Participation:
    """What a speaker has of a conversation, or all speakers of a role together.

    Attributes:
        speakers: the labels.
        role: of the speakers, if somebody said it.
        speaking_s: speaking time, seconds; of a role, the sum of its speakers' times.
        share: of the speaking times of all speakers, 0 to 1.
        turns, interruptions: how many.
        longest_s: the longest turn, seconds, with its pauses.
        pause_s: the median pause before their answers, seconds; None if they never answer after a pause.
        words: how many.
        words_per_minute: of speaking time; None without words.
    """

    speakers: tuple[str, ...]
    role: Role | None
    speaking_s: float
    share: float
    turns: int
    interruptions: int
    longest_s: float
    pause_s: float | None
    words: int
    words_per_minute: float | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """The figures of a conversation. Silence, one voice and overlap add up to the duration.

    Attributes:
        duration_s: length of the recording, seconds.
        silence_s, single_s, overlap_s: how long nobody, one person, or several people at once speak.
        pause_s: the median pause before an answer, of anybody; None if nobody answers after a pause.
        speakers: in order of first appearance.
        roles: one for each role that people have, in order of first appearance.
    """

    duration_s: float
    silence_s: float
    single_s: float
    overlap_s: float
    pause_s: float | None
    speakers: tuple[Participation, ...]
    roles: tuple[Participation, ...]

    @property
    def has_words(self) -> bool:
        """Whether anybody has words."""
        return any(speaker.words for speaker in self.speakers)

    @property
    def interruptions(self) -> int:
        """How many there are."""
        return sum(speaker.interruptions for speaker in self.speakers)

    @property
    def shared_roles(self) -> tuple[Participation, ...]:
        """The roles of several speakers; those of one speaker only repeat the speaker's figures."""
        return tuple(role for role in self.roles if len(role.speakers) > 1)


def conversation_of(transcript: Transcript) -> Conversation:
    """Return the figures of a transcript, as corrected."""
    duration = max(0.0, transcript.duration)
    stretches = _stretches(transcript, duration)
    everybody = _union((stretch.start, stretch.end) for stretch in stretches)
    speech = sum(end - start for start, end in everybody)
    overlap = _length(overlaps(stretches))
    tallies = _tallies(stretches)
    for segment in transcript.segments:
        if segment.speaker in tallies:
            tallies[segment.speaker].words += len(segment.words)
    total = sum(tally.speaking_s for tally in tallies.values())
    return Conversation(
        duration_s=duration,
        silence_s=max(0.0, duration - speech),
        single_s=max(0.0, speech - overlap),
        overlap_s=overlap,
        pause_s=_median(pause for tally in tallies.values() for pause in tally.pauses),
        speakers=tuple(
            tally.participation((label,), transcript.person(label).role, total)
            for label, tally in tallies.items()
        ),
        roles=_roles(transcript, tallies, total),
    )


@dataclass(slots=True)
class _Tally:
    """What is counted of one speaker.

    Attributes:
        begun: when the turn began; last_start, last_end: of its latest stretch.
    """

    speaking_s: float = 0.0
    turns: int = 0
    interruptions: int = 0
    longest_s: float = 0.0
    words: int = 0
    pauses: list[float] = field(default_factory=list)
    begun: float = 0.0
    last_start: float = float("-inf")
    last_end: float = float("-inf")

    def participation(self, speakers: tuple[str, ...], role: Role | None, total_s: float) -> Participation:
        """Return the figures; total_s: the speaking times of all speakers."""
        return Participation(
            speakers=speakers,
            role=role,
            speaking_s=self.speaking_s,
            share=self.speaking_s / total_s if total_s else 0.0,
            turns=self.turns,
            interruptions=self.interruptions,
            longest_s=self.longest_s,
            pause_s=_median(self.pauses),
            words=self.words,
            words_per_minute=60 * self.words / self.speaking_s if self.words and self.speaking_s else None,
        )


def _stretches(transcript: Transcript, duration: float) -> list[Turn]:
    """Return all stretches within the recording, by start; the longer one first if they start together."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for turn in transcript.turns:
        start, end = max(0.0, turn.start), min(duration, turn.end)
        if start < end:
            spans.setdefault(turn.speaker, []).append((start, end))
    found = [Turn(start, end, label) for label, mine in spans.items() for start, end in _union(mine)]
    return sorted(found, key=lambda stretch: (stretch.start, -stretch.end))


def _union(spans: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return spans with those that touch joined, in order."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _length(regions: Iterable[Region]) -> float:
    return sum((region.duration for region in regions), 0.0)


def _median(values: Iterable[float]) -> float | None:
    known = list(values)
    return median(known) if known else None


def _tallies(stretches: list[Turn]) -> dict[str, _Tally]:
    """Count by speaker, in order of first appearance."""
    tallies: dict[str, _Tally] = {}
    for stretch in stretches:
        tallies.setdefault(stretch.speaker, _Tally()).speaking_s += stretch.end - stretch.start
    _count_pauses(stretches, tallies)
    _count_turns(stretches, tallies)
    return tallies


def _count_pauses(stretches: list[Turn], tallies: Mapping[str, _Tally]) -> None:
    ended, last = float("-inf"), set[str]()  # when speech last ended, and whose
    for number, stretch in enumerate(stretches):
        together = number > 0 and stretches[number - 1].start == stretch.start
        if not together:
            before, speakers = ended, frozenset(last)
        if speakers and stretch.start >= before and stretch.speaker not in speakers:
            tallies[stretch.speaker].pauses.append(stretch.start - before)
        if stretch.end > ended:
            ended, last = stretch.end, {stretch.speaker}
        elif stretch.end == ended:
            last.add(stretch.speaker)


def _count_turns(stretches: list[Turn], tallies: Mapping[str, _Tally]) -> None:
    latest: dict[str, Turn] = {}  # of each speaker: theirs do not overlap, so that one is enough
    floor: list[Turn] = []
    interrupting: list[bool] = []
    for stretch in stretches:
        others = [other for other in latest.values() if other.speaker != stretch.speaker]
        if not any(_covers(other, stretch) for other in others):
            floor.append(stretch)
            interrupting.append(any(_interrupts(stretch, other) for other in others))
        latest[stretch.speaker] = stretch
    starts = {label: [one.start for one in floor if one.speaker == label] for label in tallies}
    for stretch, interrupts in zip(floor, interrupting, strict=True):
        tally = tallies[stretch.speaker]
        lapsed = stretch.start - tally.last_end >= _LAPSE_S
        if lapsed or _taken(starts, stretch.speaker, tally.last_start, stretch.start):
            tally.turns += 1
            tally.begun = stretch.start
        tally.interruptions += interrupts
        tally.last_start, tally.last_end = stretch.start, stretch.end
        tally.longest_s = max(tally.longest_s, stretch.end - tally.begun)


def _covers(other: Turn, stretch: Turn) -> bool:
    """Whether the other person speaks all the time of a stretch, and longer."""
    same = (other.start, other.end) == (stretch.start, stretch.end)
    return other.start <= stretch.start and stretch.end <= other.end and not same


def _interrupts(stretch: Turn, other: Turn) -> bool:
    overlaps_long = other.start < stretch.start and other.end - stretch.start >= INTERRUPTION_S
    return overlaps_long and stretch.end - other.end >= INTERRUPTION_S


def _taken(starts: Mapping[str, list[float]], speaker: str, after: float, before: float) -> bool:
    """Return whether another person took the floor between two moments."""
    for label, moments in starts.items():
        if label == speaker:
            continue
        at = bisect_left(moments, before) - 1
        if at >= 0 and moments[at] > after:
            return True
    return False


def _roles(
    transcript: Transcript, tallies: Mapping[str, _Tally], total_s: float
) -> tuple[Participation, ...]:
    """Return the figures of each role."""
    members: dict[Role, list[str]] = {}
    for label in tallies:
        if (role := transcript.person(label).role) is not None:
            members.setdefault(role, []).append(label)
    return tuple(
        _together([tallies[label] for label in labels]).participation(tuple(labels), role, total_s)
        for role, labels in members.items()
    )


def _together(tallies: list[_Tally]) -> _Tally:
    """Return the sums of some speakers, and the longest of their turns."""
    return _Tally(
        speaking_s=sum(tally.speaking_s for tally in tallies),
        turns=sum(tally.turns for tally in tallies),
        interruptions=sum(tally.interruptions for tally in tallies),
        longest_s=max(tally.longest_s for tally in tallies),
        words=sum(tally.words for tally in tallies),
        pauses=[pause for tally in tallies for pause in tally.pauses],
    )
