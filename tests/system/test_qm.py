"""Compiled translations, read without Qt and compared with what Qt reads."""

import pytest
from PySide6.QtCore import QTranslator

from fi_desktop.core.messages import CONTEXT, MESSAGES, RESULT_WORDS_MISSING, VERBATIM, Note
from fi_desktop.exporters.phrases import said_in
from fi_desktop.system import qm
from fi_desktop.system.files import resource

SPANISH = resource("i18n", "fi_desktop_es.qm")


def test_every_message_has_the_translation_that_qt_finds():
    texts = qm.translations(SPANISH.read_bytes(), CONTEXT)
    translator = QTranslator()
    assert translator.load(str(SPANISH))
    for message in MESSAGES.values():
        if message is not VERBATIM:
            assert texts[message.text] == translator.translate(CONTEXT, message.text)


def test_other_contexts_are_left_out():
    assert "E&xport" not in qm.translations(SPANISH.read_bytes(), CONTEXT)
    assert qm.translations(SPANISH.read_bytes(), "ExportMenu")["E&xport"] == "E&xportar"


@pytest.mark.parametrize("cut", [20, 5_000, 60_000, 100_000])
def test_file_that_was_cut_off_has_no_wrong_texts(cut):
    content = SPANISH.read_bytes()
    whole = qm.translations(content, CONTEXT)
    try:
        found = qm.translations(content[:cut], CONTEXT)
    except ValueError:
        return
    assert found.items() <= whole.items()


def test_other_file_is_refused():
    with pytest.raises(ValueError, match="not a"):
        qm.translations(b"PK\x03\x04", CONTEXT)


def test_notes_are_said_in_each_language():
    inner = next(message for message in MESSAGES.values() if message.code == "audio.no_speech")
    note = RESULT_WORDS_MISSING(reason=inner())
    assert said_in("en")(note) == str(note)
    spanish = said_in("es")(note)
    assert spanish != str(note)
    assert said_in("es")(Note(inner.code)) in spanish
    assert said_in("tlh")(note) == str(note)  # no such catalogue
