"""Diarization by channel: telehealth exports and two lapel microphones, where each channel holds one speaker.

`mixing.py` finds out whether a recording is of that kind; `ChannelsDiarizer` then needs no voices at all: a
channel's speech is its speaker's, except where it is only the crosstalk of a louder channel. Called by the
pipeline; reads the recording block by block.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import UserError
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.core.transcript import Diarization, Grade, Turn, rename_speakers
from fi_desktop.engines.base import Progress, Speech
from fi_desktop.engines.mixing import QUIETEST_DB, SPOKEN, Levels, measure
from fi_desktop.engines.silero import find_regions

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
