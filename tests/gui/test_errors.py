"""Errors and notes appear in the person's language."""

from collections.abc import Iterator

import pytest

from fi_desktop.audio.timeline import AudioWarning
from fi_desktop.core import messages
from fi_desktop.core.errors import DeadlineExceeded, ErrorInfo, ErrorKind, FiError, UserError, error_info
from fi_desktop.core.messages import MESSAGES, verbatim
from fi_desktop.gui import labels
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.language import WindowLanguage


@pytest.fixture
def spanish(dressed) -> Iterator[WindowLanguage]:
    language = WindowLanguage(dressed, "es")
    yield language
    language.close()


def test_error_is_translated_by_code_and_values(spanish):
    error = error_info(DeadlineExceeded(540))
    assert error.message == "Timeout (9 min)"
    assert labels.sentence(error) == "Tiempo agotado (9 min)"


def test_numbers_are_localized_but_versions_are_not(spanish):
    error = error_info(UserError(messages.MODELS_NO_ROOM, wanted=3.1e9, free=412e6))
    assert labels.sentence(error).startswith("Se necesitan 3.1 GB más")
    assert "412 MB" in labels.sentence(error)
    named = error_info(UserError(messages.MODELS_MISSING, name="3.1"))
    assert "3.1" in labels.sentence(named)  # a version of pyannote, not a number


@pytest.mark.parametrize(
    "error",
    [
        ErrorInfo(ErrorKind.USER, "some.future", "Something new."),
        ErrorInfo(ErrorKind.USER, "job.timeout", "It took {long}.", values=(("long", "9 min"),)),
    ],
)
def test_unknown_codes_stay_english(spanish, error):
    assert labels.sentence(error) == error.message


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (
            AudioWarning("audio.damaged_places", 22.0, 9.4, places=12).note,
            "12 puntos, el primero en 0:22: no",
        ),
        (AudioWarning("audio.gaps", 22.0, 100.0, places=2).note, "0:22, 1:40 en total"),
        (AudioWarning("audio.more_than_counted", 62.5, 10.0).note, "solo 10 s de audio"),
        (messages.AUDIO_DAMAGED_AFTER(at="1:02"), "a partir de 1:02"),
        (verbatim("Permission denied"), "Permission denied"),
    ],
)
def test_note_on_missing_parts_includes_their_times(spanish, note, words):
    assert words in labels.sentence(note)


def test_note_includes_its_translated_reason(spanish):
    crash = FiError(messages.WORKER_CRASHED, ended=messages.ENDED_SIGNAL(number=9))
    assert UiLabels().remarks("clear", (messages.RESULT_WORDS_MISSING(reason=crash.note),)) == (
        "Falta la transcripción: El proceso de trabajo terminó de forma inesperada (señal 9)."
    )


def test_english_shows_the_raised_message(dressed):
    for message in MESSAGES.values():
        error = error_info(FiError(message, **{name: f"<{name}>" for name in message.placeholders}))
        assert labels.sentence(error) == error.message


def test_no_error_has_no_sentence(dressed):
    assert labels.sentence(None) == ""
