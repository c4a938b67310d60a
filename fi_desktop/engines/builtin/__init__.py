"""The built-in diarizer: no account and no download; its models come with the program."""

from fi_desktop.engines.builtin.diarizer import BuiltinDiarizer

__all__ = ["BuiltinDiarizer"]
