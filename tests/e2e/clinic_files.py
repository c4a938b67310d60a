"""What a clinic writes itself, with names that must not be found in a sealed home."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fi_desktop.core.values import JobOptions
from fi_desktop.exporters.deidentified.name_lists import read_clinic_text, save_clinic_text
from fi_desktop.jobs.export_rules import ExportRule, load_rules, save_rules
from fi_desktop.settings import Settings, save
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import (
    Choice,
    Profile,
    WatchedFolder,
    load_folders,
    load_profiles,
    save_folders,
    save_profiles,
)
from fi_desktop.watch.seen_files import SeenFile, SeenFiles

WRITTEN = (
    "Fulgenciano",
    "Tlalpizahua",
    "Ocaranzita",
    "Melquiadano",
    "Eulaliapan",
    "ciclofosfotol",
    "Nepomucena",
)
"""The names, each in another file or place of it."""
_ROOT = Path(Path.cwd().anchor)
_WATCHED = _ROOT / "Ocaranzita"
_CHANGES: dict[str, Any] = {
    "vocabulary": ("ciclofosfotol",),
    "export_folder": str(_ROOT / "Nepomucena"),
    "speakers": "3",
}
_STATE = b"""[main]
results\\open=1

[options]
chosen="{\\"usual\\": {}, \\"chosen\\": {\\"prompt\\": \\"Fulgenciano\\"}}"

[export]
format=txt
"""


def write_clinic_files(home: Path) -> None:
    """Write them as in a home in clear, as an earlier version did in each."""
    files = HomeFiles(home.with_name("in-clear"))
    files.home.mkdir()
    options = JobOptions(language="es", prompt="Con Fulgenciano", vocabulary=("Tlalpizahua",))
    save_profiles(files, [Profile("Con Fulgenciano", Choice(options))])
    save_folders(files, [WatchedFolder(_WATCHED, profile="Con Fulgenciano")])
    save_rules(files, {"a1": ExportRule("completed", str(_ROOT / "Melquiadano"))}, now=0.0)
    SeenFiles(files, _WATCHED).add([SeenFile(str(_WATCHED / "a.wav"), 1, 1, "content", 1.0)])
    save_clinic_text(files, "Eulaliapan = place\n")
    save(files.home, _CHANGES)
    (files.home / "window.ini").write_bytes(_STATE)
    (files.home / "profiles-unreadable.json").write_text("{Fulgenciano", encoding="utf-8")
    for path in files.home.iterdir():
        path.replace(home / path.name)
    files.home.rmdir()


def all_written(files: HomeFiles, settings: Settings) -> tuple[object, ...]:
    """Return all that can be read of them."""
    chosen = {name: getattr(settings, name) for name in _CHANGES}
    seen = SeenFiles(files, _WATCHED)
    known = seen.queued, seen.knows(str(_WATCHED / "a.wav"), 1, 1)
    return (
        load_profiles(files),
        load_folders(files),
        load_rules(files),
        read_clinic_text(files),
        known,
        chosen,
    )
