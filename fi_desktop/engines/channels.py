"""The channels of a recording: which of them to mix, and diarization if each holds one speaker.

A channel can hold a voice, a copy of another channel (in the same or opposite phase), the hiss of a
transmitter that is off, a time code, or silence. Levels and correlation find the live, distinct channels;
voice activity detection finds those with speech. `select_channels` runs before speech detection, and every
later stage uses `Recording.mix`.

Telehealth exports and two lapel microphones have one speaker per channel. For these, `ChannelsDiarizer` needs
no voices: a channel's speech is its speaker's, except for crosstalk from a louder channel.
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
    detect_speech,
    find_regions,
)

Levels = NDArray[np.float32]

_SILENCE_DB = -100.0
# Probability from which a frame counts as speech.
_SPEECH_PROBABILITY = 0.5

_FRAMES_PER_BLOCK = 1000
# A channel this far below the loudest, or this quiet, is a dead input.
_DEAD_BELOW_DB = 40.0
_DEAD_DB = -70.0
# Channels with at least this correlation are in one room: each of them picks up all its speech.
_SAME_ROOM = 0.3
# Below this correlation, opposite phases would cancel in the mix.
_OPPOSITE = -0.5
# The detector takes some noises for speech briefly; a channel with less speech in all has none.
_SHORTEST_S = 1.0
# A speaker's own microphone is louder than the others by at least this; in one room the gap is a few dB.
_OWN_DB = 6.0
# A quiet speaker's channel still leads in this share of the compared frames; noise leads in fewer.
_OWN_SHARE = 0.04
# In at least this share of the frames one channel leads clearly, or the channels share a room.
_CLEAR_SHARE = 0.5
# In a conversation the lead changes at least this often, for at least this many frames each time. Otherwise
# one microphone replaced another, and each may have picked up everybody.
_CHANGES = 3
_TURN_FRAMES = 10
# Sound within this of the loudest channel, relative to the speakers' own levels, is speech, not crosstalk.
_GATE_DB = 7.0
# Sound further below the speaker's own level comes from nobody near the microphone.
_FLOOR_DB = 30.0
# Levels are held for 64 ms on both sides, so that a speaker's short pauses do not let crosstalk through.
_HOLD_FRAMES = 5


@dataclass(frozen=True, slots=True, eq=False)
class ChannelMix:
    """The channels selected from a recording.

    Attributes:
        recording: the same recording with its mix, which every later stage uses.
        separate: two or more channels each hold one speaker.
        speech: detected in each channel separately, if the selection needed it.
    """

    recording: Recording
    separate: bool = False
    speech: Speech | None = None


def select_channels(recording: Recording, progress: Progress) -> ChannelMix:
    """Find the channels with speech, and whether each holds one speaker.

    The mix is the mean of the distinct channels with speech, those in opposite phase inverted. If no channel
    has speech, it is the mean of all distinct live channels.
    """
    if recording.channels < 2 or recording.samples < FRAME_SAMPLES:
        return ChannelMix(recording)
    level, products = measure_channels(recording)
    live = _live(level)
    correlation = correlation_of(products)
    distinct = [live[row] for row in distinct_channels(products[np.ix_(live, live)])]
    if len(distinct) < 2:
        return ChannelMix(replace(recording, mix=_weights(distinct or live, correlation, level)))
    mixed = replace(recording, mix=_weights(distinct, correlation, level))
    if not any(_may_be_separate(level[list(pair)]) for pair in combinations(distinct, 2)):
        speaking = _with_speech(recording, distinct, correlation, progress)
        return ChannelMix(replace(recording, mix=_weights(speaking or distinct, correlation, level)))
    speech = detect_speech(mixed, per_channel=True, progress=progress)
    spoken = speech.probability >= _SPEECH_PROBABILITY
    speaking = [row for row in distinct if spoken[row].sum() * HOP_S >= _SHORTEST_S]
    mixed = replace(recording, mix=_weights(speaking or distinct, correlation, level))
    separate = len(speaking) > 1 and _are_separate(level[speaking], spoken[speaking])
    # If a channel was dropped, so is what was detected in it.
    return ChannelMix(mixed, separate, speech if len(speaking) == len(distinct) else None)


def measure_channels(
    recording: Recording, progress: Progress | None = None
) -> tuple[Levels, NDArray[np.float64]]:
    """Return the level of each 32 ms, dB (channels, frames), and the products of the channels' samples.

    The products are (channels, channels), as `audio.recording.correlation_of` takes them.
    """
    block_s = _FRAMES_PER_BLOCK * HOP_S
    level = np.full(
        (recording.channels, -(-recording.samples // FRAME_SAMPLES)), _SILENCE_DB, dtype=np.float32
    )
    products = np.zeros((recording.channels, recording.channels))
    frame = 0
    for block in recording.channel_blocks(block_s=block_s):
        products += block @ block.T
        padded = np.pad(block, ((0, 0), (0, -block.shape[1] % FRAME_SAMPLES)))
        power = np.square(padded.reshape(recording.channels, -1, FRAME_SAMPLES)).mean(axis=2)
        level[:, frame : frame + power.shape[1]] = 10.0 * np.log10(power + 10.0 ** (_SILENCE_DB / 10.0))
        frame += power.shape[1]
        if progress:
            progress(min(1.0, frame * FRAME_SAMPLES / recording.samples))
    return level, products


def _live(level: Levels) -> list[int]:
    """Return the channels that carry a signal."""
    high = np.percentile(level, 95, axis=1)
    return [row for row, db in enumerate(high) if db > _DEAD_DB and db > high.max() - _DEAD_BELOW_DB]


def _weights(rows: Sequence[int], correlation: NDArray[np.float64], level: Levels) -> tuple[float, ...]:
    """Return each channel's weight in the mix: the mean of `rows`, in one phase."""
    weights = np.zeros(len(level))
    if rows:
        loudest = max(rows, key=lambda row: float(level[row].mean()))
        for row in rows:
            weights[row] = (-1.0 if correlation[row, loudest] < _OPPOSITE else 1.0) / len(rows)
    return tuple(weights.tolist())


def _may_be_separate(level: Levels) -> bool:
    """Return whether two channels may hold different speakers, judged by which is louder in each frame."""
    loudest = level.max(axis=0)
    loud = level[:, loudest > np.percentile(loudest, 60)]
    return loud.shape[1] > 0 and _lead_alternates(loud)


def _lead_alternates(level: Levels) -> bool:
    """Return whether one channel mostly leads clearly, and not always the same one.

    level: (channels, frames), at least one frame.
    """
    clear, leader = _leaders(level)
    share = np.bincount(leader[clear], minlength=len(level)) / level.shape[1]
    return bool(clear.mean() >= _CLEAR_SHARE and (share >= _OWN_SHARE).sum() >= 2)


def _leaders(level: Levels) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return whether one channel is clearly the loudest in each frame, and the loudest channel."""
    ordered = np.sort(level, axis=0)
    return ordered[-1] - ordered[-2] > _OWN_DB, level.argmax(axis=0)


def _are_separate(level: Levels, spoken: NDArray[np.bool_]) -> bool:
    """Return whether channels with speech hold different speakers.

    level, spoken: (channels, frames), at least two channels.
    """
    anybody = spoken.any(axis=0)
    if not anybody.any() or not _lead_alternates(level[:, anybody]):
        return False
    clear, leader = _leaders(level)
    own = clear & spoken[leader, np.arange(len(leader))]
    return _changes(leader[own]) >= _CHANGES


def _changes(leader: NDArray[np.int64]) -> int:
    """Return how often another channel takes the lead for a while."""
    borders = np.flatnonzero(np.diff(leader)) + 1
    runs = [run for run in np.split(leader, borders) if len(run) >= _TURN_FRAMES]
    return sum(int(before[0] != after[0]) for before, after in pairwise(runs))


def _with_speech(
    recording: Recording, rows: Sequence[int], correlation: NDArray[np.float64], progress: Progress
) -> list[int]:
    """Return the channels with speech; each is analysed only until that is certain."""
    others = np.abs(correlation - np.eye(len(correlation)))[np.ix_(rows, rows)].max(axis=1)
    undecided = {
        row: SpeechStream() for row, highest in zip(rows, others, strict=True) if highest < _SAME_ROOM
    }
    speech_s = dict.fromkeys(undecided, 0.0)
    done = 0
    for block in recording.channel_blocks(block_s=BLOCK_S):
        if not undecided:
            break
        for row, stream in list(undecided.items()):
            speech_s[row] += float((stream.probabilities(block[row]) >= _SPEECH_PROBABILITY).sum()) * HOP_S
            if speech_s[row] >= _SHORTEST_S:
                del undecided[row]
        done += block.shape[1]
        progress(done / recording.samples)
    return [row for row in rows if row not in undecided]


class ChannelsDiarizer:
    """Diarizes recordings in which each channel holds one speaker.

    Attributes:
        description: how it works.
    """

    description = "one speaker per channel, no model needed"

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        """Diarize a recording by its channels, whatever number of speakers is asked for.

        speech: with one row per channel. Returns: turns sorted by start, seconds; turns of different channels
        may overlap, and a channel without speech has no speaker. Raises: UserError "audio.no_speech".
        """
        level, _ = measure_channels(recording, progress)
        probability = speech.probability[:, : level.shape[1]]
        half = _HOLD_FRAMES // 2
        padded = np.pad(level, ((0, 0), (half, half)), mode="edge")
        held = np.lib.stride_tricks.sliding_window_view(padded, _HOLD_FRAMES, axis=1).max(axis=2)
        has_speaker = np.array(
            [_has_speaker(held, probability, channel) for channel in range(recording.channels)]
        )
        own = np.array([_speaker_level(row, found) for row, found in zip(level, probability, strict=True)])
        relative = np.where(has_speaker[:, None], held - own[:, None], -np.inf)
        near = (relative >= relative.max(axis=0) - _GATE_DB) & (relative > -_FLOOR_DB)
        rows = [
            find_regions(np.where(gate, found, 0.0), recording.duration)
            for gate, found in zip(near, probability, strict=True)
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


def _has_speaker(held: Levels, probability: NDArray[np.float32], channel: int) -> bool:
    """Return whether a channel has its own speaker rather than crosstalk. Both arrays: (channels, frames)."""
    spoken = probability[channel] >= _SPEECH_PROBABILITY
    if not spoken.any() or np.percentile(held[channel, spoken], 95) < _DEAD_DB:
        return False
    if len(held) == 1:
        return True
    # Crosstalk is always softer than the channel it comes from; a speaker's own speech is not.
    lead = held[channel, spoken] - np.delete(held, channel, axis=0)[:, spoken].max(axis=0)
    return bool(
        np.percentile(lead, 98) > max(-_OWN_DB, np.median(lead) + _OWN_DB) or np.median(lead) > -_OWN_DB
    )


def _speaker_level(level: Levels, probability: NDArray[np.float32]) -> float:
    """Return the level of a channel's loudest speech, dB. level, probability: (frames,)."""
    spoken = level[probability >= _SPEECH_PROBABILITY]
    return float(np.percentile(spoken, 95)) if len(spoken) else _SILENCE_DB
