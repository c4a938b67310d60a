"""What Whisper hears at a time: windows of at most half a minute, made of speech.

Whisper always works on 30 s, whether they are full or not, and invents text in long silence. So speech is
packed: pauses longer than `2 * _PAD_S` are shortened to that, and a window ends at the last long pause that
it has room for, or at the quietest place. No moment of the recording is heard twice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.decoder import GLANCE_S, GLANCE_STEP_S

LONGEST_S = 29.5  # 30 would leave no room for rounding
_FULL_S = 25.0  # so full a window ends at a long pause rather than within the next speech
_PAD_S = 0.4
_SHORTEST_REST_S = 2.0  # what is cut off is never a mere scrap, in which Whisper hears ghosts
_QUIET_S = 0.6  # a place is as quiet as so much around it
_AS_QUIET = 0.03  # probabilities that differ by less are taken for equal
_GAP_WITHIN_S = 3.0
_GAP_S = 0.16  # between two words; longer than the closure of a consonant within one


@dataclass(frozen=True, slots=True)
class Window:
    """Stretches of the recording that are heard as one, seconds; sorted, not overlapping."""

    pieces: tuple[Region, ...]

    @property
    def duration(self) -> float:
        """Length without what lies between the pieces, seconds."""
        return sum(piece.duration for piece in self.pieces)

    def cut(self, offset: float) -> tuple[Window, Window]:
        """Make two windows of one. offset: seconds of the window, inside it."""
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


def plan(speech: Speech, duration: float, power: NDArray[np.float32] | None = None) -> tuple[Window, ...]:
    """Pack all speech into windows.

    Args:
        speech: of the recording.
        duration: of the recording, seconds.
        power: of each frame of `speech`, (frames,); where people speak without a pause it tells the gaps
            between words. None: all frames are alike.
    """
    quiet = _activity(speech)
    gaps = _smooth(power, _GAP_S, speech.hop_s) if power is not None else None
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
            cut = _quietest(quiet, gaps, speech.hop_s, stretch.start + _FULL_S - filled, latest)
            pieces.append(Region(stretch.start, cut))
            waiting.appendleft(Region(cut, stretch.end))
        windows.append(Window(tuple(pieces)))
        pieces, filled = [], 0.0
    if pieces:
        windows.append(Window(tuple(pieces)))
    return tuple(windows)


def quietest_offset(window: Window, speech: Speech, earliest: float, latest: float) -> float:
    """Return where between two offsets of a window the least is said, seconds of the window.

    Where a pause was left out of the window, that is between its pieces.
    """
    activity, at = _activity(speech), 0.0
    best, quietest = earliest, np.inf
    for piece in window.pieces:
        for frame in range(round(piece.start / speech.hop_s), round(piece.end / speech.hop_s)):
            offset = at + frame * speech.hop_s - piece.start
            said = activity[min(frame, len(activity) - 1)]
            if earliest <= offset <= latest and said < quietest:
                best, quietest = offset, said
        at += piece.duration
        if earliest <= at <= latest and piece is not window.pieces[-1]:
            return at
    return best


def frame_power(recording: Recording, speech: Speech) -> NDArray[np.float32]:
    """Return the mean power of each of the speech's frames, channels mixed, (frames,)."""
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


def within(regions: Sequence[Region], window: Window) -> list[Region]:
    """Return what of some regions is inside a window; sorted, not overlapping, as both are."""
    ends = [region.end for region in regions]
    inside = []
    for piece in window.pieces:
        for region in regions[bisect_right(ends, piece.start) :]:
            if region.start >= piece.end:
                break
            inside.append(Region(max(region.start, piece.start), min(region.end, piece.end)))
    return inside


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
    # the last of those that are quiet, or a gap shortly before: what is fuller is faster
    alike = alike[alike >= alike[-1] - _GAP_WITHIN_S / hop_s]
    best = alike[-1] if power is None else alike[power[first + alike].argmin()]
    return float(np.clip((first + int(best) + 0.5) * hop_s, earliest, latest))


# Which language is spoken when: a window in which it changes is cut there.
#
# Whisper is told one language for each window, and translates what is spoken in another. Whether a window
# is in one is not seen from the window as a whole: it may be sure of either. So it is looked at in glances
# of some seconds (`Decoder.glance`), and the likeliest course of languages over all of them is found, in
# which a change has its price: a name or a cough does not change the language.

TOLD_APART = ("en", "es")
"""Languages that may follow each other in a recording; one in any other is in that one throughout."""

_CHANGE = 3.2  # little more than what one glance says that is sure of the other language
_NEITHER = 0.05  # a glance at which no language is likelier than this tells nothing
_REACH_S = 1.75  # so far around the middle of two glances the change may be
_SHORTEST_S = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A window, or a part of one, in one language. samples: float32 (samples,)."""

    window: Window
    samples: NDArray[np.float32]
    language: str


def tell_apart(
    batch: Sequence[tuple[Window, NDArray[np.float32]]],
    glances: Sequence[NDArray[np.float64]],
    speech: Speech,
    before: str,
) -> list[Part]:
    """Cut windows where the language changes, in the quietest place near.

    Args:
        batch: windows that follow each other, with their samples.
        glances: of each window, (glances, languages), the languages being `TOLD_APART`.
        speech: to find quiet places.
        before: the language of what goes before.
    """
    path = course(np.concatenate(glances), TOLD_APART.index(before))
    parts: list[Part] = []
    for (whole, sound), row in zip(batch, glances, strict=True):
        own, path = path[: len(row)], path[len(row) :]
        window, samples, done_s = whole, sound, 0.0
        for number in _changes(own):
            middle = (_centre(number - 1, whole) + _centre(number, whole)) / 2 - done_s
            cut = quietest_offset(window, speech, middle - _REACH_S, middle + _REACH_S)
            if _SHORTEST_S <= cut <= window.duration - _SHORTEST_S:
                first, window = window.cut(cut)
                length = round(cut * SAMPLE_RATE_HZ)
                parts.append(Part(first, samples[:length], TOLD_APART[own[number - 1]]))
                samples, done_s = samples[length:], done_s + cut
        parts.append(Part(window, samples, TOLD_APART[own[-1]]))
    return parts


def course(glances: NDArray[np.float64], before: int) -> list[int]:
    """Return the likeliest language of each glance (Viterbi). glances: (glances, languages), probabilities.

    before: the language of what goes before.
    """
    told = np.log(glances + _NEITHER)
    prices = _CHANGE * (1.0 - np.eye(told.shape[1]))
    score = told[0] - prices[before]
    came_from = []
    for row in told[1:]:
        ways = score[:, None] - prices
        came_from.append(ways.argmax(axis=0))
        score = ways.max(axis=0) + row
    path = [int(score.argmax())]
    for origins in reversed(came_from):
        path.append(int(origins[path[-1]]))
    return path[::-1]


def _centre(number: int, window: Window) -> float:
    """Where in a window a glance's middle is, seconds."""
    return max(0.0, min(number * GLANCE_STEP_S, window.duration - GLANCE_S)) + GLANCE_S / 2


def _changes(path: Sequence[int]) -> list[int]:
    """Return the glances with which another language begins."""
    return [number for number, (one, next_one) in enumerate(pairwise(path), start=1) if one != next_one]
