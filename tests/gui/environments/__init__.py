"""Desktop environments to run the window's tests in: `python -m tests.gui.environments [NAMES]`.

`laptop` has a 1366×768 screen at 125 %, `noto` uses Noto Sans 9 pt, and `reader` has a screen reader on
AT-SPI, with its own bus and display. `make test` runs the tests marked `look` in each of them, in Spanish,
`make gui` runs all.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILES = Path(__file__).parent
CHOSEN = "FI_DESKTOP_TESTS_ENVIRONMENT"
"""Environment variable with the name of the one that the test process runs in."""

_AT_SPI = Path("/usr/share/dbus-1/services/org.a11y.Bus.service")
# starts the accessibility bus, announces a screen reader on it, and runs its arguments
_SESSION = """
dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \\
    string:org.a11y.Status string:ScreenReaderEnabled variant:boolean:true >/dev/null
if command -v openbox >/dev/null; then openbox & manager=$!; fi
"$@"; status=$?
if [ "$manager" ]; then kill "$manager"; fi
exit $status
"""


def screen(name: str) -> str:
    """Return the value of QT_QPA_PLATFORM for an offscreen screen: `desktop` or `laptop`."""
    # Qt takes the colon after a drive letter for the end of the file name
    return "offscreen" if sys.platform == "win32" else f"offscreen:configfile={FILES / name}.json"


@dataclass(frozen=True)
class DesktopEnvironment:
    """A desktop to run tests in.

    Attributes:
        variables: environment variables of the test process.
        font: family and size in points; None for the system's.
        session: whether it needs its own bus, screen reader and display.
    """

    variables: dict[str, str] = field(default_factory=dict)
    font: tuple[str, int] | None = None
    session: bool = False

    @property
    def missing(self) -> list[str]:
        """The programs that must be installed first."""
        programs = ("Xvfb", "dbus-run-session", "dbus-send") if self.session else ()
        missing = [program for program in programs if shutil.which(program) is None]
        return missing + (["at-spi2-core"] if self.session and not _AT_SPI.exists() else [])


ENVIRONMENTS = {
    "laptop": DesktopEnvironment({"QT_QPA_PLATFORM": screen("laptop"), "QT_SCALE_FACTOR": "1.25"}),
    "noto": DesktopEnvironment({"QT_QPA_PLATFORM": screen("desktop")}, font=("Noto Sans", 9)),
    "reader": DesktopEnvironment(
        {"QT_QPA_PLATFORM": "xcb", "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1"}, session=True
    ),
}


def chosen() -> str:
    """Return the name of this process's environment; "" for a large offscreen screen, system font."""
    return os.environ.get(CHOSEN, "")


def run(name: str, arguments: Sequence[str], **options: Any) -> subprocess.CompletedProcess[str]:
    """Run pytest in an environment; `options` are those of `subprocess.run`."""
    desktop = ENVIRONMENTS[name]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    display: AbstractContextManager[dict[str, str]] = _display() if desktop.session else nullcontext({})
    with display as variables, tempfile.TemporaryDirectory() as runtime:
        environment = {**os.environ, **desktop.variables, **variables, CHOSEN: name}
        # two runs that tidy up the same folder disturb each other
        command += [f"--basetemp={runtime}/tests", *arguments]
        if desktop.session:
            environment["XDG_RUNTIME_DIR"] = runtime  # holds the socket of the accessibility bus
            command = ["dbus-run-session", "--", "sh", "-c", _SESSION, "sh", *command]
        return subprocess.run(command, env=environment, check=False, **options)


@contextmanager
def _display() -> Iterator[dict[str, str]]:
    """Start an X server without a screen."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1920x1080x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        try:
            yield {"DISPLAY": f":{server.stdout.readline().strip()}"}
        finally:
            server.terminate()
