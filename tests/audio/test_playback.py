"""Playback: the sound at a moment is what the transcript's decoder put there, in every kind of file."""

from __future__ import annotations

import json
import os
import socket
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.audio import playback
from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import phone_call
from fi_desktop.audio.playback import (
    MOST_BYTES,
    NotedTable,
    PlaybackState,
    PlayedSound,
    play_request,
    played_request,
    read_message,
    stop_request,
)
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.system.confinement import confinement
from tests.audio.make_media import with_edits, write_media


class Playing:
    """A playback process, driven as the window does."""

    def __init__(self, source: Path, folder: Path, table: Path) -> None:
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.folder, self.table = folder, table
        arguments = (theirs, source, folder, table)
        self.process = context.Process(target=playback.main, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.state = PlaybackState()  # the last that it told, while it played as well

    def next(self) -> PlaybackState | PlayedSound:
        while True:
            assert self.pipe.poll(60.0), "the process says nothing"
            message = read_message(self.pipe.recv_bytes(MOST_BYTES))
            if not isinstance(message, NotedTable):
                break
            self.table.write_bytes(message.data)
        if isinstance(message, PlaybackState):
            self.state = message
        return message

    def wait_done(self) -> PlaybackState:
        """Return the state when everything is decoded; decoding starts with the first request."""
        self.pipe.send_bytes(play_request(0, 0.0, None, 1.0))
        self.pipe.send_bytes(stop_request())
        while not self.state.done:
            self.next()
        return self.state

    def play(
        self, start_s: float, end_s: float | None, *, speed: float = 1.0, number: int = 1
    ) -> list[PlayedSound]:
        """Return all sound of a stream."""
        self.pipe.send_bytes(play_request(number, start_s, end_s, speed))
        sounds: list[PlayedSound] = []
        while True:
            message = self.next()
            if isinstance(message, PlaybackState) or message.stream != number:
                continue
            if not message.samples:
                return sounds
            sounds.append(message)
            seconds = len(message.samples) / 2 / SAMPLE_RATE_HZ * speed
            self.pipe.send_bytes(played_request(number, seconds))


@contextmanager
def playing(source: Path, folder: Path, table: Path | None = None) -> Iterator[Playing]:
    process = Playing(source, folder, table or folder.with_name("no table"))
    try:
        yield process
    finally:
        process.pipe.close()
        process.process.join(20.0)
        assert process.process.exitcode == 0
        assert not folder.exists()


def joined(sounds: list[PlayedSound]) -> NDArray[np.int16]:
    return np.frombuffer(b"".join(sound.samples for sound in sounds), dtype="<i2")


def decoded(source: Path, tmp_path: Path) -> NDArray[np.float64]:
    recording = decode(source, tmp_path / "decoded.s16", progress=lambda _: None).recording
    raw = np.fromfile(recording.path, dtype="<i2").reshape(-1, recording.channels)
    return raw.mean(axis=1)


def test_sound_between_two_moments_equals_the_decoders(tmp_path: Path):
    expected = decoded(phone_call(), tmp_path)
    with playing(phone_call(), tmp_path / "own") as process:
        for start_s, end_s in ((0.0, 1.0), (17.35, 19.1), (3.0, 3.05)):
            heard = joined(process.play(start_s, end_s))
            part = expected[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)]
            assert np.abs(heard - part).max() <= 0.5
        state = process.wait_done()
        assert state.error == ""
        assert state.ready_s == pytest.approx(len(expected) / SAMPLE_RATE_HZ)
        rest = joined(process.play(state.ready_s - 0.33, None, number=2))
        assert len(rest) == pytest.approx(0.33 * SAMPLE_RATE_HZ, abs=1)


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_speed_changes_the_length_and_not_the_pitch(tmp_path: Path, speed: float):
    with playing(phone_call(), tmp_path / "own") as process:
        normal = joined(process.play(12.0, 16.0)).astype(np.float64)
        other = joined(process.play(12.0, 16.0, speed=speed, number=2)).astype(np.float64)
    assert len(other) == pytest.approx(len(normal) / speed, rel=0.03)
    assert abs(np.log2(centroid_hz(other) / centroid_hz(normal))) < 0.1


def centroid_hz(sound: NDArray[np.float64]) -> float:
    power = np.abs(np.fft.rfft(sound)) ** 2
    return float((np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ) * power).sum() / power.sum())


def test_no_more_is_sent_than_a_second_ahead(tmp_path: Path):
    with playing(phone_call(), tmp_path / "own") as process:
        process.wait_done()
        process.pipe.send_bytes(play_request(1, 0.0, None, 1.0))
        received = 0.0
        while process.pipe.poll(1.0):
            message = process.next()
            assert isinstance(message, PlayedSound)
            if message.stream != 1:
                continue
            received += len(message.samples) / 2 / SAMPLE_RATE_HZ
        assert 1.0 <= received <= 1.2


def test_what_cannot_be_played_is_named_by_its_code(tmp_path: Path):
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"no sound" * 1000)
    with playing(bad, tmp_path / "own") as process:
        assert process.wait_done().error.startswith("audio.")
    with playing(tmp_path / "gone.mp3", tmp_path / "own") as process:
        assert process.wait_done().error.startswith("audio.")


def burst(rate_hz: int) -> NDArray[np.float32]:
    """Return half a second of a voice from the sample, float32."""
    with tempfile.TemporaryDirectory() as folder:
        recording = decode(phone_call(), Path(folder, "voice"), progress=lambda _: None).recording
        voice = next(recording.blocks())[round(12.0 * SAMPLE_RATE_HZ) : round(12.5 * SAMPLE_RATE_HZ)]
    at = np.arange(round(0.5 * rate_hz)) / rate_hz * SAMPLE_RATE_HZ
    return np.interp(at, np.arange(len(voice)), voice / np.abs(voice).max() * 0.5).astype(np.float32)


def with_voice_at(moments_s: tuple[float, ...], *, seconds: float, rate_hz: int) -> NDArray[np.float32]:
    """Return quiet noise with the voice at some moments, float32 (1, samples)."""
    sound = np.random.default_rng(5).normal(0.0, 0.002, round(seconds * rate_hz)).astype(np.float32)
    voice = burst(rate_hz)
    for moment_s in moments_s:
        first = round(moment_s * rate_hz)
        sound[first : first + len(voice)] += voice
    return sound[None]


# For each kind: how it is written, where the voice is in the sound, and where on the recording's clock.
TIMES: dict[str, tuple[dict[str, Any], tuple[float, ...], tuple[float, ...]]] = {
    "starts late": ({"name": "a.mka", "codec": "aac", "start_s": 3.0}, (0.5, 4.0), (3.5, 7.0)),
    "lost packets": ({"name": "a.webm", "codec": "libopus", "gap": (2.0, 3.5)}, (0.5, 4.5), (0.5, 4.5)),
    "packets of all sizes": ({"name": "a.ogg", "codec": "libvorbis"}, (0.25, 4.4), (0.25, 4.4)),
    "constant bit rate": ({"name": "a.mp3", "codec": "libmp3lame"}, (1.0, 4.2), (1.0, 4.2)),
}


@pytest.mark.parametrize("kind", TIMES)
def test_voice_is_heard_at_its_moment(tmp_path: Path, kind: str):
    made, said_s, heard_s = TIMES[kind]
    options = dict(made)
    source = tmp_path / options.pop("name")
    write_media(source, with_voice_at(said_s, seconds=6.0, rate_hz=48_000), rate_hz=48_000, **options)
    with playing(source, tmp_path / "own") as process:
        for number, moment_s in enumerate(heard_s):
            assert offset_s(process, moment_s, number) == pytest.approx(0.0, abs=0.03)


def test_voice_is_heard_at_its_moment_in_an_edited_file(tmp_path: Path):
    """The editor cut the first second away, put a second of silence in, and left out half a second."""
    plain = write_media(
        tmp_path / "plain.m4a",
        with_voice_at((1.2, 4.0), seconds=6.0, rate_hz=48_000),
        codec="aac",
        rate_hz=48_000,
    )
    source = tmp_path / "edited.m4a"
    source.write_bytes(with_edits(plain.read_bytes(), [(1.0, 1.0), (1.0, None), (2.5, 3.5)]))
    with playing(source, tmp_path / "own") as process:
        assert offset_s(process, 0.2, 0) == pytest.approx(0.0, abs=0.03)
        assert offset_s(process, 2.5, 1) == pytest.approx(0.0, abs=0.03)


def offset_s(process: Playing, moment_s: float, number: int) -> float:
    """Return by how much the voice is late in what is played around a moment, seconds."""
    from_s = max(0.0, moment_s - 0.2)
    heard = joined(process.play(from_s, moment_s + 0.7, number=number)).astype(np.float64)
    voice = burst(SAMPLE_RATE_HZ).astype(np.float64)
    found = np.correlate(heard, voice, mode="valid")
    return float(found.argmax()) / SAMPLE_RATE_HZ - (moment_s - from_s)


@pytest.mark.parametrize("data", [b"", b"x", b"s{}", b"s[1]", b"snot json", b"p\0", b"\x80\x04pickle"])
def test_other_messages_are_refused(data: bytes):
    with pytest.raises((ValueError, KeyError, TypeError, struct.error)):
        read_message(data)


def test_sound_has_the_decoders_rate():
    assert playback.PLAYBACK_HZ == SAMPLE_RATE_HZ


def test_requests_are_plain_json():
    assert json.loads(play_request(3, 1.0, None, 0.5)) == {"play": 3, "start": 1.0, "end": None, "speed": 0.5}


def main_that_tries(pipe: Connection, source: Path, folder: Path, table: Path) -> None:
    """A playback process that tries what it may not do, and tells what worked."""
    from fi_desktop.audio import playback_process

    def serve(pipe: Connection, _sound: object) -> None:
        attempts: dict[str, Callable[[], object]] = {
            "recording": source.read_bytes,
            "own folder": lambda: (folder / "samples").write_bytes(b"x"),
            "recording written": lambda: source.open("ab"),
            "its folder": lambda: list(source.parent.iterdir()),
            "job": lambda: (table.parent / "result.json").read_bytes(),
            "job written": lambda: (table.parent / "result.json").write_bytes(b"x"),
            "passwd": lambda: Path("/etc/passwd").read_bytes(),
            "socket": lambda: socket.socket(),
            "local socket": lambda: socket.socket(socket.AF_UNIX),
            "program": lambda: os.execv("/bin/true", ["true"]),
            "fork": os.fork,
        }
        worked = []
        for name, attempt in attempts.items():
            try:
                attempt()
            except OSError:
                continue
            worked.append(name)
        pipe.send_bytes(json.dumps(worked).encode())
        pipe.poll(60.0)

    playback_process._serve = serve
    playback_process.run(pipe, source, folder, table)


@pytest.mark.skipif(bool(confinement().missing), reason="this system lacks Landlock or seccomp")
def test_playback_process_opens_its_recording_and_nothing_else(tmp_path: Path, sample: Path):
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "result.json").write_text("{}")
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    arguments = (theirs, sample, tmp_path / "playback" / "1", tmp_path / "job" / "seek.table")
    process = context.Process(target=main_that_tries, args=arguments, daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(60.0)
    assert json.loads(ours.recv_bytes()) == ["recording", "own folder"]
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines()
    )
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    ours.close()
    process.join(20.0)
    assert not (tmp_path / "playback" / "1").exists()


@pytest.mark.parametrize(
    "message",
    [
        b"s{}",
        b's{"ready_s": NaN, "done": true, "error": ""}',
        b's{"ready_s": 1e300, "done": true, "error": ""}',
        b's{"ready_s": -1, "done": true, "error": ""}',
        b's{"ready_s": 1, "done": true, "error": "no.such"}',
        b"s[" * 5_000,
        b"p",
        b"x",
        b"",
    ],
)
def test_what_no_playback_process_sends_is_refused(message: bytes):
    with pytest.raises((ValueError, KeyError, TypeError, struct.error)):
        read_message(message)
