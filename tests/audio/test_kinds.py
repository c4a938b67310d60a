"""Files as recorders, phones, editors and joining by hand leave them: all of each is read, at the right time.

Each holds a tone of 300 Hz and then one of 600 Hz.
"""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from tests.audio.make_media import pitches_hz, samples_of, tones, with_edits, write_media

LOW_HZ, HIGH_HZ = 300, 600


def both(path: Path, codec: str, *, rate_hz: int = 48_000, **options) -> Path:
    """Return two seconds of each tone."""
    parts = [tones([hz], seconds=2.0, rate_hz=rate_hz) for hz in (LOW_HZ, HIGH_HZ)]
    return write_media(path, np.concatenate(parts, axis=1), codec=codec, rate_hz=rate_hz, **options)


def joined(path: Path, low: dict, high: dict) -> Path:
    """Concatenate two files of one tone each; options as for `write_media`."""
    raw = b""
    for hz, options in ((LOW_HZ, low), (HIGH_HZ, high)):
        channels = 2 if options.get("layout") == "stereo" else 1
        sound = tones([hz] * channels, seconds=2.0, rate_hz=options["rate_hz"])
        raw += write_media(path, sound, **options).read_bytes()
    path.write_bytes(raw)
    return path


def edited(path: Path, edits: list[tuple[float, float | None]]) -> Path:
    """Write an MP4 file of both tones; edits are (length, start or None for silence), seconds."""
    path.write_bytes(with_edits(both(path, "aac", container="mp4").read_bytes(), edits))
    return path


def with_cover(path: Path) -> Path:
    picture = b"\0image/jpeg\0\3\0\xff\xd8" + np.random.default_rng(1).bytes(2_000_000)
    frame = b"APIC" + struct.pack(">IH", len(picture), 0) + picture
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\3\0\0" + size + frame + both(path, "libmp3lame").read_bytes())
    return path


def from_the_middle_of_a_frame(path: Path) -> Path:
    path.write_bytes(both(path, "libmp3lame").read_bytes()[700:])
    return path


def after_zeros(path: Path) -> Path:
    path.write_bytes(bytes(50_000) + both(path, "libmp3lame").read_bytes())
    return path


def killed(path: Path) -> Path:
    raw = both(path, "libopus", options={"live": "1"}).read_bytes()
    path.write_bytes(raw[: len(raw) * 9 // 10])
    return path


ADTS = {"codec": "aac", "container": "adts"}
MP3 = {"codec": "libmp3lame", "container": "mp3"}
TS = {"codec": "aac", "container": "mpegts", "rate_hz": 48_000}
OPUS = {"codec": "libopus", "rate_hz": 48_000}
MONO, STEREO = {"rate_hz": 16_000}, {"rate_hz": 44_100, "layout": "stereo"}

# name -> factory, length, and start of each tone, seconds
KINDS: dict[str, tuple[str, Callable[[Path], Path], float, float, float]] = {
    "Opus after Opus": ("a.ogg", lambda p: joined(p, OPUS, OPUS), 4, 0, 2),
    "Vorbis of another rate": (
        "a.ogg", lambda p: joined(p, {"codec": "libvorbis"} | STEREO, {"codec": "libvorbis"} | MONO), 4, 0, 2,
    ),
    "AAC of another rate": ("a.aac", lambda p: joined(p, ADTS | STEREO, ADTS | MONO), 4.2, 0, 2.1),
    "MP3 of another rate": ("a.mp3", lambda p: joined(p, MP3 | STEREO, MP3 | MONO), 4.2, 0, 2.1),
    "a transport stream that jumps ahead": (
        "a.ts", lambda p: joined(p, TS | {"start_s": 100.0}, TS | {"start_s": 105.0}), 7, 0, 5,
    ),
    "a transport stream that jumps back": (
        "a.ts", lambda p: joined(p, TS | {"start_s": 1_000.0}, TS | {"start_s": 5.0}), 4, 0, 2,
    ),
    "trimmed at both ends": ("a.m4a", lambda p: edited(p, [(2.0, 1.0)]), 2, 0, 1),
    "cut in the middle": ("a.m4a", lambda p: edited(p, [(1.0, 0.0), (1.0, 2.5)]), 2, 0, 1),
    "silence put in": ("a.m4a", lambda p: edited(p, [(2.0, 0.0), (1.0, None), (2.0, 2.0)]), 5, 0, 3),
    "a large cover": ("a.mp3", with_cover, 4, 0, 2),
    "begins in the middle of a frame": ("a.mp3", from_the_middle_of_a_frame, 4, 0, 2),
    "zeros before the first frame": ("a.mp3", after_zeros, 4, 0, 2),
    "MP3 in WAV": ("a.wav", lambda p: both(p, "libmp3lame"), 4.05, 0, 2.05),
    "64-bit float": ("a.wav", lambda p: both(p, "pcm_f64le"), 4, 0, 2),
    "Sun": ("a.au", lambda p: both(p, "pcm_s16be"), 4, 0, 2),
    "ADPCM": ("a.wav", lambda p: both(p, "adpcm_ima_wav"), 4.05, 0, 2),
    "A-law": ("a.wav", lambda p: both(p, "pcm_alaw", rate_hz=8_000), 4, 0, 2),
    "a live WebM whose program was killed": ("a.webm", killed, 3.6, 0, 2),
    "sound long after the pictures": (
        "a.mkv", lambda p: both(p, "aac", start_s=400.0, video="mpeg4", pictures_s=1.0), 404, 400, 402,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_whole_file_is_read_with_correct_times(tmp_path, kind):
    name, make, length_s, low_s, high_s = KINDS[kind]

    result = decode(make(tmp_path / name), tmp_path / "samples.pcm", progress=lambda _fraction: None)

    output = samples_of(result.recording)
    assert result.recording.duration == pytest.approx(length_s, abs=0.2)
    for start_s, hz in ((low_s, LOW_HZ), (high_s, HIGH_HZ)):
        first = round((start_s + 0.2) * SAMPLE_RATE_HZ)
        part = output[:1, first : first + round(0.6 * SAMPLE_RATE_HZ)]
        assert pitches_hz(part, skip_s=0.05) == [hz]
        assert np.abs(part).max() > 0.2
    if kind == "silence put in":
        assert not output[:, round(2.1 * SAMPLE_RATE_HZ) : round(2.9 * SAMPLE_RATE_HZ)].any()
    assert [warning.code for warning in result.warnings] == (["audio.gap"] if "jumps ahead" in kind else [])
