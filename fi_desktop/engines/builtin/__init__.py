"""The built-in diarizer: no account and no download; its model of 1 MB comes with the program."""

from fi_desktop.engines.builtin.diarizer import BuiltinDiarizer

__all__ = ["BuiltinDiarizer"]
