"""How a recording is damaged. The same seed and number always give the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Headers decide what is allocated and where is read: every second place is in the first kilobyte.
_HEADER_BYTES = 1_024
_MOST_CHANGES = 4
_LONGEST_RUN = 512
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)

Change = Callable[[bytearray, random.Random, bytes], None]


@dataclass(frozen=True, slots=True)
class Input:
    """A damaged recording; `ending`: of the format that it was."""

    number: int
    ending: str
    data: bytes


def damaged(recordings: Mapping[str, bytes], *, seed: int, number: int) -> Input:
    """Return one input."""
    chance = random.Random(f"{seed}:{number}")
    endings = sorted(recordings)
    ending = endings[number % len(endings)]
    other = recordings[chance.choice(endings)]
    data = bytearray(recordings[ending])
    for _ in range(chance.randint(1, _MOST_CHANGES)):
        chance.choice(_CHANGES)(data, chance, other)
    return Input(number, ending, bytes(data))


def _place(data: bytearray, chance: random.Random) -> int:
    end = min(len(data), _HEADER_BYTES) if chance.random() < 0.5 else len(data)
    return chance.randrange(max(1, end))


def _span(data: bytearray, chance: random.Random) -> slice:
    start = _place(data, chance)
    return slice(start, start + chance.randint(1, _LONGEST_RUN))


def _flip_bits(data: bytearray, chance: random.Random, _other: bytes) -> None:
    for _ in range(chance.randint(1, 8)):
        if data:
            data[_place(data, chance)] ^= 1 << chance.randrange(8)


def _set_bytes(data: bytearray, chance: random.Random, _other: bytes) -> None:
    for _ in range(chance.randint(1, 16)):
        if data:
            data[_place(data, chance)] = chance.randrange(256)


def _set_number(data: bytearray, chance: random.Random, _other: bytes) -> None:
    """Put a number from the edge of a range where a size, a rate or a count may be."""
    size = chance.choice((1, 2, 4, 8))
    number = chance.choice(_EDGES) % (1 << 8 * size)
    start = _place(data, chance)
    data[start : start + size] = number.to_bytes(size, chance.choice(("big", "little")))


def _delete(data: bytearray, chance: random.Random, _other: bytes) -> None:
    del data[_span(data, chance)]


def _repeat(data: bytearray, chance: random.Random, _other: bytes) -> None:
    span = _span(data, chance)
    data[span.start : span.start] = data[span] * chance.randint(1, 8)


def _move(data: bytearray, chance: random.Random, _other: bytes) -> None:
    span = _span(data, chance)
    piece = data[span]
    del data[span]
    place = _place(data, chance)
    data[place:place] = piece


def _clear(data: bytearray, chance: random.Random, _other: bytes) -> None:
    span = _span(data, chance)
    data[span] = bytes([chance.choice((0, 0xFF))]) * len(data[span])


def _cut(data: bytearray, chance: random.Random, _other: bytes) -> None:
    del data[_place(data, chance) :]


def _join(data: bytearray, _chance: random.Random, other: bytes) -> None:
    """Another recording follows, as in a chained file."""
    data += other


def _cross(data: bytearray, chance: random.Random, other: bytes) -> None:
    """A piece of another recording stands in it."""
    start = chance.randrange(max(1, len(other)))
    place = _place(data, chance)
    piece = other[start : start + chance.randint(1, _LONGEST_RUN)]
    data[place : place + len(piece)] = piece


_CHANGES: tuple[Change, ...] = (
    _flip_bits,
    _flip_bits,
    _set_bytes,
    _set_bytes,
    _set_number,
    _set_number,
    _delete,
    _repeat,
    _move,
    _clear,
    _cut,
    _join,
    _cross,
)
