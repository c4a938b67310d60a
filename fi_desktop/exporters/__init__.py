"""Exporters: a transcript as a file for people and other programs.

An export is a pure function of a transcript and `ExportOptions`: the same from the window and the command
line. To add a format, write one file here that defines an `Exporter`, and add both names to `_BUILT_IN`. A
plugin declares its `Exporter` as an entry point of the group "fi_desktop.exporters" instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

from fi_desktop.exporters.exporter import Exporter
from fi_desktop.system import log
from fi_desktop.system.plugins import entry_points

# in the order of menus: those that most people need first
_BUILT_IN = (
    ("docx_", "EXPORTER"),
    ("pdf", "EXPORTER"),
    ("txt", "EXPORTER"),
    ("docx_", "NUMBERED"),
    ("pdf", "WITH_FIGURES"),
    ("html_", "EXPORTER"),
    ("html_", "WITH_FIGURES"),
    ("markdown", "EXPORTER"),
    ("csv_", "EXPORTER"),
    ("srt", "EXPORTER"),
    ("vtt", "EXPORTER"),
    ("json_", "EXPORTER"),
    ("rttm", "EXPORTER"),
    ("audacity", "EXPORTER"),
    ("textgrid", "EXPORTER"),
    ("elan", "EXPORTER"),
)


class _Exporters(Mapping[str, Exporter]):
    """All exporters by name; loaded when first used, since most commands need none."""

    @cached_property
    def _loaded(self) -> dict[str, Exporter]:
        built_in = [getattr(import_module(f"{__name__}.{module}"), name) for module, name in _BUILT_IN]
        known: dict[str, Exporter] = {exporter.name: exporter for exporter in built_in}
        return known | {plugin.name: plugin for plugin in _plugins() if plugin.name not in known}

    def __getitem__(self, name: str) -> Exporter:
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)


def _plugins() -> Iterator[Exporter]:
    for point in entry_points("fi_desktop.exporters"):
        try:
            exporter = point.load()
        except Exception as error:  # noqa: BLE001 - a broken plugin must not cost the other formats
            log.event("EXPORTER_FAILED", exporter=point.name, error=type(error).__name__)
            continue
        if isinstance(exporter, Exporter):
            yield exporter


EXPORTERS: Mapping[str, Exporter] = _Exporters()
