"""How the window writes exports: in its own language, at the person's time of day."""

from __future__ import annotations

from datetime import datetime

from fi_desktop.exporters.style import LABELS, Labels, Style
from fi_desktop.gui import errors
from fi_desktop.gui.language import spoken


def labels() -> Labels:
    """Return the words of exports in the window's language."""
    return LABELS[spoken()]


def style() -> Style:
    """Return how an export is written now."""
    return Style(labels(), datetime.now().astimezone().tzinfo or Style().zone, errors.said)
