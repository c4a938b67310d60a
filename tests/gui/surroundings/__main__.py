"""Run every test of the window in each of the surroundings, or in those named; what follows is pytest's."""

import sys

from tests.gui.surroundings import SURROUNDINGS, run


def main() -> int:
    words = sys.argv[1:]
    names = [word for word in words if word in SURROUNDINGS] or list(SURROUNDINGS)
    arguments = [word for word in words if word not in SURROUNDINGS] or ["tests/gui"]
    worst = 0
    for name in names:
        missing = SURROUNDINGS[name].missing
        said = f"cannot be had without {' and '.join(missing)}" if missing else ""
        print(f"== {name} {said}", flush=True)
        worst = max(worst, 1 if missing else run(name, arguments).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())
