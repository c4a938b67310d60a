"""`python -m fi_desktop`, and both entry points.

Kept light: every spawned worker imports this module too, and must not get Qt with it.
"""

import os
import sys
from multiprocessing import freeze_support

# onnxruntime keeps a device's id in the person's cache folder, and would send how it is used: from native
# code, where no hook of Python's sees it. Read when the library is first imported; workers inherit it.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def main() -> int:
    """Run the command line."""
    freeze_support()
    from fi_desktop.cli import main as run_cli

    return run_cli(sys.argv[1:])


def window() -> int:
    """Open the window, on the files given, if any."""
    freeze_support()
    from fi_desktop.cli import main as run_cli

    return run_cli(["window", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
