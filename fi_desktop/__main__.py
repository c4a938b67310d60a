"""`python -m fi_desktop` and the entry points of the package.

Every spawned worker imports this module, so it imports neither Qt nor the command line at the top.
"""

import sys
from multiprocessing import freeze_support

from fi_desktop.system.process import end_after_window, keep_private


def main() -> int:
    """Run the command line."""
    return _run(sys.argv[1:])


def window() -> int:
    """Open the window, with the files given as arguments."""
    return _run(["window", *sys.argv[1:]])


def _run(arguments: list[str]) -> int:
    freeze_support()
    keep_private()
    from fi_desktop.cli import main as run_command

    status = run_command(arguments)
    end_after_window(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
