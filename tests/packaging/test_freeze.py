"""Freezing: libraries still load after debug symbols are stripped, and file modes are reproducible."""

from __future__ import annotations

import ctypes
import importlib
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux packages are stripped"),
    pytest.mark.skipif(shutil.which("strip") is None, reason="binutils are not installed"),
]


@pytest.fixture
def freeze(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "packaging"))
    return importlib.import_module("freeze")


def test_stripped_library_still_loads(freeze: ModuleType, tmp_path: Path):
    spec = find_spec("av")
    assert spec is not None
    assert spec.origin is not None
    library = next(Path(spec.origin).parent.with_name("av.libs").glob("libopus*"))
    copy = tmp_path / "av.libs" / library.name
    copy.parent.mkdir()
    shutil.copyfile(library, copy)
    freeze.strip(tmp_path)
    ctypes.CDLL(str(copy))


def test_text_named_like_a_library_is_left_alone(freeze: ModuleType, tmp_path: Path):
    text = tmp_path / "notes.so.txt"
    text.write_text("not a library")
    freeze.strip(tmp_path)
    assert text.read_text() == "not a library"


def test_modes_do_not_depend_on_the_umask(freeze: ModuleType, tmp_path: Path):
    library, program = tmp_path / "lib.so", tmp_path / "program"
    for file, mode in ((library, 0o700), (program, 0o700)):
        file.write_bytes(b"")
        file.chmod(mode)
    freeze.normalize_modes(tmp_path)
    assert (library.stat().st_mode & 0o777, program.stat().st_mode & 0o777) == (0o644, 0o755)
