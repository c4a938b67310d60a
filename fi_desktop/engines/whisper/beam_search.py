"""Beam search for the texts of windows on our own network.

Source: https://github.com/OpenNMT/CTranslate2, `src/decoding.cc`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fi_desktop.engines.whisper.text_network import MASKED, Memory, TextNetwork
from fi_desktop.engines.whisper.token_cache import TokenCache, order_of_kept
from fi_desktop.engines.whisper.word_prior import NoPrior, Prior

WIDEST = 5
"""The most hypotheses: the network finds twice as many tokens for each."""

LENGTH_PENALTY = 3.0
"""Of a text's score in comparison with others: one that ends early may leave a sentence out.

With 1, texts are compared by probability per token, and a third more words are left out
(docs/benchmarks.md).
"""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        prompt: the tokens before the text; the last one announces it.
        start: where in the prompt the transcript starts.
        end, no_speech: tokens.
        forbidden: tokens that no text has.
        beam: how many hypotheses are followed; up to WIDEST.
        longest: tokens of a text.
        prior: what is known of texts before they are heard; our own network alone considers it.
    """

    prompt: Sequence[int]
    start: int
    end: int
    no_speech: int
    forbidden: Sequence[int]
    beam: int
    longest: int
    prior: Prior = field(default_factory=NoPrior)


@dataclass(frozen=True, slots=True)
class Found:
    """A window's text.

    Attributes:
        tokens: without the end.
        score: the log probability of tokens and end, by the number of tokens; without the prior.
        no_speech: the probability that nobody speaks.
    """

    tokens: list[int]
    score: float
    no_speech: float


@dataclass(frozen=True, slots=True)
class _Ended:
    """A text that has ended, or was cut off because it is the longest.

    Attributes:
        tokens: without the end.
        score, heard: its log probability with and without the prior.
        whole: it has ended.
    """

    tokens: list[int]
    score: float
    heard: float
    whole: bool

    @property
    def rank(self) -> tuple[bool, float]:
        """How it compares with others; one that is cut off repeats itself."""
        return self.whole, self.score / max(1, len(self.tokens)) ** LENGTH_PENALTY


@dataclass(slots=True)
class _Window:
    """Hypotheses of one window, best first, and those that have ended.

    Attributes:
        scores: log probabilities with the prior.
        priors: what the prior has added to them.
        tails: see `word_prior.Tails`.
    """

    number: int
    texts: list[list[int]] = field(default_factory=lambda: [[]])
    scores: NDArray[np.float32] = field(default_factory=lambda: np.zeros(1, dtype=np.float32))
    priors: NDArray[np.float32] = field(default_factory=lambda: np.zeros(1, dtype=np.float32))
    tails: list[bytes] = field(default_factory=lambda: [b""])
    ended: list[_Ended] = field(default_factory=list)

    @property
    def tokens(self) -> list[int]:
        """The last token of each hypothesis."""
        return [text[-1] for text in self.texts]

    def advance(
        self, probable: NDArray[np.float32], tokens: NDArray[np.int64], search: Search, *, last: bool
    ) -> NDArray[np.int64]:
        """Continue each hypothesis by the best tokens; return which one each new hypothesis continues.

        probable, tokens: log probabilities and tokens, (hypotheses, candidates); last: every text ends now.
        """
        tails, added = search.prior.extend(self.tails, tokens)
        scores = (self.scores[:, None] + probable + added).ravel()
        priors = (self.priors[:, None] + added).ravel()
        best = np.argsort(-scores, kind="stable")[: 2 * search.beam]
        parents, following = best // tokens.shape[1], tokens.ravel()[best]
        others = iter(range(search.beam, len(best)))
        chosen = []
        for place in range(search.beam):
            token = int(following[place])
            if token == search.end or last:
                whole = token == search.end
                text = self.texts[parents[place]] + ([] if whole else [token])
                score = float(scores[best[place]])
                self.ended.append(_Ended(text, score, score - float(priors[best[place]]), whole))
                # another one takes its place
                place = next((other for other in others if following[other] != search.end), place)
            chosen.append(place)
        self.texts = [[*self.texts[parents[place]], int(following[place])] for place in chosen]
        continued = best[chosen]
        self.scores, self.priors = scores[continued], priors[continued]
        self.tails = [tails[place // tokens.shape[1]][place % tokens.shape[1]] for place in continued]
        return np.asarray(parents[chosen])

    def best(self, no_speech: float) -> Found:
        """Return the best text that has ended; no_speech: see `Found`."""
        best = max(self.ended, key=lambda each: each.rank)
        return Found(best.tokens, best.heard / max(1, len(best.tokens)), no_speech)


def find_texts(network: TextNetwork, memory: Memory, search: Search) -> list[Found]:
    """Return the text of each window that the memory holds.

    Raises:
        ValueError: the beam is wider than WIDEST.
    """
    if search.beam > WIDEST:
        raise ValueError(f"a beam of {search.beam}")
    count = len(search.prompt)
    windows = texts = [_Window(number) for number in range(memory.size)]
    cache = TokenCache(network, len(windows))
    bias = network.bias(search.forbidden)
    first_bias = network.bias([*search.forbidden, *network.forbidden_first])

    prompts = np.array([search.prompt] * len(texts))
    causal = np.where(np.tri(count, dtype=bool), np.float32(0), MASKED)[None, None]
    before = np.zeros((len(texts), 1, count, 0), dtype=np.float32)
    found = network.run(prompts, np.arange(count), (before, causal), memory.used, cache.arrays)
    cache.add(found, np.ones((1, count), dtype=bool))
    starts = np.full(len(texts), search.no_speech)
    no_speech = np.exp(network.log_probabilities(found["output"][:, search.start], network.bias([]), starts))
    probable, tokens = network.next_tokens(found["output"][:, -1], first_bias)

    alone = np.eye(search.beam, dtype=bool)
    own = np.where(alone, np.float32(0), MASKED)[None, None]
    for step in range(search.longest):
        last = step + 1 == search.longest
        candidates = (len(windows), -1, probable.shape[1])
        rows = zip(windows, probable.reshape(candidates), tokens.reshape(candidates), strict=True)
        parents = [window.advance(likely, next_, search, last=last) for window, likely, next_ in rows]
        cache.follow(np.array(parents))
        kept = [place for place, window in enumerate(windows) if len(window.ended) < search.beam]
        if last or not kept:
            break
        if len(kept) < len(windows):
            order = order_of_kept(kept)
            windows = [windows[place] for place in order]
            memory.keep(order)
            cache.keep(order)
        following = np.array([window.tokens for window in windows])
        places = np.full(search.beam, count + step)
        found = network.run(following, places, (cache.mask, own), memory.used, cache.arrays)
        cache.add(found, alone)
        probable, tokens = network.next_tokens(found["output"].reshape(-1, found["output"].shape[2]), bias)
    return [window.best(float(silence)) for window, silence in zip(texts, no_speech, strict=True)]
