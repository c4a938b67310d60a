"""Playing from any moment: what is heard is what the transcript's decoder made of it, in every format."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fi_desktop.audio.decode import decode
from fi_desktop.audio.playback_process import _Sound
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.audio.seek_reader import SeekMismatch, SeekReader
from fi_desktop.audio.seek_table import SeekMethod, SeekTable, read_seek_table
from tests.audio.make_media import nothing, tones, with_edits, write_media, write_wav
from tests.audio.test_playback import burst, joined, offset_s, playing, with_voice_at

SECONDS = 66.0
NEAR_END_S = 65.0
ALIKE = 0.9
"""AAC fills bands with noise, which differs after seeking; noise one sample late is not alike at all."""

# For each kind: how it is written, where the voice is in the sound, and where on the recording's clock.
KINDS: dict[str, tuple[dict[str, Any], tuple[float, ...], tuple[float, ...]]] = {
    "phone": ({"name": "a.m4a", "codec": "aac", "rate_hz": 44_100}, (12.3, NEAR_END_S), (12.3, NEAR_END_S)),
    "mp3": ({"name": "a.mp3", "codec": "libmp3lame", "rate_hz": 44_100}, (NEAR_END_S,), (NEAR_END_S,)),
    "mp3 without index": (
        {"name": "a.mp3", "codec": "libmp3lame", "options": {"write_xing": "0", "id3v2_version": "0"}},
        (33.1, NEAR_END_S),
        (33.1, NEAR_END_S),
    ),
    "packets of all sizes": ({"name": "a.ogg", "codec": "libvorbis"}, (30.0, NEAR_END_S), (30.0, NEAR_END_S)),
    "messenger": ({"name": "a.opus", "codec": "libopus", "container": "ogg"}, (NEAR_END_S,), (NEAR_END_S,)),
    "flac": ({"name": "a.flac", "codec": "flac"}, (NEAR_END_S,), (NEAR_END_S,)),
    "raw frames": ({"name": "a.aac", "codec": "aac", "container": "adts"}, (NEAR_END_S,), (NEAR_END_S,)),
    "old phone": (
        {"name": "a.amr", "codec": "libopencore_amrnb", "rate_hz": 8_000, "container": "amr"},
        (NEAR_END_S,),
        (NEAR_END_S,),
    ),
    "camera": ({"name": "a.mp4", "codec": "aac", "video": "mpeg4"}, (NEAR_END_S,), (NEAR_END_S,)),
    "broadcast": ({"name": "a.ts", "codec": "aac", "container": "mpegts"}, (NEAR_END_S,), (NEAR_END_S,)),
    "starts late": ({"name": "a.mka", "codec": "aac", "start_s": 3.0}, (0.5, 64.0), (3.5, 67.0)),
    "lost packets": (
        {"name": "a.webm", "codec": "libopus", "gap": (20.0, 23.5)},
        (19.0, 24.5, NEAR_END_S),
        (19.0, 24.5, NEAR_END_S),
    ),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Recordings that were written so far."""
    return {"": tmp_path_factory.mktemp("made")}


def recording(made: dict[str, Path], kind: str) -> Path:
    if kind not in made:
        options, said_s, _heard_s = KINDS[kind]
        options = {"rate_hz": 48_000} | options
        folder = made[""] / kind
        folder.mkdir()
        rate_hz: int = options["rate_hz"]
        sound = with_voice_at(said_s, seconds=SECONDS, rate_hz=rate_hz)
        made[kind] = write_media(folder / options.pop("name"), sound, **options)
    return made[kind]


def decoded(source: Path, target: Path) -> tuple[SeekTable | None, NDArray[np.float64]]:
    """Return the table, and all samples of the decoder, at the level of the file."""
    result = decode(source, target, progress=nothing, seekable=True, written=lambda *_: None)
    raw = np.fromfile(target, dtype="<i2").reshape(-1, result.recording.channels)
    return result.seek_table, raw.mean(axis=1)


def heard(reader: SeekReader, start: int, count: int) -> NDArray[np.int16]:
    found: list[NDArray[np.int16]] = []
    for block in reader.samples_from(start):
        found.append(block)
        if sum(map(len, found)) >= count:
            break
    return np.concatenate([*found, np.zeros(0, dtype=np.int16)])[:count]


def late_s(sound: NDArray[np.int16]) -> float:
    """Return where the voice begins in a stretch, seconds."""
    found = np.correlate(sound.astype(np.float64), burst(SAMPLE_RATE_HZ).astype(np.float64), mode="valid")
    return float(found.argmax()) / SAMPLE_RATE_HZ


def likeness(one: NDArray[Any], other: NDArray[Any]) -> float:
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


@pytest.mark.parametrize("kind", KINDS)
def test_any_moment_sounds_as_the_decoder_made_it(tmp_path: Path, made: dict[str, Path], kind: str):
    source = recording(made, kind)
    table, samples = decoded(source, tmp_path / "decoded.s16")
    assert table is not None
    reader = SeekReader(source, table)
    for moment_s in KINDS[kind][2]:
        sound = heard(reader, round((moment_s - 0.2) * SAMPLE_RATE_HZ), round(0.9 * SAMPLE_RATE_HZ))
        assert late_s(sound) == pytest.approx(0.2, abs=0.03)
    rng = np.random.default_rng(3)
    for start in [0, *rng.integers(0, len(samples) - SAMPLE_RATE_HZ, 6), len(samples) - SAMPLE_RATE_HZ]:
        sound = heard(reader, int(start), SAMPLE_RATE_HZ)
        expected = samples[start : start + SAMPLE_RATE_HZ]
        assert len(sound) == SAMPLE_RATE_HZ
        if np.abs(expected).max() > 8:  # a gap is silent
            assert likeness(sound, expected) > ALIKE
    assert len(heard(reader, len(samples) - 100, 1_000)) == 100
    assert len(heard(reader, len(samples) + 100, 1_000)) == 0
    reader.close()


def test_edited_file_is_heard_where_its_transcript_says(tmp_path: Path):
    """The editor cut a second away, put two seconds of silence in, and left out half a second."""
    sound = with_voice_at((1.2, 4.0, NEAR_END_S), seconds=70.0, rate_hz=48_000)
    plain = write_media(tmp_path / "plain.m4a", sound, codec="aac", rate_hz=48_000)
    source = tmp_path / "edited.m4a"
    source.write_bytes(with_edits(plain.read_bytes(), [(1.0, 1.0), (2.0, None), (66.0, 2.5)]))
    table, samples = decoded(source, tmp_path / "decoded.s16")
    assert table is not None
    reader = SeekReader(source, table)
    for moment_s in (0.2, 4.5, NEAR_END_S + 0.5):
        start = round((moment_s - 0.15) * SAMPLE_RATE_HZ)
        sound = heard(reader, start, round(0.8 * SAMPLE_RATE_HZ))
        assert late_s(sound) == pytest.approx(0.15, abs=0.03)
        assert likeness(sound, samples[start : start + len(sound)]) > ALIKE
    reader.close()


def test_raw_frames_are_found_by_their_place_in_the_file(tmp_path: Path, made: dict[str, Path]):
    methods = {}
    for kind in ("mp3 without index", "phone"):
        table, _samples = decoded(recording(made, kind), tmp_path / "decoded.s16")
        assert table is not None
        methods[kind] = table.method
    assert methods == {"mp3 without index": SeekMethod.BYTE, "phone": SeekMethod.TIME}


@settings(max_examples=30, deadline=None)
@given(start=st.integers(0, round((SECONDS - 1) * SAMPLE_RATE_HZ)))
def test_every_sample_is_in_its_place(flac: tuple[SeekReader, NDArray[np.float64]], start: int):
    reader, samples = flac
    np.testing.assert_array_equal(heard(reader, start, 4_000), samples[start : start + 4_000])


@pytest.fixture(scope="module")
def flac(
    tmp_path_factory: pytest.TempPathFactory, made: dict[str, Path]
) -> Iterator[tuple[SeekReader, NDArray[np.float64]]]:
    source = recording(made, "flac")
    table, samples = decoded(source, tmp_path_factory.mktemp("flac") / "decoded.s16")
    assert table is not None
    reader = SeekReader(source, table)
    yield reader, samples
    reader.close()


def test_process_plays_by_the_table_and_decodes_nothing_else(tmp_path: Path, made: dict[str, Path]):
    source = recording(made, "lost packets")
    table, samples = decoded(source, tmp_path / "decoded.s16")
    assert table is not None
    table.write(tmp_path / "table")
    with playing(source, tmp_path / "own", tmp_path / "table") as process:
        for number, moment_s in enumerate((19.0, 24.5, NEAR_END_S), start=1):
            assert offset_s(process, moment_s, number) == pytest.approx(0.0, abs=0.03)
        assert process.state.done
        assert process.state.ready_s == pytest.approx(len(samples) / SAMPLE_RATE_HZ)
        rest = joined(process.play(len(samples) / SAMPLE_RATE_HZ - 0.25, None, number=9))
        assert len(rest) == pytest.approx(0.25 * SAMPLE_RATE_HZ, abs=1)
        assert list((tmp_path / "own").iterdir()) == []


def test_another_file_of_the_same_length_is_decoded_from_its_start(tmp_path: Path):
    source, other = tmp_path / "a.wav", tmp_path / "b.wav"
    write_wav(source, tones([440.0], seconds=SECONDS, rate_hz=16_000), rate_hz=16_000)
    write_wav(other, with_voice_at((50.0,), seconds=SECONDS, rate_hz=16_000), rate_hz=16_000)
    table, _samples = decoded(source, tmp_path / "decoded.s16")
    assert table is not None
    table.write(tmp_path / "table")
    shutil.copy(other, source)
    reader = SeekReader(source, table)
    with pytest.raises(SeekMismatch):
        heard(reader, 50 * SAMPLE_RATE_HZ, 100)
    reader.close()
    with playing(source, tmp_path / "own", tmp_path / "table") as process:
        assert offset_s(process, 50.0, 1) == pytest.approx(0.0, abs=0.03)


def test_recording_without_a_table_gets_one_when_it_was_played(tmp_path: Path, made: dict[str, Path]):
    source = recording(made, "phone")
    path = tmp_path / "job" / "seek.table"
    path.parent.mkdir()
    with playing(source, tmp_path / "own", path) as process:
        assert process.wait_done().error == ""
        heard_first = joined(process.play(60.0, 60.5, number=1))
        while not path.exists():
            process.next()
    assert read_seek_table(path) is not None
    with playing(source, tmp_path / "own", path) as process:
        again = joined(process.play(60.0, 60.5, number=1))
        assert likeness(again, heard_first) > ALIKE
        assert process.state.done


def test_what_cannot_be_sought_has_no_table(tmp_path: Path):
    short = write_wav(tmp_path / "short.wav", tones([440], seconds=30.0, rate_hz=8_000), rate_hz=8_000)
    assert decoded(short, tmp_path / "decoded.s16")[0] is None
    long = write_wav(tmp_path / "long.wav", tones([440], seconds=61.0, rate_hz=8_000), rate_hz=8_000)
    assert decoded(long, tmp_path / "decoded.s16")[0] is not None
    two = tmp_path / "two.wav"
    two.write_bytes(long.read_bytes() + long.read_bytes())
    table, samples = decoded(two, tmp_path / "decoded.s16")
    assert len(samples) == 122 * SAMPLE_RATE_HZ
    assert table is None


def test_damaged_table_counts_as_none(tmp_path: Path, made: dict[str, Path]):
    table, _samples = decoded(recording(made, "phone"), tmp_path / "decoded.s16")
    assert table is not None
    path = tmp_path / "table"
    table.write(path)
    known = read_seek_table(path)
    assert known is not None
    np.testing.assert_array_equal(known.rows, table.rows)
    assert (known.samples, known.file_bytes, known.method) == (table.samples, table.file_bytes, table.method)
    data = path.read_bytes()
    for damaged in (b"", data[:20], data[:-1], b"x" + data[1:], data[:12] + b"\xff" * 8 + data[20:]):
        path.write_bytes(damaged)
        assert read_seek_table(path) is None
    assert read_seek_table(tmp_path / "none") is None


def test_file_that_was_closed_for_others_is_opened_again(tmp_path: Path, made: dict[str, Path]):
    source = recording(made, "phone")
    table, _samples = decoded(source, tmp_path / "decoded.s16")
    assert table is not None
    table.write(tmp_path / "table")
    sound = _Sound(source, tmp_path, tmp_path / "table")
    assert sound.is_open
    first = sound.read(60 * SAMPLE_RATE_HZ, 1_600)
    sound.close_file()
    assert not sound.is_open
    again = sound.read(60 * SAMPLE_RATE_HZ, 1_600)
    assert sound.is_open
    assert first is not None
    np.testing.assert_array_equal(again, first)
    sound.close_file()
    assert not sound.decoding
