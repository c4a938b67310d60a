"""`python -m fi_desktop`, and both entry points.

Kept light: every spawned worker imports this module too, and must not get Qt with it.
"""

import sys
from multiprocessing import freeze_support

from fi_desktop.system.process import keep_private


def main() -> int:
    """Run the command line."""
    freeze_support()
    keep_private()
    from fi_desktop.cli import main as run_cli

    return run_cli(sys.argv[1:])


def window() -> int:
    """Open the window, on the files given, if any."""
    freeze_support()
    keep_private()
    from fi_desktop.cli import main as run_cli

    return run_cli(["window", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
