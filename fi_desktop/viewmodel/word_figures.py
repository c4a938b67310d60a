"""How many words a result has, and how many may be wrong, kept up to date while it is corrected."""

from __future__ import annotations

from fi_desktop.core.changes import Splice
from fi_desktop.core.transcript import Segment, Transcript, right_words, wrong_share_of


class WordFigures:
    """Counts of each segment: an edit counts only the segments that it changes."""

    def __init__(self, transcript: Transcript) -> None:
        self._counts = [len(segment.words) for segment in transcript.segments]
        self._right = [right_words(segment) for segment in transcript.segments]

    @property
    def right(self) -> list[tuple[int, float]]:
        """How many words of each segment are probably right, see `right_words`."""
        return self._right

    @property
    def words(self) -> int:
        """The number of words."""
        return sum(self._counts)

    @property
    def wrong_share(self) -> float | None:
        """The share of the words that is probably wrong, see `Transcript`."""
        return wrong_share_of(self._right)

    def take(self, change: Splice[Segment]) -> None:
        """Count the segments that changed."""
        replaced = slice(change.at, change.at + len(change.before))
        self._counts[replaced] = [len(segment.words) for segment in change.after]
        self._right[replaced] = [right_words(segment) for segment in change.after]
