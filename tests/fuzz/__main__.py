"""The fuzzer from the command line: `make fuzz MINUTES=10`."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from pathlib import Path

from tests.fuzz.harness import Harness
from tests.fuzz.victim import decode_confined, decode_it


def main() -> int:
    """Run the fuzzer; return 1 if any input caused a failure."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, help="how long to run")
    parser.add_argument("--inputs", type=int, help="number of inputs; default: 20,000")
    parser.add_argument("--seed", type=int, default=None, help="same seed, same inputs")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--keep", type=Path, default=Path("build/fuzz"), help="folder for inputs that caused failures"
    )
    parser.add_argument(
        "--unconfined", action="store_true", help="probe and decode in the reading process itself"
    )
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    print(f"seed {seed}", flush=True)
    confined = sys.platform == "linux" and not given.unconfined
    harness = Harness(
        seed=seed,
        keep=given.keep,
        processes=given.processes,
        read=decode_confined if confined else decode_it,
        log=lambda line: print(line, flush=True),
    )
    seconds = 60 * given.minutes if given.minutes is not None else None
    inputs = given.inputs if given.inputs is not None or seconds is not None else 20_000
    figures = harness.run(inputs=inputs, seconds=seconds, first=given.first)
    print(figures)
    return 0 if figures.passed else 1


if __name__ == "__main__":
    sys.exit(main())
