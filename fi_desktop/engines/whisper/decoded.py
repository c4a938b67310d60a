"""What the decoder returns: words, and what it knows of how they were decoded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecodedWord:
    """A word as the model wrote it.

    Attributes:
        start, end: seconds from the window's start.
        text: with its punctuation, and with the space before it.
        probability: the mean of its tokens' probabilities.
        token_probabilities: of each of its tokens, in order, punctuation included.
        trusted: no sign of hallucination in its sentence; see `DecodedWindow`.
    """

    start: float
    end: float
    text: str
    probability: float
    token_probabilities: tuple[float, ...] = ()
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class DecodedWindow:
    """The text of one window.

    Attributes:
        words: in order.
        log_probability: the mean over the tokens.
        no_speech: the probability that nobody speaks in the window.
        compression: how many times smaller the text becomes when it is compressed; high for repetition.
        trusted: no sign of hallucination: probable enough, not repetitive, not cut off.
        repetitive: a phrase seems to be repeated over and over.
    """

    words: tuple[DecodedWord, ...]
    log_probability: float = 0.0
    no_speech: float = 0.0
    compression: float = 1.0
    trusted: bool = True
    repetitive: bool = False

    @property
    def text(self) -> str:
        """The words as one text."""
        return "".join(word.text for word in self.words).strip()
