"""Which language the window speaks, and how it writes dates and numbers.

The words are English in the source. `make translations` makes the catalogues in `resources/i18n`: one for
every other language, and one for the plural forms of English. Qt's own buttons and dialogs come with a
catalogue of Qt's. A change counts for what is built afterwards: `Desktop` builds its windows anew.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from fi_desktop.system.files import resource

SYSTEM = "system"
_WRITTEN_AS = {"es": "es_MX"}  # without a country it would be Spain's: a comma in numbers
_ON_THE_KEYS = (
    QT_TRANSLATE_NOOP("QShortcut", "Ctrl"),
    QT_TRANSLATE_NOOP("QShortcut", "Shift"),
    QT_TRANSLATE_NOOP("QShortcut", "Del"),
    QT_TRANSLATE_NOOP("QShortcut", "Return"),
    QT_TRANSLATE_NOOP("QShortcut", "Ins"),
)
"""Keys, in the letters that are printed on them; Qt's catalogue spells them out. Ours is asked first."""
TONGUES = ("en", "es")
"""What the window speaks; the first stands in where the system speaks something else."""


_spoken = TONGUES[0]


def spoken() -> str:
    """Return the language that the windows speak now: one of `TONGUES`."""
    return _spoken


class Language(QObject):
    """The language in force.

    Attributes:
        choice: "system", or one of `TONGUES`.
    """

    def __init__(self, application: QCoreApplication, choice: str = SYSTEM) -> None:
        """Speak as chosen from now on."""
        super().__init__(application)
        self._application = application
        self._translators: list[QTranslator] = []
        self.choice = ""
        self.choose(choice)

    @property
    def tongue(self) -> str:
        """The language that is spoken: one of `TONGUES`."""
        return tongue_of(self.choice, QLocale.system())

    def choose(self, choice: str) -> None:
        """Speak another language; an unknown choice is as the system."""
        global _spoken
        self.choice = choice if choice in TONGUES else SYSTEM
        self.close()
        _spoken = self.tongue
        QLocale.setDefault(locale_of(self.choice, QLocale.system()))
        qt = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        self._install(f"qtbase_{self.tongue}", qt)
        self._install(f"fi_desktop_{self.tongue}", str(resource("i18n")))

    def close(self) -> None:
        """Speak as the source does."""
        global _spoken
        _spoken = TONGUES[0]
        while self._translators:
            self._application.removeTranslator(self._translators.pop())

    def _install(self, name: str, folder: str) -> None:
        translator = QTranslator(self)
        if translator.load(name, folder):
            self._application.installTranslator(translator)
            self._translators.append(translator)


def tongue_of(choice: str, system: QLocale) -> str:
    """Return which of `TONGUES` is spoken on a system of this locale."""
    if choice in TONGUES:
        return choice
    spoken = QLocale.languageToCode(system.language())
    return spoken if spoken in TONGUES else TONGUES[0]


def locale_of(choice: str, system: QLocale) -> QLocale:
    """Return how dates and numbers are written: as the system does, unless another language was chosen."""
    if choice == SYSTEM or QLocale.languageToCode(system.language()) == choice:
        return system
    return QLocale(_WRITTEN_AS.get(choice, choice))
