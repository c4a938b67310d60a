"""The one way of every command to stdout and stderr.

A name or a word is never markup and never a command to the terminal; what the stream's encoding lacks is
written as an escape; and a reader that has seen enough (`| head -1`) stops no work.
"""

from __future__ import annotations

import codecs
import io
import json
import os
import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from fi_desktop.core.text import harmless, one_line

_ESCAPE = "fi-desktop-escape"
_DRAWN = str.maketrans("█━╸╺–…�", "#----~?")  # as wide as before


class Terminal(Console):
    """Draws tables and text on stdout."""

    def __init__(self) -> None:
        super().__init__(markup=False, emoji=False, highlight=False)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render what is to be drawn, without control characters in any text."""
        if isinstance(renderable, str):
            renderable = harmless(renderable)
        elif isinstance(renderable, Text):  # before it is broken into lines, which are as wide as it is then
            renderable = renderable.copy()
            renderable.plain = harmless(renderable.plain)
        return super().render(renderable, options)

    def on_broken_pipe(self) -> None:
        """Go on without a reader."""
        _write_to_nowhere(sys.stdout)


def prepare() -> None:
    """Make both streams take any text, whatever their encoding."""
    codecs.register_error(_ESCAPE, _escape)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None without a console
            stream.reconfigure(errors=_ESCAPE)


def say(text: str) -> None:
    """Print text on stdout."""
    _write(sys.stdout, f"{harmless(text)}\n")


def say_json(values: Any) -> None:
    """Print values as one line of JSON on stdout."""
    _write(sys.stdout, f"{json.dumps(values)}\n")


def warn(sentence: str) -> None:
    """Print a sentence on stderr."""
    _write(sys.stderr, f"fi-desktop: {one_line(sentence)}\n")


def write_file(content: bytes) -> None:
    """Write a file, UTF-8, to stdout: as it is, or harmless where it is a terminal."""
    if sys.stdout.isatty():
        _write(sys.stdout, harmless(content.decode("utf-8")))
        return
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _write_to_nowhere(sys.stdout)


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    assert isinstance(error, UnicodeEncodeError)
    plain = error.object[error.start : error.end].translate(_DRAWN)
    return plain.encode(error.encoding, "backslashreplace").decode(error.encoding), error.end


def _write(stream: IO[str] | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _write_to_nowhere(stream)


def _write_to_nowhere(stream: IO[str]) -> None:
    # Python writes what is left in the buffer when it ends: https://docs.python.org/3/library/signal.html
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
