"""The windows that Whisper decodes: up to half a minute of speech each.

Whisper always processes 30 s, full or not, and hallucinates text in long silence. So speech is packed: pauses
longer than `2 * _PAD_S` are shortened to that, and a window ends at the last long pause that fits, or at the
quietest moment. A window that ends inside speech overlaps the next one by `OVERLAP_S`, so that each word is
whole in one of them (`seams.py`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech

LONGEST_S = 29.5  # 30 would leave no margin for rounding
OVERLAP_S = 1.0
_SPOKEN = 0.5  # a lower probability of speech is a pause, where a window ends without cutting a word
_PAUSE_S = 0.2
_FULL_S = 25.0  # a window this full ends at a long pause rather than inside the next speech
_PAD_S = 0.4
_SHORTEST_REST_S = 2.0  # Whisper hallucinates in shorter remainders
_QUIET_S = 0.6  # speech probability is averaged over this much around a moment
_AS_QUIET = 0.03  # probabilities that differ by less count as equal
_GAP_WITHIN_S = 3.0
_GAP_S = 0.16  # a gap between words, longer than the closure of a consonant inside a word


@dataclass(frozen=True, slots=True)
class Window:
    """Pieces of the recording that are decoded together, seconds; sorted, not overlapping."""

    pieces: tuple[Region, ...]

    @property
    def duration(self) -> float:
        """Total length of the pieces, seconds."""
        return sum(piece.duration for piece in self.pieces)

    def cut(self, offset: float) -> tuple[Window, Window]:
        """Cut the window in two. offset: seconds from the window's start, inside it."""
        before: list[Region] = []
        after: list[Region] = []
        at = 0.0
        for piece in self.pieces:
            border = piece.start + offset - at
            if border > piece.start:
                before.append(Region(piece.start, min(border, piece.end)))
            if border < piece.end:
                after.append(Region(max(border, piece.start), piece.end))
            at += piece.duration
        return Window(tuple(before)), Window(tuple(after))

    def offset_of(self, moment: float) -> float:
        """Convert a moment of the recording to seconds of the window; one outside it, to the next piece."""
        offset = 0.0
        for piece in self.pieces:
            if moment < piece.end:
                return offset + max(0.0, moment - piece.start)
            offset += piece.duration
        return offset

    def part(self, start: float, end: float) -> Window:
        """Return a part of the window. start, end: seconds of the window, start < end."""
        rest = self.cut(start)[1] if start > 0.0 else self
        return rest.cut(end - start)[0] if end - start < rest.duration else rest

    def to_recording(self, start: float, end: float) -> Region:
        """Convert seconds of the window to seconds of the recording.

        A stretch that crosses from one piece into another is moved into the piece with its middle: in the
        recording, there may be minutes between them.
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


def plan_windows(
    speech: Speech, duration: float, power: NDArray[np.float32] | None = None
) -> tuple[Window, ...]:
    """Pack all speech into windows.

    Args:
        speech: of the recording.
        duration: of the recording, seconds.
        power: of each frame of `speech`, (frames,); finds gaps between words if people speak without a pause.
    """
    quiet = _activity(speech)
    gaps = _smooth(power, _GAP_S, speech.hop_s) if power is not None else None
    remaining = deque(_stretches(speech.regions, duration))
    windows: list[Window] = []
    pieces: list[Region] = []
    filled = 0.0
    while remaining:
        stretch = remaining.popleft()
        free_s = LONGEST_S - filled
        if stretch.duration <= free_s:
            pieces.append(stretch)
            filled += stretch.duration
            continue
        if filled >= _FULL_S:
            remaining.appendleft(stretch)
        else:
            latest = min(stretch.start + free_s - OVERLAP_S / 2, stretch.end - _SHORTEST_REST_S)
            cut = _quietest(quiet, gaps, speech.hop_s, stretch.start + _FULL_S - filled, latest)
            overlap_s = OVERLAP_S if _is_spoken(speech, cut) else 0.0
            pieces.append(Region(stretch.start, cut + overlap_s / 2))
            remaining.appendleft(Region(max(stretch.start, cut - overlap_s / 2), stretch.end))
        windows.append(Window(tuple(pieces)))
        pieces, filled = [], 0.0
    if pieces:
        windows.append(Window(tuple(pieces)))
    return tuple(windows)


def quietest_offset(window: Window, speech: Speech, earliest: float, latest: float) -> float:
    """Return the moment between two offsets of a window with the least speech, seconds of the window.

    The border between two pieces comes first: there is a pause.
    """
    activity, at = _activity(speech), 0.0
    best, quietest = earliest, np.inf
    for piece in window.pieces:
        for frame in range(round(piece.start / speech.hop_s), round(piece.end / speech.hop_s)):
            offset = at + frame * speech.hop_s - piece.start
            probability = activity[min(frame, len(activity) - 1)]
            if earliest <= offset <= latest and probability < quietest:
                best, quietest = offset, probability
        at += piece.duration
        if earliest <= at <= latest and piece is not window.pieces[-1]:
            return at
    return best


def frame_power(recording: Recording, speech: Speech) -> NDArray[np.float32]:
    """Return the mean power of each frame of `speech`, channels mixed, (frames,)."""
    length = round(speech.hop_s * SAMPLE_RATE_HZ)
    rest = np.empty(0, dtype=np.float32)
    rows = [np.zeros(0, dtype=np.float32)]
    for block in recording.blocks():
        samples = np.concatenate([rest, block])
        whole = len(samples) - len(samples) % length
        rows.append(np.square(samples[:whole]).reshape(-1, length).mean(axis=1))
        rest = samples[whole:]
    power = np.concatenate(rows)
    return np.pad(power, (0, max(0, speech.probability.shape[1] - len(power))))


def regions_within(regions: Sequence[Region], window: Window) -> list[Region]:
    """Return the parts of regions inside a window. Regions and result are sorted and do not overlap."""
    ends = [region.end for region in regions]
    inside = []
    for piece in window.pieces:
        for region in regions[bisect_right(ends, piece.start) :]:
            if region.start >= piece.end:
                break
            inside.append(Region(max(region.start, piece.start), min(region.end, piece.end)))
    return inside


def read_windows(
    recording: Recording, windows: Iterable[Window]
) -> Iterator[tuple[Window, NDArray[np.float32]]]:
    """Yield each window with its samples, float32 (samples,) mixed, in one pass of the recording."""
    blocks = recording.blocks()
    held = np.empty(0, dtype=np.float32)
    offset = 0  # of `held` in the recording, samples
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
    """Return padded speech, touching regions joined; sorted, not overlapping."""
    joined: list[Region] = []
    for region in regions:
        start, end = max(0.0, region.start - _PAD_S), min(duration, region.end + _PAD_S)
        if joined and start <= joined[-1].end:
            joined[-1] = Region(joined[-1].start, max(joined[-1].end, end))
        elif end > start:
            joined.append(Region(start, end))
    return joined


def _is_spoken(speech: Speech, moment: float) -> bool:
    """Return whether somebody speaks at a moment without even a short pause around it."""
    first = max(0, round((moment - _PAUSE_S) / speech.hop_s))
    around = speech.probability.max(axis=0)[first : round((moment + _PAUSE_S) / speech.hop_s) + 1]
    return bool(len(around)) and bool(around.min() >= _SPOKEN)


def _activity(speech: Speech) -> NDArray[np.float64]:
    """Return the probability that anybody speaks around each frame, (frames,)."""
    return _smooth(speech.probability.max(axis=0), _QUIET_S, speech.hop_s)


def _smooth(frames: NDArray[np.float32], over_s: float, hop_s: float) -> NDArray[np.float64]:
    width = max(1, round(over_s / hop_s))
    return np.convolve(frames, np.full(width, 1.0 / width), mode="same")


def _quietest(
    activity: NDArray[np.float64],
    power: NDArray[np.float64] | None,
    hop_s: float,
    earliest: float,
    latest: float,
) -> float:
    first, last = round(earliest / hop_s), round(latest / hop_s)
    around = activity[first:last]
    if not len(around):
        return latest
    alike = np.flatnonzero(around <= around.min() + _AS_QUIET)
    # the last quiet moment, or a gap shortly before it: fuller windows are faster
    alike = alike[alike >= alike[-1] - _GAP_WITHIN_S / hop_s]
    best = alike[-1] if power is None else alike[power[first + alike].argmin()]
    return float(np.clip((first + int(best) + 0.5) * hop_s, earliest, latest))
