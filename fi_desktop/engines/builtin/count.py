"""How many speakers there are.

The evidence for one more speaker grows with the amount of speech, because a voice drifts: on an hour it would
always find more. So it is asked for on at most 120 s of speech, in evenly spaced blocks, whatever the
recording's length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fi_desktop.engines.builtin.chunks import CHUNK_S
from fi_desktop.engines.builtin.vbhmm import Resegmentation

COUNTED_S = 120.0
MAX_SPEAKERS = 8

Solve = Callable[[int], Resegmentation]


@dataclass(frozen=True, slots=True)
class CountRule:
    """When one more speaker is believed.

    Attributes:
        gain: the least gain of the ELBO for each speaker added.
        gain_per_second: the least gain for each second that the smallest speaker says.
        shortest_s: the least that a speaker says, seconds.
    """

    gain: float = 5.0
    gain_per_second: float = 0.6
    shortest_s: float = 2.5


def count_speakers(
    solve: Solve, *, minimum: int, maximum: int, rule: CountRule | None = None
) -> tuple[int, dict[int, float]]:
    """Find the number of speakers between two bounds.

    solve: diarizes the sample with a given number of speakers. Looks two speakers past the best number so
    far, because a second voice may be split before a third is found.
    Returns: the number, and the ELBO of every number that was tried.
    """
    rule = rule or CountRule()
    best = minimum
    reference = solve(minimum).elbo
    evidence = {minimum: reference}
    for speakers in range(minimum + 1, maximum + 1):
        tried = solve(speakers)
        evidence[speakers] = tried.elbo
        smallest_s = float(tried.posterior.sum(axis=0).min()) * CHUNK_S
        gain = tried.elbo - reference
        if (
            gain > rule.gain * (speakers - best)
            and gain > rule.gain_per_second * max(smallest_s, 1.0)
            and smallest_s >= rule.shortest_s
        ):
            best, reference = speakers, tried.elbo
        elif speakers >= best + 2:
            break
    return best, evidence
