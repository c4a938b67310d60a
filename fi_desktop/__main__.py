"""`python -m fi_desktop`, and the two entry points.

Every spawned worker imports this module, so it must stay light and never import Qt.
"""

import sys
from multiprocessing import freeze_support

from fi_desktop.system.process import keep_private


def main() -> int:
    """Run the command line."""
    return _run(sys.argv[1:])


def window() -> int:
    """Open the window with the given files."""
    return _run(["window", *sys.argv[1:]])


def _run(arguments: list[str]) -> int:
    freeze_support()
    keep_private()
    from fi_desktop.cli import main as run_cli

    return run_cli(arguments)


if __name__ == "__main__":
    sys.exit(main())
