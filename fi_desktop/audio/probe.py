"""Looks at a recording's header: how long, how many channels, what codec. Decodes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from av.stream import Stream

from fi_desktop.audio.container import open_media

# Cover art is a "video" track of one still picture.
_STILLS = {"mjpeg", "png", "bmp", "gif", "webp"}


@dataclass(frozen=True, slots=True)
class Probe:
    """What a recording's header tells.

    Attributes:
        duration_s: seconds, estimated by FFmpeg for some formats; None where unknown.
        channels: of the track that would be decoded.
        sample_rate_hz: of that track.
        codec: FFmpeg's name, such as "aac".
        has_video: whether there are moving pictures; cover art is none.
    """

    duration_s: float | None
    channels: int
    sample_rate_hz: int
    codec: str
    has_video: bool


def probe(source: Path) -> Probe:
    """Read a recording's header.

    Raises:
        UserError: audio.missing, audio.forbidden, audio.not_a_file, audio.empty, audio.unreadable,
            audio.damaged or audio.no_audio.
        TransientError: audio.read, where the drive fails.
    """
    with open_media(source) as media:
        return Probe(
            duration_s=media.duration_s,
            channels=media.stream.layout.nb_channels,
            sample_rate_hz=media.stream.sample_rate,
            codec=media.stream.codec_context.codec.canonical_name,
            has_video=any(_moves(stream) for stream in media.container.streams.video),
        )


def _moves(stream: Stream) -> bool:
    context = stream.codec_context
    return context is None or context.codec.canonical_name not in _STILLS
