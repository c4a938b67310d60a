"""Whether the program is light or dark: as the system is, or as a person wants it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from fi_desktop.gui import theme

_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
_COLOURS = {
    "light": ("#f3f4f6", "#ffffff", "#f6f7f9", "#1b2127", "#2f7fd0"),
    "dark": ("#1e2227", "#16191d", "#1b1f24", "#e7ebef", "#3d8fd6"),
}
"""Ground, base, every other row, text and accent, for desktops that have no other palette to give."""


def wear(wanted: str) -> None:
    """Make the program "light", "dark", or as the "system" is."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("there is no Qt application yet")
    application.setPalette(QPalette())
    application.styleHints().setColorScheme(_SCHEMES.get(wanted, Qt.ColorScheme.Unknown))
    # a desktop without a theme of Qt's knowing does not follow the hint
    if wanted in _SCHEMES and theme.is_dark(application.palette()) != (wanted == "dark"):
        application.setPalette(_palette(*_COLOURS[wanted]))


def _palette(ground: str, base: str, other: str, text: str, accent: str) -> QPalette:
    palette = QPalette(theme.mix(QColor(ground), QColor(text), 0.04), QColor(ground))
    grounds = {"Window": ground, "Base": base, "AlternateBase": other, "ToolTipBase": ground}
    for name, colour in grounds.items():
        palette.setColor(QPalette.ColorRole[name], QColor(colour))
    for name in ("WindowText", "Text", "ButtonText", "ToolTipText"):
        palette.setColor(QPalette.ColorRole[name], QColor(text))
    pale = theme.mix(QColor(text), QColor(ground), 0.6)
    for name in ("WindowText", "Text", "ButtonText"):
        palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole[name], pale)
    palette.setColor(QPalette.ColorRole.Highlight, QColor(accent))
    return palette
