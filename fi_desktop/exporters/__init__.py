"""Exporters: a transcript as a file for people and other programs.

An export is a pure function of a transcript and `ExportOptions`: the same from the window and the command
line. To add a format, write one file here that defines `EXPORTER`, and add its name to `_BUILT_IN`. A plugin
declares its `Exporter` as an entry point of the group "fi_desktop.exporters" instead.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib import import_module

from fi_desktop.exporters.exporter import Exporter
from fi_desktop.system import log
from fi_desktop.system.plugins import entry_points

_BUILT_IN = ("rttm", "json_", "txt", "srt", "vtt")


class _Exporters(Mapping[str, Exporter]):
    """All exporters by name; loaded when first used, since most commands need none."""

    @cached_property
    def _loaded(self) -> dict[str, Exporter]:
        built_in = [import_module(f"{__name__}.{module}").EXPORTER for module in _BUILT_IN]
        known = {exporter.name: exporter for exporter in built_in}
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
