"""Freed memory goes back to the operating system."""

from __future__ import annotations

import ctypes
import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fi_desktop.system import memory

_PROGRAM = """
import psutil
from fi_desktop.system.memory import release_freed_memory
blocks = [bytearray(b"1") * 100_000 for _ in range(1_000)]
kept = blocks[-1]  # the C library returns only what is free at the end
used = psutil.Process().memory_info().rss
del blocks
freed = psutil.Process().memory_info().rss
release_freed_memory()
released = psutil.Process().memory_info().rss
print(used - freed, freed - released, len(kept))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps it")
def test_freed_memory_is_returned():
    said = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True).stdout
    at_once, released, _kept = map(int, said.split())
    assert at_once < 20e6
    assert released > 70e6


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch):
    memory._function.cache_clear()

    def no_library(_name: str | None) -> object:
        return object()

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    memory.release_freed_memory()
    memory.share_one_heap()
    assert memory._function("mallopt") is None
    memory._function.cache_clear()


_THREADS = """
import re, sys, threading
from pathlib import Path
from fi_desktop.system.memory import share_one_heap
if sys.argv[1] == "one":
    share_one_heap()
blocks = []
ready = threading.Barrier(5)
def take():
    blocks.append([bytearray(b"1") * 10_000 for _ in range(1_000)])
    ready.wait()
for _ in range(4):
    threading.Thread(target=take).start()
ready.wait()
# glibc reserves 64 MB for each further heap, of which what is used can be written
place = "([0-9a-f]+)-([0-9a-f]+)"
maps = re.findall(rf"^{place} rw-p .*\\n{place} ---p ", Path("/proc/self/maps").read_text(), re.M)
heaps = [[int(each, 16) for each in one] for one in maps]
print(sum(first % 2**26 == 0 and end == rest and last == first + 2**26 for first, end, rest, last in heaps))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has several heaps")
@pytest.mark.parametrize(("heaps", "further"), [("one", 0), ("several", 4)])
def test_threads_share_one_heap(heaps: str, further: int):
    said = subprocess.run(
        [sys.executable, "-c", _THREADS, heaps], capture_output=True, text=True, check=True
    ).stdout
    assert int(said) == further


_ARRAYS = """
import psutil
import numpy as np
from fi_desktop.system.memory import own_pages
arrays, between = [], []
for number in range(40):
    arrays.append(own_pages((3, 50_000), np.float32))
    arrays[-1] += number
    between.append(np.ones(20_000))
assert [float(each.mean()) for each in arrays] == list(range(40))
used = psutil.Process().memory_info().rss
del arrays
print(used - psutil.Process().memory_info().rss)
"""


def test_arrays_with_their_own_pages_return_them_at_once():
    said = subprocess.run([sys.executable, "-c", _ARRAYS], capture_output=True, text=True, check=True).stdout
    assert int(said) > 20e6


def test_an_array_without_elements_has_its_shape():
    assert memory.own_pages((2, 0, 3), np.int8).shape == (2, 0, 3)


def test_arrays_that_share_pages_do_not_share_places():
    wanted = {
        "a": ((3, 5), np.float32),
        "b": ((0, 2), np.int8),
        "c": ((7,), np.uint8),
        "d": ((2, 2), np.float16),
    }
    arrays = memory.share_own_pages(wanted)
    assert {name: (each.shape, each.dtype) for name, each in arrays.items()} == {
        name: (shape, np.dtype(kind)) for name, (shape, kind) in wanted.items()
    }
    for number, array in enumerate(arrays.values(), 1):
        assert not array.any()
        array[...] = number
    for number, array in enumerate(arrays.values(), 1):
        assert (array == number).all()
        assert array.ctypes.data % 64 == 0


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_pages_are_of_this_process_alone():
    """Memory that other processes could map takes twice as long to get."""

    def shared_kb() -> int:
        return int(re.findall(r"RssShmem:\s+(\d+)", Path("/proc/self/status").read_text(encoding="utf-8"))[0])

    before = shared_kb()
    array = memory.own_pages((8_000_000,), np.uint8)
    array[...] = 1
    assert shared_kb() - before < 1000
