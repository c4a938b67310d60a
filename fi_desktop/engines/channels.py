"""Diarization by channel: telehealth exports and two lapel microphones, where each channel holds one speaker.

`channels_hold_different_speakers` finds out whether a recording is of that kind; `ChannelsDiarizer` then
needs no voices at all: a channel's speech is its speaker's, except where it is only the crosstalk of a louder
channel. Called by the pipeline; reads the recording block by block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import UserError
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.core.transcript import Diarization, Grade, Turn, rename_speakers
from fi_desktop.engines.base import Progress, Speech
from fi_desktop.engines.silero import FRAME_SAMPLES, HOP_S, find_regions

Levels = NDArray[np.float32]

_FRAMES_A_BLOCK = 1000
_QUIETEST_DB = -100.0
# Channels whose samples correlate so strongly hold the same sound, whatever their levels.
_SAME_SOUND = 0.95
# A channel this far below the loudest, or this quiet, is a dead input.
_DEAD_BELOW_DB = 40.0
_DEAD_DB = -70.0
# Who speaks into a microphone of their own is louder there by at least this; in one room it is a few dB.
_OWN_DB = 6.0
# Silero's probability from which a frame counts as spoken, where levels are measured.
_SPOKEN = 0.5
# Someone who says little still owns this share of the loud frames; below it, it is noise.
_OWN_SHARE = 0.04
# Within this of the loudest channel (each against its own talker's level) it is speech, not crosstalk.
_GATE_DB = 7.0
# Further below its own talker's level it is nobody near this microphone.
_FLOOR_DB = 30.0
# A talker's own short pauses do not open the gate for crosstalk: levels are held for 64 ms on both sides.
_HOLD_FRAMES = 5
# In so large a part of the loud frames somebody must be alone and clear, or it is a room.
_CLEAR_SHARE = 0.5


def channels_hold_different_speakers(recording: Recording) -> bool:
    """Find out whether the channels hold different speakers.

    Judged by the samples' correlation and by which channel is louder from moment to moment. A mono file
    stored as stereo, a channel without a signal, and two microphones in one room all give False.
    """
    if recording.channels < 2 or recording.samples < FRAME_SAMPLES:
        return False
    level, correlation = _measure(recording)
    alive = _alive(level)
    distinct = [
        row
        for row in alive
        if not any(abs(correlation[row, other]) > _SAME_SOUND for other in alive if other < row)
    ]
    if len(distinct) < 2:
        return False
    level = level[distinct]
    loudest = level.max(axis=0)
    loud = level[:, loudest > np.percentile(loudest, 60)]
    ordered = np.sort(loud, axis=0)
    clear = ordered[-1] - ordered[-2] > _OWN_DB
    share = np.bincount(loud.argmax(axis=0)[clear], minlength=len(distinct)) / max(1, loud.shape[1])
    return bool(clear.mean() >= _CLEAR_SHARE and (share >= _OWN_SHARE).sum() >= 2)


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
        level, _ = _measure(recording, progress)
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
            raise UserError("audio.no_speech", "Nobody speaks in this recording.")
        seconds = {
            str(channel): round(sum(r.duration for r in regions), 2) for channel, regions in enumerate(rows)
        }
        return Diarization(
            turns=rename_speakers(turns),
            engine="channels",
            grade=Grade.CLEAR,
            details={"seconds_by_channel": seconds},
        )


def _measure(recording: Recording, progress: Progress | None = None) -> tuple[Levels, NDArray[np.float64]]:
    """Return the level of each 32 ms, dB (channels, frames), and the channels' correlation (channels,
    channels).
    """
    block_s = _FRAMES_A_BLOCK * HOP_S
    level = np.full(
        (recording.channels, -(-recording.samples // FRAME_SAMPLES)), _QUIETEST_DB, dtype=np.float32
    )
    product = np.zeros((recording.channels, recording.channels))
    frame = 0
    for block in recording.channel_blocks(block_s=block_s):
        product += block @ block.T
        padded = np.pad(block, ((0, 0), (0, -block.shape[1] % FRAME_SAMPLES)))
        power = np.square(padded.reshape(recording.channels, -1, FRAME_SAMPLES)).mean(axis=2)
        level[:, frame : frame + power.shape[1]] = 10.0 * np.log10(power + 10.0 ** (_QUIETEST_DB / 10.0))
        frame += power.shape[1]
        if progress:
            progress(min(1.0, frame * FRAME_SAMPLES / recording.samples))
    power = np.sqrt(np.diag(product)) + 1e-12
    return level, product / (power[:, None] * power[None, :])


def _alive(level: Levels) -> list[int]:
    """Return the channels that carry a signal."""
    high = np.percentile(level, 95, axis=1)
    return [row for row, db in enumerate(high) if db > _DEAD_DB and db > high.max() - _DEAD_BELOW_DB]


def _talks(held: Levels, heard: NDArray[np.float32], channel: int) -> bool:
    """Tell a channel with a talker from one that only hears the others. held, heard: (channels, frames)."""
    spoken = heard[channel] >= _SPOKEN
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
    spoken = level[heard >= _SPOKEN]
    return float(np.percentile(spoken, 95)) if len(spoken) else _QUIETEST_DB
