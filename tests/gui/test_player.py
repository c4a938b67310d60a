"""The player, with a device that keeps what it is given: real process, real decoder, real Qt timers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QIODevice, QObject, QTimer
from pytestqt.qtbot import QtBot

from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import phone_call
from fi_desktop.audio.recording import SAMPLE_RATE_HZ
from fi_desktop.core import messages
from fi_desktop.gui.result.player import Player

TIMEOUT_MS = 60_000


class Recorder(QObject):
    """An audio device that reads at the real pace, and keeps all of it."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.starts = 0
        self._source: QIODevice | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(10)
        self._timer.timeout.connect(self._read)

    def start(self, source: QIODevice) -> None:
        self._source = source
        self.starts += 1
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def waiting_bytes(self) -> int:
        return 0

    def _read(self) -> None:
        assert self._source is not None
        self.heard.append(bytes(self._source.readData(2 * SAMPLE_RATE_HZ // 100)))

    @property
    def sound(self) -> NDArray[np.int16]:
        """What was heard, without the silence before and after it."""
        samples = np.frombuffer(b"".join(self.heard), dtype="<i2")
        loud = np.flatnonzero(samples)
        return samples[loud[0] : loud[-1] + 1] if len(loud) else samples[:0]


@pytest.fixture
def recorder(qtbot: QtBot) -> Recorder:
    return Recorder()


@pytest.fixture
def player(recorder: Recorder, tmp_path: Path) -> Iterator[Player]:
    player = Player(phone_call(), tmp_path / "playback", tmp_path / "table", output=lambda: recorder)
    yield player
    player.close()
    assert not (tmp_path / "playback").exists()


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> NDArray[np.int16]:
    target = tmp_path_factory.mktemp("decoded") / "call.s16"
    recording = decode(phone_call(), target, progress=lambda _: None).recording
    raw = np.fromfile(recording.path, dtype="<i2").reshape(-1, recording.channels)
    return np.rint(raw.mean(axis=1)).astype(np.int16)


def until(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=TIMEOUT_MS)


def test_what_is_heard_is_what_the_decoder_made(
    qtbot: QtBot, player: Player, recorder: Recorder, samples: NDArray[np.int16]
):
    player.play(12.0)
    until(qtbot, lambda: player.position_s > 12.8)
    player.pause()
    assert not player.playing
    heard = recorder.sound
    part = samples[round(12.0 * SAMPLE_RATE_HZ) :]
    first = int(np.flatnonzero(part)[0])
    np.testing.assert_array_equal(heard, part[first : first + len(heard)])
    assert len(heard) / SAMPLE_RATE_HZ == pytest.approx(player.position_s - 12.0, abs=0.05)


def test_goes_on_where_it_was_paused(qtbot: QtBot, player: Player, recorder: Recorder):
    player.play(3.0)
    until(qtbot, lambda: player.position_s > 3.3)
    player.pause()
    stopped_s = player.position_s
    player.toggle()
    until(qtbot, lambda: player.position_s > stopped_s + 0.1)
    assert player.position_s < stopped_s + 2.0
    assert recorder.starts == 2


def test_skips_seeks_and_never_before_the_start(qtbot: QtBot, player: Player):
    player.seek(2.0)
    assert not player.playing
    assert player.position_s == 2.0
    player.skip(-5.0)
    assert player.position_s == 0.0
    player.play()
    until(qtbot, lambda: player.position_s > 0.2)
    player.skip(+5.0)
    until(qtbot, lambda: player.position_s > 5.3)
    assert player.position_s < 10.0


def test_turn_is_repeated_until_the_loop_is_switched_off(qtbot: QtBot, player: Player):
    positions: list[float] = []
    player.moved.connect(positions.append)
    player.play(10.0)
    player.set_loop((12.0, 12.4))
    until(qtbot, lambda: sum(b < a - 0.2 for a, b in pairwise(positions)) >= 2)
    assert max(positions[-5:]) <= 12.45
    player.set_loop(None)
    until(qtbot, lambda: player.position_s > 12.6)


def test_speed_moves_the_position_faster(qtbot: QtBot, player: Player, recorder: Recorder):
    player.set_speed(2.0)
    player.play(10.0)
    until(qtbot, lambda: player.position_s > 11.5)
    player.pause()
    seconds = len(recorder.sound) / SAMPLE_RATE_HZ
    assert (player.position_s - 10.0) / seconds == pytest.approx(2.0, rel=0.2)


def test_stops_at_the_end(qtbot: QtBot, player: Player, samples: NDArray[np.int16]):
    end_s = len(samples) / SAMPLE_RATE_HZ
    player.play(end_s - 0.3)
    until(qtbot, lambda: not player.playing)
    assert player.position_s == pytest.approx(end_s, abs=0.05)
    assert player.error == ""


def test_without_an_audio_device_it_says_so(qtbot: QtBot, tmp_path: Path):
    player = Player(phone_call(), tmp_path / "playback", tmp_path / "table", output=lambda: None)
    player.play(1.0)
    assert not player.playing
    assert player.error == messages.PLAY_NO_DEVICE.code
    player.close()


def test_recording_that_is_gone_is_named_by_its_code(qtbot: QtBot, recorder: Recorder, tmp_path: Path):
    source = tmp_path / "gone.wav"
    player = Player(source, tmp_path / "playback", tmp_path / "table", output=lambda: recorder)
    player.play(12.0)
    until(qtbot, lambda: bool(player.error))
    assert player.error == messages.AUDIO_MISSING.code
    assert not player.playing
    shutil.copy(phone_call(), source)
    player.play(12.0)
    until(qtbot, lambda: player.position_s > 12.1)
    assert player.error == ""
    player.close()


def test_recording_that_was_found_is_played_from_there(
    qtbot: QtBot, recorder: Recorder, tmp_path: Path, samples: NDArray[np.int16]
):
    player = Player(tmp_path / "gone.wav", tmp_path / "playback", tmp_path / "table", output=lambda: recorder)
    player.seek(12.0)
    player.play()
    until(qtbot, lambda: bool(player.error))
    player.set_source(phone_call())
    assert player.error == ""
    assert not player.playing
    player.play()
    until(qtbot, lambda: player.position_s > 12.3)
    player.close()
    part = samples[round(12.0 * SAMPLE_RATE_HZ) :]
    part = part[int(np.flatnonzero(part)[0]) :]
    np.testing.assert_array_equal(recorder.sound, part[: len(recorder.sound)])


def test_process_is_ready_before_the_first_click(qtbot: QtBot, player: Player):
    player.prepare()
    link = player._link
    assert link is not None
    player.play(3.0)
    until(qtbot, lambda: player.position_s > 3.1)
    assert player._link is link
    player.close()
    player.prepare()
    assert player._link is None


def test_player_is_closed_at_once_while_its_process_starts(qtbot: QtBot, player: Player):
    player.prepare()
    assert player._link is not None
    pid = player._link._process.pid
    assert pid is not None
    player.close()
    assert not psutil.pid_exists(pid)


def test_process_that_dies_stops_the_sound_and_a_new_one_plays(qtbot: QtBot, player: Player):
    player.play(1.0)
    until(qtbot, lambda: player.position_s > 1.2)
    assert player._link is not None
    player._link._process.kill()
    until(qtbot, lambda: player.error == messages.PLAY_FAILED.code)
    assert not player.playing
    player.play(2.0)
    until(qtbot, lambda: player.position_s > 2.2)
    assert player.error == ""
