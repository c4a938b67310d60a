"""Following the languages of a recording: the most likely sequence, and cutting windows by it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.whisper.decoded import DecodedWindow, DecodedWord
from fi_desktop.engines.whisper.spoken_languages import (
    LanguagePath,
    LanguageTracker,
    LanguageWindow,
    Span,
    prefers_rival,
    rival_of,
    spans_of,
)
from fi_desktop.engines.whisper.windows import Window
from fi_desktop.engines.whisper.written_language import written_language

KNOWN = ("en", "es", "fr", "vi")
ENGLISH, SPANISH, FRENCH, NEITHER = [0.98, 0, 0, 0], [0, 0.98, 0, 0], [0, 0, 0.98, 0], [0.02, 0.03, 0.02, 0]
ALWAYS = Speech(np.ones((1, 4000), np.float32), 0.032, ())

Rows = list[list[float]]


def languages(
    rows: Rows,
    allowed: tuple[str, ...] = ("en", "es"),
    *,
    pauses: bool = False,
    length_s: float = 4.0,
    **given: tuple[str, ...],
) -> list[str]:
    """Return the language of each span of one window; its spans do not overlap."""
    tracker = LanguageTracker(KNOWN, allowed, **given)
    spans = [Span(n * length_s, (n + 1) * length_s, after_pause=pauses or not n) for n in range(len(rows))]
    window = Window((Region(0.0, len(rows) * length_s),))
    parts = tracker.split([(window, np.zeros(1))], [spans], [np.array(rows, dtype=float)], ALWAYS)
    ends = np.cumsum([part.window.duration for part in parts])
    middles = (np.arange(len(rows)) + 0.5) * length_s
    return [parts[number].language for number in np.searchsorted(ends, middles)]


def test_a_lasting_change_of_language_is_followed_and_one_span_within_speech_is_not():
    assert languages([ENGLISH, ENGLISH, SPANISH, SPANISH, SPANISH]) == ["en"] * 2 + ["es"] * 3
    assert languages([ENGLISH, ENGLISH, SPANISH, ENGLISH, ENGLISH]) == ["en"] * 5
    rows = [ENGLISH, ENGLISH, SPANISH, SPANISH, SPANISH, ENGLISH, ENGLISH]
    assert languages(rows) == ["en"] * 2 + ["es"] * 3 + ["en"] * 2


def test_a_sentence_between_pauses_may_be_in_another_language_and_a_word_may_not():
    rows = [ENGLISH, ENGLISH, SPANISH, ENGLISH]
    assert languages(rows, pauses=True) == ["en", "en", "es", "en"]
    assert languages(rows, pauses=True, length_s=0.8) == ["en"] * 4


def test_a_short_sentence_between_pauses_is_decoded_in_both_languages():
    # "I'll always let you down!" among Spanish sentences: 1.7 s, and its detection as measured
    spans = [Span(2.0 * n, 2.0 * n + 1.7) for n in range(5)]
    rows = np.array([SPANISH, SPANISH, [0.984, 0, 0, 0], SPANISH, SPANISH])
    window = Window((Region(0.0, 9.7),))
    parts = LanguageTracker(KNOWN, ("es", "en")).split([(window, np.zeros(1))], [spans], [rows], ALWAYS)
    assert [(part.language, part.rival) for part in parts] == [("es", None), ("en", "es"), ("es", None)]


def test_spans_without_evidence_keep_the_language_around_them():
    assert languages([ENGLISH, NEITHER, NEITHER, NEITHER]) == ["en"] * 4
    assert languages([SPANISH, NEITHER, NEITHER, SPANISH], pauses=True) == ["es"] * 4


def test_any_number_of_languages_may_be_allowed():
    rows = [ENGLISH, ENGLISH, FRENCH, FRENCH, SPANISH, SPANISH]
    assert languages(rows, ("es", "en", "fr")) == ["en", "en", "fr", "fr", "es", "es"]
    assert languages(rows, ("en", "es"))[:2] == ["en", "en"]
    assert "fr" not in languages(rows, ("en", "es"))
    assert languages(rows, ("fr",)) == ["fr"] * 6


def test_an_unexpected_language_has_to_be_clear_and_last():
    expected = ("es", "en")
    assert "fr" not in languages([FRENCH] * 4, (), likely=expected)
    assert languages([FRENCH] * 8, (), likely=expected) == ["fr"] * 8
    assert "fr" not in languages([[0.0, 0.1, 0.6, 0.0]] * 40, (), likely=expected)
    assert languages([*[ENGLISH] * 8, *[FRENCH] * 8], (), likely=expected) == ["en"] * 8 + ["fr"] * 8
    assert languages([[0.0, 0.1, 0.6, 0.0]] * 8, ()) == ["fr"] * 8


_rows = st.lists(
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).map(
        lambda row: [p / max(1.0, sum(row)) for p in row]
    ),
    min_size=1,
    max_size=7,
)


@settings(max_examples=100, deadline=None)
@given(
    _rows,
    st.lists(st.floats(0.0, 4.0), min_size=7, max_size=7),
    st.lists(st.floats(0.0, 3.0), min_size=3, max_size=3),
)
def test_no_sequence_is_likelier_than_the_path(rows: Rows, costs: list[float], start: list[float]):
    evidence = np.log(np.array(rows) + 0.05)
    path = LanguagePath(evidence, np.array(costs[: len(rows)]), np.array(start))

    def score(states: tuple[int, ...]) -> float:
        total = float(sum(evidence[n, state] for n, state in enumerate(states))) - start[states[0]]
        changes = (n for n in range(1, len(states)) if states[n] != states[n - 1])
        return total - sum(costs[n] for n in changes)

    every = np.stack(np.meshgrid(*[range(3)] * len(rows), indexing="ij"), axis=-1).reshape(-1, len(rows))
    best = max(score(tuple(map(int, states))) for states in every)
    assert score(tuple(path.states)) == pytest.approx(best)
    state, rival, lead = path.contest(0, len(rows)) if len(set(path.states)) == 1 else (0, 1, 0.0)
    assert lead >= -1e-9
    assert state != rival


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.3, 3.0), st.floats(0.2, 9.0)), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_parts_of_a_window_are_all_of_it(lengths: list[tuple[float, float]], random: object):
    regions, at = [], 0.4
    for pause, length in lengths:
        regions.append(Region(at, at + length))
        at += length + pause
    window = Window((Region(0.0, at),))
    samples = np.arange(round(at * 16_000), dtype=np.float32)
    spans = spans_of(window, regions)
    assert all(0.0 <= span.start < span.end <= at and span.end - span.start <= 3.0 + 1e-9 for span in spans)
    rng = np.random.default_rng(len(lengths))
    rows = rng.dirichlet([0.2] * len(KNOWN), len(spans))
    speech = Speech(np.ones((1, round(at / 0.032) + 1), np.float32), 0.032, tuple(regions))
    tracker = LanguageTracker(KNOWN, ("es", "en", "fr"))
    parts = tracker.split([(window, samples)], [spans], [rows], speech)
    np.testing.assert_array_equal(np.concatenate([part.samples for part in parts]), samples)
    pieces = [piece for part in parts for piece in part.window.pieces]
    assert [piece.end for piece in pieces[:-1]] == [piece.start for piece in pieces[1:]]
    assert all(len(part.samples) == pytest.approx(part.window.duration * 16_000, abs=2) for part in parts)
    assert all(part.rival is None or part.rival != part.language for part in parts)


def test_only_spans_of_some_length_in_no_allowed_language_are_unclear():
    tracker = LanguageTracker(KNOWN, ("en", "es"))
    spans = [[Span(0.0, 3.0), Span(3.5, 4.0), Span(4.5, 6.0)], [Span(0.0, 3.0)]]
    rows = [np.array([ENGLISH, NEITHER, FRENCH], dtype=float), np.array([NEITHER], dtype=float)]
    assert tracker.unclear(spans, rows) == [(0, 2), (1, 0)]


def test_a_window_is_cut_in_the_pause_before_the_other_language():
    probability = np.ones((1, 1000), np.float32)
    probability[0, 350:380] = 0.0  # 11.2 to 12.2 s of the recording, 6.2 to 7.2 s of the window
    speech = Speech(probability, 0.032, (Region(5.0, 11.2), Region(12.2, 20.0)))
    window = Window((Region(5.0, 20.0),))
    spans = spans_of(window, speech.regions)
    rows = np.array([ENGLISH if span.end < 6.5 else SPANISH for span in spans], dtype=float)
    sound = np.arange(15 * 16_000, dtype=np.float32)
    first, second = LanguageTracker(KNOWN, ("es", "en")).split([(window, sound)], [spans], [rows], speech)
    assert (first.language, second.language) == ("en", "es")
    assert 6.2 <= first.window.duration <= 7.2
    assert first.window.pieces[-1].end == second.window.pieces[0].start


def test_a_window_is_cut_between_its_pieces_if_the_language_changes_there():
    window = Window((Region(0.0, 7.0), Region(60.0, 68.0)))
    spans = spans_of(window, [Region(0.4, 6.6), Region(60.4, 67.6)])
    rows = np.array([ENGLISH if span.end < 7.0 else SPANISH for span in spans], dtype=float)
    tracker = LanguageTracker(KNOWN, ("en", "es"))
    parts = tracker.split([(window, np.zeros(15 * 16_000, np.float32))], [spans], [rows], ALWAYS)
    assert [part.window.pieces for part in parts] == [(Region(0.0, 7.0),), (Region(60.0, 68.0),)]


def test_the_language_carries_over_from_window_to_window():
    tracker = LanguageTracker(KNOWN, ("en", "es"))
    found = []
    for start, row in ((0.0, SPANISH), (10.0, NEITHER), (20.0, ENGLISH)):
        window = Window((Region(start, start + 10.0),))
        spans = [Span(n * 1.5, n * 1.5 + 3.0, after_pause=not n) for n in range(5)]
        rows: list[NDArray[np.float64]] = [np.array([row] * 5, dtype=float)]
        found += tracker.split([(window, np.zeros(160_000, np.float32))], [spans], rows, ALWAYS)
    assert [part.language for part in found] == ["es", "es", "en"]
    assert [part.rival for part in found] == [None, "en", None]


def decoded(text: str, log_probability: float, *, trusted: bool = True) -> DecodedWindow:
    words = tuple(DecodedWord(n, n + 0.5, f" {word}", 0.9) for n, word in enumerate(text.split()))
    return DecodedWindow(words, trusted=trusted, log_probability=log_probability)


SAID = "Me duele la cabeza desde el lunes y no puedo dormir por la noche."
TRANSLATED = "My head has hurt since Monday and I can not sleep in the night, that is it."


def part_in(language: str, lead: float) -> LanguageWindow:
    window = Window((Region(0.0, 4.0),))
    return LanguageWindow(window, np.zeros(64_000, np.float32), language, None, lead, ("es", "en"))


def test_a_translation_is_less_probable_than_what_was_said():
    said, translated = decoded(SAID, -0.3), decoded(TRANSLATED, -0.9)
    assert prefers_rival(part_in("en", 1.0), translated, said, "es")
    assert not prefers_rival(part_in("es", 1.0), said, translated, "en")
    unlikely = decoded(TRANSLATED, -0.45)
    assert not prefers_rival(part_in("en", 8.0), unlikely, said, "es")


def test_text_in_another_language_than_asked_for_is_in_that_language():
    assert rival_of(part_in("en", 40.0), decoded(SAID, -0.3)) == "es"
    assert rival_of(part_in("es", 40.0), decoded(SAID, -0.3)) is None
    assert prefers_rival(part_in("en", 40.0), decoded(SAID, -0.3), decoded(SAID, -0.3), "es")


def test_a_text_that_is_not_trusted_never_replaces_one_that_is():
    assert not prefers_rival(
        part_in("en", 0.1), decoded("Yes.", -0.9), decoded("Sí.", -0.1, trusted=False), "es"
    )
    assert not prefers_rival(part_in("en", 0.1), decoded("Yes.", -0.9), decoded("", 0.0), "es")


@pytest.mark.parametrize(
    ("text", "allowed", "expected"),
    [
        (SAID, ("es", "en"), "es"),
        (TRANSLATED, ("es", "en"), "en"),
        ("J'ai mal à la tête depuis lundi et je ne dors pas, pour vous dire.", ("en", "fr", "es"), "fr"),
        ("Ibuprofeno.", ("es", "en"), None),
        ("", ("es", "en"), None),
        ("У меня болит голова.", ("en", "ru"), "ru"),
        ("The head hurts.", ("en", "ru"), "en"),
        (SAID, ("es", "en", "zh"), "es"),
    ],
)
def test_the_language_of_a_text(text: str, allowed: tuple[str, ...], expected: str | None):
    assert written_language(text, allowed) == expected
