"""Makes the field of each setting."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtWidgets import QWidget

from fi_desktop.engines import registry
from fi_desktop.gui.job_options.menu import COUNTS, LANGUAGES, OTHER_LANGUAGES
from fi_desktop.gui.preferences.fields import (
    ChoiceField,
    Field,
    NumberField,
    TruthField,
    WordsField,
)
from fi_desktop.gui.preferences.words import PreferenceWords
from fi_desktop.gui.words import Words
from fi_desktop.settings import ABOUT, Kind


def make_field(name: str, words: PreferenceWords, packs: Iterable[str], parent: QWidget) -> Field:
    """Return a setting's field; `packs`: the installed model packs that write words down."""
    about = ABOUT[name]
    match about.kind:
        case Kind.TRUTH:
            return TruthField((words.truth(False), words.truth(True)), parent)
        case Kind.WORDS:
            return WordsField(parent)
        case Kind.CHOICE:
            return ChoiceField([(words.choice(value), value) for value in about.choices], parent)
        case Kind.WHOLE | Kind.NUMBER | Kind.NUMBERS:
            return NumberField(about.kind, parent)
        case _:
            return ChoiceField(_choices(name, Words(parent), packs), parent)


def _choices(name: str, words: Words, packs: Iterable[str]) -> list[tuple[str, str]]:
    match name:
        case "speakers":
            return [(words.speakers_asked(count), count) for count in COUNTS]
        case "engine":
            return [(words.engine(engine), engine) for engine in registry.NAMES]
        case "transcriber":
            offered = dict.fromkeys((registry.AUTO, registry.NONE, *packs))
            return [(words.transcriber(pack), pack) for pack in offered]
        case _:
            first = [(words.language_asked(code), code or "auto") for code in LANGUAGES]
            return first + sorted((words.language(code), code) for code in OTHER_LANGUAGES)
