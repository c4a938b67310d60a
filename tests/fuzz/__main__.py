"""The fuzzer from the command line: `make fuzz MINUTES=10`."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from tests.fuzz.harness import Harness


def main() -> int:
    """Run it; return 1 if any input did harm."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, help="for so long")
    parser.add_argument("--inputs", type=int, help="so many inputs; 20,000 if nothing is said")
    parser.add_argument("--seed", type=int, default=None, help="the same seed gives the same inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--keep", type=Path, default=Path("build/fuzz"), help="folder for inputs that did harm"
    )
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    harness = Harness(
        seed=seed, keep=given.keep, processes=given.processes, tell=lambda line: print(line, flush=True)
    )
    seconds = 60 * given.minutes if given.minutes is not None else None
    inputs = given.inputs if given.inputs is not None or seconds is not None else 20_000
    figures = harness.run(inputs=inputs, seconds=seconds, first=given.first)
    print(figures)
    return 0 if figures.harmless else 1


if __name__ == "__main__":
    sys.exit(main())
