"""The original recordings: a second of audio in each of many formats."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import av

from tests.audio.make_media import tones, write_media

# (extension, codec, rate, options of write_media)
FORMATS: list[tuple[str, str, int, dict[str, Any]]] = [
    ("wav", "pcm_s16le", 16_000, {}),
    ("mp3", "libmp3lame", 22_050, {}),
    ("m4a", "aac", 16_000, {}),
    ("mp4", "aac", 16_000, {"video": "mpeg4"}),
    ("opus", "libopus", 16_000, {}),
    ("flac", "flac", 16_000, {"layout": "stereo"}),
    ("webm", "libopus", 16_000, {"video": "libvpx"}),
    ("mkv", "ac3", 32_000, {"layout": "stereo"}),
    ("ts", "aac", 16_000, {"container": "mpegts", "video": "mpeg2video"}),
    ("flv", "libmp3lame", 22_050, {"video": "flv"}),
    ("mpg", "mp2", 32_000, {"container": "mpeg", "video": "mpeg2video"}),
    ("avi", "libmp3lame", 16_000, {"video": "mpeg4"}),
    ("caf", "pcm_s16le", 16_000, {}),
    ("aiff", "pcm_s16be", 16_000, {}),
    ("w64", "pcm_s16le", 16_000, {"container": "w64"}),
    ("amr", "libopencore_amrnb", 8_000, {}),
    ("wma", "libmp3lame", 16_000, {"container": "asf"}),
    ("voc", "pcm_u8", 8_000, {"container": "voc"}),
]


def seeds() -> dict[str, bytes]:
    """Return the bytes of the recordings, by extension."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for extension, codec, rate_hz, options in FORMATS:
            path = Path(folder) / f"seed.{extension}"
            channels = 2 if options.get("layout") == "stereo" else 1
            sound = tones([440, 700][:channels], seconds=1.0, rate_hz=rate_hz)
            write_media(path, sound, codec=codec, rate_hz=rate_hz, **options)
            made[extension] = path.read_bytes()
        path = Path(folder) / "seed.mka"
        _write_two_tracks(path)
        made["mka"] = path.read_bytes()
    return made


def _write_two_tracks(path: Path) -> None:
    """Write a Matroska file with two audio tracks, one second of 16 kHz in each."""
    sound = tones([440], seconds=1.0, rate_hz=16_000)
    packed = (sound * 32_767).astype("<i2")
    with av.open(str(path), "w", format="matroska") as output:
        tracks = [output.add_stream("pcm_s16le", rate=16_000, layout="mono") for _ in range(2)]
        for first in range(0, packed.shape[1], 1_600):
            for track in tracks:
                frame = av.AudioFrame.from_ndarray(packed[:, first : first + 1_600], "s16", "mono")
                frame.sample_rate, frame.pts = 16_000, first
                output.mux(track.encode(frame))
        for track in tracks:
            output.mux(track.encode(None))
