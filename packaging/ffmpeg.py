"""Build FFmpeg for sound only, and PyAV on top of it, for the Linux packages.

    python packaging/ffmpeg.py [--source ffmpeg-8.1.2.tar.xz] [--into build/ffmpeg]

PyAV's wheel includes video encoders that the program never calls: most of its 90 MB; two of them, x264 and
x265, put the package under the GPL. FFmpeg's libraries require them, so they cannot be left out of the wheel.
This builds both from source: FFmpeg with all its audio decoders and the formats that
`fi_desktop.audio.container` opens, under the LGPL, and the PyAV of requirements.lock.

The result is a folder of Python packages, `<into>/site`, that `freeze.py` prefers to the wheel. Without the
tools or the source, this prints a sentence and exits with 0, and the wheel is packaged. It exits with 1 if a
hash differs or a build fails.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import about

sys.path.insert(0, str(about.ROOT))

INTO = about.ROOT / "build" / "ffmpeg"
VERSION = "8.1.2"
SHA256 = "464beb5e7bf0c311e68b45ae2f04e9cc2af88851abb4082231742a74d97b524c"
ADDRESS = f"https://ffmpeg.org/releases/ffmpeg-{VERSION}.tar.xz"
LICENCE = "LGPL-2.1-or-later"
LIBRARIES = "av.libs"
"""Folder of FFmpeg's libraries next to PyAV, as in the wheel."""
LICENCE_TEXT = "COPYING.LGPLv2.1"
_STAMP = "built.txt"
_TIMEOUT_S = 60
_TOOLS = ("cc", "make", "nasm", "pkg-config")
_DEMUXERS = {"mpeg": "mpegps"}
"""Formats whose name differs from the one in FFmpeg's configuration."""
_UNDER_VIDEO = ("comfortnoise", "dvaudio", "eightsvx_exp", "eightsvx_fib", "rka", "s302m", "speex")
"""Audio decoders that FFmpeg's table lists among those for video."""
_FILTERS = ("aformat", "anull", "aresample")
"""What PyAV's resampler consists of."""

# Relative paths, so that the folder can be moved. The linker writes them: no file is changed afterwards.
_SAME_FOLDER = "$ORIGIN"
_FROM_MODULES = "$ORIGIN/../av.libs:$ORIGIN/../../av.libs"


class UnavailableError(Exception):
    """A tool or the source is missing."""


class WrongBytesError(Exception):
    """The source has the wrong hash."""


def build(into: Path, source: Path | None = None) -> Path:
    """Return the folder with PyAV and FFmpeg's libraries, building it if needed.

    source: FFmpeg's release; None to download it.

    Raises:
        UnavailableError: a tool or the source is missing.
        WrongBytesError: the source has the wrong hash.
        CalledProcessError: a build failed.
    """
    site = into / "site"
    if is_built(into):
        return site
    if sys.platform != "linux":
        raise UnavailableError("only packages for Linux use it")
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        raise UnavailableError(f"not installed: {', '.join(missing)}")
    into.mkdir(parents=True, exist_ok=True)
    tree = _unpack(_checked(source or _download(into)), into)
    installed = into / "installed"
    print("Building FFmpeg for sound, and PyAV: some minutes, once.", flush=True)
    run = {"cwd": tree, "check": True, "stdout": subprocess.DEVNULL}
    options = [f"--prefix={installed}", *configuration(tree)]
    jobs = f"-j{os.cpu_count() or 1}"
    subprocess.run(["./configure", *options], **run)
    subprocess.run(["make", jobs], env={**os.environ, "LD_RUN_PATH": _SAME_FOLDER}, **run)
    subprocess.run(["make", "install"], **run)
    partial = into / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    _install_pyav(partial, installed, into)
    libraries = partial / LIBRARIES
    libraries.mkdir()
    # under the names that they are linked by
    for library in sorted((installed / "lib").glob("lib*.so.*")):
        if library.is_symlink():
            shutil.copyfile(library.resolve(), libraries / library.name)
    shutil.copyfile(tree / LICENCE_TEXT, libraries / LICENCE_TEXT)
    (partial / _STAMP).write_text(_stamp(), encoding="utf-8")
    shutil.rmtree(site, ignore_errors=True)
    partial.rename(site)
    return site


def is_built(into: Path) -> bool:
    """Whether `into` has a complete build of this version of FFmpeg and of the locked PyAV."""
    try:
        return (into / "site" / _STAMP).read_text(encoding="utf-8") == _stamp()
    except FileNotFoundError:
        return False


def _stamp() -> str:
    return f"FFmpeg {VERSION}\n{_locked_pyav()}"


def configuration(tree: Path) -> list[str]:
    """Return the options of FFmpeg's configure: sound only, nothing of the build machine's but zlib."""
    from fi_desktop.audio.container import FORMATS

    lists = {
        "demuxer": [_DEMUXERS.get(name, name) for name in FORMATS],
        "decoder": audio_decoders(tree),
        "filter": _FILTERS,
        "protocol": ["file"],
    }
    return [
        "--disable-everything", "--disable-autodetect", "--disable-programs", "--disable-doc",
        "--disable-debug", "--disable-network", "--disable-static", "--enable-shared", "--enable-zlib",
        "--enable-parsers", *(f"--enable-{kind}={','.join(names)}" for kind, names in lists.items()),
    ]  # fmt: skip


def audio_decoders(tree: Path) -> list[str]:
    """Return the names of FFmpeg's own audio decoders, from its table of codecs."""
    table = (tree / "libavcodec" / "allcodecs.c").read_text(encoding="utf-8")
    audio = table.partition("/* audio codecs */")[2].partition("/* subtitles */")[0]
    return [*re.findall(r"ff_(\w+)_decoder;", audio), *_UNDER_VIDEO]


def _download(into: Path) -> Path:
    target = into / ADDRESS.rpartition("/")[2]
    if not target.is_file():
        partial = target.with_suffix(".partial")
        try:
            with urllib.request.urlopen(ADDRESS, timeout=_TIMEOUT_S) as answer, partial.open("wb") as file:
                shutil.copyfileobj(answer, file)
        except OSError as error:
            raise UnavailableError(f"{ADDRESS} cannot be downloaded ({type(error).__name__})") from None
        partial.rename(target)
    return target


def _checked(source: Path) -> Path:
    try:
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise UnavailableError(f"{source} cannot be read") from None
    if digest != SHA256:
        raise WrongBytesError(source.name)
    return source


def _unpack(source: Path, into: Path) -> Path:
    tree = into / f"ffmpeg-{VERSION}"
    shutil.rmtree(tree, ignore_errors=True)
    with tarfile.open(source) as archive:
        archive.extractall(into, filter="data")
    return tree


def _install_pyav(target: Path, ffmpeg: Path, into: Path) -> None:
    """Build PyAV; requirements.lock has the hash of its source."""
    pinned = into / "pyav.txt"
    pinned.write_text(_locked_pyav(), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-binary=av", "--no-cache-dir", "--require-hashes"]
    parallel = into / "parallel.cfg"
    parallel.write_text(f"[build]\nparallel = {os.cpu_count() or 1}\n", encoding="utf-8")
    paths = {"PKG_CONFIG_PATH": str(ffmpeg / "lib" / "pkgconfig"), "DIST_EXTRA_CONFIG": str(parallel)}
    flags = {"CFLAGS": "-g0 -O2", "LDFLAGS": f"-Wl,-rpath,{_FROM_MODULES}"}
    subprocess.run(
        [*command, "--target", str(target), "-r", str(pinned)],
        check=True,
        env={**os.environ, **paths, **flags},
    )


def _locked_pyav() -> str:
    """Return the lines of requirements.lock that pin PyAV."""
    lock = (about.ROOT / "requirements.lock").read_text(encoding="utf-8")
    found = re.search(r"^av==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    if found is None:
        raise UnavailableError("requirements.lock does not name PyAV")
    return found[0]


def main() -> int:
    """Build; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--source", type=Path, metavar="TARBALL", help="default: downloaded")
    parser.add_argument("--into", type=Path, default=INTO, metavar="DIR")
    given = parser.parse_args()
    try:
        site = build(given.into.absolute(), given.source)
    except UnavailableError as error:
        print(f"FFmpeg is not built, so PyAV's wheel is packaged, 80 MB larger: {error}")
        return 0
    except WrongBytesError as error:
        print(f"ffmpeg: {error} has the wrong hash and is not used.", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"ffmpeg: this command failed: {' '.join(map(str, error.cmd[:3]))}", file=sys.stderr)
        return 1
    print(f"FFmpeg {VERSION} and PyAV are in {site}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
