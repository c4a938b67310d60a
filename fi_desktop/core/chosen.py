"""Which engines do a job."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chosen:
    """What does a job, once that is decided.

    Attributes:
        engine: what diarizes, a name of the registry.
        model: name of the model pack that transcribes; empty where nothing does.
    """

    engine: str
    model: str
