"""Errors, notes and notices in the person's language."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.messages import CONTEXT, MESSAGES, Message, Note, Phrasing, Value


class _Translated(Phrasing):
    """Speaks the language of the window."""

    def template(self, message: Message) -> str:
        return translated(message.text)

    def number(self, value: float, decimals: int) -> str:
        return QLocale().toString(float(value), "f", decimals)


_phrasing = _Translated()


def translated(text: str) -> str:
    """Return a text from below the window, such as a title, in the person's language."""
    return QCoreApplication.translate(CONTEXT, text)


def sentence(said: ErrorInfo | Value | None) -> str:
    """Return what an error or a note says; "" for None."""
    match said:
        case None:
            return ""
        case ErrorInfo():
            message = MESSAGES.get(said.code)
            known = message is not None and _phrasing.fits(message, said.values)
            return _phrasing.say(said.note) if known else said.message
        case Note():
            return _phrasing.say(said)
    return str(said)
