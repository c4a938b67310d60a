"""The audio tracks of one file: which are decoded, and how they become one recording.

Screen recorders store the microphone and the computer's own audio in separate tracks, so every track that
holds audio is used. Each is decoded to a temporary recording; `timeline.py` puts all of them on one clock.
Then the channels that are not silent are joined block by block.

Skipped are:
- tracks that cannot be decoded, such as a phone's spatial audio next to its plain audio;
- tracks whose language tag differs from the main one: dubs would be heard as speakers;
- tracks with a voice that describes or comments on the picture;
- silent tracks, duplicates, and a track that is the mix of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from av.audio.stream import AudioStream
from av.stream import Disposition
from numpy.typing import NDArray

from fi_desktop.audio.container import Media
from fi_desktop.audio.disk_space import DiskSpace
from fi_desktop.audio.recording import Recording, RecordingWriter, distinct_channels

MAX_TRACKS = 8
"""Further tracks are not decoded."""

_DESCRIBING = Disposition.visual_impaired | Disposition.comment | Disposition.dub
_UNKNOWN_LANGUAGES = (None, "", "und", "zxx", "mis", "mul")
_BLOCK_S = 20.0


@dataclass(frozen=True, slots=True)
class JoinedTracks:
    """Several tracks as one recording.

    Attributes:
        recording: the channels that no others explain.
        used: indices of the tracks they come from, ascending.
    """

    recording: Recording
    used: tuple[int, ...]


def audio_tracks(media: Media) -> list[Media]:
    """Return one view of the file per track to decode, the main one first."""
    main = media.stream
    others = [
        replace(media, stream=stream)
        for stream in media.container.streams.audio
        if stream.index != main.index and stream.codec_context is not None and _is_wanted(stream, main)
    ]
    return [media, *others][:MAX_TRACKS]


def join_tracks(
    tracks: Sequence[Recording], target: Path, *, max_channels: int, disk_space: DiskSpace | None = None
) -> JoinedTracks:
    """Join decoded tracks to one recording; shorter ones are padded with silence.

    tracks: two or more, none of them silent. max_channels: if there are more in total, each track is mixed to
    one channel. disk_space: limits what is written.
    """
    mono = sum(track.channels for track in tracks) > max_channels
    owners = [number for number, track in enumerate(tracks) for _ in range(1 if mono else track.channels)]
    products = np.zeros((len(owners), len(owners)))
    for block in _blocks(tracks, mono=mono):
        products += block @ block.T
    kept = distinct_channels(products)
    with RecordingWriter(target, len(kept), disk_space) as writer:
        for block in _blocks(tracks, mono=mono):
            writer.write(block[kept])
        return JoinedTracks(writer.recording, tuple(sorted({owners[row] for row in kept})))


def _is_wanted(stream: AudioStream, main: AudioStream) -> bool:
    """Whether a track may hold what the main one lacks."""
    if stream.disposition & _DESCRIBING and not main.disposition & _DESCRIBING:
        return False
    languages = (stream.language, main.language)
    return any(language in _UNKNOWN_LANGUAGES for language in languages) or languages[0] == languages[1]


def _blocks(tracks: Sequence[Recording], *, mono: bool) -> Iterator[NDArray[np.float32]]:
    """Yield float32 (channels of all tracks, samples)."""
    readers = [track.channel_blocks(block_s=_BLOCK_S) for track in tracks]
    while True:
        blocks = [next(reader, None) for reader in readers]
        length = max((block.shape[1] for block in blocks if block is not None), default=0)
        if not length:
            return
        rows = []
        for track, block in zip(tracks, blocks, strict=True):
            samples = np.zeros((track.channels, 0), dtype=np.float32) if block is None else block
            samples = np.pad(samples, ((0, 0), (0, length - samples.shape[1])))
            rows.append(samples.mean(axis=0, keepdims=True) if mono else samples)
        yield np.concatenate(rows)
