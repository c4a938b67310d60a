"""Colours and fonts, all from the system's palette, and the little style that is laid over Fusion.

Hues that mean something (a state, a speaker) come in two tones, for light and for dark windows, each with a
contrast of at least 4.5:1 as text (states) or 3:1 as a shape (speakers) on the palette's base.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from math import ceil
from string import Template

from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPalette

from fi_desktop.core.job import JobState
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
GRADE_TONES = {"clear": "good", "fair": "info", "doubtful": "warn"}

_PALETTES_KEPT = 64

# After Okabe and Ito (2008): told apart with every common colour blindness; darkened for light windows.
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


def _kept(mix_colour: Callable[[QPalette], QColor]) -> Callable[[QPalette], QColor]:
    """Mix a colour once a palette: cells are painted by the thousand."""
    known: dict[tuple[int, QPalette.ColorGroup], QColor] = {}

    @wraps(mix_colour)
    def look_up(palette: QPalette) -> QColor:
        key = (palette.cacheKey(), palette.currentColorGroup())
        if key not in known:
            if len(known) > _PALETTES_KEPT:
                known.clear()
            known[key] = mix_colour(palette)
        return known[key]

    return look_up


def is_dark(palette: QPalette) -> bool:
    """Whether the window is light on dark."""
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def tone(name: str, palette: QPalette) -> QColor:
    """Return a meaning's colour, legible as text on the palette's base."""
    return QColor(_TONES[name][is_dark(palette)])


def speaker_colour(number: int, palette: QPalette) -> QColor:
    """Return the colour of the speaker with this number, from 0; the ninth shares the first's."""
    return QColor(_SPEAKERS[number % len(_SPEAKERS)][is_dark(palette)])


def mix(one: QColor, other: QColor, share: float) -> QColor:
    """Return `one` with this share of `other`, 0 to 1."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )


@_kept
def quiet(palette: QPalette) -> QColor:
    """Return the colour of secondary text: still 4.5:1 on the base."""
    return mix(palette.color(QPalette.ColorRole.Text), palette.color(QPalette.ColorRole.Base), 0.32)


@_kept
def hairline(palette: QPalette) -> QColor:
    """Return the colour of separating lines."""
    return mix(palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Text), 0.12)


@_kept
def selected(palette: QPalette) -> QColor:
    """Return the ground of a selected row: soft, so that what is written in colour stays legible."""
    return mix(palette.color(QPalette.ColorRole.Base), palette.color(QPalette.ColorRole.Highlight), 0.15)


def tabular(font: QFont) -> QFont:
    """Return the font with figures of one width, so that a number that changes does not move."""
    figures = QFont(font)
    figures.setFeature(QFont.Tag("tnum"), 1)
    return figures


def scaled(font: QFont, factor: float, weight: QFont.Weight | None = None) -> QFont:
    """Return the font in another size."""
    other = QFont(font)
    other.setPointSizeF(font.pointSizeF() * factor)
    if weight is not None:
        other.setWeight(weight)
    return other


def text_width(font: QFont, text: str) -> int:
    """Return the whole pixels in which a text is not shortened.

    `QFontMetrics` rounds its advance to the nearest pixel, and `elidedText` compares with the exact one.
    """
    return ceil(QFontMetricsF(font).horizontalAdvance(text))


def digits_width(font: QFont, text: str) -> int:
    """Return the pixels that a number such as "0:00:00" takes."""
    return text_width(tabular(font), text)


def style_sheet(palette: QPalette) -> str:
    """Return the application's style sheet for this palette."""
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
