"""What Whisper hears at a time: windows of at most half a minute, made of speech.

Whisper always works on 30 s, whether they are full or not, and invents text in long silence. So speech is
packed: pauses longer than `2 * _PAD_S` are shortened to that, and a window ends at the last long pause that
it has room for, or at the quietest place. No moment of the recording is heard twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.base import Speech

LONGEST_S = 29.5  # 30 would leave no room for rounding
_FULL_S = 25.0  # so full a window ends at a long pause rather than within the next speech
_PAD_S = 0.4
_SHORTEST_REST_S = 2.0  # what is cut off is never a mere scrap, in which Whisper hears ghosts
_QUIET_S = 0.6  # a place is as quiet as so much around it
_AS_QUIET = 0.03  # probabilities that differ by less are taken for equal


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches of the recording that are heard as one, seconds; sorted, not overlapping."""

    pieces: tuple[Region, ...]

    @property
    def duration(self) -> float:
        """Length without what lies between the pieces, seconds."""
        return sum(piece.duration for piece in self.pieces)

    def place(self, start: float, end: float) -> Region:
        """Say where in the recording a stretch of the window lies. start, end: seconds of the window.

        What reaches from one piece into another is all in the one that holds its middle: in the recording
        there may be minutes between them.
        """
        middle, offset = (start + end) / 2, 0.0
        for piece in self.pieces:
            if middle <= offset + piece.duration or piece is self.pieces[-1]:
                break
            offset += piece.duration
        shift = piece.start - offset
        return Region(
            min(max(start + shift, piece.start), piece.end), min(max(end + shift, piece.start), piece.end)
        )


def plan(speech: Speech, duration: float) -> tuple[Window, ...]:
    """Pack all speech into windows. duration: of the recording, seconds."""
    quiet = _activity(speech)
    waiting = deque(_stretches(speech.regions, duration))
    windows: list[Window] = []
    pieces: list[Region] = []
    filled = 0.0
    while waiting:
        stretch = waiting.popleft()
        room = LONGEST_S - filled
        if stretch.duration <= room:
            pieces.append(stretch)
            filled += stretch.duration
            continue
        if filled >= _FULL_S:
            waiting.appendleft(stretch)
        else:
            latest = min(stretch.start + room, stretch.end - _SHORTEST_REST_S)
            cut = _quietest(quiet, speech.hop_s, stretch.start + _FULL_S - filled, latest)
            pieces.append(Region(stretch.start, cut))
            waiting.appendleft(Region(cut, stretch.end))
        windows.append(Window(tuple(pieces)))
        pieces, filled = [], 0.0
    if pieces:
        windows.append(Window(tuple(pieces)))
    return tuple(windows)


def read(recording: Recording, windows: Iterable[Window]) -> Iterator[tuple[Window, NDArray[np.float32]]]:
    """Yield each window with its samples, float32 (samples,), channels mixed; the recording is read once."""
    blocks = recording.blocks()
    held = np.empty(0, dtype=np.float32)
    offset = 0  # where in the recording `held` begins, samples
    for window in windows:
        parts = []
        for piece in window.pieces:
            start, end = round(piece.start * SAMPLE_RATE_HZ), round(piece.end * SAMPLE_RATE_HZ)
            while offset + len(held) < end and (block := next(blocks, None)) is not None:
                passed = min(len(held), max(0, start - offset))
                held, offset = np.concatenate([held[passed:], block]), offset + passed
            parts.append(held[max(0, start - offset) : end - offset])
        yield window, np.concatenate(parts)


def _stretches(regions: Sequence[Region], duration: float) -> list[Region]:
    """Speech with a little around it, joined where it touches; sorted, not overlapping."""
    joined: list[Region] = []
    for region in regions:
        start, end = max(0.0, region.start - _PAD_S), min(duration, region.end + _PAD_S)
        if joined and start <= joined[-1].end:
            joined[-1] = Region(joined[-1].start, max(joined[-1].end, end))
        elif end > start:
            joined.append(Region(start, end))
    return joined


def _activity(speech: Speech) -> NDArray[np.float64]:
    """How likely it is that anybody speaks around each frame, (frames,)."""
    width = max(1, round(_QUIET_S / speech.hop_s))
    return np.convolve(speech.probability.max(axis=0), np.full(width, 1.0 / width), mode="same")


def _quietest(activity: NDArray[np.float64], hop_s: float, earliest: float, latest: float) -> float:
    first, last = round(earliest / hop_s), round(latest / hop_s)
    around = activity[first:last]
    if not len(around):
        return latest
    # the last of those that are quiet: what is fuller is faster
    best = np.flatnonzero(around <= around.min() + _AS_QUIET)[-1]
    return float(np.clip((first + int(best) + 0.5) * hop_s, earliest, latest))
