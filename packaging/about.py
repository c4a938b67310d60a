"""Names, ids and versions for the packages of every system.

The files in `packaging/linux`, `packaging/windows` and `packaging/macos` are templates that `render` fills
in. The version comes from `fi_desktop/__init__.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from string import Template

ROOT = Path(__file__).resolve().parent.parent

NAME = "fi-desktop"
PROGRAM = "fi-desktop"
WINDOW_PROGRAM = "fi-desktop-window"
"""The same program without a console, on systems that distinguish the two."""
# Qt uses this name to associate windows with the menu entry.
DESKTOP_ENTRY = "fi-desktop"
APP_ID = "io.github.fi_desktop.fi_desktop"
"""Reverse DNS: AppStream's component and macOS's bundle. Never change it after the first release."""
WINDOWS_ID = "8D2C1B5E-6B1E-4C55-9B0A-5F0C3A7E21D4"
"""Identifies an installation to Inno Setup, for upgrades. Never change it after the first release."""
PUBLISHER = "The fi-desktop authors"
# A placeholder: set the publisher's address before a release.
CONTACT = "packages@fi-desktop.example.org"
# A placeholder too. The program asks here for updates if the person enables that:
# fi_desktop/system/updates.py.
UPDATES = "https://packages.fi-desktop.example.org/version.json"
SUMMARY = "Who spoke when in a recording"
DESCRIPTION = (
    "Drop recordings of consultations on the window: fi-desktop identifies the speakers and shows who spoke "
    "when. No account, no network, no setup: recordings never leave the computer. Jobs wait in a durable "
    "queue and survive bad files, crashes and power cuts."
)
LICENSE = "MIT"
COPYRIGHT = "Copyright (c) 2026 The fi-desktop authors"
RELEASED = "2026-11-23"
"""Release date of this version, for AppStream and the package's changelog."""

ANY_PACKAGE = f"{NAME}-program"
"""Virtual Debian package that each package provides and conflicts with: only one can be installed."""

FLAVOURS = ("light", "full")
FLAVOUR_SUMMARIES = {
    "light": "built-in engine",
    "full": "with pyannote.audio",
}

MIME_TYPES = {
    "audio/aac": (".aac",),
    "audio/ac3": (".ac3",),
    "audio/AMR": (".amr",),
    "audio/basic": (".au", ".snd"),
    "audio/flac": (".flac",),
    "audio/mp2": (".mp2",),
    "audio/mp4": (".m4a",),
    "audio/mpeg": (".mp3", ".mpa"),
    "audio/ogg": (".oga", ".ogg"),
    "audio/vnd.rn-realaudio": (".ra",),
    "audio/vnd.wave": (".wav", ".wave"),
    "audio/webm": (".weba",),
    "audio/x-aifc": (".aifc",),
    "audio/x-aiff": (".aif", ".aiff"),
    "audio/x-ape": (".ape",),
    "audio/x-caf": (".caf",),
    "audio/x-m4b": (".m4b",),
    "audio/x-matroska": (".mka",),
    "audio/x-ms-wma": (".wma",),
    "audio/x-musepack": (".mpc",),
    "audio/x-opus+ogg": (".opus",),
    "audio/x-speex": (".spx",),
    "audio/x-speex+ogg": (".spx",),
    "audio/x-tta": (".tta",),
    "audio/x-voc": (".voc",),
    "audio/x-vorbis+ogg": (".ogg",),
    "audio/x-wav": (".wav",),
    "audio/x-wavpack": (".wv",),
    "audio/3gpp": (".3ga", ".3gp"),
    "video/3gpp": (".3gp",),
    "video/mp4": (".mp4", ".m4v"),
    "video/mpeg": (".mpeg", ".mpg"),
    "video/quicktime": (".mov",),
    "video/webm": (".webm",),
    "video/x-matroska": (".mkv",),
    "video/x-ms-wmv": (".wmv",),
    "video/x-msvideo": (".avi",),
}
"""File types that the program offers to open, with their extensions."""


def version() -> str:
    """Return the program's version."""
    text = (ROOT / "fi_desktop" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if found is None:
        raise ValueError("fi_desktop/__init__.py names no version")
    return found[1]


def four_numbers() -> tuple[int, int, int, int]:
    """Return the version in Windows' form; a suffix such as "rc1" is dropped."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version())
    if found is None:
        raise ValueError(f"{version()} is not of the form 1.2.3")
    return int(found[1]), int(found[2]), int(found[3]), 0


def package(flavour: str, models: Iterable[str] = ()) -> str:
    """Return the name of a flavour's package; `models` are short names of the models it includes."""
    return "-".join([NAME, *([] if flavour == "full" else [flavour]), *models])


def flavour_summary(flavour: str, models: Iterable[str] = ()) -> str:
    """Return what is in a package."""
    return ", ".join([FLAVOUR_SUMMARIES[flavour], *(f"Whisper {model}" for model in models)])


def extensions() -> tuple[str, ...]:
    """Return the extensions of all files that the program offers to open."""
    return tuple(sorted({ending for endings in MIME_TYPES.values() for ending in endings}))


def render(template: Path, **more: str) -> str:
    """Return a template's text with each `@name@` replaced.

    Raises:
        KeyError: an unknown name.
    """
    return _At(template.read_text(encoding="utf-8")).substitute(_values() | more)


class _At(Template):
    # shell, Inno Setup and man pages use $ and {}, but not @word@
    delimiter = "@"
    pattern = r"@(?:(?P<named>[a-z_]+)@|(?P<escaped>@@)|(?P<braced>(?!))|(?P<invalid>(?!)))"


def _values() -> dict[str, str]:
    return {
        "name": NAME,
        "program": PROGRAM,
        "window_program": WINDOW_PROGRAM,
        "desktop_entry": DESKTOP_ENTRY,
        "app_id": APP_ID,
        "windows_id": WINDOWS_ID,
        "publisher": PUBLISHER,
        "contact": CONTACT,
        "summary": SUMMARY,
        "description": DESCRIPTION,
        "license": LICENSE,
        "copyright": COPYRIGHT,
        "released": RELEASED,
        "version": version(),
        "four_numbers": ".".join(map(str, four_numbers())),
    }
