"""Colours, fonts, icons and the style sheet, all derived from the system's palette.

Colours with a meaning (states, speakers) have a tone for light and one for dark windows. Their contrast on
the palette's base is at least 4.5:1 as text (states) or 3:1 as a shape (speakers).

Icons are SVG drawings in resources/icons that use `currentColor`. They are coloured and rasterised here, once
per size and colour, by Qt's image plugin; QtSvg is not imported.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from math import ceil
from string import Template

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QIcon, QImageReader, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from fi_desktop.core.job import JobState
from fi_desktop.core.values import ReviewState
from fi_desktop.gui import theme
from fi_desktop.system.files import resource

_TONES = {
    "neutral": ("#4c5866", "#a3b0bd"),
    "info": ("#175aa8", "#79b4f2"),
    "good": ("#18683a", "#6ecb93"),
    "warn": ("#8a5300", "#eeb64e"),
    "bad": ("#b3261e", "#f79a90"),
}
STATE_TONES = {
    JobState.QUEUED: "neutral",
    JobState.RUNNING: "info",
    JobState.RETRYING: "warn",
    JobState.COMPLETED: "good",
    JobState.FAILED: "bad",
    JobState.CANCELLED: "neutral",
}
REVIEW_TONES = {ReviewState.DRAFT: "warn", ReviewState.REVIEWED: "info", ReviewState.SIGNED: "good"}
GRADE_TONES = {"clear": "good", "fair": "info", "doubtful": "warn"}

_CACHED_PALETTES = 64

# Okabe and Ito (2008): distinguishable with all common kinds of colour blindness; darkened for light windows.
_SPEAKERS = (
    ("#0072b2", "#56b4e9"),
    ("#c05a00", "#f0a04b"),
    ("#00805e", "#3fcf9f"),
    ("#a8447f", "#e39bc5"),
    ("#7a6a00", "#e6d64c"),
    ("#5b4fb5", "#a9a1f0"),
    ("#3b7d8c", "#7fd0de"),
    ("#8c4a3b", "#e0a596"),
)


def _cached(mix_colour: Callable[[QPalette], QColor]) -> Callable[[QPalette], QColor]:
    """Mix a colour once per palette: painting asks for it thousands of times."""
    known: dict[tuple[int, QPalette.ColorGroup], QColor] = {}

    @wraps(mix_colour)
    def look_up(palette: QPalette) -> QColor:
        key = (palette.cacheKey(), palette.currentColorGroup())
        if key not in known:
            if len(known) > _CACHED_PALETTES:
                known.clear()
            known[key] = mix_colour(palette)
        return known[key]

    return look_up


def is_dark(palette: QPalette) -> bool:
    """Whether text is light on a dark background."""
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def tone(name: str, palette: QPalette) -> QColor:
    """Return the colour for "neutral", "info", "good", "warn" or "bad" text."""
    return QColor(_TONES[name][is_dark(palette)])


def speaker_colour(number: int, palette: QPalette) -> QColor:
    """Return a speaker's colour; `number` starts at 0, and colours repeat after eight."""
    return QColor(_SPEAKERS[number % len(_SPEAKERS)][is_dark(palette)])


def mix(one: QColor, other: QColor, share: float) -> QColor:
    """Return a mix of two colours. `share`: of `other`, 0 to 1."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )


@_cached
def quiet(palette: QPalette) -> QColor:
    """Return the colour of secondary text, with a contrast of 4.5:1 on the base."""
    return mix(palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base), 0.32)


@_cached
def hairline(palette: QPalette) -> QColor:
    """Return the colour of separators."""
    return mix(palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text), 0.12)


@_cached
def selected(palette: QPalette) -> QColor:
    """Return the background of a selected row, pale enough for coloured text."""
    return mix(palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Highlight), 0.15)


def tabular(font: QFont) -> QFont:
    """Return the font with digits of equal width, so that changing numbers do not move."""
    figures = QFont(font)
    figures.setFeature(QFont.Tag("tnum"), 1)
    return figures


def scaled(font: QFont, factor: float, weight: QFont.Weight | None = None) -> QFont:
    """Return the font in another size and weight."""
    other = QFont(font)
    other.setPointSizeF(font.pointSizeF() * factor)
    if weight is not None:
        other.setWeight(weight)
    return other


def text_width(font: QFont, text: str) -> int:
    """Return the width in whole pixels that shows a text unelided.

    `QFontMetrics` rounds to the nearest pixel, but `elidedText` compares with the exact width.
    """
    return ceil(QFontMetricsF(font).horizontalAdvance(text))


def digits_width(font: QFont, text: str) -> int:
    """Return the width in pixels of a number such as "0:00:00"."""
    return text_width(tabular(font), text)


def style_sheet(palette: QPalette) -> str:
    """Return the application's style sheet for a palette."""
    window, text = palette.color(QPalette.ColorRole.Window), palette.color(QPalette.ColorRole.WindowText)
    accent = palette.color(QPalette.ColorRole.Highlight)
    base = palette.color(QPalette.ColorRole.Base)
    return Template(resource("style/window.qss").read_text(encoding="utf-8")).substitute(
        line=mix(window, text, 0.16).name(),
        hover=mix(window, text, 0.07).name(),
        pressed=mix(window, text, 0.13).name(),
        field=mix(base, text, 0.02).name(),
        quiet=mix(text, window, 0.32).name(),
        faint=mix(text, window, 0.55).name(),
        header=mix(base, text, 0.035).name(),
        accent=tone("info", palette).name(),
        accent_hover=mix(tone("info", palette), text, 0.15).name(),
        on_accent=("#ffffff" if not is_dark(palette) else "#10151b"),
        focus=accent.name(),
        base=base.name(),
        text=text.name(),
        thumb=mix(base, text, 0.26).name(),
        thumb_hover=mix(base, text, 0.42).name(),
        chevron=resource("icons/chevron.svg").as_posix(),
        check=resource("icons/check.svg").as_posix(),
    )


_SIZES = (16, 20, 24)


def app_icon() -> QIcon:
    """Return the application's icon."""
    return QIcon(str(resource("icons/fi-desktop.svg")))


def icon(name: str, palette: QPalette) -> QIcon:
    """Return an icon in the colour of text, paler when disabled."""
    text = palette.color(QPalette.ColorRole.WindowText)
    return _icon(name, text, theme.mix(text, palette.color(QPalette.ColorRole.Window), 0.62))


def tinted_icon(name: str, colour: QColor) -> QIcon:
    """Return an icon in a colour."""
    return _icon(name, colour, colour)


def pixmap(name: str, size: int, colour: QColor, ratio: float) -> QPixmap:
    """Return an icon as a pixmap. `size`: logical pixels; `ratio`: device pixels per logical pixel."""
    return _pixmap(name, size, colour.name(QColor.NameFormat.HexArgb), ratio)


def _icon(name: str, normal: QColor, disabled: QColor) -> QIcon:
    icon = QIcon()
    for size in _SIZES:
        for ratio in (1.0, 2.0):
            icon.addPixmap(pixmap(name, size, normal, ratio), QIcon.Mode.Normal)
            icon.addPixmap(pixmap(name, size, disabled, ratio), QIcon.Mode.Disabled)
    return icon


@lru_cache(maxsize=512)
def _pixmap(name: str, size: int, colour: str, ratio: float) -> QPixmap:
    solid = QColor(colour)
    drawing = _drawing(name).replace("currentColor", solid.name())
    buffer = QBuffer()
    buffer.setData(QByteArray(drawing.encode()))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(b"svg"))
    pixels = round(size * ratio)
    reader.setScaledSize(QSize(pixels, pixels))
    image = QPixmap.fromImage(reader.read())
    image.setDevicePixelRatio(ratio)
    return image


@lru_cache(maxsize=64)
def _drawing(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")


_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
_COLOURS = {
    "light": ("#f3f4f6", "#ffffff", "#f6f7f9", "#1b2127", "#2f7fd0"),
    "dark": ("#1e2227", "#16191d", "#1b1f24", "#e7ebef", "#3d8fd6"),
}
"""Background, base, alternate rows, text and accent, for desktops without a matching palette."""


def apply_scheme(scheme: str) -> None:
    """Switch to the "light", "dark" or "system" colour scheme."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("there is no Qt application yet")
    application.setPalette(QPalette())
    application.styleHints().setColorScheme(_SCHEMES.get(scheme, Qt.ColorScheme.Unknown))
    # a desktop without a platform theme ignores the hint
    if scheme in _SCHEMES and theme.is_dark(application.palette()) != (scheme == "dark"):
        application.setPalette(_palette(*_COLOURS[scheme]))


def _palette(background: str, base: str, other: str, text: str, accent: str) -> QPalette:
    palette = QPalette(theme.mix(QColor(background), QColor(text), 0.04), QColor(background))
    backgrounds = {"Window": background, "Base": base, "AlternateBase": other, "ToolTipBase": background}
    for name, colour in backgrounds.items():
        palette.setColor(QPalette.ColorRole[name], QColor(colour))
    for name in ("WindowText", "Text", "ButtonText", "ToolTipText"):
        palette.setColor(QPalette.ColorRole[name], QColor(text))
    pale = theme.mix(QColor(text), QColor(background), 0.6)
    for name in ("WindowText", "Text", "ButtonText"):
        palette.setColor(QPalette.ColorGroup.Disabled, QPalette.ColorRole[name], pale)
    palette.setColor(QPalette.ColorRole.Highlight, QColor(accent))
    return palette
