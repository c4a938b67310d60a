"""The icons: small SVG drawings in `resources/icons`, painted in a colour of the palette.

A drawing uses `currentColor`; it is coloured and rasterised here, once a size and colour. QtSvg itself is not
imported: Qt's own image plugin reads the drawings.
"""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize
from PySide6.QtGui import QColor, QIcon, QImageReader, QPalette, QPixmap

from fi_desktop.gui import theme
from fi_desktop.system.files import resource

_SIZES = (16, 20, 24)


def app_icon() -> QIcon:
    """Return the application's icon."""
    return QIcon(str(resource("icons/fi-desktop.svg")))


def icon(name: str, palette: QPalette) -> QIcon:
    """Return an action's icon in the text's colour, paler where the action is disabled."""
    text = palette.color(QPalette.ColorRole.WindowText)
    return _icon(name, text, theme.mix(text, palette.color(QPalette.ColorRole.Window), 0.62))


def icon_in(name: str, colour: QColor) -> QIcon:
    """Return an icon in one colour."""
    return _icon(name, colour, colour)


def pixmap(name: str, size: int, colour: QColor, ratio: float) -> QPixmap:
    """Return a drawing in a colour; `size` in device-independent pixels, `ratio` device pixels for each."""
    return _pixmap(name, size, colour.name(QColor.NameFormat.HexArgb), ratio)


def _icon(name: str, normal: QColor, disabled: QColor) -> QIcon:
    made = QIcon()
    for size in _SIZES:
        for ratio in (1.0, 2.0):
            made.addPixmap(pixmap(name, size, normal, ratio), QIcon.Mode.Normal)
            made.addPixmap(pixmap(name, size, disabled, ratio), QIcon.Mode.Disabled)
    return made


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
