"""Install or list the system libraries that Qt and the window's tests need on Linux.

PySide6 includes Qt, but not the desktop libraries below it. As root on Debian or Ubuntu, this installs them;
otherwise it lists what is missing and how to install it. Does nothing on other systems.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

# shared object -> Debian's package
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libpulse.so.0": "libpulse0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
# programs that the tests use
PROGRAMS = {
    "Xvfb": "xvfb",
    "dbus-run-session": "dbus",
    "pdftotext": "poppler-utils",
    # what a process asks of the kernel, without network, and as another account
    "strace": "strace",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    # the broker of a server with workers
    "redis-server": "redis-server",
}
# the accessibility bus for screen readers
AT_SPI = Path("/usr/share/dbus-1/services/org.a11y.Bus.service")
# Qt includes no fonts
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
FONT = "fonts-dejavu-core"


def missing() -> list[str]:
    """Return the Debian names of missing packages."""
    packages = [package for library, package in LIBRARIES.items() if not _loads(library)]
    packages += [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if not AT_SPI.exists():
        packages.append("at-spi2-core")
    if not any(files for folder in FONT_FOLDERS for _, _, files in os.walk(folder)):
        packages.append(FONT)
    return list(dict.fromkeys(packages))


def main() -> int:
    """Install or list what is missing; returns 0 even if the window cannot be opened."""
    if sys.platform != "linux":
        return 0
    packages = missing()
    if not packages:
        return 0
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages]
        subprocess.run(["apt-get", "update", "--quiet"], check=False, env=environment)
        if subprocess.run(install, check=False, env=environment).returncode == 0:
            return 0
    print(f"Missing system packages (Debian names): {' '.join(packages)}")
    if shutil.which("apt-get"):
        print(f"Install them with:  sudo apt-get install {' '.join(packages)}")
    else:
        libraries = [library for library, package in LIBRARIES.items() if package in packages]
        print(f"They provide: {' '.join(libraries)}")
    print("Without them the command line works, but the window and its tests do not.")
    return 0


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
