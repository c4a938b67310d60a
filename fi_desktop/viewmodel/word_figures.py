"""How many words a result has, and how many may be wrong, kept up to date while it is corrected."""

from __future__ import annotations

from collections.abc import Iterable

from fi_desktop.core.changes import Splice
from fi_desktop.core.transcript import Segment, Transcript, right_words, wrong_share_of


class WordFigures:
    """Counts words: an edit counts only those of the segments that it changes.

    Attributes:
        words: the number of words.
        right: how many have a probability, and how many of these are probably right.
    """

    def __init__(self, transcript: Transcript) -> None:
        self.words = 0
        self.right = (0, 0.0)
        self._count(transcript.segments, +1)

    @property
    def wrong_share(self) -> float | None:
        """The share of the words that is probably wrong, see `Transcript`."""
        return wrong_share_of([self.right])

    def take(self, change: Splice[Segment]) -> None:
        """Count the segments that changed."""
        self._count(change.before, -1)
        self._count(change.after, +1)

    def _count(self, segments: Iterable[Segment], sign: int) -> None:
        known, right = self.right
        for segment in segments:
            self.words += sign * len(segment.words)
            counted = right_words(segment)
            known, right = known + sign * counted[0], right + sign * counted[1]
        self.right = known, right
