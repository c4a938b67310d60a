"""The built-in diarization engine: no account, no download, a 1 MB model that is part of the program."""

from fi_desktop.engines.builtin.diarizer import BuiltinDiarizer

__all__ = ["BuiltinDiarizer"]
