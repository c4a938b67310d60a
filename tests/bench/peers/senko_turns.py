"""senko on its CPU path, for diarizers.py: `python senko_turns.py [warm]`, in a Python that has senko.

With `warm` it compiles its clustering at the start, as it does by default; that takes longer than a short
recording and changes no result. It chooses the number of speakers itself. Of its two results the one
that is merged over short pauses is scored; the other one scores worse.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from types import ModuleType

from turn_server import Diarize, Turns, serve


def load() -> tuple[str, Diarize]:
    """Load its networks."""
    import torch

    # it makes colors for its display, which nobody asks for here
    sys.modules.setdefault("colour", ModuleType("colour"))
    import senko

    diarizer = senko.Diarizer(device="cpu", warmup="warm" in sys.argv[1:])
    # it takes all cores, whatever the environment says
    diarizer.logical_cores = 1
    torch.set_num_threads(1)

    def diarize(path: str, **_options: object) -> Turns:
        found = diarizer.diarize(path)
        rows = found["merged_segments"] if found else []
        return [(float(row["start"]), float(row["end"]), row["speaker"]) for row in rows]

    return f"senko {version('senko')}", diarize


if __name__ == "__main__":
    serve(load)
