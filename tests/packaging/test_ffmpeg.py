"""FFmpeg for sound only: what is configured, what is refused, and what the built libraries can read."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from fi_desktop.audio.container import FORMATS

ROOT = Path(__file__).parents[2]

# its layout, shortened
TABLE = """\
extern const FFCodec ff_h264_decoder;
extern const FFCodec ff_speex_decoder;
/* audio codecs */
extern const FFCodec ff_aac_decoder;
extern const FFCodec ff_aac_encoder;
/* PCM codecs */
extern const FFCodec ff_pcm_s16le_decoder;
/* subtitles */
extern const FFCodec ff_ssa_decoder;
/* external libraries */
extern const FFCodec ff_libopus_decoder;
"""

NAMES = """
import json
from av.codec import Codec, codecs_available
found = set()
for name in codecs_available:
    try:
        codec = Codec(name, "r")
    except ValueError:
        continue
    found.add((codec.type, codec.name))
print(json.dumps(sorted(found)))
"""


@pytest.fixture
def ffmpeg(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    return importlib.import_module("ffmpeg")


@pytest.fixture
def site(ffmpeg: ModuleType) -> Path:
    """The built packages."""
    if not ffmpeg.is_built(ffmpeg.INTO):
        pytest.skip("needs a build: python packaging/ffmpeg.py")
    return ffmpeg.INTO / "site"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "libavcodec").mkdir()
    (tmp_path / "libavcodec" / "allcodecs.c").write_text(TABLE)
    return tmp_path


def test_audio_decoders_are_built_and_no_encoder(ffmpeg: ModuleType, tree: Path):
    options = dict(option.partition("=")[::2] for option in ffmpeg.configuration(tree))
    decoders = options["--enable-decoder"].split(",")
    assert {"aac", "pcm_s16le", "speex"} <= set(decoders)
    assert not {"h264", "ssa", "libopus"} & set(decoders)
    assert "--disable-everything" in options
    assert not [option for option in options if "encoder" in option or "gpl" in option]


def test_formats_are_those_that_the_program_opens(ffmpeg: ModuleType, tree: Path):
    options = dict(option.partition("=")[::2] for option in ffmpeg.configuration(tree))
    demuxers = options["--enable-demuxer"].split(",")
    assert set(demuxers) == {"mpegps" if name == "mpeg" else name for name in FORMATS}


def test_source_with_another_hash_is_not_used(ffmpeg: ModuleType, tmp_path: Path):
    source = tmp_path / "ffmpeg.tar.xz"
    source.write_bytes(b"something else")
    with pytest.raises(ffmpeg.WrongBytesError):
        ffmpeg._checked(source)


def test_missing_tools_leave_the_wheel(tmp_path: Path):
    command = [sys.executable, ROOT / "packaging" / "ffmpeg.py", "--into", tmp_path / "into"]
    done = subprocess.run(command, env={"PATH": ""}, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "PyAV's wheel is packaged" in done.stdout
    assert "nasm" in done.stdout
    assert not (tmp_path / "into").exists()


def test_release_is_unpacked_once_its_hash_is_checked(
    ffmpeg: ModuleType, tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = tmp_path / "release.tar.xz"
    with tarfile.open(source, "w:xz") as archive:
        archive.add(tree / "libavcodec", f"ffmpeg-{ffmpeg.VERSION}/libavcodec")
    monkeypatch.setattr(ffmpeg, "SHA256", hashlib.sha256(source.read_bytes()).hexdigest())
    unpacked = ffmpeg._unpack(ffmpeg._checked(source), tmp_path / "into")
    assert (unpacked / "libavcodec" / "allcodecs.c").read_text() == TABLE


def test_locked_pyav_is_built(ffmpeg: ModuleType):
    lines = ffmpeg._locked_pyav().splitlines()
    assert lines[0].startswith("av==")
    assert all("--hash=sha256:" in line for line in lines[1:])
    assert len(lines) > 10


def test_an_unfinished_build_is_not_used(ffmpeg: ModuleType, tmp_path: Path):
    (tmp_path / "site").mkdir()
    assert not ffmpeg.is_built(tmp_path)


def test_built_libraries_have_the_wheels_audio_decoders(site: Path):
    def names(**more: str) -> set[tuple[str, str]]:
        command = [sys.executable, "-c", NAMES]
        done = subprocess.run(
            command, env={**os.environ, **more}, capture_output=True, text=True, timeout=300, check=True
        )
        return {(kind, name) for kind, name in json.loads(done.stdout)}

    wheel = {name for kind, name in names() if kind == "audio" and not name.startswith("lib")}
    built = names(PYTHONPATH=str(site))
    # FFmpeg's table lists this picture format among the audio decoders
    assert {name for kind, name in built if kind != "audio"} == {"hdr"}
    assert wheel - {name for _, name in built} == {"anull"}  # decodes to nothing
    assert not list((site / "av.libs").glob("*x26*"))
