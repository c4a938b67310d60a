"""Which channels of a recording are heard, and how they become one.

A channel may hold a voice, the same voice as another (in the same or in opposite phase), the hiss of a
transmitter that was off, a time code, or nothing. Levels and correlation say which are alive and distinct;
the speech detector says in which of these anybody speaks. Called by the pipeline before speech is found;
every later stage hears `Recording.mix`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording, correlation_of, distinct_channels
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.core.transcript import Diarization, Grade, Turn, rename_speakers
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.contracts import Progress, Speech
from fi_desktop.engines.vad import (
    BLOCK_S,
    FRAME_SAMPLES,
    HOP_S,
    SpeechStream,
    find_regions,
    find_speech,
)

Levels = NDArray[np.float32]

QUIETEST_DB = -100.0
# Silero's probability from which a frame counts as spoken.
SPOKEN = 0.5

_FRAMES_A_BLOCK = 1000
# A channel this far below the loudest, or this quiet, is a dead input.
_DEAD_BELOW_DB = 40.0
_DEAD_DB = -70.0
# Channels that correlate so much hear the same room: where anybody speaks in one, the others hear it.
_SAME_ROOM = 0.3
# Beyond this, opposite phases would cancel each other.
_OPPOSITE = -0.5
# The detector takes some noises for speech, for moments. Who speaks for less in all is left out.
_SHORTEST_S = 1.0
# Who speaks into a microphone of their own is louder there by at least this; in one room it is a few dB.
_OWN_DB = 6.0
# Someone who says little still owns this share of the frames that are compared; below it, it is noise.
_OWN_SHARE = 0.04
# In so large a part of them somebody must be alone and clear, or it is a room.
_CLEAR_SHARE = 0.5
# In a conversation the channels take turns: so often at least, and for so long each time. Else one microphone
# took over from another, and each may have heard everybody.
_CHANGES = 3
_TURN_FRAMES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """What was found out of a recording's channels.

    Attributes:
        recording: the same, with the mix that every later stage hears.
        apart: two channels or more each hold a speaker of their own.
        speech: found in each channel by itself, if that was needed to find out.
    """

    recording: Recording
    apart: bool = False
    speech: Speech | None = None


def mix_channels(recording: Recording, progress: Progress) -> Mix:
    """Find out which channels hold speech, and whether each holds a speaker of its own.

    The mix is made of the distinct channels in which anybody speaks; one in opposite phase is turned round.
    Where nobody speaks, it is made of all distinct channels that are alive.
    """
    if recording.channels < 2 or recording.samples < FRAME_SAMPLES:
        return Mix(recording)
    level, products = measure(recording)
    alive = _alive(level)
    correlation = correlation_of(products)
    distinct = [alive[row] for row in distinct_channels(products[np.ix_(alive, alive)])]
    if len(distinct) < 2:
        return Mix(replace(recording, mix=_weights(distinct or alive, correlation, level)))
    heard = replace(recording, mix=_weights(distinct, correlation, level))
    if not any(_may_be_apart(level[list(pair)]) for pair in combinations(distinct, 2)):
        speaking = _speaking(recording, distinct, correlation, progress)
        return Mix(replace(recording, mix=_weights(speaking or distinct, correlation, level)))
    speech = find_speech(heard, per_channel=True, progress=progress)
    spoken = speech.probability >= SPOKEN
    speaking = [row for row in distinct if spoken[row].sum() * HOP_S >= _SHORTEST_S]
    heard = replace(recording, mix=_weights(speaking or distinct, correlation, level))
    apart = len(speaking) > 1 and _apart(level[speaking], spoken[speaking])
    # What the detector took for speech in the other channels is left out too.
    return Mix(heard, apart, speech if len(speaking) == len(distinct) else None)


def measure(recording: Recording, progress: Progress | None = None) -> tuple[Levels, NDArray[np.float64]]:
    """Return the level of each 32 ms, dB (channels, frames), and the products of the channels' samples
    (channels, channels); see `likeness.py`.
    """
    block_s = _FRAMES_A_BLOCK * HOP_S
    level = np.full(
        (recording.channels, -(-recording.samples // FRAME_SAMPLES)), QUIETEST_DB, dtype=np.float32
    )
    products = np.zeros((recording.channels, recording.channels))
    frame = 0
    for block in recording.channel_blocks(block_s=block_s):
        products += block @ block.T
        padded = np.pad(block, ((0, 0), (0, -block.shape[1] % FRAME_SAMPLES)))
        power = np.square(padded.reshape(recording.channels, -1, FRAME_SAMPLES)).mean(axis=2)
        level[:, frame : frame + power.shape[1]] = 10.0 * np.log10(power + 10.0 ** (QUIETEST_DB / 10.0))
        frame += power.shape[1]
        if progress:
            progress(min(1.0, frame * FRAME_SAMPLES / recording.samples))
    return level, products


def _alive(level: Levels) -> list[int]:
    """Return the channels that carry a signal."""
    high = np.percentile(level, 95, axis=1)
    return [row for row, db in enumerate(high) if db > _DEAD_DB and db > high.max() - _DEAD_BELOW_DB]


def _weights(rows: Sequence[int], correlation: NDArray[np.float64], level: Levels) -> tuple[float, ...]:
    """Return what each channel counts in the mix: the mean of `rows`, in one phase."""
    weights = np.zeros(len(level))
    if rows:
        loudest = max(rows, key=lambda row: float(level[row].mean()))
        for row in rows:
            weights[row] = (-1.0 if correlation[row, loudest] < _OPPOSITE else 1.0) / len(rows)
    return tuple(weights.tolist())


def _may_be_apart(level: Levels) -> bool:
    """Whether two channels may hold different speakers, by which of them is louder from moment to moment."""
    loudest = level.max(axis=0)
    loud = level[:, loudest > np.percentile(loudest, 60)]
    return loud.shape[1] > 0 and _one_at_a_time(loud)


def _one_at_a_time(level: Levels) -> bool:
    """Whether mostly one channel is alone and clear, and not always the same. level: (channels, frames), of
    one frame or more.
    """
    clear, owner = _owners(level)
    share = np.bincount(owner[clear], minlength=len(level)) / level.shape[1]
    return bool(clear.mean() >= _CLEAR_SHARE and (share >= _OWN_SHARE).sum() >= 2)


def _owners(level: Levels) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return whether one channel is clearly the loudest in each frame, and which is."""
    ordered = np.sort(level, axis=0)
    return ordered[-1] - ordered[-2] > _OWN_DB, level.argmax(axis=0)


def _apart(level: Levels, spoken: NDArray[np.bool_]) -> bool:
    """Whether channels with speech hold different speakers. level, spoken: (two channels or more, frames)."""
    somebody = spoken.any(axis=0)
    if not somebody.any() or not _one_at_a_time(level[:, somebody]):
        return False
    clear, owner = _owners(level)
    own = clear & spoken[owner, np.arange(len(owner))]
    return _changes(owner[own]) >= _CHANGES


def _changes(owner: NDArray[np.int64]) -> int:
    """Return how often another channel takes over for a while."""
    borders = np.flatnonzero(np.diff(owner)) + 1
    runs = [run for run in np.split(owner, borders) if len(run) >= _TURN_FRAMES]
    return sum(int(before[0] != after[0]) for before, after in pairwise(runs))


def _speaking(
    recording: Recording, rows: Sequence[int], correlation: NDArray[np.float64], progress: Progress
) -> list[int]:
    """Return those channels in which anybody speaks; a channel is listened to until that is certain."""
    others = np.abs(correlation - np.eye(len(correlation)))[np.ix_(rows, rows)].max(axis=1)
    unsure = {
        row: SpeechStream() for row, likeness in zip(rows, others, strict=True) if likeness < _SAME_ROOM
    }
    spoken_s = dict.fromkeys(unsure, 0.0)
    done = 0
    for block in recording.channel_blocks(block_s=BLOCK_S):
        if not unsure:
            break
        for row, stream in list(unsure.items()):
            spoken_s[row] += float((stream.probabilities(block[row]) >= SPOKEN).sum()) * HOP_S
            if spoken_s[row] >= _SHORTEST_S:
                del unsure[row]
        done += block.shape[1]
        progress(done / recording.samples)
    return [row for row in rows if row not in unsure]


# Diarization by channel: telehealth exports and two lapel microphones, where each channel holds one
# speaker.
#
# `mixing.py` finds out whether a recording is of that kind; `ChannelsDiarizer` then needs no voices at
# all: a channel's speech is its speaker's, except where it is only the crosstalk of a louder channel.
# Called by the pipeline; reads the recording block by block.

# A channel as quiet as this is a dead input.
_DEAD_DB = -70.0
# Crosstalk is softer than the channel that it comes from by at least this.
_OWN_DB = 6.0
# Within this of the loudest channel (each against its own talker's level) it is speech, not crosstalk.
_GATE_DB = 7.0
# Further below its own talker's level it is nobody near this microphone.
_FLOOR_DB = 30.0
# A talker's own short pauses do not open the gate for crosstalk: levels are held for 64 ms on both sides.
_HOLD_FRAMES = 5


class ChannelsDiarizer:
    """Tells who spoke when where each channel holds one speaker.

    Attributes:
        per_channel: True, it wants the probability of speech for each channel.
        description: how it works.
    """

    per_channel = True
    description = "one speaker a channel, no model needed"

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize one recording by its channels, whatever number of speakers is asked for.

        speech: with one row a channel. Returns: turns sorted by start, seconds; those of different channels
        may overlap; a channel without speech gives no speaker. Raises: UserError "audio.no_speech".
        """
        level, _ = measure(recording, progress)
        heard = speech.probability[:, : level.shape[1]]
        half = _HOLD_FRAMES // 2
        around = np.pad(level, ((0, 0), (half, half)), mode="edge")
        held = np.lib.stride_tricks.sliding_window_view(around, _HOLD_FRAMES, axis=1).max(axis=2)
        talks = np.array([_talks(held, heard, channel) for channel in range(recording.channels)])
        own = np.array([_talker_level(row, found) for row, found in zip(level, heard, strict=True)])
        relative = np.where(talks[:, None], held - own[:, None], -np.inf)
        near = (relative >= relative.max(axis=0) - _GATE_DB) & (relative > -_FLOOR_DB)
        rows = [
            find_regions(np.where(gate, found, 0.0), recording.duration)
            for gate, found in zip(near, heard, strict=True)
        ]
        turns = [Turn(r.start, r.end, f"{channel}") for channel, regions in enumerate(rows) for r in regions]
        if not turns:
            raise UserError(messages.AUDIO_NO_SPEECH)
        seconds = {
            str(channel): round(sum(r.duration for r in regions), 2) for channel, regions in enumerate(rows)
        }
        return Diarization(
            turns=rename_speakers(turns),
            engine="channels",
            grade=Grade.CLEAR,
            details={"seconds_by_channel": seconds},
        )


def _talks(held: Levels, heard: NDArray[np.float32], channel: int) -> bool:
    """Tell a channel with a talker from one that only hears the others. held, heard: (channels, frames)."""
    spoken = heard[channel] >= SPOKEN
    if not spoken.any() or np.percentile(held[channel, spoken], 95) < _DEAD_DB:
        return False
    if len(held) == 1:
        return True
    # Crosstalk is always softer than the channel that it comes from; a talker's own speech at times is not.
    lead = held[channel, spoken] - np.delete(held, channel, axis=0)[:, spoken].max(axis=0)
    return bool(
        np.percentile(lead, 98) > max(-_OWN_DB, np.median(lead) + _OWN_DB) or np.median(lead) > -_OWN_DB
    )


def _talker_level(level: Levels, heard: NDArray[np.float32]) -> float:
    """Return how loud a channel's speech is at its loudest, dB. level, heard: (frames,)."""
    spoken = level[heard >= SPOKEN]
    return float(np.percentile(spoken, 95)) if len(spoken) else QUIETEST_DB
