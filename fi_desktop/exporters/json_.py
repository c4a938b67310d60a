"""JSON: all of a transcript, with its provenance, under the schema's name and version."""

from __future__ import annotations

import json

from fi_desktop.core.codec import transcript_to_json
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.style import PLAIN, Style


def render(transcript: Transcript, *, name: str | None = None, style: Style = PLAIN) -> str:
    """Return what `Transcript.from_json` reads; the same in any style.

    name: replaces the file's name.

    Raises:
        ValueError: a figure is NaN or infinite, which JSON does not know.
    """
    del style
    data = transcript_to_json(transcript)
    if name is not None:
        data["provenance"]["source_name"] = name
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
