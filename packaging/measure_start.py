"""Measure the time from program start to window: `measure_start.py [--rounds N] PROGRAM [ARGUMENT …]`.

Asks the X server (DISPLAY) every few milliseconds for a window of some size, so nothing else may open windows
there. Each round uses a fresh data folder; from the second round, the program's files are in the system
cache.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import statistics
import subprocess
import tempfile
import time
from ctypes.util import find_library

_SMALLEST = 200  # pixels; toolkits create small helper windows
_VIEWABLE = 2
_TIMEOUT_S = 60.0


class _Attributes(ctypes.Structure):
    # the leading fields of Xlib's XWindowAttributes
    _fields_ = (
        ("x", ctypes.c_int), ("y", ctypes.c_int), ("width", ctypes.c_int), ("height", ctypes.c_int),
        ("border", ctypes.c_int), ("depth", ctypes.c_int),
        ("visual", ctypes.c_void_p), ("root", ctypes.c_ulong),
        ("kind", ctypes.c_int),
        ("bit_gravity", ctypes.c_int), ("win_gravity", ctypes.c_int),
        ("backing_store", ctypes.c_int), ("backing_planes", ctypes.c_ulong),
        ("backing_pixel", ctypes.c_ulong),
        ("save_under", ctypes.c_int), ("colormap", ctypes.c_ulong), ("map_installed", ctypes.c_int),
        ("map_state", ctypes.c_int), ("rest", ctypes.c_byte * 64),
    )  # fmt: skip


def main() -> None:
    """Measure, and print each round and the median."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("program", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    x = ctypes.CDLL(find_library("X11"))
    x.XOpenDisplay.restype = ctypes.c_void_p
    x.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
    x.XDefaultRootWindow.restype = ctypes.c_ulong
    display = x.XOpenDisplay(None)
    if not display:
        raise SystemExit("no display")
    # a window may disappear while it is queried
    x.XSetErrorHandler(_IGNORE)
    times = []
    for _ in range(given.rounds):
        times.append(_round(x, display, given.program))
        print(f"{times[-1]:.2f} s", flush=True)
    print(f"median {statistics.median(times):.2f} s of {len(times)}, first {times[0]:.2f} s")


_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_IGNORE = _HANDLER(lambda _display, _error: 0)


def _round(x: ctypes.CDLL, display: int, command: list[str]) -> float:
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        program = subprocess.Popen(command, env={**os.environ, "FI_DESKTOP_HOME": home})
        try:
            while not _window_is_there(x, display):
                took = time.perf_counter() - started
                if program.poll() is not None or took > _TIMEOUT_S:
                    raise SystemExit("no window appeared")
                time.sleep(0.005)
            return time.perf_counter() - started
        finally:
            program.terminate()
            program.wait()


def _window_is_there(x: ctypes.CDLL, display: int) -> bool:
    root, parent, count = ctypes.c_ulong(), ctypes.c_ulong(), ctypes.c_uint()
    children = ctypes.POINTER(ctypes.c_ulong)()
    handle = ctypes.c_void_p(display)
    top = ctypes.c_ulong(x.XDefaultRootWindow(handle))
    x.XQueryTree(
        handle, top, ctypes.byref(root), ctypes.byref(parent), ctypes.byref(children), ctypes.byref(count)
    )
    found = False
    for index in range(count.value):
        attributes = _Attributes()
        if x.XGetWindowAttributes(handle, ctypes.c_ulong(children[index]), ctypes.byref(attributes)):
            found = found or (attributes.map_state == _VIEWABLE and attributes.width >= _SMALLEST)
    if count.value:
        x.XFree(children)
    return found


if __name__ == "__main__":
    main()
