"""Where the language of a recording changes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fi_desktop.core.transcript import Region
from fi_desktop.engines.base import Speech
from fi_desktop.engines.whisper.languages import course, tell_apart
from fi_desktop.engines.whisper.windows import Window

ENGLISH, SPANISH, NEITHER = [0.98, 0.0], [0.0, 0.98], [0.02, 0.03]


def glances(*rows: list[float]) -> NDArray[np.float64]:
    return np.array(rows)


def test_a_change_that_lasts_is_followed_and_one_glance_is_not():
    assert course(glances(ENGLISH, ENGLISH, SPANISH, SPANISH, SPANISH), 0) == [0, 0, 1, 1, 1]
    assert course(glances(ENGLISH, ENGLISH, SPANISH, ENGLISH, ENGLISH), 0) == [0] * 5
    assert course(glances(ENGLISH, ENGLISH, SPANISH, SPANISH, SPANISH, ENGLISH, ENGLISH), 0) == [
        0,
        0,
        1,
        1,
        1,
        0,
        0,
    ]


def test_what_tells_nothing_stays_in_the_language_before():
    assert course(glances(NEITHER, NEITHER, NEITHER), 0) == [0, 0, 0]
    assert course(glances(NEITHER, NEITHER, NEITHER), 1) == [1, 1, 1]


def test_a_window_is_cut_in_the_pause_at_which_the_language_changes():
    probability = np.ones((1, 1000), np.float32)
    probability[0, 350:380] = 0.0  # 11.2 to 12.2 s of the recording, 6.2 to 7.2 s of the window
    speech = Speech(probability, 0.032, (Region(5.0, 11.2), Region(12.2, 20.0)))
    window = Window((Region(5.0, 20.0),))
    sound = np.arange(15 * 16_000, dtype=np.float32)
    rows = glances(*[ENGLISH] * 4, *[SPANISH] * 5)
    first, second = tell_apart([(window, sound)], [rows], speech, "en")
    assert (first.language, second.language) == ("en", "es")
    assert 6.2 < first.window.duration < 7.2
    assert first.window.pieces[0].start == 5.0
    assert second.window.pieces[-1].end == 20.0
    assert first.window.pieces[-1].end == second.window.pieces[0].start
    assert len(first.samples) == pytest.approx(first.window.duration * 16_000, abs=1)
    np.testing.assert_array_equal(np.concatenate([first.samples, second.samples]), sound)


def test_a_pause_that_is_left_out_of_the_window_is_where_it_is_cut():
    speech = Speech(np.ones((1, 3000), np.float32), 0.032, ())
    window = Window((Region(0.0, 7.0), Region(60.0, 68.0)))
    rows = glances(*[ENGLISH] * 4, *[SPANISH] * 5)
    parts = tell_apart([(window, np.zeros(15 * 16_000, np.float32))], [rows], speech, "en")
    assert [part.window.pieces for part in parts] == [(Region(0.0, 7.0),), (Region(60.0, 68.0),)]


def test_the_language_goes_on_from_window_to_window():
    speech = Speech(np.ones((1, 3000), np.float32), 0.032, ())
    batch = [
        (Window((Region(start, start + 10.0),)), np.zeros(160_000, np.float32)) for start in (0.0, 10.0, 20.0)
    ]
    rows = [glances(*[SPANISH] * 6), glances(*[NEITHER] * 6), glances(*[ENGLISH] * 6)]
    assert [part.language for part in tell_apart(batch, rows, speech, "es")] == ["es", "es", "en"]
