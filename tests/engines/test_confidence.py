"""The chance that a word is right, from what the decoder knows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.confidence import FEATURES, chance_right, features, load_confidence
from fi_desktop.engines.whisper.decoded import DecodedWindow, DecodedWord
from fi_desktop.engines.whisper.windows import Window

WINDOW = Window((Region(10.0, 20.0), Region(30.0, 45.0)))
SPEECH = Speech(np.full((1, 2000), 0.98, dtype=np.float32), 0.032, (Region(10.0, 20.0), Region(30.0, 45.0)))


def decoded(
    *tokens: tuple[float, ...], text: str = " palabra", log_probability: float = -0.2
) -> DecodedWindow:
    """Return a window with a word for each row of token probabilities, half a second each."""
    words = tuple(
        DecodedWord(0.5 + 0.5 * at, 1.0 + 0.5 * at, text, sum(row) / len(row), row)
        for at, row in enumerate(tokens)
    )
    return DecodedWindow(words, log_probability=log_probability)


def chances(window: DecodedWindow, language: str = "en") -> list[float]:
    return chance_right(window, WINDOW, language, SPEECH)


def test_a_sure_word_is_right_and_an_unsure_one_among_unsure_ones_is_doubtful():
    assert min(chances(decoded(*[(0.99,)] * 6))) > 0.9
    assert max(chances(decoded(*[(0.3,)] * 6, log_probability=-1.0))) < 0.7


def test_an_improbable_token_makes_its_word_doubtful_although_the_others_are_sure():
    sure = chances(decoded(*[(0.99, 0.99, 0.99)] * 5))[2]
    one = decoded(*[(0.99, 0.99, 0.99)] * 2, (0.99, 0.05, 0.99), *[(0.99, 0.99, 0.99)] * 2)
    assert chances(one)[2] < sure - 0.05


def test_a_word_among_certain_words_is_doubted_less_than_one_among_uncertain_words():
    among_certain = chances(decoded((0.99,), (0.6,), (0.99,)))[1]
    among_uncertain = chances(decoded((0.4,), (0.6,), (0.4,)))[1]
    assert among_uncertain < among_certain


def test_a_window_without_words_has_no_chances():
    assert chances(DecodedWindow(())) == []


def test_each_feature_has_a_weight_and_the_model_a_version():
    model = load_confidence()
    assert model.version
    assert len(model.weights) == len(model.mean) == len(model.scale) == len(FEATURES)
    assert (model.scale > 0).all()


def test_the_language_of_a_window_counts():
    window = decoded((0.9,), (0.5,), (0.9,))
    assert chances(window, "es") != chances(window, "en")


@given(
    st.lists(
        st.tuples(
            st.floats(0, 30),
            st.floats(0, 3),
            st.sampled_from([" Sí.", " a", "…", " 142,5", " Metformina", " ¿qué?", ""]),
            st.lists(st.floats(0, 1), max_size=6),
        ),
        max_size=12,
    ),
    st.sampled_from(["en", "es", "ja"]),
)
def test_any_words_have_finite_features_and_a_chance_between_0_and_1(drawn, language: str):
    words = tuple(
        DecodedWord(start, start + length, text, float(np.mean(tokens)) if tokens else 0.5, tuple(tokens))
        for start, length, text, tokens in drawn
    )
    window = DecodedWindow(words, log_probability=-0.5)
    rows = features(window, WINDOW, language, SPEECH)
    assert rows.shape == (len(words), len(FEATURES))
    assert np.isfinite(rows).all()
    assert all(0.0 <= chance <= 1.0 for chance in chances(window, language))
