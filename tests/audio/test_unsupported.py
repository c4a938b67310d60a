"""Files that people mistake for recordings are recognized, with advice."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from fi_desktop.audio.media_files import MEDIA_EXTENSIONS, unsupported_error
from fi_desktop.audio.probe import probe
from fi_desktop.core.errors import UserError
from tests.audio import make_media

LINK = bytes.fromhex("4c0000000114020000000000c000000000000046") + bytes(200)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("visita.ds2", b"\x03ds2" + bytes(2000), "audio.dictation"),
        ("visita.DS2", b"\x03enc" + bytes(2000), "audio.dictation_locked"),
        ("visita.dvf", b"MS_VOICE" + bytes(2000), "audio.dictation"),
        ("visita.wav", b"MS_VOICE" + bytes(2000), "audio.dictation"),
        ("visita.mp3.lnk", LINK, "audio.shortcut"),
        ("visita.url", b"[InternetShortcut]\r\nURL=file:///C:/visita.mp3\r\n", "audio.shortcut"),
        ("visita.url", b"\xef\xbb\xbf\r\n[InternetShortcut]\r\nURL=x", "audio.shortcut"),
        ("visita.desktop", b"[Desktop Entry]\nType=Link\n", "audio.shortcut"),
        ("visita alias", b"book\0\0\0\0mark\0\0\0\0" + bytes(200), "audio.shortcut"),
        ("notas.txt", b"Dear colleague, [InternetShortcut] is not what this is.", "audio.unreadable"),
    ],
)
def test_file_is_recognized_whatever_its_name(tmp_path: Path, name: str, content: bytes, code: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as refused:
        probe(tmp_path / name)
    assert refused.value.code == code


def test_audacity_project_is_recognized(tmp_path: Path):
    with sqlite3.connect(tmp_path / "visita.aup3") as project:
        project.execute(f"PRAGMA application_id = {int.from_bytes(b'AUDY', 'big')}")
        project.execute("CREATE TABLE project (id INTEGER)")
    project.close()
    with pytest.raises(UserError) as refused:
        probe(tmp_path / "visita.aup3")
    assert refused.value.code == "audio.project"


def test_short_file_is_not_recognized():
    assert unsupported_error(b"") is None
    assert unsupported_error(b"\x03") is None


SOUND = {
    "m4r": ("aac", "ipod", 44_100),
    "qta": ("aac", "mov", 44_100),
    "mpga": ("libmp3lame", "mp3", 44_100),
    "3gpp": ("libopencore_amrnb", "3gp", 8_000),
    "eac3": ("eac3", "eac3", 48_000),
    "ec3": ("eac3", "eac3", 48_000),
}


@pytest.mark.parametrize("extension", SOUND)
def test_formats_of_dictation_and_call_recorders_are_read(tmp_path: Path, extension: str):
    codec, container, rate_hz = SOUND[extension]
    tone = make_media.tones([440], seconds=1.0, rate_hz=rate_hz)
    source = make_media.write_media(
        tmp_path / f"llamada.{extension}", tone, codec=codec, container=container, rate_hz=rate_hz
    )
    assert source.suffix in MEDIA_EXTENSIONS
    assert probe(source).sample_rate_hz == rate_hz


# FFmpeg has no encoders for these: headers followed by frames of silence.
FRAMES = {
    "awb": b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 50,
    "gsm": (b"\xd0" + bytes(32)) * 50,
    "dss": b"\x02dss" + bytes(34) + b"261128101112" * 2 + bytes(962) + bytes(512) * 20,
}


@pytest.mark.parametrize("extension", FRAMES)
def test_formats_of_old_recorders_and_phones_are_read(tmp_path: Path, extension: str):
    source = tmp_path / f"dictado.{extension}"
    source.write_bytes(FRAMES[extension])
    assert source.suffix in MEDIA_EXTENSIONS
    assert probe(source).channels == 1
