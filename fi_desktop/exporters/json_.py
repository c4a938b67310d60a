"""JSON: all of a transcript, with its provenance, under the schema's name and version."""

from __future__ import annotations

import json

from fi_desktop.core.transcript import Transcript


def render(transcript: Transcript, *, name: str | None = None) -> str:
    """Return what `Transcript.from_json` reads. name: replaces the file's name.

    Raises:
        ValueError: a figure is NaN or infinite, which JSON does not know.
    """
    data = transcript.to_json()
    if name is not None:
        data["provenance"]["source_name"] = name
    return json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
