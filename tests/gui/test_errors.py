"""Errors and notes are said in the person's language."""

from collections.abc import Iterator

import pytest

from fi_desktop.audio.timeline import AudioWarning
from fi_desktop.core import messages
from fi_desktop.core.errors import DeadlineExceeded, ErrorInfo, ErrorKind, FiError, UserError, error_info
from fi_desktop.core.messages import MESSAGES, verbatim
from fi_desktop.gui import errors
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.language import WindowLanguage


@pytest.fixture
def spanish(dressed) -> Iterator[WindowLanguage]:
    language = WindowLanguage(dressed, "es")
    yield language
    language.close()


def test_an_error_is_said_by_its_code_and_values(spanish):
    error = error_info(DeadlineExceeded(540))
    assert error.message == "Timeout (9 min)"
    assert errors.sentence(error) == "Tiempo agotado (9 min)"


def test_amounts_are_written_as_the_person_writes_them_and_versions_are_not(spanish):
    error = error_info(UserError(messages.MODELS_NO_ROOM, wanted=3.1e9, free=412e6))
    assert errors.sentence(error).startswith("Se necesitan 3.1 GB más")
    assert "412 MB" in errors.sentence(error)
    named = error_info(UserError(messages.MODELS_MISSING, name="3.1"))
    assert "3.1" in errors.sentence(named)  # pyannote's, not a number


@pytest.mark.parametrize(
    "error",
    [
        ErrorInfo(ErrorKind.USER, "some.future", "Something new."),
        ErrorInfo(ErrorKind.USER, "job.timeout", "It took {long}.", values=(("long", "9 min"),)),
    ],
)
def test_what_is_not_known_stays_english(spanish, error):
    assert errors.sentence(error) == error.message


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (
            AudioWarning("audio.damaged_places", 22.0, 9.4, places=12).note,
            "12 puntos, el primero en 0:22: no",
        ),
        (AudioWarning("audio.gaps", 22.0, 100.0, places=2).note, "0:22, 1:40 en total"),
        (AudioWarning("audio.more_than_counted", 62.5, 10.0).note, "solo 10 s de sonido"),
        (messages.AUDIO_DAMAGED_AFTER(at="1:02"), "a partir de 1:02"),
        (verbatim("Permission denied"), "Permission denied"),
    ],
)
def test_a_note_on_what_is_missing_is_said_with_its_times(spanish, note, words):
    assert words in errors.sentence(note)


def test_a_note_is_said_with_the_reason_within_it(spanish):
    crash = FiError(messages.WORKER_CRASHED, ended=messages.ENDED_SIGNAL(number=9))
    assert UiLabels().remarks("clear", (messages.RESULT_WORDS_MISSING(reason=crash.note),)) == (
        "Falta la transcripción: El proceso que hacía este trabajo terminó de forma inesperada (señal 9)."
    )


def test_english_says_what_was_raised(dressed):
    for message in MESSAGES.values():
        error = error_info(FiError(message, **{name: f"<{name}>" for name in message.placeholders}))
        assert errors.sentence(error) == error.message


def test_nothing_is_said_of_nothing(dressed):
    assert errors.sentence(None) == ""
