"""When real files say that they were recorded: tags that FFmpeg reads, and what is made of them."""

import time
from datetime import datetime

import numpy as np
import pytest

from fi_desktop.audio.container import open_media
from fi_desktop.audio.probe import date_tags
from fi_desktop.core.recorded_dates import date_in_metadata
from tests.audio.make_media import decoded, tones, write_media

NOW = datetime.fromisoformat("2026-11-30T12:00:00")
UTC_TIME = {"creation_time": "2026-11-29T16:30:00.000000Z"}
LOCAL = "2026-11-29T10:30:00"
DAY = "2026-11-29"
BROADCAST = {"origination_date": DAY, "origination_time": "10:30:00"}
APPLE = UTC_TIME | {"com.apple.quicktime.creationdate": "2026-11-29T12:30:00-0400"}


@pytest.fixture(autouse=True)
def mexico(monkeypatch):
    """This computer is six hours behind UTC."""
    monkeypatch.setenv("TZ", "America/Mexico_City")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("name", "container", "codec", "tags", "options", "at"),
    [
        ("a.mp4", "mp4", "aac", UTC_TIME, {}, LOCAL),
        ("a.m4a", "ipod", "aac", UTC_TIME, {}, LOCAL),
        ("a.mov", "mov", "aac", APPLE, {"movflags": "use_metadata_tags"}, LOCAL),
        ("a.mkv", "matroska", "libopus", UTC_TIME, {}, LOCAL),
        ("broadcast.wav", "wav", "pcm_s16le", BROADCAST, {"write_bext": "1"}, LOCAL),
        ("info.wav", "wav", "pcm_s16le", {"date": DAY}, {}, DAY),
        ("tdrc.mp3", "mp3", "libmp3lame", {"date": LOCAL}, {}, LOCAL),
        ("tdrl.mp3", "mp3", "libmp3lame", {"TDRL": "2026-11-29T10:30"}, {}, LOCAL),
        ("old.mp3", "mp3", "libmp3lame", {"date": DAY}, {"id3v2_version": "3"}, DAY),
        ("a.flac", "flac", "flac", {"DATE": LOCAL}, {}, LOCAL),
        ("a.ogg", "ogg", "libopus", {"DATE": DAY}, {}, DAY),
        ("year.flac", "flac", "flac", {"DATE": "2026"}, {}, ""),
        ("plain.wav", "wav", "pcm_s16le", {}, {}, ""),
        ("reset.mp4", "mp4", "aac", {"creation_time": "1970-01-01T00:00:12Z"}, {}, ""),
        ("ahead.mp4", "mp4", "aac", {"creation_time": "2036-02-07T06:28:16Z"}, {}, ""),
        ("long.flac", "flac", "flac", {"DATE": f"{DAY} {'x' * 100_000}"}, {}, ""),
    ],
)
def test_date_of_a_real_file(tmp_path, name, container, codec, tags, options, at):
    rate_hz = 48_000 if codec == "libopus" else 16_000
    sound = tones([300.0], seconds=1.0, rate_hz=rate_hz)
    path = write_media(
        tmp_path / name,
        sound.astype(np.float32),
        codec=codec,
        rate_hz=rate_hz,
        container=container,
        options=options,
        tags=tags,
    )
    with open_media(path) as media:
        found = date_tags(media)
    assert date_in_metadata(found, NOW) == at
    assert decoded(path).dates == found
