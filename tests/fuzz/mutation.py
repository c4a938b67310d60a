"""Mutations of a recording; the same seed and number give the same bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Headers decide what is allocated and read: half of the changes are in the first kilobyte.
_HEADER_BYTES = 1_024
_MAX_CHANGES = 4
_MAX_SPAN = 512
_EDGES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF)

Change = Callable[[bytearray, random.Random, bytes], None]


@dataclass(frozen=True, slots=True)
class Input:
    """A damaged recording; `extension` is that of its original format."""

    number: int
    extension: str
    data: bytes


def damaged(recordings: Mapping[str, bytes], *, seed: int, number: int) -> Input:
    """Return the input of this number."""
    rng = random.Random(f"{seed}:{number}")
    extensions = sorted(recordings)
    extension = extensions[number % len(extensions)]
    other = recordings[rng.choice(extensions)]
    data = bytearray(recordings[extension])
    for _ in range(rng.randint(1, _MAX_CHANGES)):
        rng.choice(_CHANGES)(data, rng, other)
    return Input(number, extension, bytes(data))


def _position(data: bytearray, rng: random.Random) -> int:
    end = min(len(data), _HEADER_BYTES) if rng.random() < 0.5 else len(data)
    return rng.randrange(max(1, end))


def _span(data: bytearray, rng: random.Random) -> slice:
    start = _position(data, rng)
    return slice(start, start + rng.randint(1, _MAX_SPAN))


def _flip_bits(data: bytearray, rng: random.Random, _other: bytes) -> None:
    for _ in range(rng.randint(1, 8)):
        if data:
            data[_position(data, rng)] ^= 1 << rng.randrange(8)


def _set_bytes(data: bytearray, rng: random.Random, _other: bytes) -> None:
    for _ in range(rng.randint(1, 16)):
        if data:
            data[_position(data, rng)] = rng.randrange(256)


def _set_number(data: bytearray, rng: random.Random, _other: bytes) -> None:
    """Write a boundary value over a possible size, rate or count."""
    size = rng.choice((1, 2, 4, 8))
    number = rng.choice(_EDGES) % (1 << 8 * size)
    start = _position(data, rng)
    data[start : start + size] = number.to_bytes(size, rng.choice(("big", "little")))


def _delete(data: bytearray, rng: random.Random, _other: bytes) -> None:
    del data[_span(data, rng)]


def _repeat(data: bytearray, rng: random.Random, _other: bytes) -> None:
    span = _span(data, rng)
    data[span.start : span.start] = data[span] * rng.randint(1, 8)


def _move(data: bytearray, rng: random.Random, _other: bytes) -> None:
    span = _span(data, rng)
    piece = data[span]
    del data[span]
    position = _position(data, rng)
    data[position:position] = piece


def _clear(data: bytearray, rng: random.Random, _other: bytes) -> None:
    span = _span(data, rng)
    data[span] = bytes([rng.choice((0, 0xFF))]) * len(data[span])


def _cut(data: bytearray, rng: random.Random, _other: bytes) -> None:
    del data[_position(data, rng) :]


def _join(data: bytearray, _rng: random.Random, other: bytes) -> None:
    """Append another recording, as in a chained file."""
    data += other


def _cross(data: bytearray, rng: random.Random, other: bytes) -> None:
    """Overwrite a piece with one of another recording."""
    start = rng.randrange(max(1, len(other)))
    position = _position(data, rng)
    piece = other[start : start + rng.randint(1, _MAX_SPAN)]
    data[position : position + len(piece)] = piece


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
