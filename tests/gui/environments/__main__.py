"""Run the window's tests in each environment, or in those named; other arguments go to pytest."""

import sys

from tests.gui.environments import ENVIRONMENTS, run


def main() -> int:
    names = [name for name in sys.argv[1:] if name in ENVIRONMENTS] or list(ENVIRONMENTS)
    arguments = [name for name in sys.argv[1:] if name not in ENVIRONMENTS] or ["tests/gui"]
    worst = 0
    for name in names:
        missing = ENVIRONMENTS[name].missing
        problem = f"needs {' and '.join(missing)}" if missing else ""
        print(f"== {name} {problem}", flush=True)
        worst = max(worst, 1 if missing else run(name, arguments).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
