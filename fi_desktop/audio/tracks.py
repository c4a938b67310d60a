"""The sound tracks of one file: which are decoded, and how they become one recording.

Screen recorders write the microphone and the computer's own sound as tracks of their own, so every track that
holds sound is used. All tracks are on one time line, which `timeline.py` sees to; each is decoded to a
recording of its own beside the target, and the channels of those that are alive are joined. Memory never
follows the length.

What is left out:
- tracks that cannot be decoded, such as the spatial sound of a phone beside its plain one;
- tracks in another language than the main one, by the file's own word: dubs would be heard as speakers;
- tracks of the main sound with a voice that describes or comments the pictures;
- silent tracks, tracks that repeat another, and a track that is the mix of the others.
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
from fi_desktop.audio.likeness import distinct_channels
from fi_desktop.audio.recording import Recording, RecordingWriter
from fi_desktop.audio.room import Room

MAX_TRACKS = 8
"""Further tracks are not decoded."""

_DESCRIBING = Disposition.visual_impaired | Disposition.comment | Disposition.dub
_UNKNOWN_LANGUAGES = (None, "", "und", "zxx", "mis", "mul")
_BLOCK_S = 20.0


@dataclass(frozen=True, slots=True)
class Joined:
    """Tracks as one recording.

    Attributes:
        recording: the channels with a sound of their own.
        used: numbers of the tracks that these come from, rising.
    """

    recording: Recording
    used: tuple[int, ...]


def sound_tracks(media: Media) -> list[Media]:
    """Return the file once for each sound track that is to be decoded, the main one first."""
    main = media.stream
    others = [
        replace(media, stream=stream)
        for stream in media.container.streams.audio
        if stream.index != main.index and stream.codec_context is not None and _belongs(stream, main)
    ]
    return [media, *others][:MAX_TRACKS]


def join(
    tracks: Sequence[Recording], target: Path, *, most_channels: int, room: Room | None = None
) -> Joined:
    """Join decoded tracks to one recording, the shorter ones with silence at their end.

    tracks: two or more, none of them silent. most_channels: where there are more in all, each track becomes
    one channel. room: how much may be written; see `Room`.
    """
    fold = sum(track.channels for track in tracks) > most_channels
    owners = [number for number, track in enumerate(tracks) for _ in range(1 if fold else track.channels)]
    products = np.zeros((len(owners), len(owners)))
    for block in _blocks(tracks, fold=fold):
        products += block @ block.T
    kept = distinct_channels(products)
    with RecordingWriter(target, len(kept), room) as writer:
        for block in _blocks(tracks, fold=fold):
            writer.write(block[kept])
        return Joined(writer.recording, tuple(sorted({owners[row] for row in kept})))


def _belongs(stream: AudioStream, main: AudioStream) -> bool:
    """Whether a track may hold what the main one lacks."""
    if stream.disposition & _DESCRIBING and not main.disposition & _DESCRIBING:
        return False
    languages = (stream.language, main.language)
    return any(language in _UNKNOWN_LANGUAGES for language in languages) or languages[0] == languages[1]


def _blocks(tracks: Sequence[Recording], *, fold: bool) -> Iterator[NDArray[np.float32]]:
    """Yield float32 (channels of all tracks, samples)."""
    readers = [track.channel_blocks(block_s=_BLOCK_S) for track in tracks]
    while True:
        blocks = [next(reader, None) for reader in readers]
        length = max((block.shape[1] for block in blocks if block is not None), default=0)
        if not length:
            return
        rows = []
        for track, block in zip(tracks, blocks, strict=True):
            sound = np.zeros((track.channels, 0), dtype=np.float32) if block is None else block
            sound = np.pad(sound, ((0, 0), (0, length - sound.shape[1])))
            rows.append(sound.mean(axis=0, keepdims=True) if fold else sound)
        yield np.concatenate(rows)
