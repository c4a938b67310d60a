"""The other desktops that the window's tests run on: `python -m tests.gui.surroundings [NAMES]`.

`laptop` is a screen of 1366×768 at 125 %, `noto` has Noto Sans of 9 pt, and under `reader` a screen reader
listens by AT-SPI, over a bus and on a display of its own. `make test` runs the tests that are marked `look`
on each of them, `make gui` all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent
CHOSEN = "FI_DESKTOP_TESTS_SURROUNDINGS"
"""The environment variable that names them to the tests' own process."""

_AT_SPI = Path("/usr/share/dbus-1/services/org.a11y.Bus.service")
# starts the bus of accessibility, says that somebody listens on it, and runs what it is given
_SESSION = """
dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \\
    string:org.a11y.Status string:ScreenReaderEnabled variant:boolean:true >/dev/null
if command -v openbox >/dev/null; then openbox & manager=$!; fi
"$@"; status=$?
if [ "$manager" ]; then kill "$manager"; fi
exit $status
"""


def screen(name: str) -> str:
    """Return what Qt takes for a screen in memory: `desk` or `laptop`."""
    # Qt reads a drive's colon as the end of the file's name
    return "offscreen" if sys.platform == "win32" else f"offscreen:configfile={FILES / name}.json"


@dataclass(frozen=True)
class Surroundings:
    """What a desktop is like.

    Attributes:
        environment: variables of the tests' process.
        font: family and size in points; None: the system's.
        session: whether it has a bus, a screen reader and a display of its own.
    """

    environment: dict[str, str] = field(default_factory=dict)
    font: tuple[str, int] | None = None
    session: bool = False

    @property
    def missing(self) -> list[str]:
        """What has to be installed first."""
        programs = ("Xvfb", "dbus-run-session", "dbus-send") if self.session else ()
        missing = [program for program in programs if shutil.which(program) is None]
        return missing + (["at-spi2-core"] if self.session and not _AT_SPI.exists() else [])


SURROUNDINGS = {
    "laptop": Surroundings({"QT_QPA_PLATFORM": screen("laptop"), "QT_SCALE_FACTOR": "1.25"}),
    "noto": Surroundings({"QT_QPA_PLATFORM": screen("desk")}, font=("Noto Sans", 9)),
    "reader": Surroundings({"QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}, session=True),
}


def chosen() -> str:
    """Return the name of those around this process; "": a large screen in memory, with the system's font."""
    return os.environ.get(CHOSEN, "")


def run(name: str, arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run pytest in these surroundings; `options` are those of `subprocess.run`."""
    around = SURROUNDINGS[name]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    display = _display() if around.session else nullcontext({})
    with display as variables, tempfile.TemporaryDirectory() as runtime:
        environment = {**os.environ, **around.environment, **variables, CHOSEN: name}
        if around.session:
            environment["XDG_RUNTIME_DIR"] = runtime  # where the bus of accessibility has its socket
            command = ["dbus-run-session", "--", "sh", "-c", _SESSION, "sh", *command]
        return subprocess.run(command, env=environment, check=False, **options)


@contextmanager
def _display() -> Iterator[dict[str, str]]:
    """An X server that draws into memory."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield {"DISPLAY": f":{server.stdout.readline().strip()}"}
        finally:
            server.terminate()
