"""Takes screenshots of every view: light and dark, English and Spanish, at 1x, 2x and on a laptop.

xvfb-run -s "-screen 0 2800x1800x24" python -m tests.gui.shots [names of views]

They are written to `build/shots/LANGUAGE-THEME-SCREEN/VIEW.png`, SCREEN one of 1x, 2x and laptop (1366×768 at
125 %, Noto Sans); those in the README also to `docs/images`, and the steps from a drop to a signature as one
picture.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QImage, QPainter, QPalette

from fi_desktop.gui.application import GarbageCollector, make_application
from tests.gui.environments import ENVIRONMENTS, FILES
from tests.gui.views import VIEWS, Gallery

LANGUAGES = ("en", "es")
SCREENS = {
    "1x": {"QT_SCALE_FACTOR": "1"},
    "2x": {"QT_SCALE_FACTOR": "2"},
    "laptop": ENVIRONMENTS["laptop"].variables,
}
"""The environment variables of each screen, which Qt reads once per process."""
OUT, IMAGES = Path("build/shots"), Path("docs/images")
IN_README = {"queue": "en-light-2x", "reading": "en-light-2x"}
STEPS = ("drop", "queue", "hearing", "correcting", "checking", "signed")
"""From a recording to a signed result, in the README's order."""

_STEP_SHOTS, _STEP_COLUMNS, _STEP_WIDTH, _STEP_GAP = "en-light-2x", 2, 1000, 24  # pixels
_SCREEN = "FI_DESKTOP_SHOTS_SCREEN"  # environment variable with the name of the process's screen
_FONT = "Inter"  # the system's font if it is not installed


def light_palette() -> QPalette:
    """Return a light desktop's colours."""
    palette = QPalette(QColor("#efefef"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#308cc6"))
    palette.setColor(QPalette.ColorRole.Base, QColor("#ffffff"))
    palette.setColor(QPalette.ColorRole.Text, QColor("#000000"))
    return palette


def dark_palette() -> QPalette:
    """Return a dark desktop's colours; a bare X server has none."""
    palette = QPalette(QColor("#2a2f36"), QColor("#1e2227"))
    grounds = {"Window": "#1e2227", "Base": "#16191d", "AlternateBase": "#1b1f24", "ToolTipBase": "#2a2f36"}
    for name, colour in grounds.items():
        palette.setColor(QPalette.ColorRole[name], QColor(colour))
    for name in ("WindowText", "Text", "ButtonText", "ToolTipText"):
        palette.setColor(QPalette.ColorRole[name], QColor("#e7ebef"))
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#3d8fd6"))
    return palette


THEMES = {"light": light_palette, "dark": dark_palette}


def take(screen: str, names: list[str]) -> None:
    """Take the screenshots on one screen."""
    application = make_application()
    collector = GarbageCollector(application)
    for file in FILES.glob("*.ttf"):
        QFontDatabase.addApplicationFont(str(file))
    application.setFont(QFont("Noto Sans", 9) if screen == "laptop" else QFont(_FONT, 10))
    for theme, palette in THEMES.items():
        application.setPalette(palette())
        for language in LANGUAGES:
            folder = OUT / f"{language}-{theme}-{screen}"
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as home:
                gallery = Gallery(Path(home), language=language)
                for name in names:
                    with gallery.show(name) as view:
                        view.grab().save(str(folder / f"{name}.png"))
                gallery.close()
    collector.close()


def publish(names: list[str]) -> None:
    """Copy the README's screenshots."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    for name in names:
        if folder := IN_README.get(name):
            shutil.copyfile(OUT / folder / f"{name}.png", IMAGES / f"{name}.png")


def publish_steps() -> None:
    """Put the steps from a drop to a signature into one picture."""
    shots = [QImage(str(OUT / _STEP_SHOTS / f"{name}.png")) for name in STEPS]
    smooth = Qt.TransformationMode.SmoothTransformation
    shots = [shot.scaledToWidth(_STEP_WIDTH, smooth) for shot in shots]
    rows = [shots[at : at + _STEP_COLUMNS] for at in range(0, len(shots), _STEP_COLUMNS)]
    heights = [max(shot.height() for shot in row) for row in rows]
    steps = QImage(
        _STEP_COLUMNS * (_STEP_WIDTH + _STEP_GAP) - _STEP_GAP,
        sum(heights) + _STEP_GAP * (len(rows) - 1),
        QImage.Format.Format_ARGB32,
    )
    steps.fill(Qt.GlobalColor.transparent)
    painter = QPainter(steps)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for column, shot in enumerate(row):
            painter.drawImage(column * (_STEP_WIDTH + _STEP_GAP), top, shot)
        top += height + _STEP_GAP
    painter.end()
    steps.save(str(IMAGES / "steps.png"))


def main() -> None:
    names = sys.argv[1:] or list(VIEWS)
    if screen := os.environ.get(_SCREEN):
        take(screen, names)
        return
    for screen, variables in SCREENS.items():
        environment = {**os.environ, **variables, _SCREEN: screen}
        subprocess.run([sys.executable, "-m", "tests.gui.shots", *names], env=environment, check=True)
    publish(names)
    if set(STEPS) <= set(names):
        publish_steps()


if __name__ == "__main__":
    main()
