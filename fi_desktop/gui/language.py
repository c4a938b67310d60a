"""The language of the window, its date and number formats, and the names of spoken languages.

The source is English. `make translations` compiles the catalogues in resources/i18n: one for each other
language, and one for English plurals. Qt's catalogue translates Qt's own dialogs. A change applies to widgets
built afterwards: `AppController` rebuilds its windows.
"""

from __future__ import annotations

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

from fi_desktop.settings import CONTEXT, SPECS
from fi_desktop.system.files import resource

SYSTEM = "system"
LANGUAGES = tuple(code for code in SPECS["language"].choices if code != SYSTEM)
"""Languages of the window; the first is the fallback."""

_LOCALES = {"es": "es_MX"}  # plain "es" is Spain, with a decimal comma
_KEY_NAMES = (
    QT_TRANSLATE_NOOP("QShortcut", "Ctrl"),
    QT_TRANSLATE_NOOP("QShortcut", "Shift"),
    QT_TRANSLATE_NOOP("QShortcut", "Del"),
    QT_TRANSLATE_NOOP("QShortcut", "Return"),
    QT_TRANSLATE_NOOP("QShortcut", "Ins"),
)
"""Key names as printed on keyboards; they take precedence over Qt's catalogue, which spells them out."""

_current = LANGUAGES[0]


def current_language() -> str:
    """Return the language of the windows: one of `LANGUAGES`."""
    return _current


class WindowLanguage(QObject):
    """Installs the translations and the locale of the chosen language.

    Attributes:
        choice: "system", or one of `LANGUAGES`.
    """

    def __init__(self, application: QCoreApplication, choice: str = SYSTEM) -> None:
        super().__init__(application)
        self._application = application
        self._translators: list[QTranslator] = []
        self.choice = ""
        self.choose(choice)

    @property
    def code(self) -> str:
        """The language in use: one of `LANGUAGES`."""
        return language_of(self.choice, QLocale.system())

    def choose(self, choice: str) -> None:
        """Switch to a language; an unknown choice means the system's."""
        global _current
        self.choice = choice if choice in LANGUAGES else SYSTEM
        self.close()
        _current = self.code
        QLocale.setDefault(locale_of(self.choice, QLocale.system()))
        qt = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        self._install(f"qtbase_{self.code}", qt)
        self._install(f"fi_desktop_{self.code}", str(resource("i18n")))

    def close(self) -> None:
        """Remove the translations."""
        global _current
        _current = LANGUAGES[0]
        while self._translators:
            self._application.removeTranslator(self._translators.pop())

    def _install(self, name: str, folder: str) -> None:
        translator = QTranslator(self)
        if translator.load(name, folder):
            self._application.installTranslator(translator)
            self._translators.append(translator)


def setting_text(source: str) -> str:
    """Return a title, help, choice, unit or page of the settings in the window's language."""
    return QCoreApplication.translate(CONTEXT, source) if source else ""


def language_choices() -> list[tuple[str, str]]:
    """Return the choices of the window's language as pairs of value and label."""
    return [(value, setting_text(label)) for value, label in SPECS["language"].choices.items()]


def language_of(choice: str, system: QLocale) -> str:
    """Return which of `LANGUAGES` a choice means on a system with this locale."""
    if choice in LANGUAGES:
        return choice
    code = QLocale.languageToCode(system.language())
    return code if code in LANGUAGES else LANGUAGES[0]


def system_language() -> str:
    """Return which of `LANGUAGES` the system is in."""
    return language_of(SYSTEM, QLocale.system())


def locale_of(choice: str, system: QLocale) -> QLocale:
    """Return the locale for dates and numbers: the system's, unless another language was chosen."""
    if choice == SYSTEM or QLocale.languageToCode(system.language()) == choice:
        return system
    return QLocale(_LOCALES.get(choice, choice))


_NAMES = {
    "af": QT_TRANSLATE_NOOP("Languages", "Afrikaans"),
    "am": QT_TRANSLATE_NOOP("Languages", "Amharic"),
    "ar": QT_TRANSLATE_NOOP("Languages", "Arabic"),
    "as": QT_TRANSLATE_NOOP("Languages", "Assamese"),
    "az": QT_TRANSLATE_NOOP("Languages", "Azerbaijani"),
    "ba": QT_TRANSLATE_NOOP("Languages", "Bashkir"),
    "be": QT_TRANSLATE_NOOP("Languages", "Belarusian"),
    "bg": QT_TRANSLATE_NOOP("Languages", "Bulgarian"),
    "bn": QT_TRANSLATE_NOOP("Languages", "Bengali"),
    "bo": QT_TRANSLATE_NOOP("Languages", "Tibetan"),
    "br": QT_TRANSLATE_NOOP("Languages", "Breton"),
    "bs": QT_TRANSLATE_NOOP("Languages", "Bosnian"),
    "ca": QT_TRANSLATE_NOOP("Languages", "Catalan"),
    "cs": QT_TRANSLATE_NOOP("Languages", "Czech"),
    "cy": QT_TRANSLATE_NOOP("Languages", "Welsh"),
    "da": QT_TRANSLATE_NOOP("Languages", "Danish"),
    "de": QT_TRANSLATE_NOOP("Languages", "German"),
    "el": QT_TRANSLATE_NOOP("Languages", "Greek"),
    "en": QT_TRANSLATE_NOOP("Languages", "English"),
    "es": QT_TRANSLATE_NOOP("Languages", "Spanish"),
    "et": QT_TRANSLATE_NOOP("Languages", "Estonian"),
    "eu": QT_TRANSLATE_NOOP("Languages", "Basque"),
    "fa": QT_TRANSLATE_NOOP("Languages", "Persian"),
    "fi": QT_TRANSLATE_NOOP("Languages", "Finnish"),
    "fo": QT_TRANSLATE_NOOP("Languages", "Faroese"),
    "fr": QT_TRANSLATE_NOOP("Languages", "French"),
    "gl": QT_TRANSLATE_NOOP("Languages", "Galician"),
    "gu": QT_TRANSLATE_NOOP("Languages", "Gujarati"),
    "ha": QT_TRANSLATE_NOOP("Languages", "Hausa"),
    "haw": QT_TRANSLATE_NOOP("Languages", "Hawaiian"),
    "he": QT_TRANSLATE_NOOP("Languages", "Hebrew"),
    "hi": QT_TRANSLATE_NOOP("Languages", "Hindi"),
    "hr": QT_TRANSLATE_NOOP("Languages", "Croatian"),
    "ht": QT_TRANSLATE_NOOP("Languages", "Haitian Creole"),
    "hu": QT_TRANSLATE_NOOP("Languages", "Hungarian"),
    "hy": QT_TRANSLATE_NOOP("Languages", "Armenian"),
    "id": QT_TRANSLATE_NOOP("Languages", "Indonesian"),
    "is": QT_TRANSLATE_NOOP("Languages", "Icelandic"),
    "it": QT_TRANSLATE_NOOP("Languages", "Italian"),
    "ja": QT_TRANSLATE_NOOP("Languages", "Japanese"),
    "jw": QT_TRANSLATE_NOOP("Languages", "Javanese"),
    "ka": QT_TRANSLATE_NOOP("Languages", "Georgian"),
    "kk": QT_TRANSLATE_NOOP("Languages", "Kazakh"),
    "km": QT_TRANSLATE_NOOP("Languages", "Khmer"),
    "kn": QT_TRANSLATE_NOOP("Languages", "Kannada"),
    "ko": QT_TRANSLATE_NOOP("Languages", "Korean"),
    "la": QT_TRANSLATE_NOOP("Languages", "Latin"),
    "lb": QT_TRANSLATE_NOOP("Languages", "Luxembourgish"),
    "ln": QT_TRANSLATE_NOOP("Languages", "Lingala"),
    "lo": QT_TRANSLATE_NOOP("Languages", "Lao"),
    "lt": QT_TRANSLATE_NOOP("Languages", "Lithuanian"),
    "lv": QT_TRANSLATE_NOOP("Languages", "Latvian"),
    "mg": QT_TRANSLATE_NOOP("Languages", "Malagasy"),
    "mi": QT_TRANSLATE_NOOP("Languages", "Māori"),
    "mk": QT_TRANSLATE_NOOP("Languages", "Macedonian"),
    "ml": QT_TRANSLATE_NOOP("Languages", "Malayalam"),
    "mn": QT_TRANSLATE_NOOP("Languages", "Mongolian"),
    "mr": QT_TRANSLATE_NOOP("Languages", "Marathi"),
    "ms": QT_TRANSLATE_NOOP("Languages", "Malay"),
    "mt": QT_TRANSLATE_NOOP("Languages", "Maltese"),
    "my": QT_TRANSLATE_NOOP("Languages", "Burmese"),
    "ne": QT_TRANSLATE_NOOP("Languages", "Nepali"),
    "nl": QT_TRANSLATE_NOOP("Languages", "Dutch"),
    "nn": QT_TRANSLATE_NOOP("Languages", "Norwegian Nynorsk"),
    "no": QT_TRANSLATE_NOOP("Languages", "Norwegian"),
    "oc": QT_TRANSLATE_NOOP("Languages", "Occitan"),
    "pa": QT_TRANSLATE_NOOP("Languages", "Punjabi"),
    "pl": QT_TRANSLATE_NOOP("Languages", "Polish"),
    "ps": QT_TRANSLATE_NOOP("Languages", "Pashto"),
    "pt": QT_TRANSLATE_NOOP("Languages", "Portuguese"),
    "ro": QT_TRANSLATE_NOOP("Languages", "Romanian"),
    "ru": QT_TRANSLATE_NOOP("Languages", "Russian"),
    "sa": QT_TRANSLATE_NOOP("Languages", "Sanskrit"),
    "sd": QT_TRANSLATE_NOOP("Languages", "Sindhi"),
    "si": QT_TRANSLATE_NOOP("Languages", "Sinhala"),
    "sk": QT_TRANSLATE_NOOP("Languages", "Slovak"),
    "sl": QT_TRANSLATE_NOOP("Languages", "Slovenian"),
    "sn": QT_TRANSLATE_NOOP("Languages", "Shona"),
    "so": QT_TRANSLATE_NOOP("Languages", "Somali"),
    "sq": QT_TRANSLATE_NOOP("Languages", "Albanian"),
    "sr": QT_TRANSLATE_NOOP("Languages", "Serbian"),
    "su": QT_TRANSLATE_NOOP("Languages", "Sundanese"),
    "sv": QT_TRANSLATE_NOOP("Languages", "Swedish"),
    "sw": QT_TRANSLATE_NOOP("Languages", "Swahili"),
    "ta": QT_TRANSLATE_NOOP("Languages", "Tamil"),
    "te": QT_TRANSLATE_NOOP("Languages", "Telugu"),
    "tg": QT_TRANSLATE_NOOP("Languages", "Tajik"),
    "th": QT_TRANSLATE_NOOP("Languages", "Thai"),
    "tk": QT_TRANSLATE_NOOP("Languages", "Turkmen"),
    "tl": QT_TRANSLATE_NOOP("Languages", "Tagalog"),
    "tr": QT_TRANSLATE_NOOP("Languages", "Turkish"),
    "tt": QT_TRANSLATE_NOOP("Languages", "Tatar"),
    "uk": QT_TRANSLATE_NOOP("Languages", "Ukrainian"),
    "ur": QT_TRANSLATE_NOOP("Languages", "Urdu"),
    "uz": QT_TRANSLATE_NOOP("Languages", "Uzbek"),
    "vi": QT_TRANSLATE_NOOP("Languages", "Vietnamese"),
    "yi": QT_TRANSLATE_NOOP("Languages", "Yiddish"),
    "yo": QT_TRANSLATE_NOOP("Languages", "Yoruba"),
    "zh": QT_TRANSLATE_NOOP("Languages", "Chinese"),
}
"""Names of the languages that transcribers recognize, by code (ISO 639); Qt has them in English only."""


def language_name(code: str) -> str:
    """Return a language's name as written mid-sentence; of an unlisted one, in English or its code."""
    english = _NAMES.get(code)
    if english is not None:
        return QCoreApplication.translate("Languages", str(english))
    language = QLocale(code).language()
    return code if language is QLocale.Language.C else QLocale.languageToString(language)
