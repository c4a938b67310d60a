"""Draws a conversation: who says which phrase when.

Turns and pauses have log-normal lengths; people answer while the other one still speaks, and put in short
sounds. Overlap is the time in which two or more speak, as a share of the time in which anybody does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from tests.bench.speech_sources import Phrase, Voice, phrases_of, shorten

LEAD_S = 0.5
_TRIES = 40  # timelines drawn until the overlap is as wanted
_SHORT_PAUSE_S = 0.5  # a reader's pauses below this become, within a turn,
_SHORTENED_S = 0.15  # this long


@dataclass(frozen=True)
class Scene:
    """What is simulated. A person is a sex (f, m) or a language and a sex (def, esm)."""

    kind: str
    people: tuple[str, ...]
    seconds: float
    turn_s: float = 3.5  # median of a turn
    overlap: tuple[float, float] = (0.045, 0.085)
    distances_m: tuple[float, float] = (0.5, 1.8)
    rt60_s: tuple[float, float] = (0.25, 0.5)
    noise: str = ""
    snr_db: float = 40.0
    masks: int = 0
    phone: bool = False
    similar: bool = False
    wide: bool = False  # only voices with the full band
    companion_s: float = 0.0  # what the last person says in all
    talk: tuple[float, ...] = ()  # weights of the people; a person's turns are longer, too


@dataclass
class Spoken:
    """A phrase on the recording's clock."""

    person: int
    start: float
    phrase: Phrase

    @property
    def end(self) -> float:
        """When it ends, seconds."""
        return self.start + self.phrase.seconds


@dataclass
class Tape:
    """What a person has to say in one recording: the voice's phrases in a random order of utterances."""

    voice: Voice
    phrases: list[Phrase] = field(default_factory=list)
    place: int = 0

    @classmethod
    def of(cls, voice: Voice, folder: Path, rng: Generator) -> Tape:
        """Shuffle a voice's utterances."""
        spoken = phrases_of(voice, folder)
        return cls(voice, [phrase for index in rng.permutation(len(spoken)) for phrase in spoken[index]])

    def take(self, seconds: float, rng: Generator) -> list[tuple[float, Phrase]]:
        """Return phrases of about a duration, each with its start within the turn."""
        taken: list[tuple[float, Phrase]] = []
        now = 0.0
        while now < 0.8 * seconds:
            phrase = self.phrases[self.place % len(self.phrases)]
            self.place += 1
            if phrase.seconds > 1.3 * (seconds - now):
                phrase = shorten(phrase, max(seconds - now, 0.35))
            taken.append((now, phrase))
            # who reads aloud stops at every comma; who talks does not
            pause = min(phrase.pause_after, float(rng.uniform(0.4, 0.9)))
            now += phrase.seconds + (pause if pause >= _SHORT_PAUSE_S else _SHORTENED_S)
        return taken


def converse(scene: Scene, tapes: Sequence[Tape], rng: Generator) -> list[Spoken]:
    """Draw who says what when, until the overlap is as the scene wants it."""
    best: tuple[float, list[Spoken]] | None = None
    low, high = scene.overlap
    for _ in range(_TRIES):
        rate = float(rng.uniform(0.05, 0.6)) if high else 0.0
        spoken = _timeline(scene, tapes, rate, rng)
        share = overlap_of(spoken)
        error = max(low - share, share - high, 0.0)
        if best is None or error < best[0]:
            best = error, spoken
        if error == 0:
            break
    assert best is not None
    return best[1]


def overlap_of(spoken: Sequence[Spoken]) -> float:
    """Return the time with two or more speakers as a share of the time with any."""
    active = _activity(spoken)
    return float((active > 1).sum() / max((active > 0).sum(), 1))


def _activity(spoken: Sequence[Spoken]) -> NDArray[np.int_]:
    """Return how many people speak in each 10 ms."""
    frames = round(max(part.end for part in spoken) * 100) + 1
    people = np.zeros((1 + max(part.person for part in spoken), frames), dtype=bool)
    for part in spoken:
        people[part.person, round(part.start * 100) : round(part.end * 100)] = True
    return np.asarray(people.sum(axis=0))


def _timeline(scene: Scene, tapes: Sequence[Tape], rate: float, rng: Generator) -> list[Spoken]:
    spoken: list[Spoken] = []
    free = [0.0] * len(tapes)  # when each person may speak again
    weights = np.array(scene.talk or [1.0] * len(tapes))
    regular = len(tapes) - (1 if scene.companion_s else 0)
    chances = weights[:regular] / weights[:regular].sum()
    # the companion says a few things, spread over the visit
    visits = iter(sorted(rng.uniform(0.1, 0.85, 4) * scene.seconds) if scene.companion_s else [])
    visit = next(visits, None)
    now, previous, last_s = LEAD_S, -1, 0.0
    while now < scene.seconds - 1.5:
        if visit is not None and now >= visit:
            person, visit = len(tapes) - 1, next(visits, None)
            length = scene.companion_s / 4
        else:
            person = _next_person(chances, previous, rng)
            median = scene.turn_s * weights[person] ** 0.7
            length = float(np.clip(rng.lognormal(np.log(median), 0.75), 0.7, 25))
        turn = tapes[person].take(min(length, scene.seconds - now), rng)
        duration = turn[-1][0] + turn[-1][1].seconds
        if previous not in (-1, person) and rng.random() < rate:
            gap = -min(float(rng.lognormal(np.log(0.7), 0.5)), 0.6 * duration, 0.6 * last_s)
        else:
            gap = min(float(rng.lognormal(np.log(0.35), 0.75)), 4.0)
        start = max(now + gap, free[person] + 0.15, LEAD_S)
        spoken += [Spoken(person, start + offset, phrase) for offset, phrase in turn]
        free[person] = start + duration
        others = [other for other in range(regular) if other != person]
        if duration > 3 and others and rng.random() < 0.5 * rate + 0.1 * (rate > 0):
            other = int(rng.choice(others))
            at = start + float(rng.uniform(0.3, 0.8)) * duration
            if at > free[other] + 0.3:
                [(_, sound)] = tapes[other].take(float(rng.uniform(0.35, 0.8)), rng)[:1]
                spoken.append(Spoken(other, at, sound))
                free[other] = at + sound.seconds
        now, previous, last_s = max(now, start + duration), person, duration
    return sorted(spoken, key=lambda part: part.start)


def _next_person(chances: NDArray[np.float64], previous: int, rng: Generator) -> int:
    """The same person goes on after a pause once in ten times."""
    if len(chances) == 1 or (previous >= 0 and previous < len(chances) and rng.random() < 0.1):
        return max(previous, 0) if previous < len(chances) else 0
    open_to = chances.copy()
    if 0 <= previous < len(chances):
        open_to[previous] = 0
    if len(chances) == 2 and 0 <= previous < 2:
        return 1 - previous
    return int(rng.choice(len(chances), p=open_to / open_to.sum()))
