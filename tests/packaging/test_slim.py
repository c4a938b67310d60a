"""What is taken out of libraries: stand-ins are loaded like what they stand for, tables are those of ICU."""

from __future__ import annotations

import ctypes
import importlib
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("as", "ld", "objdump", "strip")

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux's packages are slimmed so"),
    pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason="there are no binutils"),
]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if str(ROOT / "packaging") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.fixture
def elf(load) -> ModuleType:
    return load("elf")


@pytest.fixture
def av(tmp_path: Path) -> Path:
    """A copy of PyAV with its libraries."""
    (package,) = find_spec("av").submodule_search_locations
    for folder in (Path(package), Path(package).parent / "av.libs"):
        shutil.copytree(folder, tmp_path / folder.name)
    return tmp_path


def test_a_stand_in_gives_the_same_names_and_does_nothing(elf: ModuleType, av: Path):
    (library,) = (av / "av.libs").glob("libmp3lame-*")
    before = elf.given(library)
    elf.write_stand_in(library, before)
    assert {(each.name, each.version) for each in elf.given(library)} >= {
        (each.name, each.version) for each in before
    }
    assert ctypes.CDLL(str(library)).lame_init() == 0
    assert library.stat().st_size < 40_000


def test_ffmpeg_reads_what_it_read_without_its_encoders(load, av: Path, sample: Path):
    slim, libraries = load("slim"), av / "av.libs"
    before = sum(file.stat().st_size for file in libraries.iterdir())
    slim.stand_in(libraries, [*av.glob("av/**/*.so"), *libraries.glob("*.so*")])
    assert sum(file.stat().st_size for file in libraries.iterdir()) < before - 40e6
    code = (
        "import av, sys; assert av.__file__.startswith(sys.argv[1]), av.__file__;"
        "print(sum(frame.samples for frame in av.open(sys.argv[2]).decode(audio=0)));"
        "print('h264' in av.codecs_available, 'libx264' in av.codecs_available)"
    )
    run = [sys.executable, "-c", code, str(av), str(sample)]
    done = subprocess.run(run, capture_output=True, text=True, env={"PYTHONPATH": str(av)}, check=False)
    assert done.returncode == 0, done.stderr
    frames, codecs = done.stdout.splitlines()
    assert int(frames) > 16_000
    assert codecs.startswith("True")


def test_the_tables_of_languages_that_are_spoken_stay(load, elf: ModuleType, tmp_path: Path):
    icu = load("icu")
    (qt,) = find_spec("PySide6").submodule_search_locations
    (known,) = Path(qt).glob("Qt/lib/libicudata.so.*")
    library = tmp_path / known.name
    shutil.copyfile(known, library)
    icu.shrink(library)
    assert library.stat().st_size < known.stat().st_size / 8
    assert {each.name for each in elf.given(library)} == {each.name for each in elf.given(known)}
    whole, less = icu.tables(known), icu.tables(library)
    assert all(whole[name].rstrip(b"\0") == data.rstrip(b"\0") for name, data in less.items())
    kept = {name.partition("/")[2] for name in less}
    assert kept >= {"root.res", "es.res", "coll/es.res", "coll/ucadata.icu", "zone/en.res", "zoneinfo64.res"}
    assert not kept & {"de.res", "coll/zh.res", "unames.icu", "lang/es.res"}


def test_libraries_without_a_caller_are_left_out_and_what_needs_none_stays(load, av: Path, tmp_path: Path):
    inside = tmp_path / "_internal"
    names = (
        "liborphan.so.1",
        "x.cpython-311-x86_64-linux-gnu.so",
        "plugins/liby.so",
        "a.libs/liborphan.so.2",
    )
    (some,) = (av / "av.libs").glob("libmp3lame-*")
    for name in names:
        (inside / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(some, inside / name)
    (inside / "plugins" / "link.so").symlink_to("../liborphan.so.1")
    load("slim").leave_orphans_out(inside)
    left = {str(file.relative_to(inside)) for file in inside.rglob("*.so*")}
    assert left == set(names[1:3])
