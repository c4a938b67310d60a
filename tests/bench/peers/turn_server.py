"""The process of one diarizer in `diarizers.py`: a line of JSON for each recording it is asked about.

This module imports nothing from the project, since a process may run another Python, or another version of
the project. Each answer is a list of turns: start and end in seconds, and the speaker.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable

Turns = list[tuple[float, float, str]]
# a WAV file, 16 kHz, one channel, 16 bit; the number of speakers, or None; what else the engine takes
Diarize = Callable[..., Turns]


def serve(load: Callable[[], tuple[str, Diarize]]) -> None:
    """Load the engine, report its name, and answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what the engine prints is no answer
    name, diarize = load()
    print(json.dumps(name), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(diarize(**json.loads(line))), file=answers, flush=True)
