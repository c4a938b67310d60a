"""The app icon in the formats of each system, drawn from `resources/icons/fi-desktop.svg`."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import about

SVG = about.ROOT / "resources" / "icons" / "fi-desktop.svg"
PNG_SIZES = (16, 32, 48, 64, 128, 256, 512)

_ICO_SIZES = (16, 32, 48, 64, 128, 256)
# Apple's type codes for PNG images by size in pixels
_ICNS = {16: b"icp4", 32: b"icp5", 64: b"icp6", 128: b"ic07", 256: b"ic08", 512: b"ic09"}


def make(folder: Path) -> None:
    """Write <size>.png for each size, fi-desktop.ico and fi-desktop.icns."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {size: _png(size) for size in PNG_SIZES}
    for size, data in drawn.items():
        (folder / f"{size}.png").write_bytes(data)
    (folder / "fi-desktop.ico").write_bytes(_ico({size: drawn[size] for size in _ICO_SIZES}))
    (folder / "fi-desktop.icns").write_bytes(_icns({size: drawn[size] for size in _ICNS}))


def _png(size: int) -> bytes:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QBuffer, QIODevice, QSize
    from PySide6.QtGui import QGuiApplication, QImageReader

    application = QGuiApplication.instance() or QGuiApplication([])
    reader = QImageReader(str(SVG))
    reader.setScaledSize(QSize(size, size))
    image = reader.read()
    if image.isNull():
        raise ValueError(f"{SVG} cannot be drawn: {reader.errorString()}")
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    data = bytes(buffer.data().data())
    del application
    return data


def _ico(pictures: dict[int, bytes]) -> bytes:
    head = struct.pack("<HHH", 0, 1, len(pictures))
    offset = len(head) + 16 * len(pictures)
    entries, bodies = b"", b""
    for size, data in pictures.items():
        side = size % 256  # 256 is written as 0
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(data), offset + len(bodies))
        bodies += data
    return head + entries + bodies


def _icns(pictures: dict[int, bytes]) -> bytes:
    body = b"".join(_ICNS[size] + struct.pack(">I", len(data) + 8) + data for size, data in pictures.items())
    return b"icns" + struct.pack(">I", len(body) + 8) + body
